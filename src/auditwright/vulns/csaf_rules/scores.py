"""Rules about scores: one per product and version, of the right form, computed right, and saying one thing.

Base and temporal scores of CVSS 2.0 and 3.x are computed again from their vectors. Environmental scores are not, and for
CVSS 4.0, whose scores come out of a table of 270 rows that is not carried here, only the severity is held against the score.
"""

from collections.abc import Iterator, Mapping
from math import floor, prod

from auditwright.vulns.csaf_rules.cvss_tables import TABLES, V4
from auditwright.vulns.csaf_rules.part import SINCE_2_1, Faults, Part, Rules
from auditwright.vulns.csaf_rules.tree import metrics

RULES = Rules()

MAX_SCORE = 10


def _scored(metric: Part) -> Iterator[tuple[str, Part]]:
    """The CVSS objects of a score of 2.0 or a metric of 2.1, by their names."""
    for holder in (metric, metric.at("content")):
        for name in TABLES:
            if holder.has(name):
                yield name, holder.at(name)


def _every_score(root: Part) -> Iterator[tuple[str, Part]]:
    for vulnerability in root.each("vulnerabilities"):
        for metric in metrics(vulnerability):
            yield from _scored(metric)


@RULES.add("6.1.7")
def no_product_has_two_scores_of_a_version(root: Part) -> Faults:
    """A product has one score of a version of CVSS, from one source."""
    for vulnerability in root.each("vulnerabilities"):
        seen: set[tuple[str, str, str]] = set()
        for metric in metrics(vulnerability):
            for name, score in _scored(metric):
                version = score.text("version") or name
                keys = {(product, version, metric.text("source")) for product in metric.texts("products")}
                for product, _, _ in sorted(keys & seen):
                    yield score, f"the product {product} has more than one score of CVSS {version}"
                seen |= keys


_PREFIXES = {"cvss_v2": ("",), "cvss_v3": ("CVSS:3.0/", "CVSS:3.1/"), "cvss_v4": ("CVSS:4.0/",)}
_VERSIONS = {"cvss_v2": ("2.0",), "cvss_v3": ("3.0", "3.1"), "cvss_v4": ("4.0",)}
_SEVERITIES = ("NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_OLD_V4 = ("threatScore", "threatSeverity", "environmentalScore", "environmentalSeverity")
"""CVSS 4.0 has one score; these were in the first edition of its schema."""


def _letters(name: str, score: Part) -> Mapping[str, str] | None:
    """The metrics of the vector, None where the vector does not have its form."""
    vector = score.text("vectorString")
    prefix = next((prefix for prefix in _PREFIXES[name] if vector.startswith(prefix)), None)
    if prefix is None:
        return None
    letters: dict[str, str] = {}
    for said in vector.removeprefix(prefix).split("/"):
        metric, _, value = said.partition(":")
        if metric not in TABLES[name] or value not in TABLES[name][metric].words:
            return None
        letters[metric] = value
    if name == "cvss_v4" and list(letters) != [metric for metric in V4 if metric in letters]:
        return None
    missing = [
        metric for metric, about in TABLES[name].items() if not about.optional and metric not in letters
    ]
    return None if missing else letters


@RULES.add("6.1.8")
def every_score_has_its_form(root: Part) -> Faults:
    """A score has the properties that its version of CVSS asks for, and a vector of that version."""
    for name, score in _every_score(root):
        if score.text("version") not in _VERSIONS[name]:
            yield score.at("version"), f"the version is not {' or '.join(_VERSIONS[name])}"
        elif name != "cvss_v2" and not score.text("vectorString").startswith(
            f"CVSS:{score.text('version')}/"
        ):
            yield score.at("vectorString"), f"the vector is not one of version {score.text('version')}"
        elif _letters(name, score) is None:
            yield score.at("vectorString"), "the vector has a metric or value that there is not, or lacks one"
        base = score.number("baseScore")
        if base is None or not 0 <= base <= MAX_SCORE:
            yield score.at("baseScore"), "there is no base score between 0 and 10"
        if name != "cvss_v2" and score.text("baseSeverity") not in _SEVERITIES:
            yield score.at("baseSeverity"), "there is no base severity"
        if name == "cvss_v4":
            for old in _OLD_V4:
                if score.has(old):
                    yield score.at(old), "CVSS 4.0 has no such property"


_IMPACT_V2 = {"N": 0.0, "P": 0.275, "C": 0.66}
_WEIGHTS_V2 = {
    "AV": {"L": 0.395, "A": 0.646, "N": 1.0},
    "AC": {"H": 0.35, "M": 0.61, "L": 0.71},
    "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
}
_TEMPORAL_V2 = {
    "E": {"U": 0.85, "POC": 0.9, "F": 0.95},
    "RL": {"OF": 0.87, "TF": 0.9, "W": 0.95},
    "RC": {"UC": 0.9, "UR": 0.95},
}
_IMPACT_V3 = {"N": 0.0, "L": 0.22, "H": 0.56}
_WEIGHTS_V3 = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
}
_RIGHTS_V3 = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
_TEMPORAL_V3 = {
    "E": {"F": 0.97, "P": 0.94, "U": 0.91},
    "RL": {"W": 0.97, "T": 0.96, "O": 0.95},
    "RC": {"R": 0.96, "U": 0.92},
}


def _rounded_up(value: float) -> float:
    """CVSS 3.1, appendix A: up to one decimal, free of what floating point adds."""
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (floor(whole / 10_000) + 1) / 10


