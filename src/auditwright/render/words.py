"""The words that every renderer uses: dates, counts, statuses, reasons, and text that comes from outside made visible."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from auditwright.controls.library import Changed, Own, Shipped
from auditwright.core.framework import Criterion
from auditwright.core.ids import Digest
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.period import Period
from auditwright.engine.readiness import Status, Tally
from auditwright.render.grouping import FindingGroup, GapGroup
from auditwright.render.readiness import (
    ControlTestView,
    ControlView,
    CriterionView,
    ReadinessReport,
    SourceView,
)

NO_OPINION = "Nothing here is an audit opinion."
NO_AUTOMATED_TEST = "No automated test. Evidence that people give is not collected yet."

MAX_MARKS = 3
"""Combining marks on one letter that are shown as they are; living languages need no more, and towers of them cover lines."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that show nothing, or that reorder what stands beside them (Unicode TR 36, TR 9)."""


def visible(text: str) -> str:
    """Text from outside on one line, with each control, bidi, and unassigned character as its code: [U+202E]."""
    return _visible(text, frozenset())


def visible_block(text: str) -> str:
    """The same for text of several lines: line feeds stay, tabs become spaces."""
    return _visible(text.replace("\r\n", "\n").replace("\t", "    "), frozenset("\n"))


def _visible(text: str, kept: frozenset[str]) -> str:
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for letter in text:
        category = unicodedata.category(letter)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        hidden = category in _INVISIBLE or marks > MAX_MARKS
        shown.append(f"[U+{ord(letter):04X}]" if hidden and letter not in kept else letter)
    return "".join(shown)


@dataclass(frozen=True, slots=True)
class Clipped:
    """Text for a table's cell, and whether something was left out of it."""

    text: str
    rest: int
    """How many characters were left out."""


def clip(text: str, limit: int) -> Clipped:
    """The beginning of a text, made visible; no more than `limit` characters of it."""
    shown = visible(text)
    return (
        Clipped(shown, 0)
        if len(shown) <= limit
        else Clipped(shown[: limit - 1] + "…", len(shown) - limit + 1)
    )


def clipped(text: str, limit: int) -> str:
    """The beginning of a text, with how much was left out."""
    part = clip(text, limit)
    return part.text if not part.rest else f"{part.text} ({number(part.rest)} more characters)"


def day(at: datetime) -> str:
    """A day in prose: 23 Nov 2026."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y}"


def span(period: Period) -> str:
    """A period in prose, its last day included: 1 Nov 2026 to 31 Oct 2027."""
    return f"{day(period.start)} to {day(period.end - timedelta(microseconds=1))}"


def moment(at: datetime) -> str:
    """A time in prose, in UTC: 23 Nov 2026 14:02 UTC."""
    return f"{day(at)} {at.astimezone(UTC):%H:%M} UTC"


def second(at: datetime) -> str:
    """A time in a table, in UTC: 2026-11-23 14:02:11."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def number(value: int) -> str:
    """A whole number with separators: 1,284."""
    return f"{value:,}"


def many(value: int, one: str, more: str = "") -> str:
    """A count and its noun: 1 item, 2 items."""
    return f"{number(value)} {one if value == 1 else more or one + 's'}"


_KILO = 1000


def size(size_bytes: int) -> str:
    """A length in bytes: 812 B, 12.4 kB, 3.1 MB."""
    if size_bytes < _KILO:
        return f"{size_bytes} B"
    if size_bytes < _KILO * _KILO:
        return f"{size_bytes / _KILO:,.1f} kB"
    return f"{size_bytes / _KILO / _KILO:,.1f} MB"


_SHORT_HEAD, _SHORT_TAIL = 8, 4


def short(digest: Digest | str) -> str:
    """A digest as a person reads it: 9f2c41d8…e07a."""
    if len(digest) <= _SHORT_HEAD + _SHORT_TAIL:
        return visible(digest)
    return visible(f"{digest[:_SHORT_HEAD]}…{digest[-_SHORT_TAIL:]}")


