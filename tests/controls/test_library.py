from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.controls import (
    AmendmentError,
    Changed,
    DanglingCriteriaError,
    Own,
    Shipped,
    UnknownControlError,
    load_controls,
    uncovered,
    validate,
    with_overrides,
)
from auditwright.core.framework import Cadence, Control, ControlOverride, NotApplicableReason
from auditwright.core.ids import ControlId, CriterionId
from auditwright.frameworks import load_framework

SOC2 = load_framework("soc2")
LIBRARY = load_controls()
IAM_02 = LIBRARY.control("IAM-02", named_in="the test")
NOT_OURS = NotApplicableReason(reason="There is no office.", approver="ada@acme.example")
OWN = replace(IAM_02, id=ControlId("ACME-01"), title="Visitors wear hats", statement="Hats are worn.")


def override(
    control_id: str = "IAM-02",
    *,
    statement: str | None = None,
    cadence: Cadence | None = None,
    not_applicable: NotApplicableReason | None = None,
) -> ControlOverride:
    return ControlOverride(
        id=ControlId(control_id),
        source=f"controls.yaml:{len(control_id)}",
        statement=statement,
        cadence=cadence,
        not_applicable=not_applicable,
    )


def test_shipped_controls_say_so() -> None:
    assert {entry.provenance for entry in LIBRARY.entries} == {Shipped()}
    assert LIBRARY.applicable == LIBRARY.controls


def test_a_change_holds_and_the_original_is_kept() -> None:
    change = override(statement=" Keys for all. ", cadence=Cadence.WEEKLY)
    entry = with_overrides(LIBRARY, [change], []).entry("IAM-02", named_in="the test")
    assert entry.control == replace(IAM_02, statement="Keys for all.", cadence=Cadence.WEEKLY)
    assert entry.provenance == Changed(original=IAM_02, override=change)
    assert isinstance(entry.provenance, Changed)
    assert entry.provenance.fields == ("statement", "cadence")


def test_a_change_to_the_same_words_is_no_difference() -> None:
    library = with_overrides(LIBRARY, [override(statement=IAM_02.statement)], [])
    provenance = library.entry("IAM-02", named_in="the test").provenance
    assert isinstance(provenance, Changed)
    assert provenance.fields == ()


@given(st.sets(st.sampled_from([control.id for control in LIBRARY.controls])))
def test_changes_never_edit_the_library_they_start_from(chosen: set[ControlId]) -> None:
    before = (LIBRARY.entries, LIBRARY.controls)
    changed = with_overrides(LIBRARY, [override(name, statement="Other words.") for name in chosen], [OWN])
    assert (LIBRARY.entries, LIBRARY.controls) == before
    assert [control.id for control in changed.controls] == [*(c.id for c in LIBRARY.controls), OWN.id]
    for entry in changed.entries[:-1]:
        shipped = LIBRARY.control(entry.control.id, named_in="the test")
        match entry.provenance:
            case Changed(original=original):
                assert entry.control.id in chosen
                assert original is shipped
            case Shipped():
                assert entry.control is shipped
                assert entry.control.id not in chosen
            case Own():
                pytest.fail(f"{entry.control.id} is shipped")


def test_a_control_that_does_not_apply_meets_no_criterion() -> None:
    fraud = CriterionId("CC3.3")
    library = with_overrides(LIBRARY, [override("RSK-02", not_applicable=NOT_OURS)], [])
    assert library.for_criterion(fraud) == ()
    assert [criterion.id for criterion in uncovered(library, SOC2.criteria)] == [fraud]
    assert library.entry("RSK-02", named_in="the test").not_applicable == NOT_OURS
    assert ControlId("RSK-02") in {control.id for control in library.controls}
    assert ControlId("RSK-02") not in {control.id for control in library.for_criteria(SOC2.criteria)}


def test_a_control_of_the_organization_is_found_like_any_other() -> None:
    library = with_overrides(LIBRARY, [], [OWN])
    assert library.entry("ACME-01", named_in="the test").provenance == Own()
    assert OWN in library.for_criterion(CriterionId("CC6.1"))
    assert library.domain(OWN).title == "Controls of the organization"
    validate(library, SOC2)


def test_for_criteria_gives_each_control_once_in_the_librarys_order() -> None:
    controls = LIBRARY.for_criteria(SOC2.criteria)
    assert controls == LIBRARY.controls
    assert LIBRARY.for_criteria([]) == ()


@pytest.mark.parametrize(
    ("unknown", "closest"), [("IAM-2", "IAM-02"), ("iam-02", "IAM-02"), ("BPC-03", "BCP-03")]
)
def test_an_unknown_control_is_named_with_its_place_and_the_closest_ids(unknown: str, closest: str) -> None:
    with pytest.raises(
        UnknownControlError, match=rf"^controls\.yaml:\d: there is no control '{unknown}'"
    ) as caught:
        with_overrides(LIBRARY, [override(unknown, statement="x")], [])
    assert closest in caught.value.closest
    with pytest.raises(UnknownControlError, match=r"^identity\.mfa: there is no control"):
        LIBRARY.control(unknown, named_in="identity.mfa")


def test_all_dangling_criteria_are_named_with_their_control_and_the_closest_ids() -> None:
    broken = replace(OWN, criteria=(CriterionId("CC6.9"), CriterionId("CC6.1"), CriterionId("§")))
    with pytest.raises(DanglingCriteriaError) as caught:
        validate(with_overrides(LIBRARY, [], [broken]), SOC2)
    first, second = caught.value.problems
    assert first.startswith(
        "the organization's control ACME-01: there is no criterion 'CC6.9'; did you mean CC"
    )
    assert second == "the organization's control ACME-01: there is no criterion '§'; correct or remove it"


@pytest.mark.parametrize(
    ("overrides", "own", "problem"),
    [
        ([override()], [], "IAM-02 is named, but nothing is changed"),
        ([override(statement="  ")], [], r"controls\.yaml:6: the statement of IAM-02 is empty"),
        ([override(not_applicable=replace(NOT_OURS, reason=""))], [], "the reason of IAM-02 is empty"),
        ([override(not_applicable=replace(NOT_OURS, approver=" "))], [], "the approver of IAM-02 is empty"),
        (
            [override(statement="a"), override(cadence=Cadence.WEEKLY)],
            [],
            r"already changed in controls\.yaml:6",
        ),
        ([], [IAM_02], "control IAM-02: the id is taken by 'Multi-factor"),
        ([], [OWN, OWN], "control ACME-01: the organization defines it twice"),
        ([], [replace(OWN, criteria=())], "control ACME-01: it meets no criterion"),
        ([], [replace(OWN, statement=" ")], "control ACME-01: the title or the statement is empty"),
        ([], [replace(OWN, id=ControlId("ACME"))], "control 'ACME': an id is a prefix and a number"),
    ],
)
def test_a_change_that_cannot_be_taken_is_refused(
    overrides: list[ControlOverride], own: list[Control], problem: str
) -> None:
    with pytest.raises(AmendmentError, match=problem):
        with_overrides(LIBRARY, overrides, own)


def test_changes_are_applied_once_and_own_controls_are_edited_in_place() -> None:
    library = with_overrides(LIBRARY, [override(statement="a")], [OWN])
    with pytest.raises(AmendmentError, match="IAM-02 carries a change already"):
        with_overrides(library, [override(statement="b")], [])
    with pytest.raises(AmendmentError, match="ACME-01 is the organization's own control"):
        with_overrides(library, [override("ACME-01", statement="b")], [])
