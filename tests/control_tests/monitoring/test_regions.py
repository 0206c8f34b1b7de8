"""What a region's outcome comes to where a part of the account was not seen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.control_tests._examples import (
    ACCOUNT,
    ALARM,
    DATABASE,
    DETECTOR,
    ELSEWHERE,
    HERE,
    MACHINE,
    OTHER_ACCOUNT,
    RECORDER,
    REFUSED,
    REGION,
    TRAIL,
    TRAIL_BUCKET,
)
from auditwright.control_tests.monitoring.configuration_recorded import configuration_recorded
from auditwright.control_tests.monitoring.threat_detection_on import threat_detection_on
from auditwright.control_tests.monitoring.trail_multi_region import trail_multi_region
from auditwright.core.control_test import EXAMPLE_NOW, ControlTest
from auditwright.core.evidence import Gap, GapReason, Scope
from auditwright.core.ids import StreamId
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.resource import Population, Resource
from auditwright.core.resources import StorageBucket
from auditwright.engine.examine import bind, examine

TESTS = (threat_detection_on, configuration_recorded, trail_multi_region)
PLACES = (HERE, ELSEWHERE, ACCOUNT, replace(OTHER_ACCOUNT, region="eu-west-1"))
ITEMS = (
    MACHINE,
    replace(MACHINE, scope=ELSEWHERE),
    DATABASE,
    TRAIL_BUCKET,
    replace(TRAIL_BUCKET, region="eu-west-1"),
    replace(TRAIL_BUCKET, region=REFUSED),
    DETECTOR,
    replace(DETECTOR, enabled=False),
    RECORDER,
    replace(RECORDER, recording=REFUSED),
    TRAIL,
    replace(TRAIL, multi_region=False),
    replace(TRAIL, scope=OTHER_ACCOUNT),
    ALARM,
)


def gap(scope: Scope) -> Gap:
    return Gap(
        stream=StreamId("aws.any"),
        scope=scope,
        operation="any:List",
        reason=GapReason.REFUSED,
        detail="AccessDenied",
        remedy="Grant any:List.",
        hides_items=True,
        at=EXAMPLE_NOW,
    )


def populations(
    test: ControlTest,
    items: tuple[Resource, ...],
    *,
    scopes: tuple[Scope, ...] = (HERE, ELSEWHERE, ACCOUNT),
    gaps: tuple[Gap, ...] = (),
) -> dict[str, Population[Resource]]:
    """Every related population alike: listed in these scopes, with these gaps."""
    return {
        kind.kind: Population(
            kind=kind, items=tuple(item for item in items if isinstance(item, kind)), gaps=gaps, scopes=scopes
        )
        for kind in test.related.values()
    }


def outcome(test: ControlTest, held: dict[str, Population[Resource]]) -> Outcome:
    return examine(test, REGION, bind(test, now=EXAMPLE_NOW, populations=held, settings={}))


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.id)
@given(
    items=st.lists(st.sampled_from(ITEMS), unique_by=lambda item: (item.kind, item.scope), max_size=6),
    hidden=st.sampled_from(PLACES),
    refused=st.booleans(),
)
def test_what_was_not_seen_never_improves_an_outcome(
    test: ControlTest, items: list[Resource], hidden: Scope, *, refused: bool
) -> None:
    whole = populations(test, tuple(items))
    before = outcome(test, whole)
    for kind in whole:
        left = tuple(scope for scope in whole[kind].scopes if scope != hidden)
        less = replace(whole[kind], scopes=left, gaps=(gap(hidden),) if refused else ())
        after = outcome(test, {**whole, kind: less})
        # A detector that is on is on, also where it is no longer seen that nothing needs it.
        anyway = (Satisfied,) if isinstance(before, NotApplicable) else ()
        assert isinstance(after, (Undetermined, type(before), *anyway))


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.id)
def test_a_region_that_nobody_asked_about_is_undetermined(test: ControlTest) -> None:
    assert isinstance(outcome(test, populations(test, (), scopes=(ELSEWHERE, ACCOUNT))), Undetermined)
    assert isinstance(outcome(test, {}), Undetermined)


@pytest.mark.parametrize("test", [threat_detection_on, configuration_recorded], ids=lambda test: test.id)
def test_a_refusal_in_another_region_does_not_matter(test: ControlTest) -> None:
    refused = populations(test, (MACHINE,), gaps=(gap(ELSEWHERE),))
    assert isinstance(outcome(test, refused), Deviation)


def test_buckets_are_listed_for_the_account_and_may_be_in_any_region() -> None:
    seen = populations(threat_detection_on, (), scopes=(HERE,))
    seen[StorageBucket.kind] = Population(kind=StorageBucket, items=(), gaps=(), scopes=(ACCOUNT,))
    assert isinstance(outcome(threat_detection_on, seen), NotApplicable)
    seen[StorageBucket.kind] = Population(kind=StorageBucket, items=(), gaps=(gap(ACCOUNT),), scopes=())
    assert isinstance(outcome(threat_detection_on, seen), Undetermined)


def test_trails_of_every_region_and_trails_of_one_are_listed_apart() -> None:
    """A region without a trail is a deviation only where both lists were seen."""
    test = trail_multi_region
    assert isinstance(outcome(test, populations(test, (), scopes=(ACCOUNT, HERE))), Deviation)
    assert isinstance(outcome(test, populations(test, (), scopes=(ACCOUNT, ELSEWHERE))), Undetermined)
    no_account_list = populations(test, (), scopes=(HERE,), gaps=(gap(ACCOUNT),))
    assert isinstance(outcome(test, no_account_list), Undetermined)
    with_trail = populations(test, (TRAIL,), scopes=(ACCOUNT, ELSEWHERE), gaps=(gap(HERE),))
    assert isinstance(outcome(test, with_trail), Satisfied)
