"""Rules about single entries: languages, ids, package URLs, involvements, hashes and branches."""

import re
from collections import Counter
from collections.abc import Iterator

from packageurl import PackageURL

from auditwright.vulns.csaf_rules.part import SINCE_2_1, Faults, Part, Rules
from auditwright.vulns.csaf_rules.tree import branches, groups, named, products

RULES = Rules()

MAX_BRANCHES = 30
"""CSAF 2.1, test 6.1.34: how deep branches may lie within each other."""

_RANGE_WORDS = re.compile(r"[<>]|(?<!\S)(?:after|all|before|earlier|later|prior|versions)(?!\S)")
"""CSAF 6.1.31: what makes the name of a version a range."""

_STAR = re.compile(r"(?<!\\)(?:\\\\)*\*")


def _purls(product: Part) -> tuple[Part, ...]:
    helper = product.at("product_identification_helper")
    return (*((helper.at("purl"),) if helper.has("purl") else ()), *helper.each("purls"))


_NO_NAMESPACE = frozenset(
    {
        "bitnami",
        "cargo",
        "cocoapods",
        "conda",
        "cran",
        "gem",
        "hackage",
        "julia",
        "mlflow",
        "nuget",
        "oci",
        "pub",
        "pypi",
    }
)
"""The types whose definitions forbid a namespace (github.com/package-url/purl-spec, types)."""


def _read_purl(part: Part) -> PackageURL | None:
    try:
        read = PackageURL.from_string(part.text())
    except ValueError:
        return None
    return None if read.namespace and read.type in _NO_NAMESPACE else read


@RULES.add("6.1.13")
def every_purl_can_be_read(root: Part) -> Faults:
    """A package URL follows the specification of package URLs."""
    for product in products(root):
        for part in _purls(product):
            if _read_purl(part) is None:
                yield part, f"{part.text()} is no package URL"


@RULES.add("6.1.42", SINCE_2_1)
def purls_of_a_product_differ_in_qualifiers_only(root: Part) -> Faults:
    """Several package URLs of one product name the same package."""
    for product in products(root):
        read = [purl for part in _purls(product) if (purl := _read_purl(part)) is not None]
        if len({purl._replace(qualifiers={}) for purl in read}) > 1:
            yield (
                product.at("product_identification_helper", "purls"),
                "the package URLs differ in more than their qualifiers",
            )


@RULES.add("6.1.15")
def a_translation_names_its_source(root: Part) -> Faults:
    """A translator says from which language."""
    if root.text("document", "publisher", "category") == "translator" and not root.has(
        "document", "source_lang"
    ):
        yield root.at("document", "source_lang"), "the publisher is a translator and names no source language"


@RULES.add("6.1.28")
def a_translation_is_in_another_language(root: Part) -> Faults:
    """The language of the source is not that of the document."""
    source = root.text("document", "source_lang")
    if source and source.lower() == root.text("document", "lang").lower():
        yield root.at("document", "source_lang"), f"the document and its source are both in {source}"


@RULES.add("6.1.23")
def no_cve_is_used_twice(root: Part) -> Faults:
    """No two vulnerabilities have the same CVE."""
    seen: set[str] = set()
    for vulnerability in root.each("vulnerabilities"):
        cve = vulnerability.text("cve")
        if cve and cve in seen:
            yield vulnerability.at("cve"), f"{cve} is used more than once"
        seen.add(cve)


@RULES.add("6.1.24")
def no_party_is_involved_twice_at_once(root: Part) -> Faults:
    """A party has one state of involvement at a date, for a product."""
    grouped = groups(root)
    for vulnerability in root.each("vulnerabilities"):
        seen: set[tuple[str, str, str]] = set()
        for item in vulnerability.each("involvements"):
            keys = {
                (item.text("party"), item.text("date"), product) for product in named(item, grouped) or ("",)
            }
            if keys & seen:
                yield item, f"the party {item.text('party')} is involved more than once at the same date"
            seen |= keys


@RULES.add("6.1.25")
def no_hash_algorithm_is_used_twice(root: Part) -> Faults:
    """A file has one hash of an algorithm."""
    for product in products(root):
        for hashed in product.each("product_identification_helper", "hashes"):
            counted = Counter(each.text("algorithm") for each in hashed.each("file_hashes"))
            for algorithm, times in counted.items():
                if times > 1:
                    yield hashed.at("file_hashes"), f"the file has {times} hashes of {algorithm}"


@RULES.add("6.1.31")
def no_version_is_a_range(root: Part) -> Faults:
    """The name of a product version is no range of versions."""
    for branch, _ in branches(root):
        if branch.text("category") == "product_version" and _RANGE_WORDS.search(branch.text("name").lower()):
            yield branch.at("name"), f"{branch.text('name')} is a range of versions"


_CONSTRAINT = r"(?:<=|>=|!=|<|>|=)?[^\s|<>=!]+"
_RANGE = re.compile(
    rf"(?:vers:(?P<scheme>[a-z0-9.+-]*)/)?(?P<constraints>{_CONSTRAINT}(?:\|{_CONSTRAINT})*)", re.ASCII
)
"""A version range (github.com/package-url/vers-spec), or what CSAF 2.1 takes instead: its constraints alone."""


def _ranges(root: Part) -> Iterator[Part]:
    for branch, _ in branches(root):
        if branch.text("category") == "product_version_range":
            yield branch.at("name")


@RULES.add("6.1.50", SINCE_2_1)
def every_range_has_its_form(root: Part) -> Faults:
    """A range of versions is a vers, or made of constraints as a vers is."""
    for part in _ranges(root):
        found = _RANGE.fullmatch(part.text())
        if found is None:
            yield part, f"{part.text()} is no range of versions in the form of a vers"
        elif found["scheme"] == "all" and found["constraints"] != "*":
            yield part, "a vers of the scheme all has no constraint but *"


