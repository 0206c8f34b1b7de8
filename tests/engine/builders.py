"""Items, gaps and tests, made for the tests of the engine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from auditwright.core.control_test import ControlTest, Remediation, Setting, Severity
from auditwright.core.evidence import Gap, GapReason, Scope, digest_of
from auditwright.core.ids import ControlId, IntegrationId, ResourceId, StreamId, TestId
from auditwright.core.integration import Operation, Stream
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Observation,
    Outcome,
    Result,
    Satisfied,
    Undetermined,
)
from auditwright.core.resource import Population, Resource
from auditwright.core.resources import Change, Person
from auditwright.engine.evaluate import conclude

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TEST = TestId("acme.people-are-fine")

OUTCOMES: tuple[Outcome, ...] = (
    Satisfied(),
    Deviation("no"),
    NotApplicable("a robot"),
    Undetermined("refused"),
)
outcomes = st.lists(st.sampled_from(OUTCOMES), max_size=6)


def scope(account: str = "people.csv", region: str = "", source: str = "people") -> Scope:
    return Scope(source=IntegrationId(source), account=account, region=region)


def gap(detail: str = "denied", *, hides: bool = True, operation: str = "people:roster", of: str = "") -> Gap:
    return Gap(
        stream=StreamId("people.roster"),
        scope=scope(),
        operation=operation,
        reason=GapReason.REFUSED,
        detail=detail,
        remedy="Grant it.",
        hides_items=hides,
        at=NOW,
        subject=of,
    )


def person(name: str, *, title: str = "", place: Scope | None = None) -> Person:
    """Somebody; the title tells the tests below which outcome to give."""
    return Person(
        id=ResourceId(f"person:{name}@acme.example"),
        name=name,
        scope=place or scope(),
        evidence=(digest_of(name.encode()),),
        email=f"{name}@acme.example",
        employment="employee",
        title=title,
        manager=None,
        started_on=date(2020, 1, 1),
        ended_on=None,
        accounts=(),
    )


def change(name: str) -> Change:
    return Change(
        id=ResourceId(f"change:code@{name}"),
        name=name,
        scope=scope("code", source="git"),
        evidence=(),
        repository="code",
        commit=name,
        title=name,
        author="a@acme.example",
        merged_by="a@acme.example",
        merged_at=NOW,
        is_merge=False,
        contributors=("a@acme.example",),
        reviewers=(),
    )


def people(
    *items: Person, gaps: Sequence[Gap] = (), asked: bool = True
) -> Mapping[str, Population[Resource]]:
    """The populations of a run that saw people only."""
    scopes = tuple({item.scope for item in items} or {scope()}) if asked else ()
    return {"person": Population(kind=Person, items=items, gaps=tuple(gaps), scopes=scopes)}


def told(item: Resource) -> Outcome:
    """The outcome whose class the item's title names."""
    assert isinstance(item, Person)
    return next(outcome for outcome in OUTCOMES if type(outcome).__name__ == item.title)


def everybody(seen: Sequence[Outcome]) -> tuple[Person, ...]:
    """One person for each outcome, of whom `told` gives that outcome."""
    return tuple(person(f"p{place}", title=type(outcome).__name__) for place, outcome in enumerate(seen))


def control_test(examine: Callable[..., Outcome] = told, **more: object) -> ControlTest:
    """A test that was not declared with the decorator, so that nobody else finds it."""
    settings: Mapping[str, Setting] = {}
    test = ControlTest(
        id=TEST,
        title="People are fine",
        rationale="",
        controls=(ControlId("IAM-02"),),
        severity=Severity.LOW,
        remediation=Remediation(console="", command="", terraform=""),
        populations=(Person,),
        related={},
        settings=settings,
        takes_now=False,
        examples=(),
        examine=examine,
        source="tests",
    )
    return replace(test, **more)  # type: ignore[arg-type]  # a test names only fields of ControlTest


def result(seen: Sequence[Outcome], *, gaps: Sequence[Gap] = (), at: datetime = NOW) -> Result:
    """A result whose n-th observation is of `person:pn@acme.example`."""
    return Result(
        test=TEST,
        population="person",
        concluded_at=at,
        conclusion=conclude(seen, gaps=gaps),
        observations=tuple(
            Observation(
                item=ResourceId(f"person:p{place}@acme.example"),
                name=f"p{place}",
                account="people.csv",
                region="",
                outcome=outcome,
                evidence=(),
            )
            for place, outcome in enumerate(seen)
        ),
        gaps=tuple(gaps),
    )


def stream(name: str, *emits: type[Resource], operations: Sequence[Operation] = ()) -> Stream:
    return Stream(
        id=StreamId(name),
        title=name,
        operations=tuple(operations),
        emits=emits,
        collect=lambda _: iter(()),
        normalize=lambda _, __: (),
    )
