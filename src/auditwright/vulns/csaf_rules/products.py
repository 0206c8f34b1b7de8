"""Rules about products: which are defined, which are referred to, and what is said of them."""

from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from auditwright.vulns.csaf_rules.part import SINCE_2_1, Faults, Part, Rules
from auditwright.vulns.csaf_rules.tree import about, combined, groups, metrics, named, parts_of, products

RULES = Rules()

_OPPOSED = (
    ("first_affected", "known_affected", "last_affected"),
    ("known_not_affected",),
    ("first_fixed", "fixed"),
    ("under_investigation",),
    ("unknown",),
)
"""A product stands in one of these at most. `recommended` goes with any."""

VEX_JUSTIFICATIONS = frozenset(
    {
        "component_not_present",
        "inline_mitigations_already_exist",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_not_present",
    }
)


def _product_references(root: Part) -> Iterator[Part]:
    for combination in combined(root):
        yield from parts_of(combination)
    for group in root.each("product_tree", "product_groups"):
        yield from group.each("product_ids")
    for item in about(root):
        yield from item.each("product_ids")
    for vulnerability in root.each("vulnerabilities"):
        for name, _ in vulnerability.members("product_status"):
            yield from vulnerability.each("product_status", name)
        for metric in metrics(vulnerability):
            yield from metric.each("products")


@RULES.add("6.1.1")
def every_product_is_defined(root: Part) -> Faults:
    """Each product id that is referred to stands in the product tree."""
    defined = {product.text("product_id") for product in products(root)}
    for reference in _product_references(root):
        if isinstance(reference.value, str) and reference.value not in defined:
            yield reference, f"the product tree does not define the product {reference.value}"


@RULES.add("6.1.2")
def every_product_is_defined_once(root: Part) -> Faults:
    """No two full product names have the same id."""
    seen: set[str] = set()
    for product in products(root):
        id_ = product.text("product_id")
        if id_ and id_ in seen:
            yield product.at("product_id"), f"the product {id_} is defined more than once"
        seen.add(id_)


@RULES.add("6.1.3")
def no_product_is_made_of_itself(root: Part) -> Faults:
    """No relationship or product path leads back to the product that it defines."""
    made_of: dict[str, set[str]] = {}
    for combination in combined(root):
        whole = combination.text("full_product_name", "product_id")
        made_of.setdefault(whole, set()).update(part.text() for part in parts_of(combination))
    try:
        TopologicalSorter(made_of).prepare()
    except CycleError as error:
        circle = error.args[1]
        yield root.at("product_tree"), f"products are made of themselves: {', '.join(circle)}"


@RULES.add("6.1.4")
def every_group_is_defined(root: Part) -> Faults:
    """Each group id that is referred to is one of the product groups."""
    defined = groups(root)
    for item in about(root):
        for reference in item.each("group_ids"):
            if isinstance(reference.value, str) and reference.value not in defined:
                yield reference, f"the product tree does not define the group {reference.value}"


@RULES.add("6.1.5")
def every_group_is_defined_once(root: Part) -> Faults:
    """No two product groups have the same id."""
    seen: set[str] = set()
    for group in root.each("product_tree", "product_groups"):
        id_ = group.text("group_id")
        if id_ and id_ in seen:
            yield group.at("group_id"), f"the group {id_} is defined more than once"
        seen.add(id_)


@RULES.add("6.1.6")
def no_product_has_contradicting_statuses(root: Part) -> Faults:
    """A product is affected, not affected, fixed, under investigation or unknown, and only one of them."""
    for vulnerability in root.each("vulnerabilities"):
        counted = Counter(
            product
            for statuses in _OPPOSED
            for product in {id_ for name in statuses for id_ in vulnerability.texts("product_status", name)}
        )
        for product, times in counted.items():
            if times > 1:
                yield (
                    vulnerability.at("product_status"),
                    f"the product {product} has statuses that contradict each other",
                )


@RULES.add("6.1.29")
def every_remediation_names_its_products(root: Part) -> Faults:
    """A remediation says which products or groups it is for."""
    yield from _naming_nothing(root, "remediations", "remediation")


