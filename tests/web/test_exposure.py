"""The page and the API of one vulnerability say what is known of its asset, and from what."""

import json
from pathlib import Path

import pytest

from tests.app.programs import auditwright, roster_program
from tests.cli.test_vulns import grype
from tests.web.served import Served, served

WHERE = {"line": "acme/api", "architecture": "amd64", "id": "CVE-2024-0001", "package": "openssl"}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = roster_program(tmp_path / "program")
    settings = folder / "auditwright.toml"
    line = (
        '[[vulnerabilities.line]]\nname = "acme/api"\nexposed = false\nbasis = "behind <b>the</b> gateway"\n'
    )
    settings.write_text(f"{settings.read_text()}\n{line}")
    report = tmp_path / "grype.json"
    report.write_text(json.dumps(grype("CVE-2024-0001")))
    taken = auditwright("vulns", "triage", report, "--program", folder)
    assert taken.code in {0, 1}, taken.err
    return folder


def test_what_is_known_of_the_asset_stands_beside_the_clock(program: Path) -> None:
    with served(program) as site:
        page = said(site)
        whole = site.program().get("/api/v1/vulnerabilities/one", params=WHERE).json()
    assert "The asset" in page
    assert "The program&#39;s settings" in page or "The program's settings" in page
    assert "behind &lt;b&gt;the&lt;/b&gt; gateway (auditwright.toml:" in page
    assert "nothing was collected yet" in page
    exposed, critical = whole["asset"]
    assert (exposed["point"], exposed["value"], exposed["origin"]) == ("exposed", "no", "settings")
    assert (critical["point"], critical["value"], critical["origin"]) == ("criticality", "unknown", "nobody")


def said(site: Served) -> str:
    answer = site.visitor().get("/vulnerabilities/one", params=WHERE)
    assert answer.status_code == 200
    return answer.text
