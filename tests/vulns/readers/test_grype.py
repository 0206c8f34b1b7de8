"""However much the parts of a report of Grype repeat, each match says the same."""

import gzip
import json
from importlib import resources
from typing import Any, cast

import msgspec

from auditwright.vulns.readers import read_report
from auditwright.vulns.readers.grype import ENOUGH_ASKED
from auditwright.vulns.report import Report

Json = dict[str, Any]


def scanned() -> Json:
    """A real report, of the demo's."""
    body = (
        resources.files("auditwright.app.demo.scans")
        .joinpath("2026.11.1-postgres-grype.json.gz")
        .read_bytes()
    )
    return cast("Json", json.loads(gzip.decompress(body)))


def read(document: Json) -> Report:
    # Indented, as Grype prints it: such a report is decoded piece by piece.
    return read_report(json.dumps(document, indent=1).encode(), format_id="grype")


def apart(matches: list[Json], count: int) -> list[Json]:
    """As many matches, of which no two are about one vulnerability."""
    found: list[Json] = []
    for number in range(count):
        match = matches[number % len(matches)]
        about, related = match["vulnerability"], match["relatedVulnerabilities"]
        again = [{**each, "urls": [f"https://example.com/{number}"]} for each in related]
        found.append(
            {
                **match,
                "vulnerability": {**about, "id": f"CVE-2099-{number:05}"},
                "relatedVulnerabilities": again,
            }
        )
    return found


def test_matches_that_do_not_repeat_are_read_as_those_that_do() -> None:
    document = scanned()
    # Past so many, and past another piece, matches are decoded whole.
    many = apart(document["matches"], 2 * ENOUGH_ASKED)
    together = read({**document, "matches": many}).rows
    assert len(together) == len(many)
    for start in range(0, len(many), 100):
        alone = read({**document, "matches": many[start : start + 100]}).rows
        assert [msgspec.structs.replace(row, index=row.index + start) for row in alone] == list(
            together[start : start + 100]
        )


def test_a_match_that_is_not_understood_is_skipped_wherever_it_stands() -> None:
    document = scanned()
    many = apart(document["matches"], 2 * ENOUGH_ASKED)
    rated = {"id": "CVE-2099-1", "cvss": [{"metrics": {"baseScore": "high"}}]}
    for place in (0, len(many) - 1):
        many[place] = {**many[place], "relatedVulnerabilities": [rated]}
    found = read({**document, "matches": many})
    assert [each.where for each in found.skipped] == ["matches[0]", f"matches[{len(many) - 1}]"]
    assert len(found.rows) == len(many) - 2
