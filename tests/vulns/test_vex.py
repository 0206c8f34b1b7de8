from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from auditwright.vulns.merge import merge
from auditwright.vulns.report import VexStatement
from auditwright.vulns.vex import Decision, Decisions, InvalidDecisionError, Status
from tests.vulns.made import NOW, package, report, row

PURL = "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12"
(ISSUE,) = merge([report("grype", [row(of=package(purl=PURL))])]).issues

ACCEPTED = Decision(
    id="D-1",
    vulnerability="CVE-2024-0001",
    line="acme/api",
    package="openssl",
    status=Status.ACCEPTED,
    reason="no untrusted input reaches it",
    author="ada",
    approver="bob",
    at=NOW - timedelta(days=1),
    until=NOW + timedelta(days=10),
)
STATEMENT = VexStatement(
    index=0,
    ids=("CVE-2024-0001",),
    products=("pkg:deb/debian/libssl3@3.0.11-1",),
    status="not_affected",
    justification="vulnerable_code_not_present",
    author="Debian",
    at=NOW,
)


def test_an_acceptance_counts_until_its_end_and_then_the_issue_is_open_again() -> None:
    decisions = Decisions([ACCEPTED])
    assert decisions.standing(ISSUE, NOW).status is Status.ACCEPTED
    assert not decisions.standing(ISSUE, NOW).open
    later = decisions.standing(ISSUE, NOW + timedelta(days=10))
    assert (later.status, later.open, later.lapsed) == (Status.UNDER_INVESTIGATION, True, ("D-1",))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"reason": " "}, "gives no reason"),
        ({"author": ""}, "has no author"),
        ({"approver": ""}, "somebody other than its author"),
        ({"approver": "ada"}, "somebody other than its author"),
        ({"until": None}, "without an end"),
        ({"until": NOW - timedelta(days=2)}, "ends before it was made"),
        ({"status": Status.NOT_AFFECTED}, "needs a justification"),
    ],
)
def test_a_decision_that_lacks_what_makes_it_one_is_refused(
    changed: dict[str, object], expected: str
) -> None:
    with pytest.raises(InvalidDecisionError, match=expected):
        replace(ACCEPTED, **changed)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    "changed", [{"line": "acme/web"}, {"package": "zlib"}, {"vulnerability": "CVE-2024-0002"}]
)
def test_a_decision_about_something_else_does_not_count(changed: dict[str, str]) -> None:
    assert Decisions([replace(ACCEPTED, **changed)]).standing(ISSUE, NOW).open  # type: ignore[arg-type]  # by name


def test_a_supplier_s_word_counts_for_the_packages_that_it_names() -> None:
    assert Decisions([], [STATEMENT]).standing(ISSUE, NOW).status is Status.NOT_AFFECTED
    for product in ("pkg:deb/debian/libssl3", PURL):
        said = msgspec.structs.replace(STATEMENT, products=(product,))
        assert Decisions([], [said]).standing(ISSUE, NOW).status is Status.NOT_AFFECTED


@pytest.mark.parametrize(
    "products",
    [(), ("pkg:deb/debian/libssl3@3.0.12-1",), ("pkg:deb/debian/zlib1g",), ("somebody/image",), ("*",)],
)
def test_a_supplier_s_word_about_something_else_does_not_count(products: tuple[str, ...]) -> None:
    said = msgspec.structs.replace(STATEMENT, products=products)
    assert Decisions([], [said]).standing(ISSUE, NOW).open


def test_a_word_about_our_image_counts_for_the_parts_that_it_names() -> None:
    whole = msgspec.structs.replace(STATEMENT, products=("acme/api",))
    part = msgspec.structs.replace(whole, subcomponents=("pkg:deb/debian/libssl3",))
    other = msgspec.structs.replace(whole, subcomponents=("pkg:deb/debian/zlib1g",))
    assert [Decisions([], [each]).standing(ISSUE, NOW).open for each in (whole, part, other)] == [
        False,
        False,
        True,
    ]


def test_two_words_of_one_time_that_disagree_are_no_word() -> None:
    contrary = msgspec.structs.replace(STATEMENT, status="affected")
    standing = Decisions([], [STATEMENT, contrary]).standing(ISSUE, NOW)
    assert (standing.status, standing.reason) == (
        Status.UNDER_INVESTIGATION,
        "suppliers' statements of one time disagree",
    )


def test_the_organization_s_own_word_goes_before_a_supplier_s() -> None:
    assert Decisions([ACCEPTED], [STATEMENT]).standing(ISSUE, NOW).status is Status.ACCEPTED
