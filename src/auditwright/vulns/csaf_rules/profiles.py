"""Rules about what a document of a category has to hold: an advisory, a VEX document, a withdrawn one."""

import re

from auditwright.vulns.csaf_rules.part import SINCE_2_1, Faults, Part, Rules
from auditwright.vulns.csaf_rules.tree import groups, named

RULES = Rules()

_WITHDRAWN = frozenset({"csaf_withdrawn", "csaf_superseded"})
_INFORMING = frozenset({"csaf_informational_advisory", "csaf_security_incident_response"})
_ADVISING = frozenset({"csaf_security_advisory", "csaf_deprecated_security_advisory"})
_PROFILES = _WITHDRAWN | _INFORMING | _ADVISING | {"csaf_base", "csaf_vex"}
_PROFILES_2_0 = frozenset({"csaf_base", "csaf_vex", "csaf_security_advisory"}) | _INFORMING
"""The values of `document/category` that promise a profile."""


def _category(root: Part) -> str:
    return root.text("document", "category")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


@RULES.add("6.1.26")
def no_category_looks_like_a_profile(root: Part) -> Faults:
    """A category that is no profile is not spelled like one."""
    part, category = root.at("document", "category"), _category(root)
    profiles = _PROFILES_2_0 if root.text("document", "csaf_version") == "2.0" else _PROFILES
    if category in profiles:
        return
    names = profiles - {"csaf_base"}
    taken = {_plain(name) for name in names} | {_plain(name.removeprefix("csaf_")) for name in names}
    if category.startswith("csaf_") or _plain(category) in taken:
        yield part, f"the category {category} looks like a profile and is none"


@RULES.add("6.1.27.1")
def an_informing_document_has_a_note(root: Part) -> Faults:
    """An informational advisory or incident response says what it is about."""
    if _category(root) in _INFORMING and not any(
        note.text("category") in {"description", "details", "general", "summary"}
        for note in root.each("document", "notes")
    ):
        yield root.at("document", "notes"), "no note describes, details or sums up the matter"


@RULES.add("6.1.27.2")
def an_informing_document_has_an_outside_reference(root: Part) -> Faults:
    """An informational advisory or incident response refers to a source outside."""
    # A reference without a category is an external one
    if _category(root) in _INFORMING and not any(
        not reference.has("category") or reference.text("category") == "external"
        for reference in root.each("document", "references")
    ):
        yield root.at("document", "references"), "no reference is external"


@RULES.add("6.1.27.3")
def an_informing_document_has_no_vulnerabilities(root: Part) -> Faults:
    """An informational advisory, a withdrawn or a superseded document has no vulnerabilities."""
    if _category(root) in {"csaf_informational_advisory"} | _WITHDRAWN and root.has("vulnerabilities"):
        yield root.at("vulnerabilities"), f"a document of the category {_category(root)} has none"


@RULES.add("6.1.27.4")
def an_advisory_has_a_product_tree(root: Part) -> Faults:
    """A security advisory or VEX document has a product tree."""
    if _category(root) in _ADVISING | {"csaf_vex"} and not root.has("product_tree"):
        yield root.at("product_tree"), "there is no product tree"


@RULES.add("6.1.27.5")
def an_advisory_has_notes_on_each_vulnerability(root: Part) -> Faults:
    """Each vulnerability of a security advisory or VEX document has notes."""
    if _category(root) in _ADVISING | {"csaf_vex"}:
        for vulnerability in root.each("vulnerabilities"):
            if not vulnerability.has("notes"):
                yield vulnerability, "the vulnerability has no notes"


@RULES.add("6.1.27.6")
def an_advisory_has_a_status_for_each_vulnerability(root: Part) -> Faults:
    """Each vulnerability of a security advisory says the status of products."""
    if _category(root) in _ADVISING:
        for vulnerability in root.each("vulnerabilities"):
            if not vulnerability.has("product_status"):
                yield vulnerability, "the vulnerability has no product status"


@RULES.add("6.1.27.7")
def a_vex_document_has_a_vex_status(root: Part) -> Faults:
    """Each vulnerability of a VEX document has one of VEX's four statuses."""
    if _category(root) == "csaf_vex":
        for vulnerability in root.each("vulnerabilities"):
            if not any(
                vulnerability.has("product_status", status)
                for status in ("fixed", "known_affected", "known_not_affected", "under_investigation")
            ):
                yield vulnerability.at("product_status"), "none of the four statuses of VEX is given"


@RULES.add("6.1.27.8")
def a_vex_document_has_ids(root: Part) -> Faults:
    """Each vulnerability of a VEX document has a CVE or another id."""
    if _category(root) != "csaf_vex":
        return
    grouped = groups(root)
    for vulnerability in root.each("vulnerabilities"):
        if vulnerability.has("cve"):
            continue
        ids = vulnerability.each("ids")
        if not ids:
            yield vulnerability, "the vulnerability has neither a CVE nor another id"
        # CSAF 2.1: an id may be of some products only
        elif all(each.has("product_ids") or each.has("group_ids") for each in ids):
            covered = {product for each in ids for product in named(each, grouped)}
            for status, _ in vulnerability.members("product_status"):
                for product in vulnerability.each("product_status", status):
                    if product.text() not in covered:
                        yield product, f"the product {product.text()} has no id of the vulnerability"


