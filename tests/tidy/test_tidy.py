"""House rules that no linter holds."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT_SUFFIXES = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".in",
    ".html",
    ".css",
    ".sql",
    ".yaml",
    ".yml",
    ".typ",
    ".j2",
    "",
}

MAX_FILE_BYTES = 400_000
"""Nothing that people write by hand is larger; larger files are generated or somebody else's."""

MAX_MODULE_LINES = 700
"""A module that is longer holds two things; `sign/verify.py` has to be one file, because it travels alone."""

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "data_utils", "common", "misc"}


@cache
def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(ROOT / line for line in listed.splitlines() if (ROOT / line).is_file())


def texts() -> list[tuple[Path, str]]:
    return [(path, path.read_text(encoding="utf-8")) for path in tracked() if path.suffix in TEXT_SUFFIXES]


def modules() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py"]


def test_no_file_is_larger_than_what_people_write() -> None:
    large = {str(path.relative_to(ROOT)): path.stat().st_size for path in tracked()}
    assert {name: size for name, size in large.items() if size > MAX_FILE_BYTES} == {}


def test_no_unfinished_work_is_marked_in_the_code() -> None:
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
    assert [str(path.relative_to(ROOT)) for path, text in texts() if marks.search(text)] == []


def test_no_path_of_a_machine_and_no_registry_is_named() -> None:
    machine = re.compile(r"(?<![\w./])/(?:work|root|home)/\w")
    registry = re.compile(
        "|".join(("index-" + "url", "files." + "pythonhosted", "registry." + "npmjs", "pypi." + "org"))
    )
    found = [
        str(path.relative_to(ROOT)) for path, text in texts() if machine.search(text) or registry.search(text)
    ]
    assert found == []


def test_no_file_of_others_is_committed() -> None:
    assert [
        str(path) for path in tracked() if re.search(r"\.min\.(js|css)$|/vendor/|node_modules", str(path))
    ] == []


def test_modules_are_named_by_what_they_hold() -> None:
    assert [path for path in modules() if path.stem in FORBIDDEN_NAMES] == []


def test_modules_are_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules()
        if "src" in path.parts and (lines := path.read_text().count("\n")) > MAX_MODULE_LINES
    }
    assert set(long) <= {"src/auditwright/sign/verify.py"}


@pytest.mark.parametrize(
    "package", ["core", "engine", "access", "program", "control_tests", "frameworks", "controls"]
)
def test_pure_packages_read_no_clock_and_no_environment(package: str) -> None:
    impure = re.compile(
        r"datetime\.now|time\.time\(|os\.environ|\bopen\(|import (?:subprocess|socket|urllib|boto3|logging)"
    )
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src/auditwright" / package).rglob("*.py")
        if impure.search(path.read_text())
    ]
    assert found == []


def test_a_broad_except_stands_only_at_the_named_boundaries() -> None:
    # One that cleans up and raises again is none.
    broad = re.compile(
        r"except (?:Base)?Exception\b.*:\n(?!(?:.*\n){1,2}\s+raise\n)|except:\s*$", re.MULTILINE
    )
    found = {
        str(path.relative_to(ROOT))
        for path in modules()
        if broad.search(path.read_text()) and "src" in path.parts
    }
    assert found <= {
        "src/auditwright/app/collecting.py",  # the stream runner
        "src/auditwright/app/own_tests.py",  # the organization's own code is imported
        "src/auditwright/cli/main.py",  # the command line: a crash is no conclusion
        "src/auditwright/engine/examine.py",  # the organization's own code is called
        "src/auditwright/web/safety/boundary.py",  # the web handler: a defect must not show its inside
    }


def test_every_ignored_type_error_names_its_code() -> None:
    bare = re.compile(r"#\s*type:\s*ignore(?!\[)|#\s*noqa(?!:)")
    assert [str(path) for path in modules() if bare.search(path.read_text()) and path != Path(__file__)] == []


def test_slow_dependencies_are_imported_where_they_are_used() -> None:
    program = (
        "import sys, auditwright.cli.main\n"
        "slow = {'boto3', 'botocore', 'duckdb', 'sqlalchemy', 'alembic', 'dbos', 'typst', 'jinja2', 'cryptography', 'rich'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_every_decision_record_says_what_was_decided_and_why() -> None:
    records = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    assert records
    for record in records:
        text = record.read_text()
        assert re.search(r"^# \d{4}", text, re.MULTILINE) or text.startswith("# "), record.name
        assert len(text.split()) > 60, f"{record.name} says too little to be a decision"


def test_the_locks_name_one_version_of_each_package() -> None:
    pinned: dict[str, set[str]] = {}
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        for name, version in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)", lock.read_text(), re.MULTILINE):
            pinned.setdefault(name, set()).add(version)
    assert len(pinned) > 50
    assert {name: found for name, found in pinned.items() if len(found) > 1} == {}, (
        "pip installs them together"
    )
