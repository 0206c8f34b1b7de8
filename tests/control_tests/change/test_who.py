"""When two addresses of a history are known to be of two people."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.control_tests._examples import ADA, BOB, CHANGE, person
from auditwright.control_tests.change._who import Roster, surely_differ
from auditwright.control_tests.change.changes_reviewed import changes_reviewed
from auditwright.core.outcome import Outcome, Satisfied, Undetermined
from auditwright.core.resource import Population, Related
from auditwright.core.resources import Person

HIDDEN = "4711+ada-l@users.noreply.github.com"
ADDRESSES = st.sampled_from(
    [
        ADA.email,
        BOB.email,
        "ADA@acme.example",
        "ada@home.example",
        HIDDEN,
        "ada-l@users.noreply.github.com",
        "12-ada@users.noreply.gitlab.com",
        "1+x[bot]@users.noreply.github.com",
        "team@acme.example",
    ]
)
PEOPLE = st.lists(
    st.builds(
        lambda email, accounts: person(email, accounts=tuple(accounts)),
        st.sampled_from([ADA.email, BOB.email]),
        st.lists(
            st.sampled_from(["github:ada-l", "git:ada@home.example", "git:team@acme.example", "aws:ada-l"])
        ),
    ),
    max_size=3,
)


def roster_of(*people: Person) -> Roster:
    return Roster(Related.of(Person, people))


def examined(writers: tuple[str, ...], reviewers: tuple[str, ...], people: list[Person]) -> Outcome:
    change = replace(CHANGE, author=writers[0], contributors=writers, reviewers=reviewers)
    outcome: Outcome = changes_reviewed.examine(change, people=Related.of(Person, people))
    return outcome


@given(PEOPLE, ADDRESSES, ADDRESSES)
def test_differing_goes_both_ways_and_nobody_differs_from_themselves(
    people: list[Person], one: str, other: str
) -> None:
    roster = roster_of(*people)
    assert surely_differ(roster.who(one), roster.who(other)) == surely_differ(
        roster.who(other), roster.who(one)
    )
    assert not surely_differ(roster.who(one), roster.who(one))


@given(PEOPLE, st.lists(ADDRESSES, min_size=1, max_size=3), st.lists(ADDRESSES, max_size=3))
def test_whoever_wrote_it_is_never_its_only_reviewer(
    people: list[Person], writers: list[str], reviewers: list[str]
) -> None:
    own = tuple(reviewer for reviewer in reviewers if reviewer in writers)
    assert not isinstance(examined(tuple(writers), own, people), Satisfied)


@given(PEOPLE, st.lists(ADDRESSES, min_size=1, max_size=3), st.lists(ADDRESSES, max_size=3), ADDRESSES)
def test_a_further_contributor_never_makes_a_review_independent(
    people: list[Person], writers: list[str], reviewers: list[str], added: str
) -> None:
    before = examined(tuple(writers), tuple(reviewers), people)
    after = examined((*writers, added), tuple(reviewers), people)
    assert isinstance(before, Satisfied) or not isinstance(after, Satisfied)


@pytest.mark.parametrize("account", ["github:ada-l", "GitHub:Ada-L", f"git:{HIDDEN}"])
def test_the_roster_tells_whose_a_hidden_address_is(account: str) -> None:
    roster = roster_of(replace(ADA, accounts=(account,)), BOB)
    assert roster.who(HIDDEN) == roster.who(ADA.email)
    assert surely_differ(roster.who(HIDDEN), roster.who(BOB.email))


def test_an_account_of_another_system_says_nothing_of_the_code_host() -> None:
    assert roster_of(replace(ADA, accounts=("aws:ada-l",))).who(HIDDEN).host == "github"


def test_an_account_that_two_people_share_is_of_neither() -> None:
    roster = roster_of(
        replace(ADA, accounts=("git:team@acme.example",)), replace(BOB, accounts=("git:team@acme.example",))
    )
    assert not surely_differ(roster.who("team@acme.example"), roster.who(ADA.email))
    assert not surely_differ(roster.who("team@acme.example"), roster.who("cy@acme.example"))


def test_without_a_roster_no_two_addresses_are_surely_two_people() -> None:
    nobody_asked = Related(Population(kind=Person, items=(), gaps=(), scopes=()))
    roster = Roster(nobody_asked)
    assert not surely_differ(roster.who(ADA.email), roster.who(BOB.email))
    outcome = changes_reviewed.examine(CHANGE, people=nobody_asked)
    assert outcome == Undetermined(
        f"whether {BOB.email} and {ADA.email} are two people cannot be seen: no person was collected"
    )
