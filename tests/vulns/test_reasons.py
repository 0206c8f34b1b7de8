"""Each reason holds where its facts are in the reports, and not where they are not."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from auditwright.render.release.words import REASONS
from auditwright.vulns.disparity import Alone, Rule, compare_tools
from auditwright.vulns.merge import merge
from auditwright.vulns.reasons import MIN_DATED_ROWS, MIN_FIXED_ISSUES, ROUND_ROWS, Reason
from auditwright.vulns.report import Match, Package, Report, Row, Severity
from tests.vulns.made import IMAGE, NOW, package, report, row

CVE = "CVE-2024-9999"


def alone(left: Report, right: Report, id_: str = CVE) -> Alone:
    """What is said of the one issue of this id that one tool shows alone."""
    (comparison,) = compare_tools(merge([left, right]))
    (found,) = (each for each in comparison.alone if each.issue.id == id_)
    return found


def undated(made: Report, **facts: str) -> Report:
    return msgspec.structs.replace(
        made, tool=msgspec.structs.replace(made.tool, **{"database": "", **facts}), made_at=None
    )


def python(name: str = "requests") -> Package:
    return package(name, "1.0", ecosystem="pypi")


def test_what_nothing_explains_is_unexplained_and_an_undated_database_explains_nothing() -> None:
    shared = row("CVE-2024-0001")
    found = alone(undated(report("grype", [shared, row(CVE)])), undated(report("trivy", [shared])))
    assert found.reason is Reason.UNEXPLAINED


def test_databases_of_one_day_explain_nothing_and_of_two_days_do() -> None:
    shared = row("CVE-2024-0001")
    mine = report("grype", [shared, row(CVE)], database="2026-11-19T08:00:00Z")
    assert (
        alone(mine, report("trivy", [shared], database="2026-11-19T20:00:00Z")).reason is Reason.UNEXPLAINED
    )
    found = alone(mine, report("trivy", [shared], database="2026-11-12T08:00:00Z"))
    assert found.reason is Reason.DB_SNAPSHOT_DATE
    assert found.because == "the database of grype is of 2026-11-19, that of trivy of 2026-11-12"


def test_a_vulnerability_younger_than_the_other_report_could_not_be_in_it() -> None:
    shared = row("CVE-2024-0001")
    other = msgspec.structs.replace(undated(report("grype", [shared])), made_at=NOW)
    for published, reason in (
        (NOW + timedelta(hours=1), Reason.DB_SNAPSHOT_DATE),
        (NOW - timedelta(hours=1), Reason.UNEXPLAINED),
    ):
        mine = undated(report("trivy", [shared, row(CVE, published_at=published)]))
        assert alone(mine, other).reason is reason


def test_a_report_that_cites_later_changes_than_the_other_database_has_is_of_another_day() -> None:
    shared = row("CVE-2024-0001")
    built = report("grype", [shared], database="2026-11-19T01:00:00Z")
    later = undated(report("trivy", [shared, row(CVE)]), newest="2026-11-19T04:00:00Z")
    assert alone(later, built).reason is Reason.DB_SNAPSHOT_DATE
    earlier = undated(report("trivy", [shared, row(CVE)]), newest="2026-11-18T04:00:00Z")
    assert alone(earlier, built).reason is Reason.UNEXPLAINED


def test_a_report_that_was_made_before_the_other_database_is_of_another_day() -> None:
    shared = row("CVE-2024-0001")
    built = report("grype", [shared, row(CVE)], database=NOW.isoformat())
    for made_at, reason in (
        (NOW - timedelta(hours=1), Reason.DB_SNAPSHOT_DATE),
        (NOW + timedelta(hours=1), Reason.UNEXPLAINED),
    ):
        other = msgspec.structs.replace(undated(report("trivy", [shared])), made_at=made_at)
        assert alone(built, other).reason is reason


@pytest.mark.parametrize(
    ("dated", "days", "reason"),
    [
        (MIN_DATED_ROWS, 5, Reason.DB_SNAPSHOT_DATE),
        (MIN_DATED_ROWS - 1, 5, Reason.UNEXPLAINED),
        (MIN_DATED_ROWS, 1, Reason.UNEXPLAINED),
    ],
)
def test_many_dated_rows_and_none_of_the_last_days_are_of_an_older_database(
    dated: int, days: int, reason: Reason
) -> None:
    built = datetime(2026, 11, 19, tzinfo=UTC)
    shared = [
        row(f"CVE-2024-{number:04}", published_at=built - timedelta(days=90)) for number in range(dated)
    ]
    silent = undated(report("trivy", shared), newest=(built - timedelta(days=days)).isoformat())
    assert alone(report("grype", [*shared, row(CVE)], database=built.isoformat()), silent).reason is reason


def test_a_guessed_product_is_the_reason_only_where_the_other_tool_never_guesses() -> None:
    shared = row("CVE-2024-0001")
    mine = report("grype", [shared, row(CVE, match=Match.CPE)])
    assert alone(mine, report("trivy", [shared])).reason is Reason.CPE_ONLY
    guesses = report("trivy", [shared, row("CVE-2024-0002", match=Match.CPE)])
    assert alone(mine, guesses).reason is Reason.UNEXPLAINED


def test_headers_are_the_reason_only_where_the_other_tool_shows_nothing_in_them() -> None:
    headers = package("linux-libc-dev", source="linux")
    mine = report("grype", [row("CVE-2024-0001"), row(CVE, of=headers)])
    assert alone(mine, report("trivy", [row("CVE-2024-0001")])).reason is Reason.KERNEL_HEADERS
    shows = report("trivy", [row("CVE-2024-0001"), row("CVE-2024-0002", of=headers)])
    assert alone(mine, shows).reason is Reason.UNEXPLAINED


def test_a_sorted_list_that_ends_after_a_round_number_looks_cut_off() -> None:
    many = [row(f"CVE-2023-{number:05}", of=package("curl", source="curl")) for number in range(ROUND_ROWS)]
    after, before = package("zlib1g", source="zlib"), package("bash", source="bash")
    for of, reason in ((after, Reason.LIST_CUT_OFF), (before, Reason.UNEXPLAINED)):
        assert alone(report("grype", [*many, row(CVE, of=of)]), report("trivy", many)).reason is reason
    assert (
        alone(report("grype", [*many, row(CVE, of=after)]), report("trivy", many[1:])).reason
        is Reason.UNEXPLAINED
    )


def test_an_ecosystem_that_the_other_never_shows_is_not_covered() -> None:
    found = alone(
        report("grype", [row("CVE-2024-0001"), row(CVE, of=python())]),
        report("trivy", [row("CVE-2024-0001")]),
    )
    assert found.reason is Reason.ECOSYSTEM_NOT_COVERED


def test_an_advisory_without_a_cve_is_the_reason_only_where_the_other_shows_none_such() -> None:
    shared = row("CVE-2024-0001")
    mine = report("grype", [shared, row("DLA-3051-1")])
    assert alone(mine, report("trivy", [shared]), "DLA-3051-1").reason is Reason.NO_CVE_ADVISORY
    shows = report("trivy", [shared, row("DLA-3000-1")])
    assert alone(mine, shows, "DLA-3051-1").reason is Reason.UNEXPLAINED


def test_an_archive_with_another_group_is_named_differently() -> None:
    mine = package("org.springframework:spring-core", ecosystem="maven")
    guess = package("org.springframework.core:spring-core", ecosystem="maven")
    found = alone(report("trivy", [row(CVE, of=mine)]), report("grype", [row("CVE-2024-0001", of=guess)]))
    assert found.reason is Reason.NAMED_DIFFERENTLY
    assert "org.springframework.core:spring-core" in found.because


def test_a_package_is_not_detected_only_where_the_other_lists_what_it_found() -> None:
    shared, mine = row("CVE-2024-0001", of=python("jinja2")), row(CVE, of=python())
    left = report("grype", [shared, mine])
    assert alone(left, report("trivy", [shared])).reason is Reason.PACKAGE_NOT_SHOWN
    without = report("trivy", [shared], packages=(python("jinja2"),))
    assert alone(left, without).reason is Reason.BINARY_NOT_DETECTED
    with_it = report("trivy", [shared], packages=(python("jinja2"), python("Requests")))
    assert alone(left, with_it).reason is Reason.UNEXPLAINED


def test_a_system_package_without_rows_is_no_reason_by_itself() -> None:
    """Every tool reads the system's list of packages."""
    shared = row("CVE-2024-0001")
    mine = report("grype", [shared, row(CVE, of=package("bash", source="bash"))])
    assert alone(mine, report("trivy", [shared])).reason is Reason.UNEXPLAINED