@RULES.add("6.1.27.9")
def a_vex_document_says_why_not_affected(root: Part) -> Faults:
    """Each product that a VEX document calls not affected has a flag or an impact statement."""
    if _category(root) == "csaf_vex":
        yield from _without(root, "known_not_affected", "impact statement")


@RULES.add("6.1.27.10")
def a_vex_document_says_what_to_do(root: Part) -> Faults:
    """Each product that a VEX document calls affected has a remediation."""
    if _category(root) == "csaf_vex":
        yield from _without(root, "known_affected", "action statement")


def _without(root: Part, status: str, statement: str) -> Faults:
    grouped = groups(root)
    for vulnerability in root.each("vulnerabilities"):
        if status == "known_affected":
            statements = vulnerability.each("remediations")
        else:
            statements = (
                *vulnerability.each("flags"),
                *(each for each in vulnerability.each("threats") if each.text("category") == "impact"),
            )
        covered = {product for each in statements for product in named(each, grouped)}
        for product in vulnerability.each("product_status", status):
            if product.text() not in covered:
                yield product, f"there is no {statement} for the product {product.text()}"


@RULES.add("6.1.27.11")
def an_advisory_has_vulnerabilities(root: Part) -> Faults:
    """A security advisory or VEX document has vulnerabilities."""
    if _category(root) in _ADVISING | {"csaf_vex"} and not root.has("vulnerabilities"):
        yield root.at("vulnerabilities"), "there are no vulnerabilities"


@RULES.add("6.1.27.12", SINCE_2_1)
def an_advisory_lists_affected_products(root: Part) -> Faults:
    """Each vulnerability of a security advisory lists the affected products."""
    if _category(root) == "csaf_security_advisory":
        for vulnerability in root.each("vulnerabilities"):
            if not vulnerability.has("product_status", "known_affected"):
                yield vulnerability.at("product_status"), "no product is known to be affected"


@RULES.add("6.1.27.14", SINCE_2_1)
def a_withdrawn_document_has_a_description(root: Part) -> Faults:
    """A withdrawn or superseded document has a note that describes it."""
    if _category(root) in _WITHDRAWN and not any(
        note.text("category") == "description" for note in root.each("document", "notes")
    ):
        yield root.at("document", "notes"), "no note is a description"


@RULES.add("6.1.27.15", SINCE_2_1)
def a_withdrawn_document_has_no_product_tree(root: Part) -> Faults:
    """A withdrawn or superseded document has no product tree."""
    if _category(root) in _WITHDRAWN and root.has("product_tree"):
        yield root.at("product_tree"), f"a document of the category {_category(root)} has none"


@RULES.add("6.1.27.16", SINCE_2_1)
def a_withdrawn_document_has_a_history(root: Part) -> Faults:
    """A withdrawn or superseded document has two entries in its history at least."""
    part = root.at("document", "tracking", "revision_history")
    if _category(root) in _WITHDRAWN and not part.each()[1:]:
        yield part, "there are fewer than two entries"


@RULES.add("6.1.27.17", SINCE_2_1)
def a_withdrawn_document_says_why(root: Part) -> Faults:
    """A withdrawn document has exactly one note with the reason."""
    if _category(root) == "csaf_withdrawn":
        yield from _without_reason(root, "Reasoning for Withdrawal")


@RULES.add("6.1.27.18", SINCE_2_1)
def a_superseded_document_says_why(root: Part) -> Faults:
    """A superseded document has exactly one note with the reason."""
    if _category(root) == "csaf_superseded":
        yield from _without_reason(root, "Reasoning for Supersession")


def _english(root: Part) -> bool:
    language = root.text("document", "lang").lower()
    return not language or language.split("-")[0] == "en"


def _without_reason(root: Part, title: str) -> Faults:
    reasons = [note for note in root.each("document", "notes") if note.text("title") == title]
    if _english(root) and [note.text("category") for note in reasons] != ["description"]:
        yield (
            root.at("document", "notes"),
            f"not exactly one note has the title {title} and is a description",
        )


@RULES.add("6.1.27.19", SINCE_2_1)
def a_superseded_document_names_its_successor(root: Part) -> Faults:
    """A superseded document refers to the one that took its place."""
    if (
        _category(root) == "csaf_superseded"
        and _english(root)
        and not any(
            reference.text("summary").startswith("Superseding Document")
            and reference.text("category") == "external"
            for reference in root.each("document", "references")
        )
    ):
        yield root.at("document", "references"), "no external reference is the superseding document"
