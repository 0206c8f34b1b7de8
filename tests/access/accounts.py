"""Small accounts in the shape of a snapshot, for proofs; and the verdict on one, with what vouches for it checked."""

from collections.abc import Mapping
from datetime import UTC, datetime

from auditwright.access.certificate import EVERYBODY
from auditwright.access.checker import check
from auditwright.access.facts import Fact
from auditwright.access.snapshot import read_snapshot
from auditwright.access.starts import OVERALL, start_of, starts
from auditwright.access.verdict import (
    Reachable,
    Undecided,
    Unreachable,
    Verdict,
    explorer_for,
    prove,
    target_of,
)
from auditwright.access.witness import replay
from auditwright.access.world import World

Json = dict[str, object]

ACCOUNT, FOREIGN = "111122223333", "444455556666"
AT = datetime(2026, 11, 27, tzinfo=UTC)

REACHABLE, UNREACHABLE, UNKNOWN = "REACHABLE", "UNREACHABLE", "UNKNOWN"


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def allow(action: str | list[str], resource: str | list[str] = "*", **condition: Json) -> Json:
    return _statement("Allow", action, resource, condition)


def deny(action: str | list[str], resource: str | list[str] = "*", **condition: Json) -> Json:
    return _statement("Deny", action, resource, condition)


def _statement(
    effect: str, action: str | list[str], resource: str | list[str], condition: Mapping[str, Json]
) -> Json:
    found: Json = {"Effect": effect, "Action": action, "Resource": resource}
    return {**found, "Condition": condition} if condition else found


NO_MFA: Json = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
MFA: Json = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
ENROLLING = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "sts:GetSessionToken", "iam:ChangePassword"]


def without_mfa(*exempt: str) -> Json:
    """The Deny of everything but some actions to whoever shows no second factor."""
    named: Json = {"NotAction": list(exempt)} if exempt else {"Action": "*"}
    return {"Effect": "Deny", **named, "Resource": "*", "Condition": NO_MFA}


def document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(principal: object, *, by: str = "sts:AssumeRole", when: Mapping[str, Json] | None = None) -> Json:
    found: Json = {"Effect": "Allow", "Action": by, "Principal": principal}
    return document({**found, "Condition": when} if when else found)


ROOT_TRUST = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
CLOSED = document({"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": "*"})


def user(name: str, *statements: Json, **beside: object) -> Json:
    """A user with one inline policy; `beside` are further members, `boundary` and `attached` by the policy's name."""
    return {
        "UserName": name,
        "UserId": f"AIDA{name.upper()}",
        "Arn": arn("user", name),
        "UserPolicyList": _inline(statements),
        **_beside(beside),
    }


def role(name: str, trusted: Json, *statements: Json, **beside: object) -> Json:
    """A role with one inline policy; `path` goes into its ARN."""
    return {
        "RoleName": name,
        "RoleId": f"AROA{name.upper()}",
        "Arn": arn("role", f"{beside.pop('path', '')}{name}"),
        "AssumeRolePolicyDocument": trusted,
        "RolePolicyList": _inline(statements),
        **_beside(beside),
    }


def group(name: str, *statements: Json) -> Json:
    return {"GroupName": name, "Arn": arn("group", name), "GroupPolicyList": _inline(statements)}


def policy(name: str, *versions: Json) -> Json:
    """A managed policy; the first of its versions is in force."""
    return {
        "PolicyName": name,
        "Arn": arn("policy", name),
        "DefaultVersionId": "v1",
        "PolicyVersionList": [
            {"VersionId": f"v{number}", "IsDefaultVersion": number == 1, "Document": each}
            for number, each in enumerate(versions, start=1)
        ],
    }


def _inline(statements: tuple[Json, ...]) -> list[Json]:
    return [{"PolicyName": "p", "PolicyDocument": document(*statements)}] if statements else []


def _beside(beside: Json) -> Json:
    found: Json = {}
    for name, value in beside.items():
        if name == "boundary":
            found["PermissionsBoundary"] = {"PermissionsBoundaryArn": arn("policy", str(value))}
        elif name == "attached":
            found["AttachedManagedPolicies"] = [{"PolicyName": value, "PolicyArn": arn("policy", str(value))}]
        elif name == "tags" and isinstance(value, dict):
            found["Tags"] = [{"Key": key, "Value": each} for key, each in value.items()]
        else:
            found[name] = value
    return found


def held(name: str, *, keys: str = "Active", password: bool = False, devices: int = 1) -> Json:
    """The credentials of a user; `keys` are the states of its keys."""
    return {
        "user": name,
        "password_enabled": password,
        "mfa_devices": devices,
        "access_keys": [{"status": status} for status in keys.split()],
    }


CREATOR = role("ci-creator", CLOSED)


def cluster(mode: str = "API", *entries: Json, creator: str | None = None, **aws_auth: object) -> Json:
    return {
        "name": "prod",
        "arn": f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/prod",
        "accessConfig": {"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": True},
        "accessEntries": list(entries),
        "aws_auth": aws_auth,
        "creator": {"arn": creator or arn("role", "ci-creator"), "source": "cloudtrail"},
    }


def entry(principal: str, *policies: str, groups: tuple[str, ...] = ()) -> Json:
    return {
        "principalArn": principal,
        "type": "STANDARD",
        "username": "by-entry",
        "kubernetesGroups": list(groups),
        "accessPolicies": [
            {
                "policyArn": f"arn:aws:eks::aws:cluster-access-policy/{each}",
                "accessScope": {"type": "cluster", "namespaces": []},
            }
            for each in policies
        ],
    }


def snapshot(*details: Json, credentials: tuple[Json, ...] = (), **beside: object) -> Json:
    """A snapshot of users, roles, groups and policies, told apart by their members."""
    lists = {
        "UserDetailList": "UserName",
        "GroupDetailList": "GroupName",
        "RoleDetailList": "RoleName",
        "Policies": "PolicyName",
    }
    gaad = {kind: [each for each in details if name in each] for kind, name in lists.items()}
    return {"gaad": gaad, "credentials": list(credentials), "workloads": [], **beside}


def world(document: object) -> World:
    return read_snapshot(document, at=AT)


def verdict_on(here: World, target: Fact, start: str | None = None) -> Verdict:
    """The verdict for everybody, or for one start; a witness is replayed, and a certificate checked."""
    everyone = [each for each in starts(here) if each.kind in OVERALL]
    counted = everyone if start is None else [start_of(here, start)]
    whose = (EVERYBODY,) if start is None else None
    found = prove(explorer_for(here, [target]), counted, target, whose=whose)
    match found:
        case Reachable():
            assert found.witness.held
            assert replay(here, found.witness) == ""
        case Unreachable():
            assert check(here, found.certificate) == ()
        case Undecided():
            assert found.assumptions or found.missing, "what is unknown is named"
    return found


def named(verdict: Verdict) -> str:
    match verdict:
        case Reachable():
            return REACHABLE
        case Unreachable():
            return UNREACHABLE
        case Undecided():
            return UNKNOWN


def answer(document: object, target: str = "account-admin", start: str | None = None) -> str:
    here = world(document)
    return named(verdict_on(here, target_of(here, target), start))
