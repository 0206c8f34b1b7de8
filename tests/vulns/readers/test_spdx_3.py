"""SPDX 3: packages, statements and rows out of one list of elements, in whatever order and form they stand."""

import copy
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.vulns.readers import UnreadableReportError, read_report
from auditwright.vulns.report import Report, Score, Severity, VexStatement

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
NS = "https://acme.example/spdx/"
OPENSSL = "pkg:deb/debian/openssl@3.0.11-1?distro=debian-12"

CREATED = {
    "type": "CreationInfo",
    "@id": "_:creation",
    "specVersion": "3.0.1",
    "created": "2026-11-20T12:00:00Z",
    "createdBy": [f"{NS}acme"],
    "createdUsing": [f"{NS}builder"],
}
ELEMENTS: tuple[dict[str, Any], ...] = (
    CREATED,
    {"type": "Organization", "spdxId": f"{NS}acme", "name": "Acme"},
    {"type": "Tool", "spdxId": f"{NS}builder", "name": "Builder"},
    {"type": "SpdxDocument", "spdxId": f"{NS}doc", "name": "sbom", "rootElement": [f"{NS}image"]},
    {
        "type": "software_Package",
        "spdxId": f"{NS}image",
        "name": "acme/api",
        "software_packageUrl": "pkg:oci/api",
    },
    {
        "type": "software_Package",
        "spdxId": f"{NS}openssl",
        "name": "openssl",
        "software_packageVersion": "3.0.11-1",
        "externalIdentifier": [
            {"type": "ExternalIdentifier", "externalIdentifierType": "packageUrl", "identifier": OPENSSL}
        ],
    },
    {"type": "software_Package", "spdxId": f"{NS}blob", "name": "firmware"},
    {
        "type": "security_Vulnerability",
        "spdxId": f"{NS}vuln/1",
        "summary": "It overflows.\nMore.",
        "externalIdentifier": [
            {"externalIdentifierType": "securityOther", "identifier": "GHSA-aaaa-bbbb-cccc"},
            {"externalIdentifierType": "securityOther", "identifier": "https://nvd.nist.gov/vuln/detail/x"},
            {"externalIdentifierType": "cve", "identifier": "CVE-2024-0001"},
        ],
    },
    {"type": "security_Vulnerability", "spdxId": f"{NS}vuln/CVE-2024-0002"},
    {
        "type": "Relationship",
        "from": f"{NS}openssl",
        "relationshipType": "hasAssociatedVulnerability",
        "to": [f"{NS}vuln/1", f"{NS}vuln/CVE-2024-0002"],
    },
    {
        "type": "security_CvssV3VulnAssessmentRelationship",
        "from": f"{NS}vuln/1",
        "relationshipType": "hasAssessmentFor",
        "to": [f"{NS}openssl"],
        "security_score": 8.1,
        "security_severity": "high",
        "security_vectorString": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H",
    },
    {
        "type": "security_EpssVulnAssessmentRelationship",
        "from": f"{NS}vuln/1",
        "to": [f"{NS}openssl"],
        "security_probability": 0.25,
        "security_publishedTime": "2026-11-19T00:00:00Z",
    },
    {
        "type": "security_ExploitCatalogVulnAssessmentRelationship",
        "from": f"{NS}vuln/1",
        "to": [f"{NS}openssl"],
        "security_catalogType": "kev",
        "security_exploited": True,
    },
    {
        "type": "security_VexNotAffectedVulnAssessmentRelationship",
        "from": f"{NS}vuln/1",
        "relationshipType": "doesNotAffect",
        "to": [f"{NS}image"],
        "security_assessedElement": f"{NS}openssl",
        "security_justificationType": "vulnerableCodeNotInExecutePath",
        "security_impactStatement": "nothing calls it",
        "security_publishedTime": "2026-11-21T12:00:00Z",
    },
    {
        "type": "security_VexAffectedVulnAssessmentRelationship",
        "from": f"{NS}vuln/CVE-2024-0002",
        "to": [f"{NS}openssl"],
        "security_actionStatement": "Upgrade.",
    },
)


def document(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"@context": CONTEXT, "@graph": list(elements)}


def read(*elements: dict[str, Any], indent: int | None = 2) -> Report:
    return read_report(json.dumps(document(*elements), indent=indent).encode())


def test_packages_with_a_package_url_are_listed_and_others_are_said() -> None:
    report = read(*ELEMENTS)
    assert (report.format, report.format_version, report.tool.name) == ("spdx-3", "3.0.1", "builder")
    assert report.made_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert report.targets[0].name == "acme/api"
    assert [(each.ecosystem, each.name) for each in report.packages or ()] == [
        ("oci", "api"),
        ("deb", "openssl"),
    ]
    assert [(each.where, each.why) for each in report.skipped] == [
        ("@graph[6]", "the package has no package URL")
    ]


