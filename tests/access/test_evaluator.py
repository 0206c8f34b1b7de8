"""What decides a request, rule by rule, each from the IAM user guide."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from auditwright.access.context import (
    ABSENT,
    Caller,
    CallerKind,
    Context,
    Entry,
    OneOf,
    Present,
    closed_context,
)
from auditwright.access.evaluator import (
    Allowed,
    Decision,
    ExplicitDeny,
    ImplicitDeny,
    Policies,
    Undecided,
    decide,
    may,
    must,
    token_may_call,
)
from auditwright.access.kleene import Truth
from auditwright.access.matching import (
    Part,
    PrincipalMatch,
    Request,
    applies,
    matches_action,
    matches_principal,
    matches_resource,
)
from auditwright.access.policy import Policy, Statement, parse_policy
from auditwright.core.outcome import Unknown
from tests.access.published import published, read

HOME, AWAY = "111122223333", "444455556666"
NOT_SEEN = Unknown("not seen")
ADA = Caller(
    kind=CallerKind.USER, arn=f"arn:aws:iam::{HOME}:user/ada", account=HOME, name="ada", unique_id="AIDAADA"
)
ROLE_ARN = f"arn:aws:iam::{HOME}:role/team/deploy"
DEPLOY = Caller(
    kind=CallerKind.ROLE_SESSION,
    arn=f"arn:aws:sts::{HOME}:assumed-role/deploy/run",
    account=HOME,
    name="run",
    unique_id="AROADEPLOY",
    issuer=ROLE_ARN,
)
TEMPORARY = Caller(
    kind=CallerKind.FEDERATED_USER,
    arn=f"arn:aws:sts::{HOME}:federated-user/bob",
    account=HOME,
    name="bob",
    issuer=ADA.arn,
)
ROOT = Caller(kind=CallerKind.ROOT, arn=f"arn:aws:iam::{HOME}:root", account=HOME)
EC2 = Caller(kind=CallerKind.SERVICE, arn="ec2.amazonaws.com", account="")
GOOGLE = Caller(kind=CallerKind.FEDERATED, arn="accounts.google.com", account="")
NOBODY = Caller(kind=CallerKind.ANONYMOUS, arn="", account="")
BUCKET, ADMIN = "arn:aws:s3:::b/k", f"arn:aws:iam::{HOME}:role/admin"
KEY = f"arn:aws:kms:us-east-1:{HOME}:key/1"


def policy(effect: str = "Allow", action: object = "*", **more: object) -> Policy:
    statement = {"Effect": effect, "Action": action, **more}
    if "Principal" not in more and "NotPrincipal" not in more:
        statement.setdefault("Resource", "*")
    return parse_policy({"Version": "2012-10-17", "Statement": [statement]}, name="p")


FULL, NONE = policy(), policy(action="nothing:AtAll")
DENY = policy("Deny")


def to(principal: object, effect: str = "Allow", action: object = "*", **more: object) -> Policy:
    """A resource's own policy that names somebody."""
    return policy(effect, action, Principal=principal, **more)


READ = ("s3:GetObject", BUCKET, HOME)
ABROAD = ("s3:GetObject", BUCKET, AWAY)
SOMEWHERE = ("s3:GetObject", BUCKET, NOT_SEEN)


def ask(
    policies: Policies,
    *,
    caller: Caller = ADA,
    call: tuple[str, str] | tuple[str, str, str | Unknown] = READ,
    context: Context | None = None,
) -> Decision:
    """Decide a call of an action on a resource, of whoever it is; of this account if not said."""
    action, resource, owner = (*call, HOME) if len(call) == 2 else call
    request = Request(
        caller=caller,
        action=action,
        resource=resource,
        resource_account=owner,
        context=context or closed_context({}),
    )
    return decide(request, policies)


def owning(*policies: Policy, **more: object) -> Policies:
    return replace(Policies(identity=policies), **more)  # type: ignore[arg-type]  # fields of Policies


# --- the vectors of the condition shapes


