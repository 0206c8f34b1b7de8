"""The demo's folders: the program of Northwind Robotics, its code, and the mark by which a demo is known."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Final

from auditwright.app.demo.cloud import DOMAIN
from auditwright.app.demo.cluster import CLOSED, CLUSTER, OLD
from auditwright.app.demo.releases import RELEASES, UNREPORTED, DemoRelease
from auditwright.app.errors import AppError
from auditwright.app.setup import Answers, set_up

NAME: Final = "Northwind Robotics"
NOTICE: Final = (
    "The cloud of this demo is emulated by moto, its EKS by the demo; Northwind Robotics is fictional."
)

MARK: Final = ".auditwright-demo"
"""A folder with this file was made by the demo, and is replaced by the next one."""

CLUSTERS: Final = (CLUSTER, OLD, CLOSED)

_TEMPLATES: Final = frozenset({".toml", ".yaml", ".csv"})
"""Files that hold dates, which are counted from the day of the demo."""

GIT_LIMIT_S: Final = 30.0
"""A dozen commits take git a tenth of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the demo keeps what."""

    out: Path

    @property
    def program(self) -> Path:
        """The program folder."""
        return self.out / "northwind"

    @property
    def code(self) -> Path:
        """The company's repository."""
        return self.out / "fleet-api"

    @property
    def reports(self) -> Path:
        """The reports."""
        return self.out / "reports"

    @property
    def fleet(self) -> Path:
        """The program folder of the cluster's account."""
        return self.out / "fleet"

    @property
    def access(self) -> Path:
        """What was proved on that account: the paths, drawn, and the certificate."""
        return self.out / "access"

    @property
    def releases(self) -> Path:
        """The vulnerability reports of the company's releases."""
        return self.out / "releases"

    @property
    def package(self) -> Path:
        """The package as a folder; beside it stands the zip."""
        return self.out / "package"

    @property
    def package_zip(self) -> Path:
        """The same package in one file, for sending."""
        return self.out / "package.zip"


def make_folders(out: Path) -> Folders:
    """Make an empty demo folder; one of an earlier demo is replaced, anything else is left alone. Raises AppError."""
    try:
        if out.is_symlink() or (out.exists() and not out.is_dir()):
            raise AppError(f"{out} is not a folder. Name another with --out.")
        if out.exists() and any(out.iterdir()):
            if not (out / MARK).is_file():
                raise AppError(
                    f"{out} holds something that is no demo, so it is left as it is. Name another folder with --out."
                )
            shutil.rmtree(out)
        out.mkdir(parents=True, exist_ok=True)
        (out / MARK).write_text(
            "Made by `auditwright demo`, and replaced by the next one.\n", encoding="utf-8"
        )
    except OSError as error:
        raise AppError(f"{out} cannot be written: {error.strerror or error}") from None
    return Folders(out=out.resolve())


def write_program(folders: Folders, *, endpoint_url: str, now: datetime) -> None:
    """Write the definitions of Northwind Robotics, and set its program folder up. Raises AppError."""
    _write(
        folders.program,
        "northwind",
        _values(endpoint_url, now),
        categories=("security", "availability", "confidentiality"),
    )
    _write_lists(folders.program)


def write_fleet_program(folders: Folders, *, endpoint_url: str, now: datetime) -> None:
    """Write the definitions for the account of the cluster, and set its program folder up. Raises AppError."""
    _write(folders.fleet, "fleet", _values(endpoint_url, now), categories=("security",))


def _write(folder: Path, name: str, values: Mapping[str, str], *, categories: tuple[str, ...]) -> None:
    for path, file in _files(resources.files(f"auditwright.app.demo.{name}"), ""):
        text = file.read_text(encoding="utf-8")
        if Path(path).suffix in _TEMPLATES:
            text = Template(text).substitute(values)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    set_up(folder, Answers(organization=NAME, categories=categories, integrations=()))


def _write_lists(folder: Path) -> None:
    """The lists of each cluster, as kubectl prints them: one module made all, so that most are those of the first."""
    for cluster in CLUSTERS:
        for path, file in _files(resources.files("auditwright.app.demo.fleet") / "kubectl", ""):
            target = folder / "kubectl" / cluster / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                target.write_bytes(file.read_bytes())


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith("__"):
            continue  # what makes a Python package of it is no part of the program
        if entry.is_dir():
            yield from _files(entry, f"{path}{entry.name}/")
        else:
            yield f"{path}{entry.name}", entry