def anchor(prefix: str, name: str) -> str:
    """An id for a page's element, unique for each name, whatever characters the name has."""
    safe = re.sub(r"[^A-Za-z0-9_.-]", "-", name)[:64]
    if safe == name:
        return f"{prefix}-{safe}"
    return f"{prefix}-{safe}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def short_criterion(criterion: Criterion) -> str:
    """The part of a criterion's id that follows its group's letters, where its group stands beside it: 6.1 of CC6.1."""
    letters = criterion.group.rstrip("0123456789")
    return criterion.id.removeprefix(letters) if criterion.id.startswith(criterion.group) else criterion.id


def kind_words(kind: str) -> str:
    """A kind of resource in words: user_account | machine becomes `user account or machine`."""
    return kind.replace("_", " ").replace(" | ", " or ")


WORDS = {
    Status.DEVIATION: "Deviation",
    Status.UNDETERMINED: "Undetermined",
    Status.NO_TEST: "No test",
    Status.WAIVED: "Waived",
    Status.SATISFIED: "Satisfied",
    Status.DID_NOT_OCCUR: "Did not occur",
    Status.NOT_APPLICABLE: "Not applicable",
}


KINDS: Mapping[Status, str] = {
    Status.DEVIATION: "bad",
    Status.UNDETERMINED: "und",
    Status.NO_TEST: "nt",
    Status.WAIVED: "wav",
    Status.SATISFIED: "ok",
    Status.DID_NOT_OCCUR: "zero",
    Status.NOT_APPLICABLE: "na",
}
"""The shape and the color of each status (design guide 6)."""


def status_word(status: Status, waived_until: datetime | None = None) -> str:
    """A status in words; a waiver always with the day on which it ends."""
    if status is Status.WAIVED and waived_until is not None:
        return f"Waived until {day(waived_until)}"
    return WORDS[status]


def what(outcome: Outcome) -> str:
    """What an outcome says, in the test's or the source's words."""
    match outcome:
        case Deviation(text) | Satisfied(text) | NotApplicable(text) | Undetermined(text):
            return text


def headline(report: ReadinessReport) -> str:
    """The answer: how many of the criteria are satisfied."""
    return headline_of(report.criteria_tally)


def headline_of(tally: Tally) -> str:
    """The answer, from how many criteria have each status."""
    verb = "is" if tally.satisfied == 1 else "are"
    return f"{number(tally.satisfied)} of {many(tally.total, 'criterion', 'criteria')} {verb} satisfied"


def summary(report: ReadinessReport) -> str:
    """The sentences under the answer: how many criteria are tested at all, how those stand, and what this is not."""
    return summary_of(report.criteria_tally, _first_end(report.criteria))


def summary_of(tally: Tally, waived_until: datetime | None) -> str:
    """The same, from how many criteria have each status, and when the first waiver ends."""
    # A criterion has no test exactly where none of its controls has one.
    tested = tally.total - tally.no_test
    if not tally.total:
        return NO_OPINION
    if not tested:
        return f"None of the {number(tally.total)} has an automated test. {NO_OPINION}"
    has = "has" if tested == 1 else "have"
    of_tested = _parts(tally, waived_until)
    said = f"{number(tested)} of the {number(tally.total)} {has} at least one automated test: {of_tested}."
    if tally.no_test:
        other = "other has" if tally.no_test == 1 else f"other {number(tally.no_test)} have"
        said = f"{said} The {other} none."
    return f"{said} {NO_OPINION}"


def _parts(tally: Tally, waived_until: datetime | None) -> str:
    """How the criteria with a test stand; the counts add up to them."""
    until = "" if waived_until is None else f" until {day(waived_until)}"
    if tally.waived > 1 and until:
        until = f", the first{until}"
    phrases = (
        (tally.satisfied, "is satisfied", "are satisfied"),
        (tally.deviation, "has deviations", "have deviations"),
        (tally.undetermined, "cannot be determined", "cannot be determined"),
        (tally.waived, f"is waived{until}", f"are waived{until}"),
        (tally.did_not_occur, "did not occur", "did not occur"),
        (tally.not_applicable, "is not applicable", "are not applicable"),
    )
    return ", ".join(
        f"{number(count)} {one if count == 1 else more}" for count, one, more in phrases if count
    )


