"""What a report leaves unsaid never becomes "nothing is wrong": each of these was silent once."""

import json

import pytest

from auditwright.vulns.merge import merge
from auditwright.vulns.readers import read_report
from auditwright.vulns.report import Report
from auditwright.vulns.vex import Decisions
from tests.vulns.made import NOW, package, report, row


def read(document: object, format_id: str) -> Report:
    return read_report(json.dumps(document).encode(), format_id=format_id)


SILENT: tuple[tuple[str, object], ...] = (
    ("trivy", {"ClusterName": "c", "Resources": [{"Kind": "Pod", "Name": "a", "Error": "no such image"}]}),
    (
        "osv-scanner",
        {"results": [{"packages": [{"package": {"name": "a"}, "groups": [{"ids": ["CVE-2024-0001"]}]}]}]},
    ),
    ("pip-audit", {"dependencies": [{"name": "a", "version": "1"}]}),
    ("snyk", [{"ok": True, "vulnerabilities": []}, {"ok": True}]),
    ("npm-audit", {"auditReportVersion": 2, "vulnerabilities": {"a": {"name": "a", "via": ["b"]}}}),
    ("npm-audit", {"auditReportVersion": 2, "vulnerabilities": {"a": {"name": "a"}}}),
    ("sarif", {"version": "2.1.0", "runs": [{"results": None}]}),
    (
        "sarif",
        {"version": "2.1.0", "runs": [{"results": [], "invocations": [{"executionSuccessful": False}]}]},
    ),
)


@pytest.mark.parametrize(("format_id", "document"), SILENT)
def test_what_was_not_looked_at_is_said(format_id: str, document: object) -> None:
    found = read(document, format_id)
    assert found.rows == ()
    assert found.skipped


def test_a_vulnerability_that_stands_in_no_group_is_a_row() -> None:
    package_ = {
        "package": {"name": "a", "ecosystem": "npm"},
        "groups": [],
        "vulnerabilities": [{"id": "CVE-2024-0001"}],
    }
    assert [each.id for each in read({"results": [{"packages": [package_]}]}, "osv-scanner").rows] == [
        "CVE-2024-0001"
    ]


def test_the_consolidated_report_of_a_cluster_is_read() -> None:
    vulnerability = {"VulnerabilityID": "CVE-2024-0001", "PkgName": "openssl", "InstalledVersion": "1"}
    results = [{"Target": "a", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [vulnerability]}]
    document = {"ClusterName": "c", "Findings": [{"Kind": "Deployment", "Name": "a", "Results": results}]}
    assert len(read_report(json.dumps(document).encode()).rows) == 1


(ISSUE,) = merge([report("grype", [row(of=package(purl="pkg:deb/debian/libssl3@3.0.11-1"))])]).issues

OPENVEX: tuple[object, ...] = (
    [{"@id": "acme/api", "subcomponents": [{"hashes": {"sha-256": "aa"}}]}],
    [{"@id": "acme/api", "subcomponents": [{"identifiers": {"cpe23": "cpe:2.3:a:x"}}]}],
    [
        {"@id": "acme/other", "subcomponents": [{"@id": "pkg:deb/debian/libssl3"}]},
        {"@id": "acme/api", "subcomponents": [{"@id": "pkg:deb/debian/zlib1g"}]},
    ],
    [{"hashes": {"sha-256": "aa"}}],
    [],
)


@pytest.mark.parametrize("products", OPENVEX)
def test_a_word_about_a_part_that_cannot_be_named_clears_nothing(products: object) -> None:
    statement = {
        "vulnerability": {"name": "CVE-2024-0001"},
        "products": products,
        "status": "not_affected",
        "justification": "component_not_present",
    }
    document = {"@context": "https://openvex.dev/ns/v0.2.0", "author": "a", "statements": [statement]}
    assert Decisions([], read(document, "openvex").statements).standing(ISSUE, NOW).open


def csaf(tree: object, *, flags: object = ()) -> Report:
    vulnerability = {"cve": "CVE-2024-0001", "product_status": {"known_not_affected": ["P"]}, "flags": flags}
    return read(
        {"document": {"csaf_version": "2.0"}, "product_tree": tree, "vulnerabilities": [vulnerability]},
        "csaf",
    )


def test_a_part_that_the_tree_does_not_name_clears_nothing() -> None:
    tree = {
        "full_product_names": [{"product_id": "W", "name": "acme/api"}],
        "relationships": [
            {
                "category": "default_component_of",
                "full_product_name": {"product_id": "P", "name": "a part of it"},
                "product_reference": "NOWHERE",
                "relates_to_product_reference": "W",
            }
        ],
    }
    found = csaf(tree)
    assert found.skipped
    assert Decisions([], found.statements).standing(ISSUE, NOW).open


@pytest.mark.parametrize(("members", "expected"), [(["P"], "component_not_present"), (["Q"], "")])
def test_words_about_a_group_are_about_its_members_alone(members: list[str], expected: str) -> None:
    tree = {
        "full_product_names": [{"product_id": "P", "name": "acme/api"}],
        "product_groups": [{"group_id": "G", "product_ids": members}],
    }
    (statement,) = csaf(tree, flags=[{"label": "component_not_present", "group_ids": ["G"]}]).statements
    assert statement.justification == expected
