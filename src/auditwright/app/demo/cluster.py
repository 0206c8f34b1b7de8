"""The account of Northwind's clusters, with a hole that many have; and how its engineers make what a repair proposes.

A policy denies everything without a second factor. Two engineers have it, and an access key each:

- Hanne is named in the aws-auth map of `fleet`. She needs no right of AWS to enter: she signs a request, and sends it nowhere.
- Nuno made that cluster, before there was such a policy. No list names him.

In another region stand two more: `depot` is older than CloudTrail's history, so that nobody can say who made it, and `assembly`
knows access entries alone, of which the one leads to a role that asks for a second factor.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from auditwright.access.eks import Source
from auditwright.access.repair_changes import Change
from auditwright.access.repair_edits import EntriesUsed, MappingGone
from auditwright.app.demo.cloud import FLEET, FRANKFURT, STOCKHOLM, Cloud, Place, text
from auditwright.app.demo.emulated_eks import ADMINISTRATOR
from auditwright.app.demo.emulator import Emulator
from auditwright.app.demo.emulator_server import Told
from auditwright.app.errors import AppError

CLUSTER: Final = "fleet"
OLD: Final = "depot"
CLOSED: Final = "assembly"
MAPPED: Final = "hanne.brandt"
CREATOR: Final = "nuno.silva"
ROLE: Final = f"arn:aws:iam::{FLEET}:role/fleet-admin"
"""Who administers the cluster: it is taken with a second factor only."""

AWS_AUTH: Final = "kubectl/aws-auth.json"

_FACTOR: Final = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}

_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{FLEET}:root"},
            "Action": "sts:AssumeRole",
            "Condition": _FACTOR,
        }
    ],
}

_ASK_FOR_MFA: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyAllExceptListedIfNoMFA",
            "Effect": "Deny",
            "NotAction": [
                "iam:CreateVirtualMFADevice",
                "iam:EnableMFADevice",
                "iam:GetUser",
                "iam:ListMFADevices",
                "iam:ListVirtualMFADevices",
                "iam:ResyncMFADevice",
                "sts:GetSessionToken",
            ],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE},
    ],
}
"""The deny that AWS's own guide shows, and what the two need to work."""

_NODES: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

_AGES: Final = (
    Told(account=FLEET, mended=True, root_mfa=True),
    Told(account=FLEET, user=MAPPED, created=700, keys=[(31, 0)]),
    Told(account=FLEET, user=CREATOR, created=740, keys=[(24, 1)]),
    Told(account=FLEET, region=STOCKHOLM, cluster=OLD, created=640),
)