def test_every_shape_of_an_mfa_condition_is_decided_as_documented() -> None:
    rows = read(published("mfa", "mfa-condition-vectors.json"))
    assert isinstance(rows, list)
    assert len(rows) == 45
    wrong = []
    for row in rows:
        decision = ask(
            owning(parse_policy(row["policy"], name=row["name"])),
            call=(row["action"], row["resource"]),
            context=closed_context(row["context"]),
        )
        assert not isinstance(decision, Undecided)
        if must(decision) is not (row["expected"] == "Allowed"):
            wrong.append((row["name"], row["session"]))
    assert wrong == []


# --- one account


def test_nothing_is_allowed_unless_something_allows_it() -> None:
    decision = ask(owning())
    assert isinstance(decision, ImplicitDeny)
    assert decision.why == ("no identity policy allows it", "no resource policy allows it")
    assert isinstance(ask(owning(NONE)), ImplicitDeny)


def test_an_allow_says_which_statement_it_is_by() -> None:
    decision = ask(owning(NONE, FULL))
    assert isinstance(decision, Allowed)
    (step,) = decision.by
    assert (step.part, step.policy, step.index, step.truth) == (Part.IDENTITY, "p", 0, Truth.TRUE)


PLACES = ("identity", "boundary", "scps", "session", "resource", "rcps")


@pytest.mark.parametrize("place", PLACES)
def test_an_explicit_deny_in_any_policy_wins(place: str) -> None:
    denying = to("*", "Deny", Resource="*") if place in {"resource", "rcps"} else DENY
    given: object = {
        "identity": (FULL, denying),
        "session": (FULL, denying),
        "scps": ((FULL, denying),),
        "rcps": ((to("*", Resource="*"), denying),),
    }.get(place, denying)
    decision = ask(owning(FULL, **{place: given}))
    assert isinstance(decision, ExplicitDeny)
    assert [step.effect for step in decision.by] == ["Deny"]


@pytest.mark.parametrize(
    "limited",
    [
        {"boundary": NONE},
        {"scps": ((FULL,), (NONE, NONE))},
        {"scps": ((),)},
        {"session": (NONE,)},
        {"session": ()},
    ],
)
def test_boundary_session_and_every_level_of_scps_have_to_allow(limited: dict[str, object]) -> None:
    assert isinstance(ask(owning(FULL, **limited)), ImplicitDeny)
    wider = {"boundary": FULL, "scps": ((FULL,), (NONE, FULL)), "session": (NONE, FULL)}
    assert isinstance(ask(owning(FULL, **wider)), Allowed)


def test_an_rcp_limits_the_resources_of_the_services_that_have_them() -> None:
    narrow = ((to("*", action="sqs:*", Resource="*"),),)
    assert isinstance(ask(owning(FULL, rcps=narrow)), ImplicitDeny)
    # To which other services they apply by now is not known.
    assert isinstance(ask(owning(FULL, rcps=narrow), call=("eks:ListClusters", "*")), Undecided)


@pytest.mark.parametrize("place", PLACES)
def test_policies_that_were_not_seen_leave_it_open(place: str) -> None:
    unseen: dict[str, object] = {place: NOT_SEEN}
    decision = ask(owning(FULL, **unseen))
    assert isinstance(decision, Undecided)
    assert any("not seen" in step.why for step in decision.trace)
    assert isinstance(ask(owning(DENY, **unseen)), ExplicitDeny if place != "identity" else Undecided)


