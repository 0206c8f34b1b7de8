"""Every reader: which file it is for, how many rows it finds in published reports, and what hostile input does to it."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.vulns.readers import UnreadableReportError, read_report, readers
from auditwright.vulns.readers.door import as_utf8
from auditwright.vulns.readers.glimpse import Glimpse
from auditwright.vulns.report import TITLE_CHARACTERS, Report
from tests.vulns.published import CORPUS, published

FOLDERS = ("asff", "defectdojo-scans", "inspector-api", "inspector-sbom-scan", "pairs-msusel-2022", "vex")


def files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted(
            path
            for path in (CORPUS / folder).rglob("*")
            if path.suffix in {".json", ".xml", ".csv", ".sarif", ".scan"}
        )


def test_no_file_is_claimed_by_two_readers() -> None:
    for path in files():
        body = path.read_bytes()
        if not body.strip():
            continue
        try:
            glimpse = Glimpse(as_utf8(body))
        except UnreadableReportError:
            continue
        claimed = [reader.id for reader in readers() if reader.sniff(glimpse)]
        assert len(claimed) <= 1, (path, claimed)


def test_every_published_report_is_read_or_refused_with_a_reason() -> None:
    read = 0
    for path in files():
        report = attempted(path.read_bytes())
        read += report is not None
    assert read > 1000 or not CORPUS.exists()


def attempted(body: bytes, *, format_id: str = "") -> Report | None:
    """A report that is well formed, or None for a file that was refused with words; nothing else may happen."""
    try:
        report = read_report(body, format_id=format_id)
    except UnreadableReportError as refusal:
        if len(str(refusal)) < 10:
            raise
        return None
    _well_formed(report)
    return report


def _well_formed(report: Report) -> None:
    assert report.targets
    for row in report.rows:
        assert row.id.strip()
        assert row.package.name.strip()
        assert 0 <= row.target < len(report.targets)
        assert len(row.title) <= TITLE_CHARACTERS
        assert row.first_seen is None or row.first_seen.tzinfo is not None
    assert all(skipped.why for skipped in report.skipped)


def of_grype(document: Any) -> int:  # noqa: ANN401  # plain JSON
    return len(document["matches"] or [])


def of_trivy(document: Any) -> int:  # noqa: ANN401  # plain JSON
    results = document if isinstance(document, list) else document.get("Results") or []
    return sum(len(result.get("Vulnerabilities") or []) for result in results)


def of_inspector(document: Any) -> int:  # noqa: ANN401  # plain JSON
    return sum(
        len(found.get("packageVulnerabilityDetails", {}).get("vulnerablePackages", []))
        * len(found["resources"])
        for found in document["findings"]
    )


def of_cyclonedx(document: Any) -> int:  # noqa: ANN401  # plain JSON
    sbom = document.get("sbom", document)
    return sum(len(each.get("affects") or []) for each in sbom.get("vulnerabilities") or [])


def of_npm(document: Any) -> int:  # noqa: ANN401  # plain JSON
    if "advisories" in document:
        return sum(len(each["findings"]) for each in document["advisories"].values())
    return sum(
        1 for each in document["vulnerabilities"].values() for via in each["via"] if isinstance(via, dict)
    )


def of_pip(document: Any) -> int:  # noqa: ANN401  # plain JSON
    listed = document if isinstance(document, list) else document["dependencies"]
    return sum(len(each.get("vulns", [])) for each in listed)


def of_osv(document: Any) -> int:  # noqa: ANN401  # plain JSON
    return sum(len(package["groups"]) for result in document["results"] for package in result["packages"])


@pytest.mark.parametrize(
    ("pattern", "format_id", "plain"),
    [
        ("pairs-msusel-2022/**/grype.json", "grype", of_grype),
        ("defectdojo-scans/anchore_grype/*.json", "grype", of_grype),
        ("pairs-msusel-2022/**/trivy.json", "trivy", of_trivy),
        ("defectdojo-scans/trivy/scheme_2*.json", "trivy", of_trivy),
        ("inspector-api/*.json", "inspector-findings", of_inspector),
        ("inspector-sbom-scan/scans/*", "cyclonedx", of_cyclonedx),
        ("inspector-sbom-scan/inspector-scan-cdx*.json", "cyclonedx", of_cyclonedx),
        ("defectdojo-scans/npm_audit_7_plus/*.json", "npm-audit", of_npm),
        ("defectdojo-scans/npm_audit/m*.json", "npm-audit", of_npm),
        ("defectdojo-scans/pip_audit/*_new.json", "pip-audit", of_pip),
        ("defectdojo-scans/osv_scanner/*_findings.json", "osv-scanner", of_osv),
    ],
)
def test_a_plain_count_finds_as_many(pattern: str, format_id: str, plain: Callable[[Any], int]) -> None:
    published(pattern.partition("/")[0])
    counted = 0
    for path in CORPUS.glob(pattern):
        body = path.read_bytes()
        if not body.strip():
            continue
        report = read_report(body)
        assert report.format == format_id, path
        dropped = sum(
            1 for each in report.skipped if each.where.startswith(("matches[", "affects", "vulnerabilities["))
        )
        assert len(report.rows) + dropped >= plain(json.loads(body)) >= len(report.rows), path
        counted += 1
    assert counted


SEEDS = (
    "defectdojo-scans/anchore_grype/check_all_fields_with_ids_fabricated.json",
    "defectdojo-scans/trivy/cvss_severity_source.json",
    "inspector-api/aws_inspector2_one_vul.json",
    "asff/inspector_ec2_ghsa.json",
    "defectdojo-scans/cyclonedx/valid-vulnerability-1.4.json",
    "defectdojo-scans/osv_scanner/multi_cwe_fabricated.json",
    "defectdojo-scans/github_vulnerability/github_search4_null_cvss_vector.json",
    "defectdojo-scans/snyk/single_project_one_vuln.json",
    "defectdojo-scans/snyk_issue_api/snyk_sca_scan_api_single_vuln.json",
    "defectdojo-scans/npm_audit/one_vuln.json",
    "defectdojo-scans/npm_audit_7_plus/one_vuln.json",
    "defectdojo-scans/pip_audit/many_vulns_new.json",
    "defectdojo-scans/sarif/suppression_test.sarif",
    "defectdojo-scans/openvex/openvex_many_vuln.json",
    "defectdojo-scans/csaf/csaf_many_vuln.json",
    "inspector-sbom-scan/scans/alpine:latest.json.scan",
)

JUNK: tuple[object, ...] = (
    None,
    True,
    -1,
    1e308,
    10**30,
    "",
    "x" * 5000,
    "\x00\u202e<script>",
    [],
    {},
    [[]],
    [None],
    {"a": []},
    "2024-99-99",
)


def _spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401  # plain JSON
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _spots(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _spots(inner, (*path, index))


def _with(value: Any, path: tuple[Any, ...], junk: object) -> Any:  # noqa: ANN401  # plain JSON
    if not path:
        return junk
    changed = copy.deepcopy(value)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = junk
    return changed


@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=60)
@given(number=st.integers(0, 2**31))
def test_any_value_in_any_place_is_read_skipped_or_refused(seed: str, number: int) -> None:
    """Nothing but UnreadableReportError ever escapes, and what is read is well formed."""
    document = json.loads(published(*seed.split("/")).read_bytes())
    chooser = random.Random(number)  # noqa: S311  # a choice, no secret
    spots = list(_spots(document))
    for _ in range(chooser.randint(1, 3)):
        try:
            document = _with(document, chooser.choice(spots), chooser.choice(JUNK))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    body = json.dumps(document, indent=chooser.choice([None, 1, 2])).encode()
    for format_id in (
        "",
        next(
            reader.id
            for reader in readers()
            if reader.sniff(Glimpse(published(*seed.split("/")).read_bytes()))
        ),
    ):
        attempted(body, format_id=format_id)


@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=25)
@given(share=st.floats(0.01, 0.99))
def test_a_file_that_is_cut_off_is_refused(seed: str, share: float) -> None:
    body = published(*seed.split("/")).read_bytes().rstrip()
    cut = body[: max(2, int(len(body) * share))]
    with pytest.raises(UnreadableReportError):
        read_report(cut)


@pytest.mark.parametrize("reader", [reader.id for reader in readers()])
@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"[{}]", b"null", b"3", b'"x"', b"<bom/>", b"a,b\n1,2\n", b"[" * 5000 + b"]" * 5000],
)
def test_no_reader_crashes_on_what_is_not_its_own(reader: str, body: bytes) -> None:
    attempted(body, format_id=reader)


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0"?><!DOCTYPE bom [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><bom xmlns="http://cyclonedx.org/schema/bom/1.4"/>',
        b'<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components>',
    ],
)
def test_xml_that_declares_entities_or_is_cut_off_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableReportError):
        read_report(body)


@pytest.mark.parametrize(
    "page",
    [
        b'{"findings": [], "nextToken": "abc"}',
        b'[{"findings": [], "nextToken": "b"}, {"findings": [], "nextToken": "c"}]',
        b'{"Findings": [], "NextToken": "abc"}',
    ],
)
def test_pages_after_which_others_are_missing_are_refused(page: bytes) -> None:
    with pytest.raises(UnreadableReportError, match="the answer goes on"):
        read_report(page, format_id="asff" if b"Findings" in page else "inspector-findings")


def test_all_pages_are_one_report() -> None:
    pages = b'[{"findings": [], "nextToken": "b"}, {"findings": [], "nextToken": null}]'
    assert read_report(pages, format_id="inspector-findings").rows == ()


def test_a_finding_about_a_dockerfile_is_no_row() -> None:
    report = read_report(
        published("inspector-sbom-scan", "inspector-scan-cdx-dockerfile-only.json").read_bytes()
    )
    assert report.rows == ()
    assert len(report.skipped) == 10


def test_the_extension_to_cyclonedx_names_its_component_by_a_reference() -> None:
    report = read_report(published("defectdojo-scans", "cyclonedx", "spec1.xml").read_bytes())
    assert [(row.id, row.package.name) for row in report.rows] == [
        ("CVE-2018-7489", "com.fasterxml.jackson.core:jackson-databind")
    ]


def test_npm_pip_audit_and_osv_count_the_entries_that_are_skipped() -> None:
    via = {"source": 1, "name": "b", "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc"}
    npm = {
        "auditReportVersion": 2,
        "vulnerabilities": {
            "a": {"name": 3},
            "b": {
                "name": "b",
                "via": [via, {**via, "url": "https://github.com/advisories/GHSA-dddd-eeee-ffff"}],
            },
        },
    }
    pip = {
        "dependencies": [
            {"name": "a", "skip_reason": "not on PyPI"},
            {"name": "b", "version": "1", "vulns": [{"id": "PYSEC-2024-1"}, {"id": "PYSEC-2024-2"}]},
        ]
    }
    said = {"package": {"name": "b", "version": "1", "ecosystem": "npm"}}
    osv = {
        "results": [
            {"source": {"path": "x"}, "packages": [{"package": 3}]},
            {
                "source": {"path": "y"},
                "packages": [{**said, "vulnerabilities": [{"id": "GHSA-1"}, {"id": "GHSA-2"}]}],
            },
        ]
    }
    for document in (npm, pip, osv):
        report = read_report(json.dumps(document).encode())
        assert [(row.index, row.part) for row in report.rows] == [(1, 0), (1, 1)], report.format
        assert len(report.skipped) == 1


def test_the_score_that_inspector_gives_for_the_asset_is_read_from_each_of_its_forms() -> None:
    finding = {
        "findingArn": "arn",
        "inspectorScore": 7.1,
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2024-0001",
            "vulnerablePackages": [{"name": "openssl", "version": "3"}],
            "cvss": [{"baseScore": 9.8, "source": "NVD", "version": "3.1"}],
        },
    }
    asff = {
        "Findings": [
            {
                "SchemaVersion": "2018-10-08",
                "ProductArn": "arn",
                "ProductFields": {"aws/inspector/inspectorScore": "7.1"},
                "Vulnerabilities": [
                    {"Id": "CVE-2024-0001", "VulnerablePackages": [{"Name": "openssl", "Version": "3"}]}
                ],
            }
        ]
    }
    table = (
        "Severity,Vulnerability Id,Affected Packages,Resource ID,Inspector Score\n"
        "HIGH,CVE-2024-0001,openssl,i-0a1b2c3d4e5f60718,7.1\n"
    )
    for body in (json.dumps({"findings": [finding]}), json.dumps(asff), table):
        (row,) = read_report(body.encode()).rows
        assert row.adjusted == 7.1, body
    without = json.dumps({"findings": [{**finding, "inspectorScore": None}]})
    assert read_report(without.encode()).rows[0].adjusted is None
