"""Run the scanners that are installed on this machine: Grype, Trivy and Syft, each by its own command and within a time."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditwright.app.errors import AppError

SCAN_LIMIT_S = 1_800.0
"""A large image and a database to download take minutes."""

MAX_WORDS = 2_000
"""Characters of what a scanner said when it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """A program, and how it is asked for a report in a file; `{target}` and `{file}` stand for what is asked."""

    name: str
    arguments: tuple[str, ...]
    file: str


SCANNERS: Mapping[str, Scanner] = {
    scanner.name: scanner
    for scanner in (
        Scanner(name="grype", arguments=("{target}", "-o", "json", "--file", "{file}"), file="grype.json"),
        Scanner(
            name="trivy",
            arguments=(
                "image",
                "--quiet",
                "--list-all-pkgs",
                "--format",
                "json",
                "--output",
                "{file}",
                "{target}",
            ),
            file="trivy.json",
        ),
        Scanner(
            name="syft", arguments=("scan", "{target}", "-o", "cyclonedx-json={file}"), file="syft.cdx.json"
        ),
    )
}


def installed() -> tuple[str, ...]:
    """The scanners that are on the path."""
    return tuple(name for name in SCANNERS if shutil.which(name))


def scan(target: str, out: Path, tools: Sequence[str]) -> Iterator[Path]:
    """Scan a target with each tool, all that are installed by default; gives the reports' files.

    Raises AppError where a tool is not installed, fails or takes too long; a report that it left is no report then.
    """
    wanted = tuple(tools) or installed()
    if not wanted:
        raise AppError(
            f"none of {', '.join(SCANNERS)} is installed; install one, or merge the reports of a scan elsewhere"
        )
    if target.startswith("-"):
        raise AppError(f"{target!r} is no image; a name does not begin with -")
    out.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        yield _scanned(SCANNERS[name], target, out)


def _scanned(scanner: Scanner, target: str, out: Path) -> Path:
    program = shutil.which(scanner.name)
    if program is None:
        raise AppError(
            f"{scanner.name} is not installed; there are {', '.join(installed()) or 'none of the others'}"
        )
    file = out / scanner.file
    unfinished = file.with_name(f".{file.name}.unfinished")
    arguments = [argument.format(target=target, file=unfinished) for argument in scanner.arguments]
    try:
        done = subprocess.run(  # noqa: S603  # the scanner, found on the path, with arguments of this module
            [program, *arguments],
            capture_output=True,
            check=False,
            timeout=SCAN_LIMIT_S,
            env={**os.environ, "GRYPE_CHECK_FOR_APP_UPDATE": "false", "SYFT_CHECK_FOR_APP_UPDATE": "false"},
        )
    except subprocess.TimeoutExpired:
        unfinished.unlink(missing_ok=True)
        raise AppError(f"{scanner.name} did not finish within {SCAN_LIMIT_S:,.0f} seconds") from None
    except OSError as error:
        raise AppError(f"{scanner.name} could not be started: {error.strerror}") from None
    if done.returncode or not unfinished.is_file():
        unfinished.unlink(missing_ok=True)
        said = done.stderr.decode(errors="replace").strip()[-MAX_WORDS:] or "it said nothing"
        raise AppError(f"{scanner.name} ended with {done.returncode} and no report: {said}")
    unfinished.replace(file)
    return file
