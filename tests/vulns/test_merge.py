import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.vulns.disparity import compare_tools
from auditwright.vulns.feeds import Alias
from auditwright.vulns.issue import Merged
from auditwright.vulns.merge import merge
from auditwright.vulns.readers import read_report
from auditwright.vulns.readers.purl import package_of
from auditwright.vulns.report import Distribution, Package, Report, Row, Tool
from tests.reference.naive_pairs import naive_pairs
from tests.vulns.made import IMAGE, package, report, row
from tests.vulns.published import pairs, published


def keys(merged: Merged) -> list[tuple[str, str, str]]:
    return [(issue.line.name, issue.id, issue.family.name) for issue in merged.issues]


def content(merged: Merged) -> object:
    """What a merge says, but for the positions of rows and reports."""
    return [
        (
            issue.line,
            issue.ids,
            issue.family,
            sorted(
                (
                    merged.reports[s.report].tool.name,
                    msgspec.json.encode(msgspec.structs.replace(s.row, index=0)),
                )
                for s in issue.sightings
            ),
        )
        for issue in merged.issues
    ]


def test_two_tools_that_name_one_vulnerability_differently_make_one_issue() -> None:
    merged = merge(
        [
            report("grype", [row("GHSA-aaaa-aaaa-aaaa", aliases=("CVE-2024-0001",), of=package("libssl3"))]),
            report("trivy", [row("CVE-2024-0001", of=package("openssl", source=""))]),
        ]
    )
    (issue,) = merged.issues
    assert issue.ids == ("CVE-2024-0001", "GHSA-aaaa-aaaa-aaaa")
    assert issue.family.name == "openssl"
    assert {merged.reports[s.report].tool.name for s in issue.sightings} == {"grype", "trivy"}


def test_a_tool_without_source_packages_is_understood_by_what_another_says() -> None:
    merged = merge(
        [
            report("grype", [row(of=package("libssl3", source="openssl"))]),
            report("trivy", [row(of=package("libssl3", source=""))]),
        ]
    )
    assert keys(merged) == [("acme/api", "CVE-2024-0001", "openssl")]


def test_an_advisory_is_one_issue_for_each_of_its_cves() -> None:
    merged = merge([report("inspector", [row("ALAS-2024-1", aliases=("CVE-2024-0001", "CVE-2024-0002"))])])
    assert [issue.id for issue in merged.issues] == ["CVE-2024-0001", "CVE-2024-0002"]
    assert all(issue.sightings[0].row.id == "ALAS-2024-1" for issue in merged.issues)


def test_a_package_of_the_system_and_one_of_a_language_stay_two_issues() -> None:
    merged = merge(
        [
            report(
                "grype",
                [
                    row(of=package("python3-urllib3", source="python-urllib3")),
                    row(of=package("urllib3", "1.26", ecosystem="pypi", source="")),
                ],
            )
        ]
    )
    assert len(merged.issues) == 2


def test_a_table_of_aliases_joins_what_no_row_does() -> None:
    reports = [report("a", [row("PYSEC-2024-1")]), report("b", [row("CVE-2024-0001")])]
    alias = Alias(source="pypi", id="PYSEC-2024-1", alias="CVE-2024-0001", withdrawn=False, kind="aliases")
    assert len(merge(reports).issues) == 2
    assert len(merge(reports, aliases=[alias]).issues) == 1
    withdrawn = Alias(source="pypi", id="PYSEC-2024-1", alias="CVE-2024-0001", withdrawn=True, kind="aliases")
    assert len(merge(reports, aliases=[withdrawn]).issues) == 2


def test_another_tag_of_the_repository_is_the_same_asset_line() -> None:
    later = msgspec.structs.replace(
        IMAGE, name="acme/api:2.0", tags=("acme/api:2.0",), config_digest="sha256:" + "b" * 64
    )
    assert keys(merge([report("grype", [row()])])) == keys(merge([report("grype", [row()], target=later)]))


def test_a_report_that_is_given_twice_counts_once() -> None:
    once = report("grype", [row(), row("CVE-2024-0002")])
    assert content(merge([once, once])) == content(merge([once]))