@RULES.add("6.1.32")
def every_flag_names_its_products(root: Part) -> Faults:
    """A flag says which products or groups it is about."""
    yield from _naming_nothing(root, "flags", "flag")


def _naming_nothing(root: Part, name: str, word: str) -> Faults:
    for vulnerability in root.each("vulnerabilities"):
        for item in vulnerability.each(name):
            if not item.has("product_ids") and not item.has("group_ids"):
                yield item, f"the {word} names neither products nor groups"


@RULES.add("6.1.33")
def no_product_has_two_justifications(root: Part) -> Faults:
    """A product is in one flag with a VEX justification at most."""
    grouped = groups(root)
    for vulnerability in root.each("vulnerabilities"):
        counted = Counter(
            product
            for flag in vulnerability.each("flags")
            if flag.text("label") in VEX_JUSTIFICATIONS
            for product in named(flag, grouped)
        )
        for product, times in counted.items():
            if times > 1:
                yield vulnerability.at("flags"), f"the product {product} has {times} justifications"


_EXCLUSIVE = (
    frozenset({"none_available"}),
    frozenset({"optional_patch"}),
    frozenset({"vendor_fix"}),
    frozenset({"fix_planned"}),
    frozenset({"no_fix_planned"}),
    frozenset({"workaround", "mitigation"}),
)
"""Kinds of remediation that exclude each other, but for the next (CSAF 2.1, category of remediations)."""

_SIDE_BY_SIDE = frozenset({"vendor_fix", "fix_planned", "no_fix_planned"})
"""With any of these a workaround or a mitigation may stand."""


def _exclude(one: str, other: str) -> bool:
    kinds = [next(kind for kind in _EXCLUSIVE if word in kind) for word in (one, other)]
    if kinds[0] == kinds[1]:
        return False
    pair = {one, other}
    return not (pair & {"workaround", "mitigation"} and pair & _SIDE_BY_SIDE)


@RULES.add("6.1.35", SINCE_2_1)
def no_product_has_contradicting_remediations(root: Part) -> Faults:
    """What is to be done about a product does not contradict itself."""
    grouped = groups(root)
    for vulnerability in root.each("vulnerabilities"):
        said: dict[str, set[str]] = {}
        for remediation in vulnerability.each("remediations"):
            category = remediation.text("category")
            if not any(category in kind for kind in _EXCLUSIVE):
                continue
            for product in named(remediation, grouped):
                before = said.setdefault(product, set())
                for other in sorted(before):
                    if _exclude(category, other):
                        yield remediation, f"{category} contradicts {other} for the product {product}"
                before.add(category)


_AFFECTED = frozenset({"first_affected", "known_affected", "last_affected"})
_FIXED = frozenset({"first_fixed", "fixed"})
_NOT_AFFECTED = frozenset({"known_not_affected"})

_OUT_OF_PLACE = {
    "workaround": _NOT_AFFECTED | _FIXED,
    "mitigation": _NOT_AFFECTED | _FIXED,
    "vendor_fix": _NOT_AFFECTED | _FIXED,
    "none_available": _NOT_AFFECTED | _FIXED,
    "optional_patch": _AFFECTED,
    "fix_planned": _FIXED,
    "no_fix_planned": _FIXED,
}
"""Kinds of remediation and the statuses that they contradict (CSAF 2.1, category of remediations)."""


@RULES.add("6.1.36", SINCE_2_1)
def no_remediation_contradicts_the_status(root: Part) -> Faults:
    """What is to be done about a product fits its status."""
    grouped = groups(root)
    for vulnerability in root.each("vulnerabilities"):
        statuses: dict[str, set[str]] = {}
        for status, _ in vulnerability.members("product_status"):
            for product in vulnerability.texts("product_status", status):
                statuses.setdefault(product, set()).add(status)
        for remediation in vulnerability.each("remediations"):
            category = remediation.text("category")
            for product in named(remediation, grouped):
                for status in sorted(_OUT_OF_PLACE.get(category, frozenset()) & statuses.get(product, set())):
                    yield remediation, f"{category} contradicts the status {status} of the product {product}"
