import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

import pytest

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import AccessPolicyDocument, AccessPrincipal
from auditwright.integrations.aws.authorization import (
    AUTHORIZATION_DETAILS,
    POLICY,
    POLICY_VERSION,
    access_policies,
    access_principals,
)
from auditwright.integrations.aws.documents import document_text
from auditwright.store.codec import codec_of
from tests.integrations.aws.live import prepare, run, settings
from tests.integrations.aws.shapes import ACCOUNT, GLOBAL, HOSTILE, Answer, captured, of_each, read, refused

BESIDE = Path(__file__).parents[4] / "shared/corpus"
CORPUS = Path(os.environ.get("AUDITWRIGHT_CORPUS", str(BESIDE))) / "access"
"""Authorization details that others have published; they are no part of the repository."""
DUMPS = sorted(
    path
    for folder in ("cloudsplaining", "iam-vulnerable/gaad", "pathfinding-labs/gaad", "synthetic")
    for path in (CORPUS / folder).glob("*.json")
)

ADA = f"arn:aws:iam::{ACCOUNT}:user/ada"
LIMITS = "arn:aws:iam::aws:policy/PowerUserAccess"
OWN = f"arn:aws:iam::{ACCOUNT}:policy/own"
T = "2026-01-02T03:04:05+00:00"
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}]}
R = TypeVar("R", bound=Resource)


def details(**lists: object) -> Answer:
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], **lists}


def user(**more: object) -> Answer:
    return {"Path": "/eu/", "UserName": "ada", "UserId": "AIDA1", "Arn": ADA, "CreateDate": T, **more}


def bounded() -> Answer:
    boundary = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": LIMITS}
    return user(PermissionsBoundary=boundary)


def test_a_principal_is_kept_whole() -> None:
    role = {
        "Path": "/",
        "RoleName": "ops",
        "RoleId": "AROA1",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/ops",
        "CreateDate": T,
        "AssumeRolePolicyDocument": json.dumps(DENY),
        "RolePolicyList": [{"PolicyName": HOSTILE, "PolicyDocument": json.dumps(DENY)}],
        "AttachedManagedPolicies": [{"PolicyName": "own", "PolicyArn": OWN}],
        "InstanceProfileList": [
            {
                "Path": "/",
                "InstanceProfileName": "web",
                "InstanceProfileId": "AIPA1",
                "Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/web",
                "CreateDate": T,
                "Roles": [],
            }
        ],
        "Tags": [{"Key": "team", "Value": "ops"}],
    }
    answers = read(captured(AUTHORIZATION_DETAILS, details(RoleDetailList=[role]), scope=GLOBAL))
    (found,) = access_principals(answers)
    assert (found.type, found.unique_id, found.path, found.boundary) == ("role", "AROA1", "/", None)
    assert found.trust == document_text(DENY)
    assert [(one.name, one.document) for one in found.inline_policies] == [(HOSTILE, document_text(DENY))]
    assert found.attached_policies == (OWN,)
    assert found.instance_profiles == (f"arn:aws:iam::{ACCOUNT}:instance-profile/web",)
    assert found.tags == (("team", "ops"),)


def test_a_boundary_that_the_details_leave_out_is_asked_for_and_read() -> None:
    listed = captured(AUTHORIZATION_DETAILS, details(UserDetailList=[bounded()]), scope=GLOBAL)
    assert [ask.parameters for ask in POLICY.asks(read(listed))] == [{"PolicyArn": LIMITS}]
    assert list(POLICY_VERSION.asks(read(listed))) == []
    policy = of_each(
        POLICY,
        ({"PolicyArn": LIMITS}, {"Policy": {"Arn": LIMITS, "DefaultVersionId": "v7"}}),
        scope=GLOBAL,
    )
    version = {"PolicyArn": LIMITS, "VersionId": "v7"}
    assert [ask.parameters for ask in POLICY_VERSION.asks(read(listed, policy))] == [version]
    document = of_each(
        POLICY_VERSION,
        (version, {"PolicyVersion": {"Document": json.dumps(DENY), "VersionId": "v7"}}),
        scope=GLOBAL,
    )
    (found,) = access_policies(read(listed, policy, document))
    assert (found.arn, found.provider_managed, found.document) == (LIMITS, True, document_text(DENY))
    assert found.evidence == (listed.digest, policy.digest, document.digest)
    assert isinstance(found.other_versions, Unknown)


def test_a_boundary_that_may_not_be_read_is_unknown_and_not_without_effect() -> None:
    listed = captured(AUTHORIZATION_DETAILS, details(UserDetailList=[bounded()]), scope=GLOBAL)
    (found,) = access_policies(read(listed, refused(POLICY, LIMITS, scope=GLOBAL)))
    assert isinstance(found.document, Unknown)
    assert "not authorized" in found.document.why


def test_of_details_that_were_cut_off_nothing_missing_is_asked_one_by_one() -> None:
    listed = captured(AUTHORIZATION_DETAILS, details(UserDetailList=[bounded()]), scope=GLOBAL)
    assert list(POLICY.asks(read(listed, refused(AUTHORIZATION_DETAILS, scope=GLOBAL)))) == []


