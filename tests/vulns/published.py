"""Published reports of scanners, which lie beside the checkout or where AUDITWRIGHT_CORPUS says."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "corpus"
CORPUS = Path(os.environ.get("AUDITWRIGHT_CORPUS", str(BESIDE))) / "vulns"


def published(*parts: str) -> Path:
    """A published file or folder; the test that asks is skipped where it is not here."""
    found = CORPUS.joinpath(*parts)
    if not found.exists():
        pytest.skip(f"{found} is not here; AUDITWRIGHT_CORPUS names the folder with the published examples")
    return found


def pairs() -> Iterator[tuple[Path, Path]]:
    """Reports of Grype and Trivy about the same image."""
    for grype in sorted(CORPUS.glob("pairs-msusel-2022/**/grype.json")):
        if (trivy := grype.with_name("trivy.json")).exists():
            yield grype, trivy
    for grype in sorted(CORPUS.glob("pairs-msusel-2023/*Grype.json")):
        if (trivy := grype.with_name(grype.name.replace("Grype", "Trivy"))).exists():
            yield grype, trivy
    other = CORPUS / "pairs-anteather-2022"
    if other.exists():
        yield other / "grype.json", other / "trivy.json"