def _temporal(letters: Mapping[str, str], weights: Mapping[str, Mapping[str, float]]) -> float:
    return prod(values.get(letters.get(metric, ""), 1.0) for metric, values in weights.items())


def _computed_v2(letters: Mapping[str, str]) -> Mapping[str, float]:
    """CVSS 2.0, 3.2."""
    impact = 10.41 * (1 - prod(1 - _IMPACT_V2[letters[each]] for each in ("C", "I", "A")))
    ease = 20 * prod(weights[letters[metric]] for metric, weights in _WEIGHTS_V2.items())
    base = round((0.6 * impact + 0.4 * ease - 1.5) * (1.176 if impact else 0.0) + 1e-9, 1)
    return {"baseScore": base, "temporalScore": round(base * _temporal(letters, _TEMPORAL_V2) + 1e-9, 1)}


def _computed_v3(letters: Mapping[str, str]) -> Mapping[str, float]:
    """CVSS 3.1, 7.1 and 7.2."""
    lost = 1 - prod(1 - _IMPACT_V3[letters[each]] for each in ("C", "I", "A"))
    changed = letters["S"] == "C"
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    ease = (
        8.22
        * _RIGHTS_V3[letters["S"]][letters["PR"]]
        * prod(weights[letters[metric]] for metric, weights in _WEIGHTS_V3.items())
    )
    whole = (1.08 if changed else 1.0) * (impact + ease)
    base = 0.0 if impact <= 0 else _rounded_up(min(whole, MAX_SCORE))
    return {"baseScore": base, "temporalScore": _rounded_up(base * _temporal(letters, _TEMPORAL_V3))}


_LOWEST = (("CRITICAL", 9.0), ("HIGH", 7.0), ("MEDIUM", 4.0), ("LOW", 0.1), ("NONE", 0.0))


@RULES.add("6.1.9")
def every_score_is_computed_right(root: Part) -> Faults:
    """Scores follow from the vector, and severities from the scores."""
    for name, score in _every_score(root):
        letters = _letters(name, score)
        if letters is not None and name != "cvss_v4":
            for property_, value in (_computed_v2 if name == "cvss_v2" else _computed_v3)(letters).items():
                said = score.number(property_)
                if said is not None and said != value:
                    yield score.at(property_), f"the vector gives {value}, not {said}"
        if name == "cvss_v2":
            continue
        for word in ("base", "temporal", "environmental"):
            number, severity = score.number(f"{word}Score"), score.text(f"{word}Severity")
            right = next((label for label, lowest in _LOWEST if (number or 0.0) >= lowest), "")
            if number is not None and severity and severity != right:
                yield score.at(f"{word}Severity"), f"a score of {number} is {right}, not {severity}"


@RULES.add("6.1.10")
def no_property_contradicts_the_vector(root: Part) -> Faults:
    """What the properties of a score say in words is what its vector says."""
    for name, score in _every_score(root):
        letters = _letters(name, score)
        if letters is None:
            continue
        for metric, letter in letters.items():
            about = TABLES[name][metric]
            if score.has(about.property) and score.text(about.property) != about.words[letter]:
                yield score.at(about.property), f"the vector says {about.words[letter]}"


@RULES.add("6.1.56", SINCE_2_1)
def no_product_is_scored_and_rated(root: Part) -> Faults:
    """A product has a CVSS score or a qualitative rating from a source, not both."""
    for vulnerability in root.each("vulnerabilities"):
        scored = {
            (product, metric.text("source"))
            for metric in metrics(vulnerability)
            if any(True for _ in _scored(metric))
            for product in metric.texts("products")
        }
        for metric in metrics(vulnerability):
            rating = metric.at("content", "qualitative_severity_rating")
            for product in metric.texts("products") if rating.value is not None else ():
                if (product, metric.text("source")) in scored:
                    yield rating, f"the product {product} has a CVSS score of the same source as well"


def _decisions(root: Part) -> Iterator[tuple[Part, Part]]:
    """Every SSVC object with its vulnerability."""
    for vulnerability in root.each("vulnerabilities"):
        for metric in vulnerability.each("metrics"):
            if metric.has("content", "ssvc_v2"):
                yield vulnerability, metric.at("content", "ssvc_v2")


@RULES.add("6.1.46", SINCE_2_1)
def every_ssvc_decision_has_its_form(root: Part) -> Faults:
    """An SSVC object has what its schema asks for."""
    for _, decision in _decisions(root):
        for name in ("schemaVersion", "timestamp"):
            if not decision.text(name):
                yield decision.at(name), f"there is no {name}"
        if not decision.each("selections"):
            yield decision.at("selections"), "there are no selections"
        for selection in decision.each("selections"):
            keyed = (selection, *selection.each("values"))
            lacking = [name for name in ("namespace", "version") if not selection.text(name)]
            if lacking or not keyed[1:] or not all(each.text("key") for each in keyed):
                yield selection, "the selection lacks a namespace, version, key or value"


@RULES.add("6.1.47", SINCE_2_1)
def ssvc_targets_are_ids_of_the_vulnerability(root: Part) -> Faults:
    """What an SSVC decision is about is the vulnerability that it stands at."""
    several = bool(root.each("vulnerabilities")[1:])
    document = root.text("document", "tracking", "id")
    for vulnerability, decision in _decisions(root):
        ids = {vulnerability.text("cve"), *(each.text("text") for each in vulnerability.each("ids"))}
        for target in decision.each("target_ids"):
            if target.text() not in ids:
                yield target, f"{target.text()} is no id of the vulnerability"
            elif several and target.text() == document:
                yield target, "the target is the whole document, which has several vulnerabilities"