@pytest.mark.parametrize(
    ("caller", "principal", "by_itself", "limited"),
    [
        (ADA, {"AWS": ADA.arn}, True, False),
        (ADA, {"AWS": "AIDAADA"}, True, False),
        (ADA, {"AWS": "AIDAOTHER"}, False, False),
        (ADA, "*", True, False),
        (ADA, {"AWS": "*"}, True, False),
        (ADA, {"AWS": HOME}, False, False),
        (ADA, {"AWS": f"arn:aws:iam::{HOME}:root"}, False, False),
        (ADA, {"AWS": ADA.arn.upper()}, False, False),
        (DEPLOY, {"AWS": DEPLOY.arn}, True, False),
        (DEPLOY, {"AWS": ROLE_ARN}, True, True),
        (DEPLOY, {"AWS": "AROADEPLOY"}, True, True),
        (DEPLOY, {"AWS": f"arn:aws:iam::{HOME}:role/deploy"}, False, False),
        (TEMPORARY, {"AWS": TEMPORARY.arn}, True, False),
    ],
)  # fmt: skip
def test_whom_the_resources_policy_names_decides_what_limits_it(
    caller: Caller, principal: object, *, by_itself: bool, limited: bool
) -> None:
    session: tuple[Policy, ...] | None = (FULL,) if caller is TEMPORARY else None
    granted = owning(resource=to(principal, Resource="*"), session=session)
    assert must(ask(granted, caller=caller)) is by_itself
    assert must(ask(replace(granted, boundary=NONE), caller=caller)) is (by_itself and not limited)
    assert must(ask(replace(granted, session=(NONE,)), caller=caller)) is (by_itself and not limited)


def test_a_federated_user_has_no_permissions_but_those_of_its_session_policies() -> None:
    assert isinstance(ask(owning(FULL), caller=TEMPORARY), ImplicitDeny)
    assert isinstance(ask(owning(FULL, session=(FULL,)), caller=TEMPORARY), Allowed)
    through_user = owning(resource=to({"AWS": ADA.arn}, Resource="*"))
    assert isinstance(ask(through_user, caller=TEMPORARY), ImplicitDeny)
    assert isinstance(ask(replace(through_user, session=(FULL,)), caller=TEMPORARY), Allowed)


@pytest.mark.parametrize("call", [("sts:AssumeRole", ADMIN), ("kms:PutKeyPolicy", KEY)])
def test_a_trust_policy_and_a_key_policy_have_to_take_part(call: tuple[str, str]) -> None:
    assert isinstance(ask(owning(FULL, resource=to({"AWS": AWAY})), call=call), ImplicitDeny)
    assert isinstance(ask(owning(FULL, resource=to({"AWS": HOME})), call=call), Allowed)
    assert isinstance(ask(owning(resource=to({"AWS": HOME})), call=call), ImplicitDeny)
    # Named itself, it needs no other policy.
    assert isinstance(ask(owning(resource=to({"AWS": ADA.arn})), call=call), Allowed)
    # Each has one, so one that was not given was not seen.
    assert isinstance(ask(owning(FULL), call=call), Undecided)


def test_the_grants_of_a_key_count_where_grants_can() -> None:
    nobody = owning(resource=to({"AWS": AWAY}))
    assert isinstance(ask(nobody, call=("kms:Decrypt", KEY)), Undecided)
    assert isinstance(ask(replace(nobody, key_grants=Truth.TRUE), call=("kms:Decrypt", KEY)), Allowed)
    assert isinstance(ask(replace(nobody, key_grants=Truth.FALSE), call=("kms:Decrypt", KEY)), ImplicitDeny)
    assert isinstance(ask(nobody, call=("kms:PutKeyPolicy", KEY)), ImplicitDeny)


# --- across accounts


def test_across_accounts_both_sides_have_to_allow() -> None:
    for principal in ("*", {"AWS": HOME}, {"AWS": ADA.arn}):
        shared = to(principal, Resource="*")
        assert isinstance(ask(owning(FULL, resource=shared), call=ABROAD), Allowed)
        assert isinstance(ask(owning(resource=shared), call=ABROAD), ImplicitDeny)
        assert isinstance(ask(owning(FULL, boundary=NONE, resource=shared), call=ABROAD), ImplicitDeny)
    assert isinstance(ask(owning(FULL), call=ABROAD), ImplicitDeny)


def test_whose_a_resource_is_matters_only_where_it_does() -> None:
    assert isinstance(ask(owning(FULL), call=SOMEWHERE), Undecided)
    assert isinstance(ask(owning(FULL, resource=to("*", Resource="*")), call=SOMEWHERE), Allowed)
    assert isinstance(ask(owning(), call=SOMEWHERE), ImplicitDeny)