def fill_fleet(emulator: Emulator) -> None:
    """Make the account, and each cluster with a user's own key."""
    cloud = Cloud(emulator.url)
    iam = cloud.at(FLEET)
    for role, trust in (("fleet-admin", _TRUST), ("fleet-cluster", _NODES)):
        iam.do("iam", "create_role", RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    keys = {name: _engineer(iam, name) for name in (MAPPED, CREATOR)}
    _cluster(cloud, keys[CREATOR], FRANKFURT, CLUSTER)
    _cluster(cloud, keys[CREATOR], STOCKHOLM, OLD)
    _closed_cluster(cloud, keys[CREATOR])
    for name in keys:
        iam.do(
            "iam",
            "put_user_policy",
            UserName=name,
            PolicyName="ask-for-mfa",
            PolicyDocument=json.dumps(_ASK_FOR_MFA),
        )
    emulator.tell(_AGES)


def _cluster(cloud: Cloud, key: Mapping[str, str], region: str, name: str, **access: object) -> None:
    """A cluster that goes by its aws-auth map alone, unless `access` says otherwise."""
    cloud.call_with(
        key,
        (region, "eks"),
        "create_cluster",
        name=name,
        version="1.33",
        roleArn=f"arn:aws:iam::{FLEET}:role/fleet-cluster",
        resourcesVpcConfig={
            "subnetIds": ["subnet-0a1f4c2e5d6b7a809", "subnet-0b2e5d3f6c7a8b910"],
            "endpointPublicAccess": True,
            "endpointPrivateAccess": True,
            "publicAccessCidrs": ["203.0.113.0/24"],
        },
        accessConfig={"authenticationMode": "CONFIG_MAP", **access},
    )


def _closed_cluster(cloud: Cloud, key: Mapping[str, str]) -> None:
    """A cluster whose maker got no rights in it, and whose one access entry is the administrators' role."""
    _cluster(
        cloud,
        key,
        STOCKHOLM,
        CLOSED,
        authenticationMode="API",
        bootstrapClusterCreatorAdminPermissions=False,
    )
    place = cloud.at(FLEET, STOCKHOLM)
    entry = {"clusterName": CLOSED, "principalArn": ROLE}
    place.do("eks", "create_access_entry", **entry)
    place.do(
        "eks",
        "associate_access_policy",
        **entry,
        policyArn=ADMINISTRATOR,
        accessScope={"type": "cluster"},
    )


def _engineer(iam: Place, name: str) -> Mapping[str, str]:
    """A user with a second factor and an access key; returns the key."""
    iam.do("iam", "create_user", UserName=name)
    device = iam.do("iam", "create_virtual_mfa_device", VirtualMFADeviceName=name)
    iam.do(
        "iam",
        "enable_mfa_device",
        UserName=name,
        SerialNumber=text(device, "VirtualMFADevice", "SerialNumber"),
        AuthenticationCode1="123456",
        AuthenticationCode2="654321",
    )
    return cast("Mapping[str, str]", iam.do("iam", "create_access_key", UserName=name)["AccessKey"])


# --- What the engineers do -----------------------------------------------------------------------------------


def make(change: Change, cloud: Cloud, program: Path) -> Sequence[str]:
    """Make a change that a repair proposes; returns the commands that do the same by hand.

    Raises AppError for a change that the demo has no hands for.
    """
    match change.edit:
        case MappingGone(source=Source.MAP_USERS, subject=subject):
            return _unmap(program, subject)
        case EntriesUsed(creator=creator):
            return _use_entries(cloud.at(FLEET), creator)
        case _:
            raise AppError(f"The demo cannot make this change: {change.title}. That is a defect; report it.")


def _unmap(program: Path, subject: str) -> Sequence[str]:
    """Take a user out of the map of the cluster, whose file is what kubectl prints of it afterward."""
    import yaml

    file = program / AWS_AUTH
    listed = cast("dict[str, list[dict[str, dict[str, str]]]]", json.loads(file.read_text(encoding="utf-8")))
    data = listed["items"][0]["data"]
    users = cast("list[Mapping[str, object]]", yaml.safe_load(data["mapUsers"]))
    kept = [each for each in users if str(each["userarn"]).lower() != subject.lower()]
    data["mapUsers"] = yaml.safe_dump(kept, sort_keys=False)
    file.write_text(f"{json.dumps(listed, indent=2)}\n", encoding="utf-8")
    return ("kubectl edit configmap aws-auth --namespace kube-system",)


def _use_entries(place: Place, creator: str) -> Sequence[str]:
    """Go over to access entries alone: the creator's goes, and the role of the administrators gets one."""
    cluster = {"clusterName": CLUSTER}
    steps: tuple[tuple[str, Mapping[str, object]], ...] = (
        (
            "update_cluster_config",
            {"name": CLUSTER, "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}},
        ),
        ("delete_access_entry", {**cluster, "principalArn": creator}),
        ("create_access_entry", {**cluster, "principalArn": ROLE}),
        (
            "associate_access_policy",
            {
                **cluster,
                "principalArn": ROLE,
                "policyArn": ADMINISTRATOR,
                "accessScope": {"type": "cluster"},
            },
        ),
        ("update_cluster_config", {"name": CLUSTER, "accessConfig": {"authenticationMode": "API"}}),
    )
    for method, parameters in steps:
        place.do("eks", method, **parameters)
    return tuple(_command(method, parameters) for method, parameters in steps)


def _command(method: str, parameters: Mapping[str, object]) -> str:
    """The command of the AWS CLI that makes the same request."""
    options = (f"--{_dashed(name)} {_spelled(value)}" for name, value in parameters.items())
    return " ".join((f"aws eks {method.replace('_', '-')}", *options))


def _spelled(value: object) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}={each}" for key, each in value.items())
    return str(value)


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
