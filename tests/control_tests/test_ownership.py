"""Whose account it is, and what remains unknown when parts of the roster or of the accounts are unseen."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.control_tests import load_builtin_tests
from auditwright.control_tests._examples import ADA, ADA_ACCOUNT, BOB, LEAVER, account, person, tagged
from auditwright.control_tests.people._ownership import Roster, has_left
from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.evidence import Gap, GapReason
from auditwright.core.ids import StreamId, TestId
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Population, Related, Resource
from auditwright.core.resources import Person, UserAccount
from auditwright.engine.examine import bind, examine

SERVICE = "service-account"


def names(user: UserAccount, *people: Person) -> dict[str, str]:
    """Who is named for an account, by address, and what names them."""
    ownership = Roster(Related.of(Person, people)).ownership(user, service_tag=SERVICE)
    return {claim.person.email: claim.by for claim in ownership.claims}


def seen(kind: type[Resource], *items: Resource) -> Population[Resource]:
    return Population(kind=kind, items=items, gaps=(), scopes=(ADA_ACCOUNT.scope,))


def partly_seen(kind: type[Resource], *items: Resource) -> Population[Resource]:
    hiding = Gap(
        stream=StreamId("a"),
        scope=ADA_ACCOUNT.scope,
        operation="a:List",
        reason=GapReason.REFUSED,
        detail="AccessDenied",
        remedy="Grant a:List.",
        hides_items=True,
        at=EXAMPLE_NOW,
    )
    return Population(kind=kind, items=items, gaps=(hiding,), scopes=(ADA_ACCOUNT.scope,))


def outcome_of(
    test_id: str, item: Resource, *, people: Population[Resource], accounts: Population[Resource]
) -> Outcome:
    test = load_builtin_tests()[TestId(test_id)]
    populations = {"person": people, "user_account": accounts}
    return examine(test, item, bind(test, now=EXAMPLE_NOW, populations=populations, settings={}))


def test_a_roster_entry_can_name_one_cloud_account_only() -> None:
    ada = replace(ADA, accounts=("aws:111122223333:x",))
    there = replace(account("x"), scope=replace(account("x").scope, account="444455556666"))
    assert names(account("x"), ada, BOB) == {ADA.email: "the roster"}
    assert names(there, ada, BOB) == {}


def test_an_entry_for_another_system_names_nobody() -> None:
    assert names(account("x"), replace(ADA, accounts=("github:x",)), BOB) == {}


def test_names_that_only_look_alike_name_nobody() -> None:
    for name in ("ada2", "ada-admin", "adal", "a", "", "bo", "ada@"):
        assert names(account(name), ADA, BOB) == {}


def test_case_and_surrounding_spaces_make_no_difference() -> None:
    ada = replace(ADA, email=" Ada@Acme.example ", accounts=(" AWS:Countess ",))
    assert set(names(account("cOUNTESS"), ada, BOB)) == {ada.email}
    assert set(names(account("ADA@acme.EXAMPLE"), ada, BOB)) == {ada.email}
    assert set(names(account("aDa"), ada, BOB)) == {ada.email}
    assert set(names(tagged(account("x"), ("EMAIL", " ADA@acme.example ")), ada, BOB)) == {ada.email}
    assert names(tagged(account("ada"), ("Service-Account", " FALSE ")), ada, BOB) == {ada.email: "its name"}
    assert names(tagged(account("ada"), ("SERVICE-account", "yes")), ada, BOB) == {}


def test_the_roster_settles_what_a_strangers_address_would_leave_open() -> None:
    by_roster = tagged(account("x"), ("owner", "team@acme.example"))
    by_tag = tagged(account("mallory@elsewhere.example"), ("owner", ADA.email))
    people = seen(Person, replace(ADA, accounts=("aws:x",)), BOB)
    for user, expected in ((by_roster, Satisfied), (by_tag, Deviation)):
        outcome = outcome_of(
            "people.accounts-map-to-people", user, people=people, accounts=seen(UserAccount, user)
        )
        assert isinstance(outcome, expected)


def test_what_names_a_person_outright_overrules_a_local_part() -> None:
    assert names(tagged(account("ada"), ("owner", BOB.email)), ADA, BOB) == {BOB.email: "its tag owner"}


def test_a_tag_for_a_stranger_is_not_overruled_by_a_local_part() -> None:
    stranger = tagged(account("ada"), ("email", "ada@elsewhere.example"))
    assert names(stranger, ADA, BOB) == {}
    outcome = outcome_of(
        "people.accounts-map-to-people",
        stranger,
        people=seen(Person, ADA, BOB),
        accounts=seen(UserAccount, stranger),
    )
    assert isinstance(outcome, Deviation)


def test_a_tag_that_names_a_team_is_no_address_and_says_nothing() -> None:
    assert names(tagged(account("ada"), ("owner", "platform team")), ADA, BOB) == {ADA.email: "its name"}


def test_a_program_has_no_owner_by_the_look_of_its_name() -> None:
    assert names(tagged(account("ada"), (SERVICE, "")), ADA, BOB) == {}
    assert names(tagged(account("ada"), (SERVICE, "false")), ADA, BOB) == {ADA.email: "its name"}


def test_an_organization_can_tag_its_programs_accounts_in_words_of_its_own() -> None:
    robot = tagged(account("ada"), ("robot", "yes"))
    ownership = Roster(Related.of(Person, (ADA, BOB))).ownership(robot, service_tag="Robot")
    assert ownership.is_service is True
    assert names(robot, ADA, BOB) == {ADA.email: "its name"}


def test_two_addresses_in_one_tag_name_two_people() -> None:
    both = tagged(account("x"), ("owner", f"{ADA.email} {BOB.email}"))
    assert set(names(both, ADA, BOB)) == {ADA.email, BOB.email}


local_parts = st.text(alphabet="abé.-_1", min_size=1, max_size=4)
emails = st.builds(lambda local, domain: f"{local}@{domain}.example", local_parts, st.sampled_from("xyz"))


@given(st.lists(emails, unique=True, max_size=6), local_parts)
def test_a_bare_name_is_claimed_only_where_it_fits_one_address_in_any_order(
    roster: list[str], name: str
) -> None:
    people = [person(email) for email in roster]
    fitting = [email for email in roster if email.partition("@")[0].casefold() == name.casefold()]
    found = names(account(name), *people)
    assert found == names(account(name), *reversed(people))
    assert set(found) == (set(fitting) if len(fitting) == 1 else set())


@given(st.lists(emails, unique=True, min_size=1, max_size=4), st.data())
def test_every_person_whom_the_roster_names_is_found_whatever_else_there_is(
    roster: list[str], data: st.DataObject
) -> None:
    holders = data.draw(st.sets(st.sampled_from(roster), min_size=1))
    people = [person(email, accounts=("aws:shared",) if email in holders else ()) for email in roster]
    assert set(names(account("shared"), *people)) == holders


@pytest.mark.parametrize(
    ("hours_after_midnight", "grace_hours", "left"),
    [(-1, 0, "no"), (0, 0, "yes"), (23, 24, "no"), (24, 24, "yes")],
)
def test_a_last_day_is_over_at_its_midnight_and_the_grace_is_counted_from_there(
    hours_after_midnight: int, grace_hours: int, left: str
) -> None:
    now = datetime(2026, 5, 2, tzinfo=UTC) + timedelta(hours=hours_after_midnight)
    assert has_left(LEAVER, now, grace_hours=grace_hours) is (left == "yes")


def test_the_last_day_that_some_systems_write_for_never_is_not_over() -> None:
    assert has_left(replace(LEAVER, ended_on=date.max), EXAMPLE_NOW, grace_hours=24) is False


@pytest.mark.parametrize(
    "roster", [partly_seen(Person), Population(kind=Person, items=(), gaps=(), scopes=())]
)
def test_an_account_is_not_orphaned_by_a_roster_that_was_not_seen(roster: Population[Resource]) -> None:
    outcome = outcome_of(
        "people.accounts-map-to-people",
        account("x"),
        people=roster,
        accounts=seen(UserAccount, account("x")),
    )
    assert isinstance(outcome, Undetermined)


def test_an_account_belongs_to_nobody_when_the_whole_roster_is_empty() -> None:
    outcome = outcome_of(
        "people.accounts-map-to-people", ADA_ACCOUNT, people=seen(Person), accounts=seen(UserAccount)
    )
    assert isinstance(outcome, Deviation)


def test_a_shared_account_is_one_even_where_the_rest_of_the_roster_is_unseen() -> None:
    shared = account("ops")
    people = partly_seen(Person, replace(ADA, accounts=("aws:ops",)), replace(BOB, accounts=("aws:ops",)))
    for test_id in ("people.accounts-map-to-people", "identity.accounts-unique"):
        outcome = outcome_of(test_id, shared, people=people, accounts=seen(UserAccount, shared))
        assert isinstance(outcome, Deviation)


@pytest.mark.parametrize(
    "accounts",
    [partly_seen(UserAccount, ADA_ACCOUNT), Population(kind=UserAccount, items=(), gaps=(), scopes=())],
)
def test_a_leaver_is_not_cleared_by_accounts_that_were_not_seen(accounts: Population[Resource]) -> None:
    outcome = outcome_of(
        "people.roster-reconciled", LEAVER, people=seen(Person, ADA, LEAVER), accounts=accounts
    )
    assert isinstance(outcome, Undetermined)


NO_COLUMN = Unknown("the roster has no column for accounts")


@pytest.mark.parametrize(
    ("ada", "accounts", "expected"),
    [
        (replace(ADA, accounts=NO_COLUMN), (ADA_ACCOUNT,), Satisfied),
        (replace(ADA, accounts=NO_COLUMN), (ADA_ACCOUNT, account("x")), Undetermined),
        (ADA, (ADA_ACCOUNT,), Undetermined),
    ],
    ids=["a roster without accounts", "and an account that is nobody's", "a roster that hides only theirs"],
)
def test_a_leaver_whose_accounts_the_roster_hides_is_cleared_only_where_none_can_be_theirs(
    ada: Person, accounts: tuple[UserAccount, ...], expected: type[Outcome]
) -> None:
    hidden = replace(LEAVER, accounts=NO_COLUMN)
    outcome = outcome_of(
        "people.roster-reconciled",
        hidden,
        people=seen(Person, ada, hidden),
        accounts=seen(UserAccount, *accounts),
    )
    assert isinstance(outcome, expected)


def test_doubt_about_two_people_does_not_reach_a_third() -> None:
    people = seen(Person, ADA, person("ada@partner.example"), LEAVER)
    outcome = outcome_of(
        "people.roster-reconciled", LEAVER, people=people, accounts=seen(UserAccount, ADA_ACCOUNT)
    )
    assert isinstance(outcome, Satisfied)


def test_an_account_is_not_unique_while_other_accounts_are_unseen() -> None:
    outcome = outcome_of(
        "identity.accounts-unique",
        ADA_ACCOUNT,
        people=seen(Person, ADA),
        accounts=partly_seen(UserAccount, ADA_ACCOUNT),
    )
    assert isinstance(outcome, Undetermined)


def test_accounts_of_one_person_in_two_cloud_accounts_are_no_duplicates() -> None:
    ada = replace(ADA, accounts=("aws:ada", "aws:ada.l"))
    elsewhere = account("ada.l", scope=replace(ADA_ACCOUNT.scope, account="444455556666"))
    for one in (ADA_ACCOUNT, elsewhere):
        outcome = outcome_of(
            "identity.accounts-unique",
            one,
            people=seen(Person, ada),
            accounts=seen(UserAccount, ADA_ACCOUNT, elsewhere),
        )
        assert isinstance(outcome, Satisfied)


@pytest.mark.parametrize(("place", "expected"), [("111122223333", Undetermined), ("444455556666", Satisfied)])
def test_an_account_that_may_be_a_persons_second_counts_only_beside_the_first(
    place: str, expected: type[Outcome]
) -> None:
    untagged = replace(
        account("x", scope=replace(ADA_ACCOUNT.scope, account=place)), tags=Unknown("iam:ListUserTags")
    )
    outcome = outcome_of(
        "identity.accounts-unique",
        ADA_ACCOUNT,
        people=seen(Person, ADA),
        accounts=seen(UserAccount, ADA_ACCOUNT, untagged),
    )
    assert isinstance(outcome, expected)


def test_an_account_that_is_one_of_two_others_is_no_second_account() -> None:
    people = seen(Person, ADA, person("eve@acme.example"), person("eve@partner.example"))
    outcome = outcome_of(
        "identity.accounts-unique",
        ADA_ACCOUNT,
        people=people,
        accounts=seen(UserAccount, ADA_ACCOUNT, account("eve")),
    )
    assert isinstance(outcome, Satisfied)
