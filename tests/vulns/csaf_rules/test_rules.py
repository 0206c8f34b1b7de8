"""Rules by small documents, scores against published ones, and junk in every place of a document."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.render.release.csaf import CsafVersion, csaf
from auditwright.vulns.csaf_rules import MAX_CHECKED_BYTES, RULES, Checked, NotChecked, broken_rules, check
from auditwright.vulns.csaf_rules.tracking import Version, version
from auditwright.vulns.readers import UnreadableReportError
from tests.render.release.made import HOSTILE, release_report
from tests.vulns.published import pairs, published

OURS = {
    f"{name}-{version_}": csaf(report, namespace="https://acme.example", version=version_)
    for name, report in {
        "sample": release_report(),
        "first": release_report(first=True),
        "hostile": release_report(HOSTILE),
    }.items()
    for version_ in cast("tuple[CsafVersion, ...]", ("2.0", "2.1"))
}


def document(*, csaf_version: str = "2.1", **members: object) -> bytes:
    return json.dumps({"document": {"csaf_version": csaf_version}, **members}).encode()


def scored(name: str, vector: str, score: float, **properties: object) -> bytes:
    said = {"version": "2.0" if name == "cvss_v2" else vector[5:8], "vectorString": vector, **properties}
    content = {name: {**said, "baseScore": score}}
    return document(vulnerabilities=[{"metrics": [{"content": content}]}])


def rules(body: bytes) -> set[str]:
    return {each.rule for each in broken_rules(body)}


@pytest.mark.parametrize("body", OURS.values(), ids=OURS.keys())
def test_what_we_publish_breaks_no_rule(body: bytes) -> None:
    checked = check(body)
    assert isinstance(checked, Checked)
    assert checked.broken == ()


def test_a_rule_has_one_function_and_a_function_one_rule() -> None:
    numbers = [rule.number for rule in RULES]
    assert len(set(numbers)) == len(numbers) == len({rule.faults for rule in RULES})
    assert {rule.versions for rule in RULES} == {("2.0", "2.1"), ("2.1",)}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (document(csaf_version="1.2"), "not those of '1.2'"),
        (b"{}", "not those of ''"),
        (b'{"document": {"csaf_version": "2.0"', "cut off"),
        (b"[]", "expected form"),
        (b" " * (MAX_CHECKED_BYTES + 1), "at most"),
        (b'{"a":' * 100_000, ""),
    ],
)
def test_what_cannot_be_checked_is_not_called_sound(body: bytes, why: str) -> None:
    checked = check(body)
    assert isinstance(checked, NotChecked)
    assert why in checked.why
    with pytest.raises(UnreadableReportError):
        broken_rules(body)


def test_groups_that_multiply_are_not_followed_without_end() -> None:
    products = [f"P{number}" for number in range(2_000)]
    groups = [{"group_id": "G", "product_ids": products}]
    item = {"category": "vendor_fix", "group_ids": ["G"]}
    body = document(
        product_tree={"product_groups": groups}, vulnerabilities=[{"remediations": [item] * 1_001}]
    )
    assert isinstance(check(body), NotChecked)


def test_a_rule_of_the_newer_version_is_not_held_against_an_older_document() -> None:
    purls = ["pkg:npm/a@1", "pkg:npm/b@1"]
    product = {"product_id": "P", "product_identification_helper": {"purls": purls}}
    tree = {"full_product_names": [product]}
    assert rules(document(product_tree=tree)) == {"6.1.42"}
    assert rules(document(product_tree=tree, csaf_version="2.0")) == set()


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
        ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2),
        ("AV:N/AC:L/Au:N/C:N/I:N/A:N", 0.0),
    ],
)
def test_a_score_is_computed_as_first_computes_it(vector: str, score: float) -> None:
    name = "cvss_v3" if vector.startswith("CVSS:3") else "cvss_v2"
    assert "6.1.9" not in rules(scored(name, vector, score))
    assert "6.1.9" in rules(scored(name, vector, round(10 - score + 0.1, 1)))


def test_scores_agree_with_the_published_ones() -> None:
    published("pairs-msusel-2022")
    vectors: dict[str, float] = {}
    for grype, _ in pairs():
        for match in json.loads(grype.read_bytes()).get("matches", ()):
            for said in match["vulnerability"].get("cvss") or ():
                vectors.setdefault(said["vector"], said["metrics"]["baseScore"])
    wrong = {
        vector: score
        for vector, score in vectors.items()
        if "6.1.9" in rules(scored("cvss_v3" if vector.startswith("CVSS:3") else "cvss_v2", vector, score))
    }
    assert len(vectors) > 200
    assert wrong == {}


@pytest.mark.parametrize(
    ("vector", "broken"),
    [
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", False),
        ("CVSS:4.0/AC:L/AV:N/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", True),  # another order
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H", True),
        ("CVSS:4.0/AV:Z/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", True),
    ],
)
def test_a_vector_has_its_metrics_in_order(vector: str, *, broken: bool) -> None:
    assert ("6.1.8" in rules(scored("cvss_v4", vector, 10, baseSeverity="CRITICAL"))) is broken


@pytest.mark.parametrize(
    ("date", "broken"),
    [("2024-02-01T00:00:00Z", {"6.1.16"}), ("2024-01-01T00:00:00Z", {"6.1.14", "6.1.21"}), ("soon", set())],
)
def test_nothing_follows_from_the_order_of_a_history_with_an_unreadable_date(
    date: str, broken: set[str]
) -> None:
    history = [{"date": "2024-01-15T00:00:00Z", "number": "2"}, {"date": date, "number": "3"}]
    first = {"date": "2023-12-31T00:00:00Z", "number": "1"}
    about = {"csaf_version": "2.0", "tracking": {"version": "2", "revision_history": [first, *history]}}
    found = rules(json.dumps({"document": about}).encode())
    assert found == broken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", Version(numbers=(3, 0, 0))),
        ("1.2.3-rc.1+build", Version(numbers=(1, 2, 3), pre="rc.1", semantic=True)),
        ("01", None),
        ("1.2", None),
        ("v1", None),
        ("٣", None),
    ],
)
def test_a_version_is_an_integer_or_semantic(text: str, expected: Version | None) -> None:
    assert version(text) == expected


def test_semantic_versions_sort_as_semver_says() -> None:
    rising = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
    ]
    rising += ["1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0"]
    falling = rising[::-1]
    assert sorted(falling, key=lambda text: cast("Version", version(text)).order()) == rising


JUNK: st.SearchStrategy[object] = st.sampled_from(
    [None, True, 0, -1.5, 10**30, "", "junk", "\ud7ff", [], [None], [[]], {}, {"a": {}}]
)


def _places(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: Sequence[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [at, *(place for key, each in inner for place in _places(each, (*at, key)))]


SAMPLE: Mapping[str, object] = json.loads(OURS["sample-2.1"])
PLACES = [
    place for place in _places(SAMPLE) if place not in {(), ("document",), ("document", "csaf_version")}
]


@given(st.sampled_from(PLACES), JUNK)
def test_junk_in_any_place_is_told_and_never_stops_the_check(
    place: tuple[str | int, ...], junk: object
) -> None:
    spoiled = json.loads(OURS["sample-2.1"])
    holder = spoiled
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = junk
    checked = check(json.dumps(spoiled).encode())
    assert isinstance(checked, Checked)
    for each in checked.broken:
        assert each.path.startswith("/")
        assert each.why
