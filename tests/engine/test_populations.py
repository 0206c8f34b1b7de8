from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import Gap
from auditwright.core.integration import Operation
from auditwright.core.resources import Change, Person
from auditwright.engine.populations import Capture, assemble, gaps_hiding
from tests.engine.builders import NOW, change, gap, person, scope, stream

ROSTER = Operation(name="people:roster", permission="", lists=(Person,))
LOG = Operation(name="git:log", permission="", lists=(Change,))
DETAIL = Operation(name="git:show", permission="")
BOTH = stream("both", Person, Change, operations=(ROSTER, LOG, DETAIL))


def capture(
    *gaps: Gap, account: str = "a", items: tuple[Person | Change, ...] = (), answered: bool = True
) -> Capture:
    return Capture(stream=BOTH, scope=scope(account), answered=answered, resources=items, gaps=gaps)


@pytest.mark.parametrize(
    ("operation", "hides_people", "hides_changes"),
    [
        ("people:roster", True, False),
        ("git:log", False, True),
        ("git:show", True, True),
        ("both", True, True),
        ("never heard of", True, True),
    ],
)
def test_a_refused_operation_hides_the_kinds_that_it_lists_or_else_all(
    operation: str, *, hides_people: bool, hides_changes: bool
) -> None:
    refused = capture(gap(operation=operation))
    assert bool(gaps_hiding(Person, refused)) is hides_people
    assert bool(gaps_hiding(Change, refused)) is hides_changes
    assert gaps_hiding(Person, capture(gap(operation=operation, hides=False))) == ()


def test_a_source_that_answered_nothing_shows_no_kind_of_its_stream() -> None:
    refused = capture(gap(operation="git:log"), answered=False)
    assert len(gaps_hiding(Person, refused)) == len(gaps_hiding(Change, refused)) == 1
    populations = assemble([capture(gap(hides=False), answered=False)])
    assert not any(population.complete for population in populations.values())


def test_operations_of_one_name_hide_what_any_of_them_lists() -> None:
    twice = stream("twice", Person, Change, operations=(replace(ROSTER, lists=()), ROSTER))
    refused = Capture(stream=twice, scope=scope(), answered=True, resources=(), gaps=(gap(),))
    assert (len(gaps_hiding(Person, refused)), gaps_hiding(Change, refused)) == (1, ())


def test_a_listing_without_items_is_a_whole_population_and_a_refused_one_is_not() -> None:
    populations = assemble([capture(gap(operation="git:log"))])
    assert populations["person"].complete
    assert populations["person"].scopes == (scope("a"),)
    assert not populations["change"].complete
    assert populations["change"].scopes == ()


def test_one_scope_that_was_refused_makes_the_whole_population_incomplete() -> None:
    populations = assemble([capture(items=(person("ada"),)), capture(gap(), account="b")])
    assert populations["person"].scopes == (scope("a"),)
    assert not populations["person"].complete
    assert populations["change"].complete


def test_an_item_that_two_scopes_show_is_examined_once_as_the_first_scope_shows_it() -> None:
    first, second = person("ada", title="first"), person("ada", title="second")
    captures = [capture(account="b", items=(second,)), capture(account="a", items=(first,))]
    assert assemble(captures)["person"].items == (first,)


def test_a_population_knows_the_oldest_answer_of_each_scope() -> None:
    new, old = (
        replace(capture(), stream=stream(name, Person), true_at=at)
        for name, at in (("new", NOW), ("old", NOW - timedelta(days=60)))
    )
    for order in ((new, old), (old, new)):
        populations = assemble([*order, capture(account="b")])
        assert populations["person"].true_at == {scope("a"): NOW - timedelta(days=60)}


def test_nothing_captured_gives_no_population() -> None:
    assert assemble([]) == {}


def test_a_stream_emits_only_what_it_says() -> None:
    only_people = stream("people.roster", Person)
    with pytest.raises(AssertionError, match=r"people\.roster does not say that it emits change"):
        assemble(
            [Capture(stream=only_people, scope=scope(), answered=True, resources=(change("c"),), gaps=())]
        )


names = st.sampled_from("abcde")


@st.composite
def captures(draw: st.DrawFn) -> list[Capture]:
    found = []
    for account in draw(st.lists(names, unique=True, max_size=4)):
        items = tuple(person(name, title=account) for name in draw(st.lists(names, unique=True)))
        operations = draw(st.lists(st.sampled_from(["people:roster", "git:log", "git:show"]), max_size=2))
        gaps = [replace(gap(operation=operation), scope=scope(account)) for operation in operations]
        found.append(capture(*gaps, account=account, items=items))
    return found


@given(captures(), st.data())
def test_the_order_of_captures_never_matters(given_captures: list[Capture], data: st.DataObject) -> None:
    assert assemble(data.draw(st.permutations(given_captures))) == assemble(given_captures)


@given(captures(), st.sampled_from(["people:roster", "git:log", "git:show"]))
def test_denying_one_more_call_never_completes_a_population(
    given_captures: list[Capture], operation: str
) -> None:
    before = assemble(given_captures)
    for place, one in enumerate(given_captures):
        denied = replace(one, gaps=(*one.gaps, replace(gap(operation=operation), scope=one.scope)))
        after = assemble([*given_captures[:place], denied, *given_captures[place + 1 :]])
        assert all(before[kind].complete for kind in after if after[kind].complete)


def test_a_source_that_only_refuses_hides_every_kind_of_its_stream() -> None:
    """Some kinds are derived from any answer at all; refused everything, there must not seem to be none."""
    refused = gap(operation="people:roster")
    silent = Capture(stream=BOTH, scope=scope(), answered=False, resources=(), gaps=(refused,))
    assert gaps_hiding(Change, silent) == (refused,)
    assert gaps_hiding(Change, replace(silent, answered=True)) == ()
    assert gaps_hiding(Person, replace(silent, answered=True)) == (refused,)
