import pytest

from auditwright.access.context import (
    ABSENT,
    Caller,
    CallerKind,
    Context,
    Entry,
    Present,
    caller_context,
    closed_context,
)
from auditwright.core.outcome import Unknown

ACCOUNT = "111122223333"
USER = Caller(
    kind=CallerKind.USER,
    arn=f"arn:aws:iam::{ACCOUNT}:user/eng/ada",
    account=ACCOUNT,
    name="ada",
    unique_id="AIDAEXAMPLE",
    tags={"Team": "Red"},
)
SESSION = Caller(
    kind=CallerKind.ROLE_SESSION,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/run",
    account=ACCOUNT,
    name="run",
    unique_id="AROAEXAMPLE",
    issuer=f"arn:aws:iam::{ACCOUNT}:role/ci/deploy",
)
FEDERATED_USER = Caller(
    kind=CallerKind.FEDERATED_USER,
    arn=f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
    account=ACCOUNT,
    name="bob",
    issuer=USER.arn,
)
ROOT = Caller(kind=CallerKind.ROOT, arn=f"arn:aws:iam::{ACCOUNT}:root", account=ACCOUNT)


def value(entry: Entry) -> object:
    match entry:
        case Present((only,)):
            return only
        case Unknown():
            return "unknown"
        case _:
            return entry


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (USER, ["ada", "AIDAEXAMPLE", USER.arn, "User"]),
        (SESSION, [ABSENT, "AROAEXAMPLE:run", SESSION.issuer, "AssumedRole"]),
        (FEDERATED_USER, [ABSENT, f"{ACCOUNT}:bob", FEDERATED_USER.arn, "FederatedUser"]),
        (ROOT, [ABSENT, ACCOUNT, ROOT.arn, "Account"]),
        (Caller(kind=CallerKind.ANONYMOUS, arn="", account=""), [ABSENT, ABSENT, ABSENT, "Anonymous"]),
        (Caller(kind=CallerKind.SERVICE, arn="ec2.amazonaws.com", account=""), [ABSENT, "unknown", "unknown", "unknown"]),
        (Caller(kind=CallerKind.FEDERATED, arn="accounts.google.com", account=""), [ABSENT, "unknown", "unknown", "unknown"]),
    ],
)  # fmt: skip
def test_what_follows_from_who_calls_is_in_the_context(caller: Caller, expected: list[object]) -> None:
    context = caller_context(caller)
    keys = ("aws:username", "aws:userid", "aws:principalarn", "aws:principaltype")
    assert [value(context.get(key)) for key in keys] == expected


def test_tags_are_all_known_or_none_is() -> None:
    assert caller_context(USER).get("aws:principaltag/team") == Present(("Red",))
    assert caller_context(USER).get("aws:principaltag/other") == ABSENT
    assert isinstance(caller_context(SESSION, default=ABSENT).get("aws:principaltag/team"), Unknown)


def test_which_organization_a_caller_belongs_to_is_unknown_until_given() -> None:
    context = caller_context(USER, default=ABSENT)
    assert isinstance(context.get("aws:principalorgid"), Unknown)
    assert context.with_({"AWS:PrincipalOrgID": Present(("o-1",))}).get("aws:principalorgid") == Present(
        ("o-1",)
    )


def test_a_unique_id_that_was_not_seen_is_unknown() -> None:
    unseen = Caller(kind=CallerKind.USER, arn=USER.arn, account=ACCOUNT, name="ada")
    assert isinstance(caller_context(unseen).get("aws:userid"), Unknown)


def test_a_key_that_is_not_listed_is_absent_only_where_the_request_is_known_to_the_end() -> None:
    assert closed_context({"aws:SourceIp": "203.0.113.7"}).get("aws:sourceip") == Present(("203.0.113.7",))
    assert closed_context({}).get("aws:sourceip") == ABSENT
    assert isinstance(caller_context(USER).get("aws:sourceip"), Unknown)


def test_keys_are_kept_in_lower_case() -> None:
    with pytest.raises(AssertionError, match="lower case"):
        Context(entries={"aws:SourceIp": ABSENT}, default=ABSENT)