def test_a_vex_assessment_is_a_statement() -> None:
    dismissed, affected = read(*ELEMENTS).statements
    assert dismissed == VexStatement(
        index=13,
        ids=("CVE-2024-0001", "GHSA-aaaa-bbbb-cccc"),
        products=("pkg:oci/api",),
        subcomponents=(OPENSSL,),
        status="not_affected",
        justification="vulnerable_code_not_in_execute_path",
        impact="nothing calls it",
        author="Acme",
        at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    )
    assert (affected.ids, affected.status, affected.action) == (("CVE-2024-0002",), "affected", "Upgrade.")


def test_an_associated_vulnerability_is_a_row_with_what_assesses_it() -> None:
    first, second = read(*ELEMENTS).rows
    assert (first.index, first.part, first.id, first.aliases) == (
        9,
        0,
        "CVE-2024-0001",
        ("GHSA-aaaa-bbbb-cccc",),
    )
    assert (first.package.source or first.package.name, first.package.version) == ("openssl", "3.0.11-1")
    assert (first.severity, first.title) == (Severity.HIGH, "It overflows.")
    assert first.scores == (
        Score(source="", version="3.1", base=8.1, vector="CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H"),
    )
    assert (first.threat.epss, first.threat.epss_date, first.threat.exploited) == (0.25, "2026-11-19", True)
    assert (second.part, second.id, second.severity) == (1, "CVE-2024-0002", Severity.UNKNOWN)


@given(st.randoms(use_true_random=False), st.sampled_from([None, 1, 2]))
def test_the_order_of_elements_and_how_they_are_printed_change_nothing(
    order: random.Random, indent: int | None
) -> None:
    shuffled = list(ELEMENTS)
    order.shuffle(shuffled)

    def said(report: Report) -> object:
        return (
            {(row.id, row.aliases, row.scores, row.threat) for row in report.rows},
            {(each.ids, each.products, each.subcomponents, each.status) for each in report.statements},
            set(report.packages or ()),
        )

    assert said(read(*shuffled, indent=indent)) == said(read(*ELEMENTS))


def test_an_element_may_stand_where_its_id_would_and_the_profile_turns_associations_around() -> None:
    association = {
        "type": "Relationship",
        "from": {"type": "security_Vulnerability", "spdxId": f"{NS}vuln/1"},
        "relationshipType": "hasAssociatedVulnerability",
        "to": {"type": "software_Package", "spdxId": f"{NS}openssl"},
    }
    report = read(*(each for each in ELEMENTS if each["type"] != "Relationship"), association)
    assert [(row.id, row.package.name) for row in report.rows] == [("CVE-2024-0001", "openssl")]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"security_withdrawnTime": "2026-11-22T00:00:00Z"}, "the assessment was withdrawn"),
        ({"from": f"{NS}nothing"}, "it names no vulnerability of the document"),
        ({"to": []}, "it names no product"),
        ({"to": [f"{NS}nothing"]}, "a product or a part of it is named by neither a package URL nor a name"),
        (
            {"security_assessedElement": f"{NS}nothing"},
            "a product or a part of it is named by neither a package URL nor a name",
        ),
        ({"to": 3}, "Expected"),
    ],
)
def test_a_statement_that_cannot_be_told_is_no_statement_and_said(change: dict[str, Any], why: str) -> None:
    changed = {**ELEMENTS[13], **change}
    report = read(*ELEMENTS[:13], changed)
    assert not report.statements
    assert [each.why[: len(why)] for each in report.skipped if each.where == "@graph[13]"] == [why]


def test_what_is_no_spdx_3_is_refused() -> None:
    for body in (
        {"@context": CONTEXT, "@graph": []},
        {"@context": "https://example.org", "@graph": [CREATED]},
        {"@context": CONTEXT},
    ):
        with pytest.raises(UnreadableReportError):
            read_report(json.dumps(body).encode(), format_id="spdx-3")
    whole = json.dumps(document(*ELEMENTS), indent=2).encode()
    for size in range(200, len(whole) - 2, 97):
        with pytest.raises(UnreadableReportError):
            read_report(whole[:size], format_id="spdx-3")


HOSTILE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just({}), st.just([]), st.just([{}])
)


@given(st.data())
def test_any_value_in_any_place_is_read_or_said(data: st.DataObject) -> None:
    graph = copy.deepcopy(list(ELEMENTS))
    element = data.draw(st.sampled_from(graph))
    name = data.draw(st.sampled_from(sorted(element)))
    element[name] = data.draw(HOSTILE)
    report = read(*graph)
    assert all(row.id.strip() and row.package.name.strip() for row in report.rows)
    assert all(each.ids and each.products for each in report.statements)
