"""Scanners run as programs: small ones of the test stand on the path, as nothing of the real ones is needed to see how they are asked."""

from pathlib import Path

import pytest

from auditwright.app.errors import AppError
from auditwright.app.vulns.scanning import scan


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    return folder


def test_each_scanner_that_is_installed_writes_its_report(path: Path, tmp_path: Path) -> None:
    program(path, "grype", 'for last; do :; done; printf "%s" "$*" > "$last"')
    program(path, "trivy", 'while [ "$1" != --output ]; do shift; done; printf "{}" > "$2"')
    files = list(scan("acme/api:1.0", tmp_path / "out", ()))
    assert [file.name for file in files] == ["grype.json", "trivy.json"]
    assert files[0].read_text().startswith("acme/api:1.0 -o json --file")


def test_a_scanner_that_fails_leaves_no_report_and_its_words_are_said(path: Path, tmp_path: Path) -> None:
    program(path, "grype", 'for last; do :; done; echo half > "$last"; echo "no such image" >&2; exit 1')
    with pytest.raises(AppError, match="grype ended with 1 and no report: no such image"):
        list(scan("acme/api:1.0", tmp_path / "out", ["grype"]))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_scanner_that_is_not_installed_is_said(path: Path, tmp_path: Path) -> None:
    del path
    with pytest.raises(AppError, match="syft is not installed"):
        list(scan("acme/api:1.0", tmp_path / "out", ["syft"]))
    with pytest.raises(AppError, match="none of grype, trivy, syft is installed"):
        list(scan("acme/api:1.0", tmp_path / "out", ()))


def test_a_name_is_never_an_option(path: Path, tmp_path: Path) -> None:
    program(path, "grype", "exit 0")
    with pytest.raises(AppError, match="is no image"):
        list(scan("--config=/etc/passwd", tmp_path / "out", ["grype"]))
