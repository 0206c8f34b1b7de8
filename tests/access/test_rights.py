"""What is left out because no request of it can go through: no request of it goes through."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.access import asking
from auditwright.access.asking import actor_of, put
from auditwright.access.catalogue import WAYS, On
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.holdings import touching
from auditwright.access.kleene import Truth
from auditwright.access.likeness import Likeness
from auditwright.access.sessions import SessionClass
from tests.access.accounts import (
    ACCOUNT,
    Json,
    allow,
    arn,
    deny,
    document,
    held,
    policy,
    role,
    snapshot,
    trust,
    user,
    world,
)
from tests.access.asked import OF_USERS, actors, requests
from tests.access.small_accounts import CONDITIONS, SLOW_ACCOUNTS, accounts

ACTIONS = frozenset(use.action.lower() for way in WAYS for use in way.uses)
SLOW = settings(SLOW_ACCOUNTS, max_examples=50)


@SLOW
@given(accounts(), st.data())
def test_what_is_denied_or_not_opened_goes_through_on_nothing(account: Json, data: st.DataObject) -> None:
    here = world(account)
    likeness = Likeness(here, ACTIONS)
    asked = tuple(dict.fromkeys(requests(here)))
    for actor in actors(here, data):
        denied = likeness.denied(actor.alternatives, actor.caller, actor.class_)
        opened = likeness.open_to(actor.alternatives, actor.caller, actor.class_)
        for use, target in asked:
            if use.action.lower() in denied or use.action.lower() not in opened:
                found = put(here, actor, use, target)
                assert found.truth is Truth.FALSE, (actor.fact, use, target, found)


@st.composite
def about_names(draw: st.DrawFn) -> Json:
    """A statement that often spells out the names of what is made."""
    condition = draw(st.sampled_from((None, *CONDITIONS[-6:])))
    found: Json = {
        "Effect": draw(st.sampled_from(("Allow", "Allow", "Deny"))),
        "Action": draw(st.sampled_from(("*", "lambda:*", "iam:CreateVirtualMFADevice"))),
        draw(st.sampled_from(("Resource", "Resource", "NotResource"))): draw(
            st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True)
        ),
    }
    return found | ({"Condition": condition} if condition else {})


NAMES = (
    "*",
    f"arn:aws:lambda:*:{ACCOUNT}:function:deploy-*",
    "arn:aws:iam::*:mfa/${aws:username}",
    "arn:aws:iam::*:mfa/${aws:PrincipalTag/device}",
    "arn:aws:iam::*:mfa/*",
    "arn:aws:s3:::data/*",
)


@settings(SLOW, max_examples=300)
@given(
    st.lists(about_names(), min_size=1, max_size=3),
    st.none() | st.lists(about_names(), min_size=1, max_size=2),
    st.sampled_from(({}, {"team": "red"}, {"device": "d"})),
)
def test_one_name_stands_for_all_where_nothing_can_allow_another(
    statements: list[Json], bound: list[Json] | None, tags: dict[str, str]
) -> None:
    bounds = () if bound is None else (policy("bound", document(*bound)),)
    ada = user("ada", *statements, tags=tags, **({"boundary": "bound"} if bounds else {}))
    here = world(snapshot(ada, *bounds, RUNS, credentials=(held("ada"),)))
    made = [(use, target) for use, target in dict.fromkeys(requests(here)) if use.on is On.MADE]
    for class_ in OF_USERS:
        actor = actor_of(here, session(arn("user", "ada"), class_))
        for use, target in made:
            short = put(here, actor, use, target)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(asking, "_may_be_allowed", lambda *_: True)
                assert short.truth is put(here, actor, use, target).truth, (class_, use)


NO_MFA: Json = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
WITH_MFA: Json = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
RUNS = role("runs", trust({"Service": "lambda.amazonaws.com"}), allow("*"))


@pytest.mark.parametrize(
    ("details", "class_", "denied", "opened"),
    [
        pytest.param(
            (user("ada", allow("*"), {**deny("iam:*"), "Condition": NO_MFA}),),
            SessionClass.KEY,
            True,
            True,
            id="denied without a factor",
        ),
        pytest.param(
            (user("ada", allow("*"), {**deny("iam:*"), "Condition": NO_MFA}),),
            SessionClass.MFA,
            False,
            True,
            id="not denied with one",
        ),
        pytest.param(
            (user("ada", {**allow("*"), "Condition": WITH_MFA}),),
            SessionClass.KEY,
            False,
            False,
            id="allowed with a factor only",
        ),
        pytest.param(
            (user("ada", {**allow("*"), "Condition": WITH_MFA}),),
            SessionClass.MFA,
            False,
            True,
            id="and it is there",
        ),
        pytest.param(
            (user("ada", allow("*"), deny("iam:*", arn("user", "bob"))),),
            SessionClass.KEY,
            False,
            True,
            id="denied on one resource",
        ),
        pytest.param(
            (
                user(
                    "ada",
                    allow("*"),
                    {**deny("iam:*"), "Condition": {"StringNotEquals": {"aws:ResourceAccount": "1"}}},
                ),
            ),
            SessionClass.KEY,
            False,
            True,
            id="denied by whose the resource is",
        ),
        pytest.param(
            (
                user(
                    "ada",
                    allow("*"),
                    {**deny("iam:*"), "Condition": {"StringEquals": {"aws:username": "ada"}}},
                ),
            ),
            SessionClass.KEY,
            False,
            True,
            id="denied by name",
        ),
        pytest.param(
            (user("ada", allow("*"), boundary="bound"), policy("bound", document(allow("s3:*")))),
            SessionClass.KEY,
            False,
            False,
            id="not within the boundary",
        ),
    ],
)
def test_what_a_session_is_left_with(
    details: tuple[Json, ...], class_: SessionClass, *, denied: bool, opened: bool
) -> None:
    here = world(snapshot(*details, RUNS, credentials=(held("ada"),)))
    actor = actor_of(here, session(arn("user", "ada"), class_))
    likeness = Likeness(here, ACTIONS)
    asked = "iam:createaccesskey"
    assert (asked in likeness.denied(actor.alternatives, actor.caller, class_)) is denied
    assert (asked in likeness.open_to(actor.alternatives, actor.caller, class_)) is opened


def test_what_requests_show_is_not_what_sessions_are_known_by() -> None:
    here = world(snapshot(user("ada"), RUNS, credentials=(held("ada"),)))
    shown = {key for way in WAYS for use in way.uses for key, _ in use.shows}
    assert shown
    for class_ in OF_USERS:
        known = actor_of(here, session(arn("user", "ada"), class_)).context.entries
        assert shown.isdisjoint(known)


def test_a_deny_that_an_adversary_may_have_taken_off_denies_nothing() -> None:
    guard = policy("guard", document(deny("iam:*")))
    here = world(snapshot(user("ada", allow("*"), attached="guard"), guard, RUNS, credentials=(held("ada"),)))
    fact, likeness = session(arn("user", "ada"), SessionClass.KEY), Likeness(here, ACTIONS)
    (lift,) = (each for each in touching(here, fact.subject) if each.kind is Kind.LIFT)
    for changes, denied in ((frozenset[Fact](), True), (frozenset({lift}), False)):
        actor = actor_of(here, fact, changes)
        found = likeness.denied(actor.alternatives, actor.caller, actor.class_)
        assert ("iam:createaccesskey" in found) is denied
