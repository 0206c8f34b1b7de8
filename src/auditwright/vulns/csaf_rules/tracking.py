"""Rules about the document's own history: versions, dates and status."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from auditwright.vulns.csaf_rules.part import Faults, Part, Rules
from auditwright.vulns.readers.wire import moment

RULES = Rules()

_VERSION = re.compile(
    r"(?P<major>0|[1-9]\d{0,17})"
    r"(?:\.(?P<minor>0|[1-9]\d{0,17})\.(?P<patch>0|[1-9]\d{0,17})"
    r"(?:-(?P<pre>[0-9A-Za-z.-]{1,255}))?(?:\+[0-9A-Za-z.-]{1,255})?)?",
    re.ASCII,
)
"""An integer, or a semantic version; longer numbers than this are no versions of any document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a document: an integer, or a semantic version."""

    numbers: tuple[int, int, int]
    pre: str = ""
    semantic: bool = False

    def order(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        """How versions sort (semver.org 11): a pre-release before its release, numbers before words."""
        words = self.pre.split(".") if self.pre else []
        return (
            self.numbers,
            not self.pre,
            tuple((False, int(w), "") if w.isdecimal() else (True, 0, w) for w in words),
        )


def version(text: str) -> Version | None:
    """A version out of its text, None for what is none."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    return Version(
        numbers=(int(found["major"]), int(found["minor"] or 0), int(found["patch"] or 0)),
        pre=found["pre"] or "",
        semantic=found["minor"] is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """An entry of the revision history that has a date and a version which can be read."""

    part: Part
    at: datetime
    version: Version


def _readable(root: Part) -> list[Revision]:
    found = []
    for part in root.each("document", "tracking", "revision_history"):
        at, said = moment(part.text("date")), version(part.text("number"))
        if at is not None and said is not None:
            found.append(Revision(part=part, at=at, version=said))
    return found


def revisions(root: Part) -> Sequence[Revision]:
    """The revision history by date, and by version where dates are the same.

    It is empty where an entry cannot be read: its place among the others is unknown, and so is what follows from their order.
    """
    found = _readable(root)
    if len(found) != len(root.each("document", "tracking", "revision_history")):
        return ()
    return sorted(found, key=lambda each: (each.at, each.version.order()))


def _status(root: Part) -> str:
    return root.text("document", "tracking", "status")


def _document_version(root: Part) -> tuple[Part, Version | None]:
    part = root.at("document", "tracking", "version")
    return part, version(part.text())


@RULES.add("6.1.14")
def versions_rise_with_their_dates(root: Part) -> Faults:
    """Sorted by date, the revision history is sorted by version."""
    history = revisions(root)
    for earlier, later in pairwise(history):
        if later.version.order() < earlier.version.order():
            yield (
                later.part,
                f"version {later.part.text('number')} is dated after version {earlier.part.text('number')}",
            )


@RULES.add("6.1.16")
def the_version_is_that_of_the_last_revision(root: Part) -> Faults:
    """The document has the version of the newest entry of its history."""
    part, said = _document_version(root)
    history = revisions(root)
    if said is None or not history:
        return
    last = history[-1].version
    same_pre = _status(root) == "draft" or said.pre == last.pre
    if said.numbers != last.numbers or said.semantic != last.semantic or not same_pre:
        yield (
            part,
            f"the document is version {part.text()}, its last revision {history[-1].part.text('number')}",
        )


@RULES.add("6.1.17")
def an_unreleased_version_is_a_draft(root: Part) -> Faults:
    """A document of version 0 or of a pre-release is a draft."""
    part, said = _document_version(root)
    if said is not None and (said.numbers[0] == 0 or said.pre) and _status(root) != "draft":
        yield part, f"version {part.text()} is no release, and the status is not draft"


@RULES.add("6.1.18")
def a_release_has_no_unreleased_revision(root: Part) -> Faults:
    """The history of a final or interim document begins with a release."""
    if _status(root) in {"final", "interim"}:
        for revision in _readable(root):
            if revision.version.numbers[0] == 0:
                yield (
                    revision.part.at("number"),
                    "the history of a released document has an entry of version 0",
                )


@RULES.add("6.1.19")
def no_revision_is_a_pre_release(root: Part) -> Faults:
    """No entry of the history is a pre-release."""
    for revision in _readable(root):
        if revision.version.pre:
            yield revision.part.at("number"), f"{revision.part.text('number')} is a pre-release"


@RULES.add("6.1.20")
def a_released_version_is_no_pre_release(root: Part) -> Faults:
    """A final or interim document is no pre-release."""
    part, said = _document_version(root)
    if said is not None and said.pre and _status(root) in {"final", "interim"}:
        yield part, f"{part.text()} is a pre-release, and the status is {_status(root)}"


@RULES.add("6.1.21")
def no_version_is_left_out(root: Part) -> Faults:
    """The history begins with 0 or 1, and no version, or major version, is missing."""
    history = revisions(root)
    if history and history[0].version.numbers[0] > 1:
        yield history[0].part.at("number"), "the history does not begin with version 0 or 1"
    for earlier, later in pairwise(history):
        if later.version.numbers[0] > earlier.version.numbers[0] + 1:
            yield later.part.at("number"), f"there is no entry between {earlier.part.text('number')} and it"


@RULES.add("6.1.22")
def no_version_is_listed_twice(root: Part) -> Faults:
    """No two entries of the history have the same number."""
    seen: set[str] = set()
    for part in root.each("document", "tracking", "revision_history"):
        number = part.text("number")
        if number and number in seen:
            yield part.at("number"), f"version {number} is listed more than once"
        seen.add(number)


@RULES.add("6.1.30")
def versions_are_all_of_one_kind(root: Part) -> Faults:
    """Integer and semantic versions are not mixed."""
    said = [
        root.at("document", "tracking", "version"),
        *(part.at("number") for part in root.each("document", "tracking", "revision_history")),
    ]
    kinds = {found.semantic for part in said if (found := version(part.text())) is not None}
    if len(kinds) > 1:
        yield root.at("document", "tracking"), "integer and semantic versions are mixed"
