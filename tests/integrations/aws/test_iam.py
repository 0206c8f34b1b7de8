import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from auditwright.core.evidence import Evidence, Gap, Query, digest_of
from auditwright.core.ids import StreamId
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    AccessKey,
    PasswordPolicy,
    PermissionPolicy,
    PolicyStatement,
    RootUser,
    UserAccount,
)
from auditwright.integrations.aws.authorization import AUTHORIZATION_DETAILS
from auditwright.integrations.aws.iam import (
    PASSWORD_POLICY,
    REPORT,
    SUMMARY,
    normalize,
    normalize_keys,
    statements,
)
from auditwright.integrations.aws.operations import Operation
from tests.integrations.aws.live import prepare, run, settings
from tests.integrations.aws.shapes import ACCOUNT, GLOBAL, HOSTILE, NOW, captured, read, refused

R = TypeVar("R", bound=Resource)

ADA = f"arn:aws:iam::{ACCOUNT}:user/ada"
BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
OPS = f"arn:aws:iam::{ACCOUNT}:role/ops"
OWN_POLICY = f"arn:aws:iam::{ACCOUNT}:policy/own"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
UNUSED = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
HEAD = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
T = "2026-01-02T03:04:05+00:00"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def line(  # noqa: PLR0913
    user: str,
    *,
    console: str = "FALSE",
    console_used: str = "N/A",
    console_set: str = "N/A",
    mfa: str = "false",
    key_1: tuple[str, str, str] = ("false", "N/A", "N/A"),
    key_2: tuple[str, str, str] = ("false", "N/A", "N/A"),
) -> str:
    root = user == "<root_account>"
    arn = f"arn:aws:iam::{ACCOUNT}:root" if root else f"arn:aws:iam::{ACCOUNT}:user/{user}"
    keys = ",".join((*key_1, "N/A", "N/A", *key_2, "N/A", "N/A"))
    return f"{user},{arn},{T},{console},{console_used},{console_set},N/A,{mfa},{keys},false,N/A,false,N/A"


ROOT = line("<root_account>", console="not_supported", mfa="true")