def test_without_a_fix_is_the_reason_where_the_other_shows_only_what_has_one() -> None:
    fixed, unfixed = row("CVE-2024-0001", fixed=("3.1",)), row("CVE-2024-0002")
    mine = report("grype", [fixed, unfixed, row(CVE, state="wont-fix")])
    assert alone(mine, report("trivy", [fixed])).reason is Reason.VENDOR_WONTFIX_OMITTED
    assert alone(mine, report("trivy", [fixed, unfixed])).reason is Reason.UNEXPLAINED


def test_a_filter_by_severity_takes_negligible_for_low() -> None:
    shared = [row(f"CVE-2024-{number:04}", severity=Severity.HIGH) for number in range(10)]
    mine = report("grype", [*shared, row(CVE, severity=Severity.LOW)])
    assert alone(mine, report("trivy", shared)).reason is Reason.SEVERITY_FILTER
    low = [*shared, row("CVE-2024-0099", severity=Severity.LOW)]
    negligible = report("grype", [*low, row(CVE, severity=Severity.NEGLIGIBLE)])
    assert alone(negligible, report("trivy", low)).reason is Reason.UNEXPLAINED


def test_an_installed_version_that_the_tool_itself_calls_fixed_is_a_backport() -> None:
    shared = row("CVE-2024-0001", fixed=("9",))
    mine = report("grype", [shared, row(CVE, of=package(version="3.0.11-1"), fixed=("3.0.9-1",))])
    assert alone(mine, report("trivy", [shared])).reason is Reason.BACKPORT


