"""A control test of Northwind's own, in the same form as those that come with Auditwright."""

from dataclasses import replace
from datetime import date

from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import Person

CONTRACTOR = Person(
    id=ResourceId("person:liv@northwind.example"),
    name="Liv",
    scope=Scope(source=IntegrationId("people"), account="people.csv"),
    evidence=(digest_of(b"an example"),),
    email="liv@northwind.example",
    employment="contractor",
    title="Perception Contractor",
    manager=None,
    started_on=date(2026, 1, 5),
    ended_on=date(2026, 12, 31),
    accounts=(),
)


# The examples say what the test is meant to do, and are printed by `auditwright tests show`. One of them has to
# be a deviation: a test that was never seen to fail is none.
@control_test(
    id="northwind.contractors-have-a-last-day",
    controls=("IAM-05",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console="Ask the person's manager when the contract ends, and enter that day in the HR system.",
        command="",
        terraform="",
    ),
    examples=(
        Example(CONTRACTOR, Satisfied("until 2026-12-31")),
        Example(replace(CONTRACTOR, ended_on=None), Deviation("no day is set on which the contract ends")),
        Example(replace(CONTRACTOR, employment="employee"), NotApplicable("an employee")),
        Example(replace(CONTRACTOR, ended_on=Unknown("no such column")), Undetermined("no such column")),
    ),
)
def contractors_have_a_last_day(person: Person) -> Outcome:
    """Every contractor on the roster has a last day.

    Access is taken away on the last day. Without one, nothing reminds anybody.
    """
    if person.employment != "contractor":
        return NotApplicable("an employee")
    if isinstance(person.ended_on, Unknown):
        # What cannot be seen is never a pass.
        return Undetermined(person.ended_on.why)
    if person.ended_on is None:
        return Deviation("no day is set on which the contract ends")
    return Satisfied(f"until {person.ended_on}")
