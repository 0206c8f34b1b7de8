"""The inventory in a folder behaves as the one in memory, whatever is recorded in whatever order."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from auditwright.core.evidence import ERASED_NAME, Gap, GapReason, Scope
from auditwright.core.ids import Digest, IntegrationId, ResourceId, RunId, StreamId, TestId
from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    NotApplicable,
    Observation,
    Result,
    Satisfied,
    Undetermined,
)
from auditwright.core.ports import Inventory, ObservedSpan, Snapshot
from auditwright.core.resource import Resource
from auditwright.core.resources import BlockVolume, StorageBucket, kinds
from auditwright.store import delta
from auditwright.store.inventory import FolderInventory
from auditwright.store.memory_inventory import MemoryInventory
from tests.store.strategies import DIGESTS, IDS, SCOPES, TEXT, items_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
KINDS: Sequence[type[Resource]] = (BlockVolume, StorageBucket)
TESTS = [TestId("a.one"), TestId("a.two")]
TIMES = st.integers(0, 6).map(lambda hours: NOON + hours * HOUR)
RUNS = st.sampled_from([RunId(f"run-{number}") for number in range(4)])


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    scope = draw(SCOPES)
    kind = draw(st.sampled_from(KINDS))
    # Few different values, so that the same item often comes again unchanged.
    volume = BlockVolume(
        id=ResourceId("x"), name="n", scope=scope, evidence=(), encrypted=True, attached_to=(), tags=()
    )
    few = st.builds(replace, st.just(volume), id=IDS, encrypted=st.booleans(), evidence=st.tuples(DIGESTS))
    items = st.lists(few if kind is BlockVolume else items_of(kind, st.just(scope)), max_size=4)
    return Snapshot(kind=kind, scope=scope, items=draw(items), complete=draw(st.booleans()))


@st.composite
def results(draw: st.DrawFn) -> Result:
    outcomes = st.one_of(
        st.builds(Satisfied),
        st.builds(Deviation, TEXT),
        st.builds(NotApplicable, TEXT),
        st.builds(Undetermined, TEXT),
    )
    observation = st.builds(
        Observation,
        item=IDS,
        name=st.sampled_from(["", "n"]),
        account=st.just("1"),
        region=st.just(""),
        outcome=outcomes,
        evidence=st.tuples(DIGESTS),
    )
    gap = Gap(
        stream=StreamId("s"),
        scope=Scope(source=IntegrationId("aws"), account="1"),
        operation="o",
        reason=GapReason.REFUSED,
        detail="d",
        remedy="r",
        hides_items=draw(st.booleans()),
        at=NOON,
    )
    return Result(
        test=draw(st.sampled_from(TESTS)),
        population="block_volume",
        concluded_at=NOON,
        conclusion=Conclusion.INCONCLUSIVE,
        observations=tuple(draw(st.lists(observation, max_size=4))),
        gaps=draw(st.sampled_from([(), (gap,)])),
    )


def nameless(spans: Sequence[ObservedSpan]) -> list[ObservedSpan]:
    """Spans in an order that holds whatever an item is called that lost its id."""
    found = [
        replace(span, item=ResourceId(ERASED_NAME)) if span.item.startswith(f"{ERASED_NAME}-") else span
        for span in spans
    ]
    return sorted(found, key=repr)


class InventoryModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.reference = MemoryInventory()
        self.durable = FolderInventory.create(Path(self.folder.name) / "inventory")
        self.changed = False

    def both(self) -> tuple[Inventory, Inventory]:
        self.changed = True
        return self.reference, self.durable

    @rule(run=RUNS, at=TIMES, seen=st.lists(snapshots(), max_size=3))
    def record(self, run: RunId, at: datetime, seen: list[Snapshot]) -> None:
        for inventory in self.both():
            inventory.record(run, at, iter(seen))

    @rule(run=RUNS, at=TIMES, seen=st.lists(results(), max_size=3))
    def observe(self, run: RunId, at: datetime, seen: list[Result]) -> None:
        for inventory in self.both():
            inventory.observe(run, at, iter(seen))

    @rule(erased=st.sets(DIGESTS, max_size=2))
    def erase(self, erased: set[Digest]) -> None:
        for inventory in self.both():
            inventory.erase(erased)

    @rule()
    def reopen(self) -> None:
        self.durable = FolderInventory(Path(self.folder.name) / "inventory")

    @rule(since=TIMES, until=TIMES)
    def some_spans_are_the_same(self, since: datetime, until: datetime) -> None:
        self.the_spans_are_the_same(since, until)

    def the_spans_are_the_same(self, since: datetime, until: datetime) -> None:
        for test in TESTS:
            expected, actual = (
                i.spans(test, since=since, until=until) for i in (self.reference, self.durable)
            )
            assert nameless(actual) == nameless(expected)

    @precondition(lambda self: self.changed)
    @invariant()
    def every_state_is_the_same(self) -> None:
        self.changed = False
        self.the_spans_are_the_same(NOON, NOON + 9 * HOUR)
        for kind in KINDS:
            for as_of in (None, NOON + 2 * HOUR):
                assert list(self.durable.resources(kind, as_of=as_of)) == list(
                    self.reference.resources(kind, as_of=as_of)
                )
                assert self.durable.erased(kind, as_of=as_of) == self.reference.erased(kind, as_of=as_of)
            for item in self.reference.resources(kind):
                assert list(self.durable.history(kind, item.id)) == list(
                    self.reference.history(kind, item.id)
                )

    def teardown(self) -> None:
        self.folder.cleanup()


InventoryModelTest = InventoryModel.TestCase
InventoryModelTest.settings = settings(
    max_examples=8, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_results_that_are_compared_in_many_small_parts_come_to_the_same(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta, "ROWS_COMPARED", rows)
    few = st.lists(st.lists(results(), max_size=5), min_size=2, max_size=3)

    @settings(max_examples=60, deadline=None)
    @given(few)
    def come_to_the_same(observed: list[list[Result]]) -> None:
        reference = MemoryInventory()
        with tempfile.TemporaryDirectory() as folder:
            durable = FolderInventory.create(Path(folder) / "inventory")
            for hour, seen in enumerate(observed):
                for inventory in (reference, durable):
                    inventory.observe(RunId(f"run-{hour}"), NOON + hour * HOUR, iter(seen))
            for test in TESTS:
                expected, actual = (
                    i.spans(test, since=NOON, until=NOON + 9 * HOUR) for i in (reference, durable)
                )
                assert list(actual) == list(expected)

    come_to_the_same()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_an_item_of_any_kind_comes_back_as_it_was(data: st.DataObject) -> None:
    """Every kind at once: one folder each, read back whole."""
    with tempfile.TemporaryDirectory() as folder:
        inventory = FolderInventory.create(Path(folder) / "inventory")
        kind = data.draw(st.sampled_from(sorted(kinds().values(), key=lambda each: each.kind)))
        scope = data.draw(SCOPES)
        items = data.draw(
            st.lists(items_of(kind, st.just(scope)), max_size=5, unique_by=lambda item: item.id)
        )
        inventory.record(RunId("r"), NOON, [Snapshot(kind=kind, scope=scope, items=items, complete=True)])
        assert list(inventory.resources(kind)) == sorted(items, key=lambda item: item.id)
