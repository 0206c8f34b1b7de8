from datetime import timedelta

import msgspec
import pytest

from auditwright.vulns.feeds import NO_FEEDS
from auditwright.vulns.merge import merge
from auditwright.vulns.policy import DEFAULT_TABLE, Policy, shipped_table
from auditwright.vulns.report import Package, Row
from auditwright.vulns.triage import Rules, triage
from auditwright.vulns.upgrades import Upgrade, upgrades
from auditwright.vulns.versions import compare
from auditwright.vulns.vex import Decision, Decisions, Status
from tests.vulns.made import NOW, package, report, row

GO = package("golang.org/x/net", "v0.1.0", ecosystem="golang", paths=("/usr/bin/api",))


def made(*rows: Row, decisions: Decisions | None = None) -> tuple[Upgrade, ...]:
    merged = merge([report("grype", rows)])
    rules = Rules(
        at=NOW,
        policy=Policy(table=shipped_table(DEFAULT_TABLE)),
        feeds=NO_FEEDS,
        decisions=decisions or Decisions([]),
    )
    return upgrades(merged, triage(merged, {}, rules), compare)


def in_base(of: Package) -> Package:
    return msgspec.structs.replace(of, layer="sha256:base")


def test_the_lowest_version_that_clears_all_is_chosen() -> None:
    (upgrade,) = made(
        row("CVE-2024-0001", of=GO, fixed=("0.2.0", "1.1.0")), row("CVE-2024-0002", of=GO, fixed=("0.7.0",))
    )
    assert (upgrade.to, len(upgrade.issues), upgrade.rows) == ("0.7.0", 2, 2)
    assert upgrade.place == "usr/bin/api"


def test_a_fix_below_what_is_installed_is_no_way_up() -> None:
    installed = package("golang.org/x/net", "v1.0.5", ecosystem="golang")
    (upgrade,) = made(row(of=installed, fixed=("0.9.0", "1.0.9")))
    assert upgrade.to == "1.0.9"


def test_versions_that_cannot_be_compared_are_shown_and_none_is_chosen() -> None:
    odd = package("thing", "one", ecosystem="unheard-of", source="")
    (upgrade,) = made(row(of=odd, fixed=("two", "three")))
    assert (upgrade.to, upgrade.candidates) == ("", ("three", "two"))


def test_everything_of_the_base_image_is_one_upgrade() -> None:
    (upgrade,) = made(
        row("CVE-2024-0001", of=in_base(package("libssl3")), fixed=("3.0.12-1",)),
        row("CVE-2024-0002", of=in_base(package("zlib1g", source="zlib")), fixed=("1:1.3-1",)),
    )
    assert (upgrade.place, upgrade.what, upgrade.packages) == ("base image", "debian", ("openssl", "zlib"))


def test_a_library_in_two_programs_is_two_upgrades() -> None:
    other = msgspec.structs.replace(GO, paths=("/usr/bin/worker",))
    found = made(row(of=GO, fixed=("0.2.0",)), row(of=other, fixed=("0.2.0",)))
    assert sorted(each.place for each in found) == ["usr/bin/api", "usr/bin/worker"]


def test_what_has_no_fix_and_what_was_accepted_is_no_upgrade() -> None:
    accepted = Decision(
        id="D-1",
        vulnerability="CVE-2024-0002",
        line="*",
        package="*",
        status=Status.ACCEPTED,
        reason="r",
        author="ada",
        approver="bob",
        at=NOW - timedelta(days=1),
        until=NOW + timedelta(days=1),
    )
    assert (
        made(row(state="wont-fix"), row("CVE-2024-0002", fixed=("3.1",)), decisions=Decisions([accepted]))
        == ()
    )


@pytest.mark.parametrize(
    ("ecosystem", "left", "right", "order"),
    [
        ("deb", "1:1.0-1", "2.0-1", 1),
        ("deb", "1.0~rc1-1", "1.0-1", -1),
        ("rpm", "1.0-2.el8", "1.0-10.el8", -1),
        ("apk", "1.2.3-r0", "1.2.3-r1", -1),
        ("pypi", "1.0", "1.0.0", 0),
        ("npm", "1.10.0", "1.9.0", 1),
        ("golang", "v0.7.0", "0.7.0", 0),
        ("maven", "1.0-SNAPSHOT", "1.0", -1),
        ("golang", "(devel)", "1.0.0", None),
        ("generic", "1", "2", None),
        ("deb", "", "1", None),
    ],
)
def test_versions_are_ordered_by_the_rules_of_their_ecosystem(
    ecosystem: str, left: str, right: str, order: int | None
) -> None:
    assert compare(ecosystem, left, right) == order