def report(*lines: str, head: str = HEAD) -> Evidence:
    content = base64.b64encode("\n".join((head, *lines)).encode()).decode()
    return saved(
        REPORT, json.dumps({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": T}).encode()
    )


def saved(operation: Operation, body: bytes) -> Evidence:
    return Evidence(
        stream=StreamId("aws.iam"),
        scope=GLOBAL,
        query=Query(operation=operation.name),
        principal="",
        collected_at=NOW,
        effective_at=NOW,
        collector="auditwright/test",
        body=body,
        digest=digest_of(body),
    )


def details(**lists: object) -> Evidence:
    empty: dict[str, object] = {
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": [],
        "Policies": [],
    }
    return captured(AUTHORIZATION_DETAILS, {**empty, **lists}, scope=GLOBAL)


def user(name: str, **more: object) -> dict[str, object]:
    return {
        "Path": "/",
        "UserName": name,
        "UserId": f"AIDA{name}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "CreateDate": T,
        "GroupList": [],
        "AttachedManagedPolicies": [],
        **more,
    }


def only(kind: type[R], resources: Iterable[Resource]) -> list[R]:
    return [item for item in resources if isinstance(item, kind)]


def users(*found: Evidence | Gap) -> dict[str, UserAccount]:
    return {item.name: item for item in only(UserAccount, normalize(read(*found)))}


def test_a_user_is_put_together_from_the_details_and_the_credential_report() -> None:
    listed = details(
        UserDetailList=[
            user(
                "ada",
                GroupList=["admins"],
                AttachedManagedPolicies=[{"PolicyName": "AdministratorAccess", "PolicyArn": ADMIN}],
                UserPolicyList=[{"PolicyName": "inline", "PolicyDocument": json.dumps(ALLOW_ALL)}],
                Tags=[{"Key": "owner", "Value": "ada@acme.example"}],
            )
        ]
    )
    reported = report(
        ROOT,
        line(
            "ada",
            console="TRUE",
            console_used=T,
            console_set="2026-01-01T00:00:00+00:00",
            mfa="TRUE",
            key_1=("TRUE", T, "2026-02-03T00:00:00+00:00"),
        ),
    )
    ada = users(listed, reported)["ada"]
    assert ada == UserAccount(
        id=ada.id,
        name="ada",
        scope=GLOBAL,
        evidence=(listed.digest, reported.digest),
        system="aws",
        active=True,
        created_at=AT,
        console_access=True,
        mfa_enrolled=True,
        last_used_at=datetime(2026, 2, 3, tzinfo=UTC),
        password_last_used_at=AT,
        password_set_at=datetime(2026, 1, 1, tzinfo=UTC),
        attached_policies=(ADMIN,),
        inline_policies=("inline",),
        groups=("admins",),
        tags=(("owner", "ada@acme.example"),),
    )
    assert ada.id == ADA


def test_without_the_credential_report_credentials_are_unknown_and_policies_are_complete() -> None:
    found = users(details(UserDetailList=[user("ada")]))["ada"]
    facts = (found.active, found.console_access, found.mfa_enrolled, found.last_used_at)
    for fact in (*facts, found.password_last_used_at, found.password_set_at):
        assert isinstance(fact, Unknown)
        assert "aws iam get-credential-report" in fact.why
    assert found.attached_policies == ()
    assert found.groups == ()


def test_a_refused_credential_report_is_quoted() -> None:
    gap = refused(REPORT, scope=GLOBAL)
    found = users(details(UserDetailList=[user("ada")]), gap)["ada"]
    assert found.mfa_enrolled == Unknown(gap.sentence())


def test_without_the_details_users_of_the_report_have_unknown_policies() -> None:
    gap = refused(AUTHORIZATION_DETAILS, scope=GLOBAL)
    found = users(report(ROOT, line("bob", console="TRUE")), gap)
    assert set(found) == {"bob"}
    assert found["bob"].console_access is True
    assert found["bob"].mfa_enrolled is False
    assert found["bob"].attached_policies == Unknown(gap.sentence())


def test_a_user_who_was_deleted_after_the_report_was_made_is_left_out() -> None:
    assert set(users(details(UserDetailList=[user("ada")]), report(ROOT, line("ada"), line("gone")))) == {
        "ada"
    }


def test_a_user_younger_than_the_report_has_unknown_credentials() -> None:
    found = users(details(UserDetailList=[user("new")]), report(ROOT))["new"]
    assert isinstance(found.mfa_enrolled, Unknown)
    assert "older than the user" in found.mfa_enrolled.why


@pytest.mark.parametrize(
    ("password", "key", "active"),
    [("TRUE", "FALSE", True), ("FALSE", "TRUE", True), ("FALSE", "FALSE", False)],
)
def test_a_user_is_active_with_a_password_or_an_active_key(password: str, key: str, active: bool) -> None:  # noqa: FBT001
    reported = report(ROOT, line("ada", console=password, key_1=(key, T, T)))
    assert users(details(UserDetailList=[user("ada")]), reported)["ada"].active is active


def test_inactive_needs_both_to_be_known() -> None:
    reported = report(ROOT, line("ada", console="no_information"))
    assert isinstance(users(details(UserDetailList=[user("ada")]), reported)["ada"].active, Unknown)


def test_inactive_needs_the_keys_to_be_known_too() -> None:
    reported = report(ROOT, line("ada", key_2=("not_supported", "N/A", "N/A")))
    assert isinstance(users(details(UserDetailList=[user("ada")]), reported)["ada"].active, Unknown)


@pytest.mark.parametrize("written", ["N/A", "no_information", ""])
def test_a_password_that_was_never_used_has_no_last_use(written: str) -> None:
    reported = report(ROOT, line("ada", console="TRUE", console_used=written))
    found = users(details(UserDetailList=[user("ada")]), reported)["ada"]
    assert (found.last_used_at, found.password_last_used_at, found.password_set_at) == (None, None, None)


def test_the_root_user_comes_from_the_report() -> None:
    reported = report(
        line("<root_account>", console="not_supported", console_used=T, mfa="true", key_2=("true", T, "N/A"))
    )
    found = only(RootUser, normalize(read(details(), reported)))[0]
    assert found.id == f"arn:aws:iam::{ACCOUNT}:root"
    assert (found.mfa_enrolled, found.active_access_keys, found.last_used_at) == (True, 1, AT)


@pytest.mark.parametrize(("count", "mfa"), [(1, True), (0, False)])
def test_without_the_report_the_summary_says_whether_root_has_a_second_factor(count: int, mfa: bool) -> None:  # noqa: FBT001
    summary = captured(
        SUMMARY, {"SummaryMap": {"AccountMFAEnabled": count, "AccountAccessKeysPresent": count}}, scope=GLOBAL
    )
    found = only(RootUser, normalize(read(details(), summary)))[0]
    assert found.mfa_enrolled is mfa
    # That a key is there does not say that it is active; that none is there says that none is active.
    assert isinstance(found.active_access_keys, Unknown) if count else found.active_access_keys == 0
    assert isinstance(found.last_used_at, Unknown)


@pytest.mark.parametrize(
    ("said", "password"), [({"AccountPasswordPresent": 0}, False), ({"AccountPasswordPresent": 1}, True)]
)
def test_the_summary_says_whether_root_has_a_password(said: dict[str, int], password: bool) -> None:  # noqa: FBT001
    summary = captured(SUMMARY, {"SummaryMap": said}, scope=GLOBAL)
    assert only(RootUser, normalize(read(details(), report(ROOT), summary)))[0].has_password is password


@pytest.mark.parametrize("said", [{}, {"AccountMFAEnabled": 1}])
def test_a_summary_that_says_nothing_of_a_password_leaves_it_unknown(said: dict[str, object]) -> None:
    summary = captured(SUMMARY, {"SummaryMap": said}, scope=GLOBAL)
    assert isinstance(
        only(RootUser, normalize(read(details(), report(ROOT), summary)))[0].has_password, Unknown
    )


def test_a_root_user_of_whom_nothing_was_seen_is_there_and_unknown() -> None:
    found = only(
        RootUser, normalize(read(details(), refused(REPORT, scope=GLOBAL), refused(SUMMARY, scope=GLOBAL)))
    )[0]
    assert isinstance(found.mfa_enrolled, Unknown)
    assert isinstance(found.active_access_keys, Unknown)
    assert found.evidence


def test_keys_that_exist_are_listed_and_others_are_not() -> None:
    reported = report(
        ROOT,
        line("ada", key_1=("true", T, "N/A"), key_2=("false", T, T)),
        line("bob", key_1=("true", "N/A", "N/A")),
    )
    keys = {key.id: key for key in normalize_keys(read(reported))}
    assert set(keys) == {f"{ADA}/access-key-1", f"{ADA}/access-key-2", f"{BOB}/access-key-1"}
    first, second = keys[f"{ADA}/access-key-1"], keys[f"{ADA}/access-key-2"]  # type: ignore[index]  # ids are texts
    assert (first.active, first.rotated_at, first.last_used_at) == (True, AT, None)
    assert (second.active, second.last_used_at) == (False, AT)
    assert first.user == ADA


def test_without_a_report_no_key_is_claimed() -> None:
    assert list(normalize_keys(read(refused(REPORT, scope=GLOBAL)))) == []


def test_a_report_saved_as_a_bare_table_is_read_as_well() -> None:
    table = saved(REPORT, "\n".join((HEAD, ROOT, line("ada", mfa="TRUE"))).encode())
    assert users(details(UserDetailList=[user("ada")]), table)["ada"].mfa_enrolled is True


@pytest.mark.parametrize(
    "body",
    [
        b'{"Content": "%%%"}',
        b"{}",
        b'{"Content": "aGVsbG8="}',
        json.dumps({"Content": base64.b64encode(f"{HEAD}\nada,arn".encode()).decode()}).encode(),
        json.dumps({"Content": base64.b64encode(b"\xff\xfe").decode()}).encode(),
    ],
)
def test_a_broken_report_is_an_error_and_not_an_empty_one(body: bytes) -> None:
    with pytest.raises(MalformedEvidenceError, match=r"^iam:GetCredentialReport: "):
        list(normalize_keys(read(saved(REPORT, body))))


def test_a_time_in_the_report_that_is_none_names_line_and_column() -> None:
    with pytest.raises(MalformedEvidenceError, match=r"line 2, access_key_1_last_used_date must be a time"):
        list(normalize_keys(read(report(line("ada", key_1=("true", T, "yesterday"))))))


def test_the_password_policy_is_read_with_zero_for_what_is_left_out() -> None:
    rules = {
        "MinimumPasswordLength": 14,
        "RequireSymbols": True,
        "RequireNumbers": False,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True,
        "ExpirePasswords": False,
    }
    found = only(
        PasswordPolicy,
        normalize(read(details(), captured(PASSWORD_POLICY, {"PasswordPolicy": rules}, scope=GLOBAL))),
    )[0]
    assert (found.is_set, found.minimum_length, found.require_numbers) == (True, 14, False)
    assert (found.reuse_prevention, found.max_age_days) == (0, 0)


def test_no_password_policy_differs_from_one_that_was_not_seen() -> None:
    none = saved(
        PASSWORD_POLICY, b'{"calls":[{"parameters":{},"error":{"code":"NoSuchEntity","message":""}}]}'
    )
    assert only(PasswordPolicy, normalize(read(none)))[0].is_set is False
    gap = refused(PASSWORD_POLICY, scope=GLOBAL)
    assert only(PasswordPolicy, normalize(read(details(), gap)))[0].is_set == Unknown(gap.sentence())


def test_policies_are_listed_with_what_they_are_attached_to() -> None:
    version = {
        "VersionId": "v2",
        "IsDefaultVersion": True,
        "Document": json.dumps(ALLOW_ALL),
        "CreateDate": T,
    }
    old = {"VersionId": "v1", "IsDefaultVersion": False, "Document": "{}", "CreateDate": T}

    def policy(arn: str, attachments: int) -> dict[str, object]:
        return {
            "PolicyName": arn.rsplit("/", 1)[-1],
            "Arn": arn,
            "DefaultVersionId": "v2",
            "AttachmentCount": attachments,
            "PolicyVersionList": [old, version],
        }

    role = {
        "RoleName": "ops",
        "Arn": OPS,
        "RolePolicyList": [{"PolicyName": HOSTILE, "PolicyDocument": json.dumps(ALLOW_ALL)}],
        "AttachedManagedPolicies": [{"PolicyName": "own", "PolicyArn": OWN_POLICY}],
    }
    ada = user("ada", AttachedManagedPolicies=[{"PolicyName": "AdministratorAccess", "PolicyArn": ADMIN}])
    listed = details(
        UserDetailList=[ada],
        RoleDetailList=[role],
        Policies=[policy(OWN_POLICY, 1), policy(ADMIN, 1), policy(UNUSED, 0)],
    )
    found = {item.id: item for item in only(PermissionPolicy, normalize(read(listed)))}
    # AWS's own policy is one item for each account that uses it.
    assert {str(key) for key in found} == {OWN_POLICY, f"{ADMIN}@{ACCOUNT}", f"{OPS}/inline/{HOSTILE}"}
    by_name = {item.name: item for item in found.values()}
    everything = (
        PolicyStatement(
            effect="Allow",
            actions=("*",),
            not_actions=(),
            resources=("*",),
            not_resources=(),
            conditional=False,
        ),
    )
    assert by_name["own"].attached_to == (OPS,)
    assert not by_name["own"].provider_managed
    assert by_name["AdministratorAccess"].attached_to == (ADA,)
    assert by_name["AdministratorAccess"].provider_managed
    assert by_name[HOSTILE].inline_of == OPS
    assert {item.statements for item in found.values()} == {everything}


def test_attachments_are_unknown_where_a_page_is_missing() -> None:
    gap = refused(AUTHORIZATION_DETAILS, scope=GLOBAL)
    policy = {"PolicyName": "own", "Arn": OWN_POLICY, "PolicyVersionList": []}
    found = only(PermissionPolicy, normalize(read(details(Policies=[policy]), gap)))[0]
    assert found.attached_to == Unknown(gap.sentence())
    assert isinstance(found.statements, Unknown)


@pytest.mark.parametrize(
    "document",
    [
        ALLOW_ALL,
        json.dumps(ALLOW_ALL),
        "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D",
        {"Statement": {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}},
    ],
)
def test_policy_documents_are_read_in_every_form_they_are_saved_in(document: object) -> None:
    found = statements(document)
    assert isinstance(found, tuple)
    assert (found[0].actions, found[0].resources) == (("*",), ("*",))


@pytest.mark.parametrize(
    "document",
    [
        None,
        3,
        "{",
        "[]",
        {"Statement": [3]},
        {"Statement": []},
        {"Statement": [{"Effect": "Maybe"}]},
        {"Statement": [{"Effect": "Allow", "Action": [1]}]},
        {"Statement": [{"Effect": "Allow", "Action": {}}]},
        {},
    ],
)
def test_a_policy_document_that_cannot_be_read_is_unknown_and_never_empty(document: object) -> None:
    assert isinstance(statements(document), Unknown)


def test_a_condition_makes_a_statement_conditional() -> None:
    found = statements(
        {"Statement": [{"Effect": "Deny", "NotAction": "s3:*", "NotResource": "x", "Condition": {"a": {}}}]}
    )
    assert isinstance(found, tuple)
    assert found[0] == PolicyStatement(
        effect="Deny", actions=(), not_actions=("s3:*",), resources=(), not_resources=("x",), conditional=True
    )


def test_identities_of_a_live_account_are_read(aws: str) -> None:
    prepare(aws, "iam", "create_user", UserName="ada")
    prepare(aws, "iam", "create_login_profile", UserName="ada", Password="a-long-enough-1-Password")  # noqa: S106
    prepare(aws, "iam", "create_access_key", UserName="ada")
    prepare(
        aws, "iam", "put_user_policy", UserName="ada", PolicyName="p", PolicyDocument=json.dumps(ALLOW_ALL)
    )
    prepare(aws, "iam", "update_account_password_policy", MinimumPasswordLength=12)

    seen = run(settings(aws), "aws.iam", "aws.iam-keys")

    assert seen.gaps == ()
    ada = only(UserAccount, seen.resources)[0]
    assert (ada.active, ada.console_access, ada.mfa_enrolled, ada.inline_policies) == (
        True,
        True,
        False,
        ("p",),
    )
    assert isinstance(ada.created_at, datetime)
    assert NOW - timedelta(days=3650) < ada.created_at
    assert [key.active for key in only(AccessKey, seen.resources)] == [True]
    assert only(PasswordPolicy, seen.resources)[0].minimum_length == 12
    policy = only(PermissionPolicy, seen.resources)[0]
    assert isinstance(policy.statements, tuple)
    assert policy.statements[0].actions == ("*",)
    reported = next(item for item in seen.evidence if item.query.operation == REPORT.name)
    assert reported.effective_at.isoformat() == json.loads(reported.body)["GeneratedTime"]
