"""The mandatory tests of CSAF 2.0 and 2.1 (its chapter 6.1): which rules of the standard a document breaks.

A document that breaks none of them is not valid by that alone: the schema is not looked at, and these tests are not made.

- 6.1.9 for CVSS 4.0: its scores come out of a table of 270 rows; environmental scores of 2.0 and 3.x are left out as well.
- 6.1.11: whether a CWE has this name, in this version, is in MITRE's list of weaknesses.
- 6.1.12: whether a language exists is in IANA's registry of subtags.
- 6.1.27.13: which version corresponds to another is a matter of judgment.
- 6.1.48: the decision points of SSVC, by version, are in CERT/CC's registry.
- 6.1.54: which licenses there are is in the SPDX license list.
- 6.1.55 for licenses that are not written as LicenseRef or AdditionRef: whether they are listed is in the lists of SPDX and ScanCode.
- 6.1.60.1 to 6.1.60.3: extensions have schemas of their own, which lie elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auditwright.vulns.csaf_rules import dates, products, profiles, scores, tracking, wording
from auditwright.vulns.csaf_rules.part import Part, Rule
from auditwright.vulns.csaf_rules.tree import mentions
from auditwright.vulns.readers.door import Buffer, UnreadableReportError, as_utf8, json_document

RULES: Sequence[Rule] = (
    *products.RULES.rules,
    *tracking.RULES.rules,
    *profiles.RULES.rules,
    *wording.RULES.rules,
    *scores.RULES.rules,
    *dates.RULES.rules,
)

MAX_CHECKED_BYTES = 64 << 20
"""A whole document lies in memory as objects while it is checked, at several times its size."""

MAX_MENTIONS = 2_000_000
"""How often statements may name products; groups multiply them, so that a small file could ask for days of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRule:
    """A mandatory test that a document fails: its number, where (a JSON pointer), and why."""

    rule: str
    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The rules of one version of the standard that were held against a document, and those that it breaks."""

    version: str
    rules: int
    broken: tuple[BrokenRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """A document against which no rules were held, and why."""

    why: str


def check(document: Buffer) -> Checked | NotChecked:
    """Hold the rules of its version against a CSAF document."""
    if len(document) > MAX_CHECKED_BYTES:
        return NotChecked(why=f"it has {len(document):,} bytes; at most {MAX_CHECKED_BYTES:,} are checked")
    try:
        root = Part(value=json_document(as_utf8(document), dict[str, object]))
    except UnreadableReportError as error:
        return NotChecked(why=str(error))
    version = root.text("document", "csaf_version")
    rules = [rule for rule in RULES if version in rule.versions]
    if not rules:
        return NotChecked(why=f"the rules of CSAF 2.0 and 2.1 are known, not those of '{version}'")
    if mentions(root) > MAX_MENTIONS:
        return NotChecked(why=f"its statements name products more than {MAX_MENTIONS:,} times")
    found = [
        BrokenRule(rule=rule.number, path=part.path, why=why)
        for rule in rules
        for part, why in rule.faults(root)
    ]
    ordered = sorted(found, key=lambda each: ([int(n) for n in each.rule.split(".")], each.path, each.why))
    return Checked(version=version, rules=len(rules), broken=tuple(ordered))


def broken_rules(document: Buffer) -> tuple[BrokenRule, ...]:
    """The mandatory tests that a CSAF document fails, by number and place.

    Raises UnreadableReportError where none can be made: the document is no JSON object, or of no version that is known.
    """
    checked = check(document)
    if isinstance(checked, NotChecked):
        raise UnreadableReportError(checked.why)
    return checked.broken