def _values(endpoint_url: str, now: datetime) -> Mapping[str, str]:
    today = now.date()
    start = today.replace(day=1)
    # A year from the first day of this month, less a day.
    end = start.replace(year=start.year + 1) - timedelta(days=1)

    def day(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    return {
        "notice": NOTICE,
        "endpoint_url": endpoint_url,
        "period_start": start.isoformat(),
        "period_end": end.isoformat(),
        "waived_from": day(-31),
        "waived_until": day(53),
        "expired_from": day(-100),
        "expired_on": day(-9),
        "left_recently": day(-9),
        "left_long_ago": day(-980),
        "contract_ended": day(-60),
        "starts_soon": day(8),
        "accepted_from": day(-36),
        "accepted_until": day(75),
    }


# --- The code ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Commit:
    days_ago: int
    author: tuple[str, str]
    reviewer: tuple[str, str] | None
    title: str


def _person(name: str, address: str) -> tuple[str, str]:
    return name, f"{address}@{DOMAIN}"


_DANIEL: Final = _person("Daniel Osei", "daniel.osei")
_ELENI: Final = _person("Eleni Markou", "eleni.markou")
_HANNE: Final = _person("Hanne Brandt", "hanne.brandt")
_JONAS: Final = _person("Jonas Lindqvist", "jonas.lindqvist")
_JONAS_AT_HOME: Final = ("jl", "jonas@lindqvist.example")
_PRIYA: Final = _person("Priya Raman", "priya.raman")
_SOFIA: Final = _person("Sofia Rossi", "sofia.rossi")
_TOMAS: Final = _person("Tomás Herrera", "tomas.herrera")
_WEI: Final = _person("Wei Zhang", "wei.zhang")

_HISTORY: Final = (
    _Commit(days_ago=40, author=_PRIYA, reviewer=_JONAS, title="Start the fleet API from the prototype"),
    _Commit(days_ago=36, author=_DANIEL, reviewer=_ELENI, title="Sign robots in by their device certificate"),
    _Commit(days_ago=33, author=_WEI, reviewer=_DANIEL, title="Refuse missions outside the mapped area"),
    _Commit(
        days_ago=29, author=_ELENI, reviewer=_PRIYA, title="Keep positions for 30 days, then delete them"
    ),
    _Commit(days_ago=24, author=_HANNE, reviewer=_TOMAS, title="Deploy from one image, built once"),
    _Commit(days_ago=20, author=_SOFIA, reviewer=_WEI, title="Answer map requests from the nearest region"),
    # At night, during an incident, and nobody looked at it afterward.
    _Commit(
        days_ago=16, author=_TOMAS, reviewer=None, title="Raise the connection limit, robots are offline"
    ),
    _Commit(days_ago=13, author=_DANIEL, reviewer=_SOFIA, title="Close idle gateway sessions after an hour"),
    # Written at home under another address, and reviewed by himself; the roster knows both.
    _Commit(days_ago=9, author=_JONAS_AT_HOME, reviewer=_JONAS, title="Retry uploads that a robot broke off"),
    _Commit(days_ago=6, author=_WEI, reviewer=_ELENI, title="Log who changed a mission, and when"),
    _Commit(
        days_ago=2, author=_SOFIA, reviewer=_DANIEL, title="Check the firmware's signature before an update"
    ),
)


def make_code(folder: Path, *, now: datetime) -> None:
    """Make the company's repository with its history. Raises AppError where git is missing."""
    git = shutil.which("git")
    if git is None:
        raise AppError(
            "The demo reads a git repository, and git is not installed. Install it, such as: apt install git"
        )
    # An empty template: hooks and settings of the person who runs the demo stay out.
    _git(git, "init", "--quiet", "--template=", str(folder), given="")
    _git(git, "-C", str(folder), "symbolic-ref", "HEAD", "refs/heads/main", given="")
    _git(git, "-C", str(folder), "fast-import", "--quiet", given="".join(_stream(now.date())))
    _git(git, "-C", str(folder), "reset", "--quiet", "--hard", given="")
    for release in (*RELEASES, UNREPORTED):
        _git(git, "-C", str(folder), "fast-import", "--quiet", given=_tag(release, now))


def _tag(release: DemoRelease, now: datetime) -> str:
    """An annotated tag on the main branch, in the form that git fast-import reads."""
    at = int((now - timedelta(days=release.days_ago)).timestamp())
    name, address = _TOMAS
    return f"tag {release.name}\nfrom refs/heads/main^0\ntagger {name} <{address}> {at} +0000\n{_data(f'Release {release.name}')}"


def _git(*command: str, given: str) -> None:
    done = subprocess.run(  # noqa: S603  # git, found on the path, with arguments of this module
        command,
        input=given.encode(),
        capture_output=True,
        check=False,
        timeout=GIT_LIMIT_S,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )
    if done.returncode:
        raise AppError(
            f"git could not make the demo's repository: {done.stderr.decode(errors='replace').strip()}"
        )


def _stream(today: date) -> Iterator[str]:
    """The history in the form that git fast-import reads."""
    lines: list[str] = []
    for number, commit in enumerate(_HISTORY, start=1):
        day = datetime(today.year, today.month, today.day, 14, 7, tzinfo=UTC) - timedelta(
            days=commit.days_ago
        )
        name, address = commit.author
        reviewed = f"\nReviewed-by: {commit.reviewer[0]} <{commit.reviewer[1]}>\n" if commit.reviewer else ""
        lines.append(f"{number}. {commit.title}\n")
        yield "commit refs/heads/main\n"
        yield f"committer {name} <{address}> {int(day.timestamp())} +0000\n"
        yield _data(f"{commit.title}\n{reviewed}")
        yield "M 100644 inline CHANGES.md\n"
        yield _data("".join(lines))


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