def test_versions_that_are_not_in_force_are_kept_beside_the_one_that_is() -> None:
    versions = [
        {"VersionId": "v1", "IsDefaultVersion": False, "Document": '{"Statement":[]}', "CreateDate": T},
        {"VersionId": "v2", "IsDefaultVersion": True, "Document": json.dumps(DENY), "CreateDate": T},
    ]
    policy = {"PolicyName": "own", "Arn": OWN, "DefaultVersionId": "v2", "PolicyVersionList": versions}
    answers = read(captured(AUTHORIZATION_DETAILS, details(Policies=[policy]), scope=GLOBAL))
    (found,) = access_policies(answers)
    assert (found.default_version, found.document) == ("v2", document_text(DENY))
    assert isinstance(found.other_versions, tuple)
    assert [(one.name, one.document) for one in found.other_versions] == [("v1", '{"Statement":[]}')]


def test_a_policy_of_awss_own_counts_only_where_it_is_used() -> None:
    policy = {
        "PolicyName": "PowerUserAccess",
        "Arn": LIMITS,
        "DefaultVersionId": "v1",
        "PolicyVersionList": [],
    }
    unused = read(captured(AUTHORIZATION_DETAILS, details(Policies=[policy]), scope=GLOBAL))
    assert list(access_policies(unused)) == []
    used = details(Policies=[policy], UserDetailList=[bounded()])
    assert len(list(access_policies(read(captured(AUTHORIZATION_DETAILS, used, scope=GLOBAL))))) == 1


def of(kind: type[R], found: Sequence[Resource]) -> list[R]:
    return [one for one in found if isinstance(one, kind)]


@pytest.mark.parametrize(
    "path", DUMPS or [pytest.param(None, marks=pytest.mark.skip("no corpus beside the checkout"))]
)
def test_every_published_account_can_be_rebuilt_from_the_inventory(path: Path) -> None:
    answer = cast("dict[str, list[dict[str, object]]]", json.loads(path.read_bytes()))
    if not all(name in answer for name in AUTHORIZATION_DETAILS.items):
        pytest.skip("the file is no answer of the operation")
    answers = read(replace(captured(AUTHORIZATION_DETAILS, details(), scope=GLOBAL), body=path.read_bytes()))
    principals = {str(one.id): through_inventory(one) for one in access_principals(answers)}
    policies = {one.arn: through_inventory(one) for one in access_policies(answers)}
    for listed, name in (
        ("UserDetailList", "User"),
        ("GroupDetailList", "Group"),
        ("RoleDetailList", "Role"),
    ):
        for row in answer[listed]:
            one = principals[str(row["Arn"])]
            inline = cast("list[dict[str, object]]", row.get(f"{name}PolicyList", []))
            assert (one.name, one.unique_id) == (row[f"{name}Name"], row[f"{name}Id"])
            assert same(
                [held.document for held in one.inline_policies], [held["PolicyDocument"] for held in inline]
            )
            assert list(one.groups) == row.get("GroupList", [])
            if listed == "RoleDetailList":
                assert same([one.trust], [row["AssumeRolePolicyDocument"]])
    for row in answer["Policies"]:
        policy = policies.get(str(row["Arn"]))
        for version in cast("list[dict[str, object]]", row.get("PolicyVersionList", [])):
            if policy is not None and version["IsDefaultVersion"]:
                assert same([policy.document], [version["Document"]])


def through_inventory(item: R) -> R:
    """The item as the inventory gives it back."""
    codec = codec_of(type(item))
    rows = codec.rows([item])
    return codec.read(codec.shape, [rows[name][0] if name in rows else None for name in codec.columns])


def same(kept: Sequence[object], given: Sequence[object]) -> bool:
    texts = [json.loads(cast("str", one)) for one in kept]
    return texts == [json.loads(one) if isinstance(one, str) else one for one in given]


def test_live_the_account_of_an_emulator(aws: str) -> None:
    trust = json.dumps(DENY)
    prepare(aws, "iam", "create_user", UserName="ada")
    prepare(aws, "iam", "put_user_policy", UserName="ada", PolicyName="p", PolicyDocument=json.dumps(DENY))
    prepare(aws, "iam", "create_role", RoleName="ops", AssumeRolePolicyDocument=trust)
    prepare(aws, "iam", "create_policy", PolicyName="own", PolicyDocument=trust)
    prepare(aws, "iam", "attach_role_policy", RoleName="ops", PolicyArn=OWN)
    found = run(settings(aws), "aws.iam")
    assert found.gaps == ()
    ada, ops = of(AccessPrincipal, found.resources)
    assert ada.inline_policies[0].document == document_text(DENY)
    assert (ops.trust, ops.attached_policies) == (document_text(DENY), (OWN,))
    (policy,) = of(AccessPolicyDocument, found.resources)
    assert (policy.arn, policy.document, policy.other_versions) == (OWN, document_text(DENY), ())