NAMES = st.sampled_from(["libssl3", "openssl", "zlib1g", "curl"])
IDS = st.sampled_from(
    ["CVE-2024-0001", "CVE-2024-0002", "GHSA-aaaa-aaaa-aaaa", "ALAS-2024-1", "PYSEC-2024-1"]
)
PACKAGES = st.builds(
    Package,
    ecosystem=st.sampled_from(["deb", "pypi", "maven", "golang"]),
    name=NAMES,
    version=st.sampled_from(["1.0-1", "0:1.0-1", "v1.0", "2.0"]),
    source=st.sampled_from(["", "openssl"]),
)
ROWS = st.builds(
    Row, index=st.just(0), id=IDS, aliases=st.lists(IDS, max_size=2, unique=True).map(tuple), package=PACKAGES
)
REPORTS = st.lists(
    st.builds(
        report,
        st.sampled_from(["grype", "trivy", "snyk"]),
        st.lists(ROWS, max_size=6),
    ),
    min_size=1,
    max_size=3,
)


@given(REPORTS, st.integers())
def test_the_order_of_files_and_rows_changes_nothing(reports: list[Report], seed: int) -> None:
    shuffler = random.Random(seed)  # noqa: S311  # an order, no secret
    shuffled = []
    for each in reports:
        rows = list(each.rows)
        shuffler.shuffle(rows)
        shuffled.append(
            msgspec.structs.replace(
                each,
                rows=tuple(msgspec.structs.replace(one, index=number) for number, one in enumerate(rows)),
            )
        )
    shuffler.shuffle(shuffled)
    distinct = [each for number, each in enumerate(reports) if each not in reports[:number]]
    if len(distinct) == len(reports):
        assert content(merge(reports)) == content(merge(shuffled))


@given(REPORTS)
def test_every_row_stands_in_an_issue_of_its_own_id(reports: list[Report]) -> None:
    merged = merge(reports)
    shown = {(s.report, s.row.index) for issue in merged.issues for s in issue.sightings}
    assert shown == {(number, each.index) for number, one in enumerate(merged.reports) for each in one.rows}


@pytest.mark.parametrize("spelling", ["3.0.11-1", "0:3.0.11-1"])
def test_an_epoch_of_nought_is_no_difference(spelling: str) -> None:
    merged = merge(
        [report("a", [row(of=package(version="3.0.11-1"))]), report("b", [row(of=package(version=spelling))])]
    )
    (comparison,) = compare_tools(merged)
    assert [pair.rule for pair in comparison.paired] == ["exact"]


def test_a_tool_that_names_no_distribution_saw_the_system_that_another_names() -> None:
    nameless = msgspec.structs.replace(IMAGE, distribution=None)
    merged = merge([report("grype", [row()]), report("inspector", [row()], target=nameless)])
    assert len(merged.issues) == 1


def test_a_package_of_a_kind_that_is_not_said_is_of_the_kind_that_another_tool_says() -> None:
    """Security Hub says `OS` where a machine's packages are meant, and names no distribution."""
    nameless = msgspec.structs.replace(IMAGE, distribution=None)
    said = row(of=package("openssl", ecosystem=""))
    merged = merge([report("grype", [row()]), report("inspector", [said], target=nameless)])
    assert keys(merged) == [("acme/api", "CVE-2024-0001", "openssl")]
    alone = merge([report("inspector", [said], target=nameless)])
    assert [issue.family.ecosystem for issue in alone.issues] == [""]


def test_dialects_of_a_distribution_are_one() -> None:
    def of(name: str, version: str) -> Report:
        target = msgspec.structs.replace(IMAGE, distribution=Distribution(name=name, version=version))
        return report(name, [row()], target=target)

    assert len(merge([of("debian", "12"), of("bookworm", "")]).issues) == 1
    assert len(merge([of("amazon", "2"), of("amzn", "2")]).issues) == 1
    assert len(merge([of("rhel", "9"), of("redhat", "9.4"), of("RedHatEnterpriseLinux", "9")]).issues) == 1
    assert len(merge([of("ol", "8"), of("oraclelinux", "8.7"), of("Oracle Linux Server", "8")]).issues) == 1


