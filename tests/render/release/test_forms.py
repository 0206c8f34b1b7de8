"""Every form of a release report: valid by its schema, the same bytes each time, and safe with hostile texts."""

import csv
import html
import io
import json
import re
from collections.abc import Mapping
from typing import cast

import jsonschema_rs
import pytest

from auditwright.core.log import parse_iso
from auditwright.render.release.bundle import publication
from auditwright.render.release.csaf import csaf
from auditwright.render.release.csv import release_csv
from auditwright.render.release.cyclonedx import cyclonedx
from auditwright.render.release.html import release_html
from auditwright.render.release.json_report import read_published, release_json
from auditwright.render.release.openvex import openvex
from auditwright.render.release.statement import statement
from auditwright.vulns.csaf_rules import broken_rules
from auditwright.vulns.release import ReleaseReport, published
from tests.render.release.made import HOSTILE, release_report
from tests.vulns.published import published as lying_at

NAMESPACE = "https://acme.example"
SAMPLES = {
    "sample": release_report(),
    "first": release_report(first=True),
    "hostile": release_report(HOSTILE),
}
EACH = pytest.mark.parametrize("report", SAMPLES.values(), ids=SAMPLES.keys())

_BESIDE = {
    "spdx.schema.json": "spdx.schema.json",
    "jsf-0.82.schema.json": "jsf-0.82.schema.json",
    "cryptography-defs.schema.json": "cryptography-defs.schema.json",
}


def _fetched(uri: str) -> dict[str, object]:
    """Schemas that another refers to; those of CVSS are not published beside it, and are told apart by their version."""
    name = uri.rpartition("/")[2]
    if name in _BESIDE:
        return cast("dict[str, object]", json.loads(lying_at("schemas", _BESIDE[name]).read_bytes()))
    version = re.fullmatch(r"cvss-v(\d\.\d)(\.\d)?\.json", name)
    return {"properties": {"version": {"const": version[1]}}, "required": ["version"]} if version else {}


def problems(schema: str, body: bytes) -> list[str]:
    validator = jsonschema_rs.validator_for(
        json.loads(lying_at("schemas", schema).read_bytes()), retriever=_fetched
    )
    return [
        f"{error.instance_path}: {error.message}"[:300] for error in validator.iter_errors(json.loads(body))
    ]


@EACH
def test_every_machine_form_is_valid_by_its_schema(report: ReleaseReport) -> None:
    assert problems("openvex_json_schema.json", openvex(report, namespace=NAMESPACE)) == []
    assert problems("bom-1.6.schema.json", cyclonedx(report)) == []
    assert problems("csaf-2.0.json", csaf(report, namespace=NAMESPACE)) == []
    assert problems("csaf-2.1.json", csaf(report, namespace=NAMESPACE, version="2.1")) == []
    for version in ("2.0", "2.1"):
        assert broken_rules(csaf(report, namespace=NAMESPACE, version=version)) == ()


def test_the_same_report_gives_the_same_bytes() -> None:
    assert dict(publication(release_report(), namespace=NAMESPACE)) == dict(
        publication(release_report(), namespace=NAMESPACE)
    )


def statements(body: bytes) -> Mapping[str, Mapping[str, object]]:
    listed = cast("list[dict[str, dict[str, object]]]", json.loads(body)["statements"])
    return {cast("str", each["vulnerability"]["name"]): each for each in listed}


def test_a_vex_statement_is_somebody_s_word_and_nothing_else() -> None:
    said = statements(openvex(SAMPLES["sample"], namespace=NAMESPACE))
    assert said["CVE-2024-0001"]["status"] == "under_investigation"
    assert said["CVE-2024-0002"]["status"] == "affected"
    assert "Accepted until 20 Dec 2026 by bob" in str(said["CVE-2024-0002"]["action_statement"])
    assert (said["CVE-2024-0003"]["status"], said["CVE-2024-0003"]["justification"]) == (
        "not_affected",
        "vulnerable_code_not_in_execute_path",
    )


def test_a_csaf_document_says_of_each_product_how_it_stands() -> None:
    document = json.loads(csaf(SAMPLES["sample"], namespace=NAMESPACE))
    status = {each.get("cve"): list(each["product_status"]) for each in document["vulnerabilities"]}
    assert status["CVE-2024-0001"] == ["under_investigation"]
    assert status["CVE-2024-0002"] == ["known_affected"]
    assert status["CVE-2024-0003"] == ["known_not_affected"]
    fixed = [each for each in document["vulnerabilities"] if each.get("cve") == "CVE-2024-0003"]
    assert fixed[0]["flags"][0]["label"] == "vulnerable_code_not_in_execute_path"


def test_the_statement_covers_the_images_and_every_file() -> None:
    document = json.loads(statement(SAMPLES["sample"], {"report.html": "f" * 64}))
    digests = {subject["digest"]["sha256"] for subject in document["subject"]}
    assert digests == {"a" * 64, "f" * 64}
    assert document["predicateType"] == "https://in-toto.io/attestation/vulns/v0.2"


@EACH
def test_a_later_report_reads_what_an_earlier_one_wrote(report: ReleaseReport) -> None:
    assert read_published(release_json(report)) == published(report)
    assert parse_iso(json.loads(release_json(report))["made_at"]) == report.made_at


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"format": "other/1"}'])
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_published(body)


def test_hostile_texts_never_run_in_a_page() -> None:
    page = release_html(SAMPLES["hostile"]).decode()
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert html.escape("<script>alert(1)") in page
    assert re.search(r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'", page)


def test_no_cell_is_a_formula() -> None:
    for body in release_csv(SAMPLES["hostile"]).values():
        for cells in csv.reader(io.StringIO(body.decode())):
            assert all(cell.lstrip()[:1] not in set("=+-@") for cell in cells), cells


def test_the_page_says_first_what_is_not_known() -> None:
    page = release_html(SAMPLES["sample"]).decode()
    assert page.index("Not known for this report") < page.index("From rows to work")
    assert "epss is missing" in page


def test_the_page_says_how_many_rows_are_how_many_upgrades_and_what_has_changed() -> None:
    page = release_html(SAMPLES["sample"]).decode()
    assert "<h1>3 fixable rows are 2 upgrades</h1>" in page
    assert "against 1.0. 3 new, 1 gone, 1 still here" in page