# --- who calls


def test_root_has_full_access_within_the_scps_of_its_account() -> None:
    free = ask(owning(), caller=ROOT)
    assert isinstance(free, Allowed)
    assert [step.part for step in free.by] == [Part.RULE]
    assert isinstance(ask(owning(scps=((NONE,),)), caller=ROOT), ImplicitDeny)
    assert isinstance(ask(owning(scps=((FULL, DENY),)), caller=ROOT), ExplicitDeny)
    closed = owning(resource=to("*", "Deny", Resource="*"))
    assert isinstance(ask(closed, caller=ROOT), ExplicitDeny)
    repair = ("s3:PutBucketPolicy", "arn:aws:s3:::b")
    assert isinstance(ask(closed, caller=ROOT, call=repair), Allowed)
    assert isinstance(ask(closed, caller=ADA, call=repair), ExplicitDeny)


def test_root_cannot_assume_a_role() -> None:
    assert isinstance(
        ask(owning(resource=to("*")), caller=ROOT, call=("sts:AssumeRole", ADMIN)), ImplicitDeny
    )


def test_organization_policies_do_not_touch_service_linked_roles() -> None:
    linked = msgspec.structs.replace(
        DEPLOY,
        issuer=f"arn:aws:iam::{HOME}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS",
    )
    closed = owning(FULL, scps=((DENY,),), rcps=((to("*", "Deny", Resource="*"),),))
    assert isinstance(ask(closed, caller=linked), Allowed)
    assert isinstance(ask(closed, caller=DEPLOY), ExplicitDeny)


@pytest.mark.parametrize(
    ("caller", "principal", "expected"),
    [
        (EC2, {"Service": "ec2.amazonaws.com"}, Allowed),
        (EC2, {"Service": "lambda.amazonaws.com"}, ImplicitDeny),
        (EC2, {"AWS": HOME}, ImplicitDeny),
        (EC2, "*", Allowed),
        (GOOGLE, {"Federated": "accounts.google.com"}, Allowed),
        (GOOGLE, {"Federated": "graph.facebook.com"}, ImplicitDeny),
        (GOOGLE, "*", Undecided),
        (NOBODY, "*", Allowed),
        (NOBODY, {"AWS": HOME}, ImplicitDeny),
        (NOBODY, {"CanonicalUser": "79a59df900b949e5"}, ImplicitDeny),
        (ADA, {"CanonicalUser": "79a59df900b949e5"}, Undecided),
    ],
)
def test_those_without_an_account_need_the_resources_policy_only(
    caller: Caller, principal: object, expected: type[Decision]
) -> None:
    # The SCPs of no account are theirs.
    trust = owning(resource=to(principal), scps=() if caller is ADA else ((DENY,),))
    call = ("sts:AssumeRoleWithWebIdentity" if caller is GOOGLE else "sts:AssumeRole", ADMIN)
    assert isinstance(ask(trust, caller=caller, call=call), expected)


# --- NotPrincipal


@pytest.mark.parametrize(
    ("caller", "listed", "expected"),
    [
        (ADA, [ADA.arn, HOME], PrincipalMatch.NO),
        (ADA, [ADA.arn], PrincipalMatch.UNKNOWN),
        (ADA, [HOME], PrincipalMatch.UNKNOWN),
        (ADA, [AWAY, ROLE_ARN], PrincipalMatch.DIRECT),
        (DEPLOY, [DEPLOY.arn, ROLE_ARN, HOME], PrincipalMatch.NO),
        (DEPLOY, [ROLE_ARN, HOME], PrincipalMatch.UNKNOWN),
        (ROOT, [HOME], PrincipalMatch.NO),
        (NOBODY, [HOME], PrincipalMatch.DIRECT),
        (EC2, [HOME], PrincipalMatch.DIRECT),
    ],
)
def test_not_principal_exempts_who_is_listed_with_role_and_account(
    caller: Caller, listed: Sequence[str], expected: PrincipalMatch
) -> None:
    (statement,) = policy("Deny", NotPrincipal={"AWS": listed}, Resource="*").statements
    assert matches_principal(statement, caller) is expected


