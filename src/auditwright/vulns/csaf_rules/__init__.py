"""The mandatory tests of CSAF 2.0 and 2.1: which rules of the standard a document breaks."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditwright.vulns.csaf_rules import dates, products, profiles, scores, tracking, wording
from auditwright.vulns.csaf_rules.part import Part, Rule
from auditwright.vulns.readers.door import Buffer, UnreadableReportError, as_utf8, json_document

RULES: Sequence[Rule] = (
    *products.RULES.rules,
    *tracking.RULES.rules,
    *profiles.RULES.rules,
    *wording.RULES.rules,
    *scores.RULES.rules,
    *dates.RULES.rules,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRule:
    """A mandatory test that a document fails: its number, where (a JSON pointer), and why."""

    rule: str
    path: str
    why: str


def broken_rules(document: Buffer) -> tuple[BrokenRule, ...]:
    """The mandatory tests that a CSAF document fails, by number; none does not make it valid, as the schema is not looked at.

    Raises UnreadableReportError for what is no JSON object, or says no version of CSAF whose rules are known.
    """
    root = Part(value=json_document(as_utf8(document), dict[str, object]))
    said = root.text("document", "csaf_version")
    rules = [rule for rule in RULES if said in rule.versions]
    if not rules:
        raise UnreadableReportError(f"the rules of CSAF 2.0 and 2.1 are known, not those of '{said}'")
    found = [
        BrokenRule(rule=rule.number, path=part.path, why=why)
        for rule in rules
        for part, why in rule.faults(root)
    ]
    return tuple(sorted(found, key=lambda each: ([int(n) for n in each.rule.split(".")], each.path)))
