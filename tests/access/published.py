"""Published examples and vectors, which are no part of the repository and lie beside the checkout."""

import json
import os
from pathlib import Path
from typing import cast

import pytest

from tests.reference.kubernetes import Json

BESIDE = Path(__file__).parents[3] / "shared/corpus"
CORPUS = os.environ.get("AUDITWRIGHT_CORPUS", str(BESIDE))


def published(*name: str) -> Json:
    path = Path(CORPUS, "access", *name)
    if not path.exists():
        pytest.skip(f"{path} is not here; AUDITWRIGHT_CORPUS names the folder with the published examples")
    return cast("Json", json.loads(path.read_bytes()))