# --- what no policy decides


@pytest.mark.parametrize("caller", [ADA, DEPLOY, TEMPORARY, ROOT])
def test_every_principal_can_ask_who_it_is_whatever_is_denied(caller: Caller) -> None:
    closed = Policies(identity=(DENY,), boundary=DENY, scps=((DENY,),), session=(DENY,))
    decision = ask(closed, caller=caller, call=("sts:GetCallerIdentity", "*"))
    assert isinstance(decision, Allowed)
    assert decision.by[0].part is Part.RULE


@pytest.mark.parametrize("caller", [NOBODY, EC2, GOOGLE])
def test_who_is_no_principal_of_an_account_cannot_ask_who_it_is(caller: Caller) -> None:
    assert isinstance(ask(owning(FULL), caller=caller, call=("sts:GetCallerIdentity", "*")), ImplicitDeny)


@pytest.mark.parametrize(
    ("caller", "issued", "expected"),
    [
        (ADA, ABSENT, Allowed),
        (ROOT, ABSENT, Allowed),
        (ADA, Present(("2026-11-23T12:00:00Z",)), ImplicitDeny),
        (ADA, NOT_SEEN, Undecided),
        (ADA, OneOf((ABSENT, Present(("2026-11-23T12:00:00Z",)))), Undecided),
        (DEPLOY, ABSENT, ImplicitDeny),
    ],
)
def test_long_term_keys_can_open_a_session_whatever_is_denied(
    caller: Caller, issued: Entry, expected: type[Decision]
) -> None:
    context = closed_context({}).with_({"aws:TokenIssueTime": issued})
    assert isinstance(
        ask(owning(DENY), caller=caller, call=("sts:GetSessionToken", "*"), context=context), expected
    )


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("iam:CreateUser", Truth.UNKNOWN),
        ("STS:AssumeRole", Truth.TRUE),
        ("sts:GetCallerIdentity", Truth.TRUE),
        ("sts:GetFederationToken", Truth.FALSE),
        ("s3:GetObject", Truth.TRUE),
    ],
)
def test_a_session_token_cannot_call_everything(action: str, expected: Truth) -> None:
    assert token_may_call(action, mfa=Truth.UNKNOWN) is expected


# --- in part


def mfa(operator: str, value: str) -> dict[str, dict[str, str]]:
    return {operator: {"aws:MultiFactorAuthPresent": value}}


def test_what_is_open_names_the_keys_that_would_tell() -> None:
    partial = Context(entries={}, default=NOT_SEEN)
    decision = ask(owning(FULL, policy("Deny", Condition=mfa("BoolIfExists", "false"))), context=partial)
    assert isinstance(decision, Undecided)
    assert decision.keys == ("aws:multifactorauthpresent",)
    assert may(decision)
    assert not must(decision)
    assert "may deny it" in decision.why[0]


def test_opposite_questions_about_one_key_are_answered_together() -> None:
    closed = owning(
        FULL, policy("Deny", Condition=mfa("Bool", "false")), policy("Deny", Condition=mfa("Null", "true"))
    )
    without = OneOf((ABSENT, Present(("false",))))
    context = closed_context({}).with_({"aws:MultiFactorAuthPresent": without})
    assert isinstance(ask(closed, context=context), ExplicitDeny)
    either = owning(policy(Condition=mfa("Bool", "false")), policy(Condition=mfa("Null", "true")))
    assert isinstance(ask(either, context=context), Allowed)
    whatever = context.with_(
        {"aws:MultiFactorAuthPresent": OneOf((*without.alternatives, Present(("true",))))}
    )
    assert isinstance(ask(closed, context=whatever), Undecided)
    mixed = owning(policy(Condition=mfa("Bool", "true")), policy("Deny", Condition=mfa("Null", "true")))
    assert isinstance(ask(mixed, context=context), ImplicitDeny)


