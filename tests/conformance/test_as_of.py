"""Findings as of a time: a store tells later what it told then, of whatever came after."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditwright.core.act import Assignment, OwedFinding
from auditwright.core.ids import ResourceId, TestId
from auditwright.core.ports import Records
from auditwright.core.question import Is, Question
from auditwright.core.run import Finding
from auditwright.engine.findings import reopened
from tests.store.samples import NOON, finding

NUMBERS = count()

ITEMS = ("arn:ada", "arn:bob")

Assigned: TypeAlias = tuple[str, str]
Seen: TypeAlias = frozenset[str]


def run_over(records: Records, test: TestId, deviating: Seen, hour: int) -> None:
    """What a run leaves of findings that saw these items deviate, and all others satisfied."""
    at = NOON + timedelta(hours=hour)
    before = [each for each in records.findings(include_closed=True) if each.test == test]
    known = {each.item: each for each in before}
    changed: list[Finding] = []
    for item in ITEMS:
        held = known.get(ResourceId(item))
        if item not in deviating:
            changed += [replace(held, closed_at=at)] if held and held.closed_at is None else []
        elif held is None:
            changed.append(finding(item, test=test, at=at))
        else:
            back = held.reopened + (held.closed_at is not None)
            changed.append(replace(held, last_seen_at=at, closed_at=None, reopened=back))
    with records.transaction() as write:
        write.put_findings(changed)
        write.keep(reopened(before, changed))


def assign(records: Records, test: TestId, wanted: Assigned, hour: int) -> None:
    at = NOON + timedelta(hours=hour)
    item, owner = wanted
    key = (Is("test", test), Is("item", item), Is("until", None))
    with records.transaction() as write:
        write.keep([replace(each, until=at) for each in write.kept(Assignment, *key)])
        made = Assignment(
            test=test, item=ResourceId(item), owner=owner, due_at=at, made_by="Ada", made_at=at, until=None
        )
        write.keep([made])


def told(records: Records, test: TestId, hour: int | None = None) -> list[OwedFinding]:
    """The findings of a test, but for when they were seen last, which only the newest state knows."""
    at = None if hour is None else NOON + timedelta(hours=hour)
    found = records.answer(OwedFinding, Question(where=(Is("test", test),), order=("item",)), as_of=at)
    assert found.total == len(found.rows)
    return [replace(each, last_seen_at=NOON) for each in found.rows]


STEPS = st.lists(
    st.one_of(
        st.frozensets(st.sampled_from(ITEMS)),
        st.tuples(st.sampled_from(ITEMS), st.sampled_from(["Lena", "Omar", ""])),
    ),
    max_size=9,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_store_tells_of_an_hour_what_it_told_then(records: Records, steps: list[Seen | Assigned]) -> None:
    # Databases are not made anew for each example, so each has a test of its own.
    test = TestId(f"t.{next(NUMBERS)}")
    then: list[list[OwedFinding]] = []
    for hour, step in enumerate(steps):
        match step:
            case frozenset():
                run_over(records, test, step, hour)
            case wanted:
                assign(records, test, wanted, hour)
        then.append(told(records, test))
    assert [told(records, test, hour) for hour in range(len(steps))] == then
    assert told(records, test, -1) == []


def test_what_was_open_then_is_counted_by_who_owed_it_then(records: Records) -> None:
    test = TestId("identity.mfa")
    run_over(records, test, frozenset(ITEMS), 0)
    assign(records, test, ("arn:ada", "Lena"), 1)
    run_over(records, test, frozenset(), 2)
    assign(records, test, ("arn:ada", "Omar"), 3)
    run_over(records, test, frozenset({"arn:ada"}), 4)
    is_open = Is("closed_at", None)

    def owners(hour: int) -> object:
        at = NOON + timedelta(hours=hour)
        return records.tally(OwedFinding, ["owner"], is_open, as_of=at)

    assert [owners(hour) for hour in range(5)] == [
        {("",): 2},
        {("",): 1, ("Lena",): 1},
        {},
        {},
        {("Omar",): 1},
    ]
    first = records.least(OwedFinding, ["test"], "first_seen_at", is_open, as_of=NOON + timedelta(hours=4))
    assert first == {(test,): NOON}
