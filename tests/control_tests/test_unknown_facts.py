"""Unknown is never a pass: what every control test, whatever it examines, does with facts it cannot see."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import get_args, get_type_hints

import pytest

from auditwright.control_tests import load_builtin_tests
from auditwright.core.control_test import EXAMPLE_NOW, ControlTest, Example
from auditwright.core.evidence import Gap, GapReason
from auditwright.core.ids import StreamId
from auditwright.core.outcome import NotApplicable, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Population, Resource
from auditwright.engine.examine import bind, examine

TESTS = tuple(pytest.param(test, id=str(test.id)) for test in load_builtin_tests().values())
HIDDEN = Unknown("nobody may see it")


def facts_of(item: Resource) -> tuple[str, ...]:
    """The fields of an item that a source may not show."""
    hints = get_type_hints(type(item))
    return tuple(field.name for field in fields(item) if Unknown in get_args(hints[field.name]))


def hiding(item: Resource, *names: str) -> Resource:
    shown = {field.name: getattr(item, field.name) for field in fields(item)}
    return type(item)(**{**shown, **dict.fromkeys(names, HIDDEN)})


def seen(test: ControlTest, example: Example) -> dict[str, Population[Resource]]:
    return {
        kind.kind: Population(
            kind=kind,
            items=tuple(item for item in example.given if isinstance(item, kind)),
            gaps=(),
            scopes=(example.item.scope,),
        )
        for kind in test.related.values()
    }


def refused(test: ControlTest, example: Example) -> dict[str, Population[Resource]]:
    """The related populations of an example, where every listing was refused."""
    gap = Gap(
        stream=StreamId("a"),
        scope=example.item.scope,
        operation="a:List",
        reason=GapReason.REFUSED,
        detail="AccessDenied",
        remedy="Grant a:List.",
        hides_items=True,
        at=EXAMPLE_NOW,
    )
    return {
        kind.kind: Population(kind=kind, items=(), gaps=(gap,), scopes=()) for kind in test.related.values()
    }


def outcome_of(test: ControlTest, example: Example, populations: dict[str, Population[Resource]]) -> Outcome:
    supplied = bind(test, now=EXAMPLE_NOW, populations=populations, settings=example.settings or {})
    return examine(test, example.item, supplied)


def with_one_fact_hidden(example: Example) -> Iterator[tuple[str, Example]]:
    """The example once for each fact of each of its items, with that fact hidden wherever the item is."""
    for item in dict.fromkeys((example.item, *example.given)):
        for name in facts_of(item):
            hidden = hiding(item, name)
            yield (
                f"{item.name}.{name}",
                replace(
                    example,
                    item=hidden if example.item == item else example.item,
                    given=tuple(hidden if other == item else other for other in example.given),
                ),
            )


@pytest.mark.parametrize("test", TESTS)
def test_an_item_of_which_nothing_is_seen_neither_passes_nor_fails(test: ControlTest) -> None:
    for example in test.examples:
        names = facts_of(example.item)
        if not names:
            continue
        blind = replace(example, item=hiding(example.item, *names))
        outcome = outcome_of(test, blind, refused(test, blind))
        assert isinstance(outcome, (Undetermined, NotApplicable)), outcome


@pytest.mark.parametrize("test", TESTS)
def test_hiding_one_fact_leaves_the_outcome_or_makes_it_undetermined(test: ControlTest) -> None:
    for example in test.examples:
        for what, hidden in with_one_fact_hidden(example):
            outcome = outcome_of(test, hidden, seen(test, hidden))
            allowed: tuple[type[Outcome], ...] = (type(example.outcome), Undetermined)
            if isinstance(example.outcome, NotApplicable):
                # What holds of the item anyway may be said, whether or not the test concerns it.
                allowed = (*allowed, Satisfied)
            assert isinstance(outcome, allowed), f"{what}: {outcome}"


@pytest.mark.parametrize("test", TESTS)
def test_a_test_never_raises_on_what_it_cannot_see(test: ControlTest) -> None:
    for example in test.examples:
        for _, hidden in with_one_fact_hidden(example):
            outcome = outcome_of(test, hidden, refused(test, hidden))
            if isinstance(outcome, Undetermined):
                assert f"the test {test.id} failed" not in outcome.why


@pytest.mark.parametrize("test", TESTS)
def test_an_undetermined_outcome_quotes_why_the_fact_is_unknown(test: ControlTest) -> None:
    for example in test.examples:
        items = (example.item, *example.given)
        unknown = any(isinstance(getattr(item, name), Unknown) for item in items for name in facts_of(item))
        if unknown or isinstance(example.outcome, Undetermined):
            continue  # It may quote what was unknown before.
        for what, hidden in with_one_fact_hidden(example):
            outcome = outcome_of(test, hidden, seen(test, hidden))
            if isinstance(outcome, Undetermined):
                assert HIDDEN.why in outcome.why, what