def test_a_source_that_the_other_does_not_cite_for_the_package_is_the_reason() -> None:
    def cited(id_: str, source: str) -> Row:
        return row(id_, of=python(), namespace=source)

    mine = report("grype", [cited("CVE-2024-0001", "github:python"), cited(CVE, "github:python")])
    assert alone(mine, report("trivy", [cited("CVE-2024-0001", "glad")])).reason is Reason.SOURCE_DIFFERS
    assert alone(mine, report("trivy", [cited("CVE-2024-0001", "ghsa")])).reason is Reason.UNEXPLAINED


def test_tools_that_agree_on_all_fixes_take_in_different_lists_of_what_has_none() -> None:
    fixed = [row(f"CVE-2024-{number:04}", fixed=("9",)) for number in range(MIN_FIXED_ISSUES)]
    unfixed = row("CVE-2024-0100")
    mine = report("grype", [*fixed, unfixed, row(CVE)])
    found = alone(mine, report("trivy", [*fixed, unfixed]))
    assert found.reason is Reason.VENDOR_STATUS
    assert "10 of 10 with a fix and 1 of 2 without" in found.because
    assert alone(mine, report("trivy", [*fixed[1:], unfixed])).reason is Reason.UNEXPLAINED


def test_different_architectures_are_not_compared() -> None:
    arm = msgspec.structs.replace(IMAGE, architecture="arm64", config_digest="sha256:" + "b" * 64)
    assert compare_tools(merge([report("grype", [row(CVE)]), report("trivy", [], target=arm)])) == ()


def test_an_advisory_and_one_of_its_vulnerabilities_are_for_a_person_to_look_at() -> None:
    left = report("grype", [row("ALAS-2024-1")])
    right = report("inspector", [row(CVE, bundles=("ALAS-2024-1",))])
    (comparison,) = compare_tools(merge([left, right]))
    assert {pair.rule for pair in comparison.paired} == {Rule.BUNDLE}
    assert not comparison.alone


def test_two_vulnerabilities_that_are_related_to_one_advisory_are_not_the_same() -> None:
    left = report("grype", [row("CVE-2024-0001", bundles=("DSA-1-1",))])
    right = report("inspector", [row("CVE-2024-0002", bundles=("DSA-1-1",))])
    (comparison,) = compare_tools(merge([left, right]))
    assert not comparison.paired
    assert len(comparison.alone) == 2


def test_a_difference_in_severity_says_whose_word_it_is() -> None:
    def rated(severity: Severity, source: str) -> Row:
        return row(CVE, severity=severity, severity_source=source)

    def because(one: Row, other: Row) -> str:
        (comparison,) = compare_tools(merge([report("grype", [one]), report("trivy", [other])]))
        (found,) = comparison.differing
        return found.because

    assert because(rated(Severity.HIGH, "nvd"), rated(Severity.LOW, "debian")) == (
        "grype takes the rating of nvd, trivy that of debian"
    )
    assert because(rated(Severity.HIGH, "rhel"), rated(Severity.LOW, "redhat")) == (
        "both go by redhat, whose word grype hands on as high and trivy as low"
    )


def test_a_difference_in_fixes_says_who_names_none_or_fewer() -> None:
    def because(one: Row, other: Row) -> str:
        (comparison,) = compare_tools(merge([report("grype", [one]), report("trivy", [other])]))
        (found,) = comparison.differing
        return found.because

    none, one, two = row(CVE), row(CVE, fixed=("4",)), row(CVE, fixed=("4", "5"))
    assert because(none, one).startswith("grype names no version that is free of it")
    assert because(two, one).startswith("grype names the versions of further branches, trivy fewer")


def test_every_reason_has_words_for_people() -> None:
    assert set(REASONS) == {str(reason) for reason in Reason}