def test_an_epoch_beside_the_version_is_the_epoch_in_it() -> None:
    beside = package_of("pkg:rpm/redhat/bind@9.11-3?epoch=32&upstream=bind-9.11-3.src.rpm")
    within = package("bind", "32:9.11-3", ecosystem="rpm")
    assert beside is not None
    (comparison,) = compare_tools(merge([report("a", [row(of=beside)]), report("b", [row(of=within)])]))
    assert [pair.rule for pair in comparison.paired] == ["exact"]


def test_advisories_that_lead_are_expanded_by_what_is_related_to_them_too() -> None:
    merged = merge([report("inspector", [row("ALAS-2024-1", bundles=("CVE-2024-0001", "CVE-2024-0002"))])])
    assert [issue.id for issue in merged.issues] == ["CVE-2024-0001", "CVE-2024-0002"]


def test_a_row_without_an_id_is_shown_all_the_same() -> None:
    assert [issue.id for issue in merge([report("grype", [row("  ")])]).issues] == ["unnamed"]
    assert [issue.id for issue in merge([report("grype", [row("", aliases=("CVE-2024-0001",))])]).issues] == [
        "CVE-2024-0001"
    ]


@given(REPORTS, st.randoms())
def test_the_order_of_reports_that_look_alike_changes_nothing_at_all(
    reports: list[Report], random_: random.Random
) -> None:
    shuffled = list(reports)
    random_.shuffle(shuffled)
    assert merge(reports) == merge(shuffled)


@given(REPORTS, st.lists(st.tuples(IDS, IDS), max_size=4), st.randoms())
def test_the_order_of_aliases_changes_nothing(
    reports: list[Report], pairs_: list[tuple[str, str]], random_: random.Random
) -> None:
    table = [
        Alias(source="osv", id=one, alias=other, withdrawn=False, kind="aliases") for one, other in pairs_
    ]
    turned = [
        msgspec.structs.replace(
            each,
            rows=tuple(
                msgspec.structs.replace(one, aliases=tuple(reversed(one.aliases))) for one in each.rows
            ),
        )
        for each in reports
    ]
    backwards = list(table)
    random_.shuffle(backwards)
    assert sorted(keys(merge(reports, aliases=table))) == sorted(keys(merge(turned, aliases=backwards)))


@given(REPORTS, st.sampled_from(["acme/api:2.0", "acme/api@sha256:abc", "docker.io/acme/api:3"]))
def test_another_tag_or_digest_gives_the_same_issues(reports: list[Report], name: str) -> None:
    renamed = msgspec.structs.replace(
        IMAGE, name=name, tags=(name,) if "@" not in name else (), config_digest="sha256:" + "b" * 64
    )
    again = [msgspec.structs.replace(each, targets=(renamed,)) for each in reports]
    assert keys(merge(reports)) == keys(merge(again))


@given(REPORTS)
def test_giving_every_report_twice_changes_nothing(reports: list[Report]) -> None:
    assert merge([*reports, *reports]) == merge(reports)


@given(REPORTS, st.sampled_from(["deb", "pypi", "maven", "golang"]))
def test_what_the_plain_way_pairs_is_paired(reports: list[Report], ecosystem: str) -> None:
    """In one ecosystem, since the plain way pairs packages of two that have one name."""
    left, right = (
        msgspec.structs.replace(
            each,
            tool=Tool(name=name),
            rows=tuple(
                msgspec.structs.replace(
                    one, package=msgspec.structs.replace(one.package, ecosystem=ecosystem)
                )
                for one in each.rows
            ),
        )
        for each, name in ((reports[0], "left"), (reports[-1], "right"))
    )
    compared_as_plainly(left, right)


def compared_as_plainly(left: Report, right: Report) -> None:
    merged = merge([left, right])
    hit: set[tuple[str, int]] = set()
    for comparison in compare_tools(merged):
        for pair in comparison.paired:
            hit |= {(merged.reports[s.report].tool.name, s.row.index) for s in pair.issue.sightings}
    ours, theirs = naive_pairs(left, right)
    assert {(left.tool.name, index) for index in ours} <= hit
    assert {(right.tool.name, index) for index in theirs} <= hit


def test_on_published_pairs_too_what_the_plain_way_pairs_is_paired() -> None:
    published("pairs-msusel-2022")
    for files in pairs():
        compared_as_plainly(*(read_report(file.read_bytes()) for file in files))