@RULES.add("6.1.59", SINCE_2_1)
def no_range_is_a_single_version(root: Part) -> Faults:
    """A range of versions is more than one version."""
    for part in _ranges(root):
        found = _RANGE.fullmatch(part.text())
        said = found["constraints"].removeprefix("=") if found else ""
        if said and said not in {"*", "all"} and not re.search(r"[|<>!]", said):
            yield part, f"{part.text()} is a single version"


@RULES.add("6.1.34", SINCE_2_1)
def branches_are_not_too_deep(root: Part) -> Faults:
    """Branches lie within each other to a limit."""
    for branch, above in branches(root):
        if len(above) == MAX_BRANCHES:
            yield branch, f"the branch lies within {MAX_BRANCHES} others"


@RULES.add("6.1.43", SINCE_2_1)
def model_numbers_have_one_star(root: Part) -> Faults:
    """A model number has one unescaped star at most."""
    yield from _starred(root, "model_numbers")


@RULES.add("6.1.44", SINCE_2_1)
def serial_numbers_have_one_star(root: Part) -> Faults:
    """A serial number has one unescaped star at most."""
    yield from _starred(root, "serial_numbers")


@RULES.add("6.1.61", SINCE_2_1)
def skus_have_one_star(root: Part) -> Faults:
    """A stock keeping unit has one unescaped star at most."""
    yield from _starred(root, "skus")


def _starred(root: Part, name: str) -> Faults:
    for product in products(root):
        for part in product.each("product_identification_helper", name):
            if len(_STAR.findall(part.text())) > 1:
                yield part, f"{part.text()} has more than one star"


@RULES.add("6.1.57", SINCE_2_1)
def no_category_is_stacked(root: Part) -> Faults:
    """A branch does not lie within another of its category."""
    for branch, above in branches(root):
        category = branch.text("category")
        # CSAF 2.1, test 6.1.57: families of products may lie within each other
        if category != "product_family" and category in {each.text("category") for each in above}:
            yield branch.at("category"), f"a branch of the category {category} lies within another"


@RULES.add("6.1.58", SINCE_2_1)
def no_range_lies_within_a_version(root: Part) -> Faults:
    """A version and a range of versions are not on one path of branches."""
    kinds = {"product_version", "product_version_range"}
    for branch, above in branches(root):
        other = kinds - {branch.text("category")}
        if len(other) == 1 and other & {each.text("category") for each in above}:
            yield branch.at("category"), "a version and a range of versions are on one path"


_MAX_UUID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_NIL_UUID = "00000000-0000-0000-0000-000000000000"


def _sharing(root: Part) -> tuple[str, str, str]:
    shared = root.at("document", "distribution")
    group = shared.at("sharing_group")
    return group.text("id").lower(), group.text("name"), shared.text("tlp", "label")


@RULES.add("6.1.38", SINCE_2_1)
def the_public_group_is_for_public_documents(root: Part) -> Faults:
    """The group with the id of all is for documents that are TLP:CLEAR."""
    group, _, label = _sharing(root)
    if group == _MAX_UUID and label != "CLEAR":
        yield (
            root.at("document", "distribution", "sharing_group", "id"),
            f"the group is public, TLP is {label}",
        )


@RULES.add("6.1.39", SINCE_2_1)
def a_public_document_is_shared_with_all(root: Part) -> Faults:
    """A TLP:CLEAR document with a sharing group is for the group of all; a draft may be for none."""
    group, _, label = _sharing(root)
    draft = root.text("document", "tracking", "status") == "draft"
    if group not in {"", _MAX_UUID} and not (draft and group == _NIL_UUID) and label == "CLEAR":
        yield (
            root.at("document", "distribution", "sharing_group", "id"),
            "TLP is CLEAR, the group is not public",
        )


_RESERVED = {"Public": _MAX_UUID, "No sharing allowed": _NIL_UUID}


@RULES.add("6.1.40", SINCE_2_1)
def reserved_group_names_go_with_their_ids(root: Part) -> Faults:
    """A reserved name of a sharing group stands with its id only."""
    group, name, _ = _sharing(root)
    if name in _RESERVED and _RESERVED[name] != group:
        yield (
            root.at("document", "distribution", "sharing_group", "name"),
            f"{name} is not the name of {group}",
        )


@RULES.add("6.1.41", SINCE_2_1)
def reserved_group_ids_go_with_their_names(root: Part) -> Faults:
    """A reserved id of a sharing group stands with its name."""
    group, name, _ = _sharing(root)
    for reserved, id_ in _RESERVED.items():
        if group == id_ and name != reserved:
            yield root.at("document", "distribution", "sharing_group"), f"the group {id_} is named {reserved}"


@RULES.add("6.1.55", SINCE_2_1)
def a_license_reference_has_its_text(root: Part) -> Faults:
    """A license that neither SPDX nor ScanCode lists stands with its text in a note."""
    # What is written as a reference of one's own is listed by neither; other ids are taken as listed
    expression = root.text("document", "license_expression")
    notes = [
        note
        for note in root.each("document", "notes")
        if note.text("title") == "License" and note.text("category") == "legal_disclaimer"
    ]
    language = root.text("document", "lang").lower()
    english = not language or language.split("-")[0] == "en"
    if english and re.search(r"(?:LicenseRef|AdditionRef)-(?!scancode-)", expression) and len(notes) != 1:
        yield root.at("document", "notes"), "not exactly one legal disclaimer with the title License"
