"""What is installed is what is in the package: every data file, and nothing beside it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def test_every_file_of_the_package_is_in_the_wheel(names: set[str]) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "src/auditwright"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert {path.removeprefix("src/") for path in tracked if (ROOT / path).is_file()} <= names


def test_nothing_of_the_wheel_lands_outside_of_the_package(names: set[str]) -> None:
    outside = {name for name in names if not name.startswith("auditwright/")}
    assert all(name.split("/")[0].endswith(".dist-info") for name in outside), outside


def test_no_cache_and_no_test_is_in_the_wheel(names: set[str]) -> None:
    assert not {name for name in names if "__pycache__" in name or name.startswith("tests/")}
