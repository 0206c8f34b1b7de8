"""Policies that others have published: they are no part of the repository."""

import json
import os
from pathlib import Path
from typing import cast

import pytest

from tests.reference.kubernetes import Json

BESIDE = Path(__file__).parents[3] / "shared/corpus"
CORPUS = Path(os.environ.get("AUDITWRIGHT_CORPUS", str(BESIDE))) / "access"


def published(*path: str) -> Path:
    """A file or folder of the published examples; skips where they are not here."""
    found = CORPUS.joinpath(*path)
    if not found.exists():
        pytest.skip(f"{found} is not here; AUDITWRIGHT_CORPUS names the folder with the published examples")
    return found


def read(path: Path) -> object:
    return json.loads(path.read_bytes())


def decoded(*path: str) -> Json:
    """A published JSON file, decoded; skips where it is not here."""
    return cast("Json", json.loads(published(*path).read_bytes()))
