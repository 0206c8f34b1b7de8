import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import Evidence, GapReason, digest_of
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    AccessKey,
    ClusterAccessEntry,
    ClusterCreator,
    ClusterIdentityProvider,
    ManagedCluster,
    PermissionPolicy,
    StorageBucket,
    UserAccount,
)
from auditwright.integrations.aws import INTEGRATION
from auditwright.integrations.aws.importing import (
    ImportAnswerError,
    Saved,
    gaps_of_import,
    import_answer,
    importable,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SAVED_AT = datetime(2026, 11, 1, tzinfo=UTC)
ACCOUNT = "012345678901"
BESIDE = Path(__file__).parents[4] / "shared/corpus"
CORPUS = os.environ.get("AUDITWRIGHT_CORPUS", str(BESIDE))
"""A folder with authorization details that others have published; they are no part of the repository."""
DETAILS = {
    "UserDetailList": [
        {
            "UserName": "ada",
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/ada",
            "CreateDate": "2019-12-18 19:10:08+00:00",
            "GroupList": [],
            "AttachedManagedPolicies": [],
            "Tags": [],
        }
    ],
    "GroupDetailList": [],
    "RoleDetailList": [],
    "Policies": [],
}


def saved(
    body: bytes, *, service: str = "iam", command: str = "get-account-authorization-details", **more: str
) -> Saved:
    return Saved(service=service, command=command, body=body, parameters={}, **more)


def take_in(answer: Saved) -> list[Evidence]:
    return [item.evidence for item in import_answer(answer, at=NOW, effective_at=SAVED_AT)]


def normalized(evidence: list[Evidence]) -> list[object]:
    gaps = gaps_of_import(evidence, at=NOW)
    streams = {stream.id: stream for stream in INTEGRATION.streams}
    return [
        resource
        for stream in dict.fromkeys(item.stream for item in evidence)
        for resource in streams[stream].normalize(
            [item for item in evidence if item.stream == stream],
            [gap for gap in gaps if gap.stream == stream],
        )
    ]


def test_bytes_are_kept_exactly_and_the_account_is_read_from_the_arns() -> None:
    body = json.dumps(DETAILS, indent=4).encode()
    (item,) = take_in(saved(body))
    assert item.body == body
    assert item.digest == digest_of(body)
    assert item.stream == "aws.iam"
    assert (item.scope.account, item.scope.region) == (ACCOUNT, "")
    assert item.query.operation == "iam:GetAccountAuthorizationDetails"
    assert (item.collected_at, item.effective_at) == (NOW, SAVED_AT)
    assert item.principal == ""


def test_an_imported_answer_is_read_like_a_collected_one_and_says_what_it_does_not_hold() -> None:
    found = normalized(take_in(saved(json.dumps(DETAILS).encode())))
    ada = next(item for item in found if isinstance(item, UserAccount))
    assert ada.created_at == datetime(2019, 12, 18, 19, 10, 8, tzinfo=UTC)
    assert isinstance(ada.mfa_enrolled, Unknown)
    assert "no answer was imported" in ada.mfa_enrolled.why


def test_what_may_be_a_secret_is_taken_out_of_an_imported_answer_and_a_note_says_so() -> None:
    function = {
        "FunctionName": "bill",
        "FunctionArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:bill",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/bill",
    }
    hidden = {**function, "Environment": {"Variables": {"PASSWORD": "hunter2"}}}
    for held, noted in ((function, False), (hidden, True)):
        body = json.dumps({"Functions": [held]}, indent=4).encode()
        answer = saved(body, service="lambda", command="list-functions", region="eu-west-1")
        (imported,) = import_answer(answer, at=NOW, effective_at=SAVED_AT)
        assert b"hunter2" not in imported.evidence.body
        assert (imported.evidence.body == body) is not noted
        assert ("taken out" in imported.note) is noted
        assert imported.evidence.digest == digest_of(imported.evidence.body)


def test_an_answer_of_the_organization_is_of_the_account_that_is_named() -> None:
    manager = "999988887777"
    arn = f"arn:aws:organizations::{manager}:organization/o-abcdefghij"
    body = json.dumps(
        {"Organization": {"Id": "o-abcdefghij", "Arn": arn, "MasterAccountId": manager}}
    ).encode()
    answer = saved(body, service="organizations", command="describe-organization", account=ACCOUNT)
    (item,) = take_in(answer)
    assert (item.stream, item.scope.account) == ("aws.organizations", ACCOUNT)


def test_a_cluster_is_imported_with_who_may_enter_it_and_who_made_it() -> None:
    arn = f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod"
    user = f"arn:aws:iam::{ACCOUNT}:user/ada"
    made = {
        "eventSource": "eks.amazonaws.com",
        "eventTime": "2026-10-30T08:00:00Z",
        "userIdentity": {"type": "IAMUser", "arn": user, "principalId": "AIDA1"},
        "requestParameters": {"name": "prod"},
    }
    named = {"clusterName": "prod"}
    provider = '{"type":"oidc","name":"okta"}'
    look_up = '[{"AttributeKey":"EventName","AttributeValue":"CreateCluster"}]'
    answers: list[tuple[str, str, dict[str, object], dict[str, str]]] = [
        ("eks", "list-clusters", {"clusters": ["prod"]}, {}),
        (
            "eks",
            "describe-cluster",
            {"cluster": {"name": "prod", "arn": arn, "createdAt": "2026-10-30T08:00:01Z"}},
            {"name": "prod"},
        ),
        ("eks", "list-access-entries", {"accessEntries": [user]}, named),
        (
            "eks",
            "list-identity-provider-configs",
            {"identityProviderConfigs": [{"type": "oidc", "name": "okta"}]},
            named,
        ),
        (
            "eks",
            "describe-identity-provider-config",
            {"identityProviderConfig": {"oidc": {"issuerUrl": "https://okta.example", "clientId": "k8s"}}},
            {**named, "identityProviderConfig": provider},
        ),
        (
            "cloudtrail",
            "lookup-events",
            {"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(made)}]},
            {"LookupAttributes": look_up},
        ),
    ]
    evidence = [
        item
        for service, command, answer, parameters in answers
        for item in take_in(
            Saved(
                service=service,
                command=command,
                body=json.dumps(answer).encode(),
                parameters=parameters,
                account=ACCOUNT,
                region="eu-west-1",
            )
        )
    ]
    assert {item.stream for item in evidence} == {"aws.eks"}
    found = {type(one): one for one in normalized(evidence)}
    cluster = found[ManagedCluster]
    assert isinstance(cluster, ManagedCluster)
    assert isinstance(cluster.creator, ClusterCreator)
    assert cluster.creator.arn == user
    trusted = found[ClusterIdentityProvider]
    assert isinstance(trusted, ClusterIdentityProvider)
    assert trusted.issuer == "https://okta.example"
    entry = found[ClusterAccessEntry]
    assert isinstance(entry, ClusterAccessEntry)
    # Who is in the list is known; with which rights was not imported.
    assert entry.principal == user
    assert isinstance(entry.policies, Unknown)


def test_what_was_not_imported_is_a_gap_that_hides_where_it_must() -> None:
    gaps = gaps_of_import(take_in(saved(json.dumps(DETAILS).encode())), at=NOW)
    assert {gap.operation for gap in gaps} == {
        "iam:GetCredentialReport",
        "iam:GetAccountSummary",
        "iam:GetAccountPasswordPolicy",
    }
    assert {gap.reason for gap in gaps} == {GapReason.NOT_COLLECTED}
    # Users and policies are complete; their credentials are not known.
    assert not any(gap.hides_items for gap in gaps)


def test_without_the_listing_its_population_is_hidden() -> None:
    body = b'{"SummaryMap": {"AccountMFAEnabled": 1}}'
    gaps = gaps_of_import(take_in(saved(body, command="get-account-summary", account=ACCOUNT)), at=NOW)
    hidden = {gap.operation for gap in gaps if gap.hides_items}
    assert hidden == {"iam:GetAccountAuthorizationDetails"}


def test_a_credential_report_serves_users_and_keys() -> None:
    columns = ("active", "last_rotated", "last_used_date")
    keys = ",".join(f"access_key_{number}_{column}" for number in (1, 2) for column in columns)
    arn = f"arn:aws:iam::{ACCOUNT}:user/ada"
    table = f"user,arn,mfa_active,{keys}\nada,{arn},true,true,2026-01-01T00:00:00Z,N/A,false,N/A,N/A\n"
    evidence = take_in(saved(table.encode(), command="get-credential-report"))
    assert {item.stream for item in evidence} == {"aws.iam", "aws.iam-keys", "aws.iam-mfa"}
    assert len([item for item in normalized(evidence) if isinstance(item, AccessKey)]) == 1


def test_an_answer_about_one_item_is_imported_with_what_it_was_asked_with() -> None:
    listing = saved(
        b'{"Buckets": [{"Name": "ledger"}]}', service="s3api", command="list-buckets", account=ACCOUNT
    )
    policy = Saved(
        service="s3api",
        command="get-bucket-location",
        body=b'{"LocationConstraint": "eu-west-1"}',
        parameters={"Bucket": "ledger"},
        account=ACCOUNT,
    )
    found = normalized([*take_in(listing), *take_in(policy)])
    assert [item.region for item in found if isinstance(item, StorageBucket)] == ["eu-west-1"]


@pytest.mark.parametrize(
    ("service", "command", "hint"),
    [
        (
            "iam",
            "get-account-authorisation-details",
            "did you mean `aws iam get-account-authorization-details`",
        ),
        ("iam", "zzz", "of iam, get-account-authorization-details, get-account"),
        ("iam", "generate-credential-report", "did you mean `aws iam get-credential-report`"),
        ("qqqq", "zzz", "the services are"),
    ],
)
def test_an_unknown_command_is_answered_with_the_closest_ones(service: str, command: str, hint: str) -> None:
    with pytest.raises(ImportAnswerError, match=hint):
        take_in(saved(b"{}", service=service, command=command))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (json.dumps(DETAILS).encode("utf-16"), "UTF-16"),
        (json.dumps(DETAILS).encode()[:-40], "cut off"),
        (b"\xff{}", "not UTF-8"),
        (b"[]", "must be an object"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"{}", "is it the answer to another command"),
        (b'{"UserDetailList": []}', "lacks GroupDetailList and RoleDetailList and Policies"),
        (json.dumps({**DETAILS, "NextToken": "x"}).encode(), "one page of several"),
        (json.dumps({**DETAILS, "IsTruncated": True}).encode(), "one page of several"),
        (b"An error occurred (AccessDenied) when calling the operation", "not JSON"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(body: bytes, why: str) -> None:
    with pytest.raises(ImportAnswerError, match=why):
        take_in(saved(body, account=ACCOUNT))


def test_a_byte_order_mark_is_accepted_and_kept() -> None:
    body = b"\xef\xbb\xbf" + json.dumps(DETAILS).encode()
    (item,) = take_in(saved(body))
    assert item.body == body
    assert len([found for found in normalized([item]) if isinstance(found, UserAccount)]) == 1


def test_an_account_that_cannot_be_told_must_be_given_and_a_wrong_one_is_refused() -> None:
    empty = json.dumps({key: [] for key in DETAILS}).encode()
    with pytest.raises(ImportAnswerError, match="names no account; say which"):
        take_in(saved(empty))
    assert take_in(saved(empty, account=ACCOUNT))[0].scope.account == ACCOUNT
    with pytest.raises(ImportAnswerError, match=f"of account {ACCOUNT}, not of 999999999999"):
        take_in(saved(json.dumps(DETAILS).encode(), account="999999999999"))
    with pytest.raises(ImportAnswerError, match="write its 12 digits"):
        take_in(saved(empty, account="12"))
    two = {**DETAILS, "RoleDetailList": [{"RoleName": "r", "Arn": "arn:aws:iam::999999999999:role/r"}]}
    with pytest.raises(ImportAnswerError, match="several accounts"):
        take_in(saved(json.dumps(two).encode()))


def named(*, first: int, second: int) -> bytes:
    arns = [f"arn:aws:iam::{ACCOUNT}:user/a{number}" for number in range(first)]
    arns += [f"arn:aws:iam::999999999999:user/b{number}" for number in range(second)]
    users = [{"UserName": arn.rpartition("/")[2], "Arn": arn} for arn in arns]
    return json.dumps({**DETAILS, "UserDetailList": users}).encode()


def test_an_answer_is_of_the_account_that_owns_most_of_its_items_and_says_so() -> None:
    (item,) = import_answer(saved(named(first=3, second=2)), at=NOW, effective_at=SAVED_AT)
    assert item.evidence.scope.account == ACCOUNT
    assert item.note == (
        f"3 of its 5 items belong to account {ACCOUNT}, of which it is taken for the answer; "
        "2 name account 999999999999."
    )
    (plain,) = import_answer(saved(named(first=3, second=0)), at=NOW, effective_at=SAVED_AT)
    assert plain.note == ""


@pytest.mark.parametrize(("first", "second"), [(2, 2), (1, 1)])
def test_where_no_account_owns_most_of_the_items_somebody_has_to_say_which(first: int, second: int) -> None:
    body = named(first=first, second=second)
    with pytest.raises(ImportAnswerError, match="several accounts"):
        take_in(saved(body))
    (item,) = import_answer(saved(body, account=ACCOUNT), at=NOW, effective_at=SAVED_AT)
    assert item.note.endswith("name account 999999999999.")


def test_accounts_that_are_only_mentioned_are_counted_once() -> None:
    mentioned = [
        f"arn:aws:iam::{ACCOUNT}:role/r",
        f"arn:aws:iam::{ACCOUNT}:role/s",
        "arn:aws:iam::999999999999:role/r",
    ]
    body = json.dumps({"DetectorIds": mentioned}).encode()
    with pytest.raises(ImportAnswerError, match="several accounts"):
        take_in(saved(body, service="guardduty", command="list-detectors", region="eu-west-1"))


def test_a_narrowed_answer_is_not_taken_for_the_whole() -> None:
    answer = Saved(
        service="iam",
        command="get-account-authorization-details",
        body=json.dumps(DETAILS).encode(),
        parameters={"Filter": ["User"]},
    )
    with pytest.raises(ImportAnswerError, match="other options"):
        take_in(answer)


def test_a_regional_answer_needs_its_region() -> None:
    volumes = saved(b'{"Volumes": []}', service="ec2", command="describe-volumes", account=ACCOUNT)
    with pytest.raises(ImportAnswerError, match="say which"):
        take_in(volumes)
    regional = saved(
        b'{"Volumes": []}', service="ec2", command="describe-volumes", account=ACCOUNT, region="eu-west-1"
    )
    assert take_in(regional)[0].scope.region == "eu-west-1"


def test_own_snapshots_may_be_saved_without_the_filter_that_repeats_the_owner() -> None:
    snapshots = Saved(
        service="ec2",
        command="describe-snapshots",
        body=b'{"Snapshots": []}',
        parameters={"OwnerIds": ["self"]},
        account=ACCOUNT,
        region="eu-west-1",
    )
    assert len(take_in(snapshots)) == 1


def test_everything_that_is_asked_can_be_imported() -> None:
    known = importable()
    assert ("iam", "get-account-authorization-details") in known
    assert ("s3api", "get-bucket-policy") in known
    assert ("configservice", "describe-configuration-recorders") in known


@given(st.binary(max_size=300))
def test_no_file_breaks_the_import(body: bytes) -> None:
    try:
        take_in(saved(body, account=ACCOUNT))
    except ImportAnswerError:
        return


@pytest.mark.parametrize(
    "name",
    [
        "example-authz-details.json",
        "example_authz_details_for_overrides.json",
        "example_authz_details_for_overrides_complete.json",
        "example_authz_v2.json",
        "examples-example.json",
    ],
)
def test_published_authorization_details_are_taken_in(name: str) -> None:
    path = Path(CORPUS, "access", "cloudsplaining", name)
    if not path.exists():
        pytest.skip(f"{path} is not here; AUDITWRIGHT_CORPUS names the folder with the published examples")
    body = path.read_bytes()
    listed = json.loads(body)
    evidence = take_in(saved(body))
    assert evidence[0].body == body
    found = normalized(evidence)
    users = [item for item in found if isinstance(item, UserAccount)]
    policies = [item for item in found if isinstance(item, PermissionPolicy)]
    assert len(users) == len(listed["UserDetailList"])
    # A policy of the other account that one of them names is told apart by who saw it.
    managed = {item.id.partition("@")[0] for item in policies if not item.inline_of}
    own = {policy["Arn"] for policy in listed["Policies"] if ":aws:policy/" not in policy["Arn"]}
    assert own <= managed
    assert all(isinstance(item.statements, tuple) and item.statements for item in policies)
    inline = sum(
        len(holder.get(key, []))
        for kind, key in (
            ("UserDetailList", "UserPolicyList"),
            ("GroupDetailList", "GroupPolicyList"),
            ("RoleDetailList", "RolePolicyList"),
        )
        for holder in listed[kind]
    )
    assert len([item for item in policies if item.inline_of]) == inline