def test_too_many_cases_are_left_open() -> None:
    keys = [f"x:{place}" for place in range(7)]
    pairs = [
        policy("Deny", Condition={"Null": {key: wanted}}) for key in keys for wanted in ("true", "false")
    ]
    context = closed_context({}).with_(dict.fromkeys(keys, OneOf((ABSENT, Present(("y",))))))
    assert isinstance(ask(owning(FULL, *pairs), context=context), Undecided)
    assert isinstance(ask(owning(FULL, *pairs[:12]), context=context), ExplicitDeny)


# --- one statement


def only(**more: object) -> Statement:
    return policy(**more).statements[0]  # type: ignore[arg-type]  # keywords of a statement


@pytest.mark.parametrize(
    ("resource", "asked", "expected"),
    [
        ({"Resource": "*"}, BUCKET, Truth.TRUE),
        ({"Resource": "arn:aws:s3:::B/*"}, BUCKET, Truth.FALSE),
        ({"NotResource": "arn:aws:s3:::b/*"}, BUCKET, Truth.FALSE),
        ({"Resource": "arn:aws:s3:::${aws:username}/k"}, "arn:aws:s3:::ada/k", Truth.TRUE),
        ({"Resource": "arn:aws:s3:::${x:none}/k"}, "arn:aws:s3:::ada/k", Truth.FALSE),
        ({"Resource": ["*", "arn:aws:s3:::${x:none}/k"]}, BUCKET, Truth.UNKNOWN),
        ({"NotResource": "arn:aws:s3:::${x:none}/k"}, BUCKET, Truth.UNKNOWN),
        ({"Resource": "arn:aws:s3:::${x:unseen}/k"}, "arn:aws:s3:::ada/k", Truth.UNKNOWN),
        ({"Resource": "arn:aws:s3:::${x:unseen}/k"}, "arn:aws:s3:::ada/z", Truth.FALSE),
        ({"NotResource": "arn:aws:s3:::${x:unseen, 'a'}/k"}, "arn:aws:s3:::ada/z", Truth.TRUE),
    ],
)
def test_a_resource_is_matched_with_the_values_of_variables(
    resource: dict[str, object], asked: str, expected: Truth
) -> None:
    statement = parse_policy(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", **resource}}, name="p"
    ).statements[0]
    context = closed_context({"aws:username": "ada"}).with_({"x:unseen": NOT_SEEN})
    assert matches_resource(statement, asked, context) is expected


def test_an_action_is_matched_in_any_case() -> None:
    assert matches_action(only(action="S3:get*"), "s3:GETOBJECT") is Truth.TRUE
    assert matches_action(only(action="s3:Put?bject"), "s3:GetObject") is Truth.FALSE


def test_a_statement_in_the_wrong_kind_of_policy_is_not_understood() -> None:
    assert isinstance(ask(owning(to("*", Resource="*"))), Undecided)
    assert isinstance(ask(owning(resource=FULL)), Undecided)
    assert isinstance(
        ask(owning(parse_policy({"Statement": {"Effect": "Allow", "Action": "*"}}, name="p"))), Undecided
    )


def test_a_statement_says_why_it_does_not_apply() -> None:
    request = Request(
        caller=ADA, action="s3:GetObject", resource=BUCKET, resource_account=HOME, context=closed_context({})
    )
    wrong = [
        (only(action="s3:Put*"), Part.IDENTITY, "its action does not match"),
        (only(Resource="arn:aws:s3:::x"), Part.IDENTITY, "its resource does not match"),
        (only(Principal={"AWS": AWAY}), Part.RESOURCE, "it does not name the caller"),
        (
            only(Condition=mfa("Bool", "true")),
            Part.IDENTITY,
            "Bool on aws:multifactorauthpresent does not hold",
        ),
    ]
    for statement, part, why in wrong:
        found = applies(statement, request, part)
        assert (found.truth, found.why) == (Truth.FALSE, why)