def _first_end(criteria: Iterable[CriterionView]) -> datetime | None:
    ends = (
        view.waived_until
        for view in criteria
        if view.status is Status.WAIVED and view.waived_until is not None
    )
    return min(ends, default=None)


def test_reason(test: ControlTestView) -> str:
    """Why a test stands where it stands, in one sentence with counts and the whole."""
    if test.conclusion is None:
        return "The test did not run."
    return test_reason_of(test.status, test.tally, gaps=len(test.gaps))


def test_reason_of(status: Status, tally: Tally, *, gaps: int) -> str:
    """The same of a test that ran, from how many items have each status, and how many gaps hide items."""
    whole = many(tally.total, "item")
    parts = [
        f"{number(count)} of {whole} {words}"
        for count, words in (
            (tally.deviation, "deviates" if tally.deviation == 1 else "deviate"),
            (tally.undetermined, "could not be determined"),
            (tally.waived, "is waived" if tally.waived == 1 else "are waived"),
        )
        if count
    ]
    if gaps:
        parts.append(f"{many(gaps, 'gap hides', 'gaps hide')} further items")
    if parts:
        return "; ".join(parts) + "."
    match status:
        case Status.SATISFIED:
            other = f", {number(tally.not_applicable)} not applicable" if tally.not_applicable else ""
            return f"{number(tally.satisfied)} of {whole} satisfied{other}."
        case Status.NOT_APPLICABLE:
            return f"None of {whole} is of the sort that the test concerns."
        case Status.DID_NOT_OCCUR:
            return "The population was pulled and is empty. This is neither a pass nor a failure."
        case _:
            return "What was collected does not decide it."


def some(names: Sequence[str], limit: int) -> str:
    """The first of several names, and how many more there are."""
    shown = ", ".join(clipped(name, 80) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown}, and {number(len(names) - limit)} more"


def gap_hides(group: GapGroup) -> str:
    """What gaps of one kind hide, in words."""
    if not group.first.gap.hides_items:
        return "facts of known items"
    tests = len(group.first.tests)
    return f"items of {many(tests, 'test')}" if tests else "items that no test examines"


def gap_about(group: GapGroup) -> str:
    """Why something could not be seen, and which items were asked about."""
    reason = group.first.gap.reason.value.capitalize()
    if not group.subjects:
        return reason
    return f"{reason}, asked about {some(group.subjects, 1) if len(group.subjects) == 1 else many(len(group.subjects), 'item')}"


def finding_what(group: FindingGroup) -> str:
    """What is wrong: with one item in the test's words, with several by their names."""
    first = group.first.finding
    if len(group.views) == 1:
        said = clipped(first.what, 400)
        return (
            said if _names(said, visible(first.name)) else f"{clipped(first.name or '(empty)', 100)}: {said}"
        )
    names = [view.finding.name or "(empty)" for view in group.views]
    return f"{many(len(names), 'item')}: {some(names, 5)}"


def _names(sentence: str, name: str) -> bool:
    """True where a sentence names the item as its subject: `ada has …`, `the volume data-1 is …`."""
    if not name:
        return False
    return re.match(rf"(?:the (?:\w+ ){{1,3}})?{re.escape(name)}(?![\w-])", sentence) is not None


def each_in(count: int, one: str, file: str) -> str:
    """Where every row is: the gap is in gaps.csv, each of the 12 gaps is in gaps.csv."""
    return f"the {one} is in {file}" if count == 1 else f"each of the {number(count)} {one}s is in {file}"


def choices(source: SourceView) -> str:
    """What is asked of a source, on one line: regions eu-central-1, us-east-1; accounts production 111122223333."""
    return "; ".join(
        f"{each.title[:1].lower()}{each.title[1:]} {', '.join(each.values)}" for each in source.choices
    )


def provenance(control: ControlView) -> str:
    """Whose wording a control has, where it is not as shipped."""
    match control.provenance:
        case Shipped():
            return ""
        case Own():
            return "Written by the organization"
        case Changed(fields=fields):
            return "Changed by the organization" if set(fields) & _FIELDS.keys() else ""
        case unreachable:
            assert_never(unreachable)


_FIELDS = {"statement": "statement", "owner_role": "owner", "cadence": "how often it operates"}


def as_shipped(control: ControlView) -> Sequence[tuple[str, str]]:
    """What the organization changed in a control, each with the original wording."""
    match control.provenance:
        case Changed(original=original, fields=fields):
            said = {
                "statement": original.statement,
                "owner_role": original.owner_role,
                "cadence": original.cadence.words,
            }
            return [(_FIELDS[name].capitalize(), said[name]) for name in _FIELDS if name in fields]
        case Shipped() | Own():
            return ()
        case unreachable:
            assert_never(unreachable)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the organization decided of a control, for one row."""

    control: ControlView
    what: str
    why: str
    where: str
    """The place in the program folder; empty for a control of its own."""


def decisions(controls: Iterable[ControlView]) -> Sequence[Decision]:
    """The controls that differ from those shipped: not applicable ones first, then changed ones, then its own."""
    found: list[tuple[int, Decision]] = []
    for view in controls:
        match view.provenance:
            case Changed(override=override) if override.not_applicable is not None:
                reason = override.not_applicable
                why = f"{_sentence(reason.reason)} Approved by {_sentence(reason.approver)}"
                found.append((0, Decision(view, "Not applicable", why, override.source)))
            case Changed(override=override) if as_shipped(view):
                fields = ", ".join(name.lower() for name, _ in as_shipped(view))
                why = f"It differs from the shipped control in: {fields}."
                found.append((1, Decision(view, "Changed", why, override.source)))
            case Changed() | Shipped():
                continue
            case Own():
                found.append((2, Decision(view, "Own", "Written by the organization.", "")))
            case unreachable:
                assert_never(unreachable)
    return [decision for _, decision in sorted(found, key=lambda each: each[0])]


def _sentence(text: str) -> str:
    bare = text.strip()
    return bare if bare.endswith((".", "!", "?")) else f"{bare}."


def control_reason(control: ControlView) -> str:
    """Why a control stands where it stands, where its tests do not say it."""
    reason = control.not_applicable
    if reason is not None:
        return (
            f"The organization says that this does not apply, and counts it toward no criterion. "
            f"{_sentence(reason.reason)} Approved by {_sentence(reason.approver)}"
        )
    return NO_AUTOMATED_TEST if not control.tests else ""


def criterion_reason(controls: Iterable[ControlView], not_applicable: Sequence[str] = ()) -> str:
    """Why a criterion stands where it stands: the statuses of the controls that meet it."""
    said = _statuses(Tally.of(control.status for control in controls))
    if not not_applicable:
        return said
    verb = "is" if len(not_applicable) == 1 else "are"
    return f"{said} {some(not_applicable, 5)} {verb} marked not applicable, and not counted."


def _statuses(tally: Tally) -> str:
    if not tally.total:
        return "No control in scope meets it."
    if tally.no_test == tally.total:
        whole = "The only control" if tally.total == 1 else f"None of {number(tally.total)} controls"
        return f"{whole} has {'no' if tally.total == 1 else 'an'} automated test."
    counted = [
        f"{number(tally.count(status))} {word}"
        for status, word in (
            (Status.DEVIATION, "with deviations"),
            (Status.UNDETERMINED, "undetermined"),
            (Status.NO_TEST, "without an automated test"),
            (Status.WAIVED, "waived"),
            (Status.SATISFIED, "satisfied"),
            (Status.DID_NOT_OCCUR, "did not occur"),
            (Status.NOT_APPLICABLE, "not applicable"),
        )
        if tally.count(status)
    ]
    return f"Of {many(tally.total, 'control')}: {', '.join(counted)}."
