"""The settings of the git integration: which repositories, which branch."""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from auditwright.core.definition import closest_ids
from auditwright.core.evidence import Scope
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.integration import Config, ConfigError, Target
from auditwright.integrations.git.program import CLONE_PROTOCOLS, redacted

GIT: Final = IntegrationId("git")
STREAM: Final = StreamId("git.changes")
RELEASES: Final = StreamId("git.releases")

_SCP_LIKE: Final = re.compile(r"[\w.-]+@[\w.-]+:(?!//).+", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_BRANCH: Final = re.compile(r"(?![-/.])(?!.*(?:\.\.|//|@\{))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])")


def targets(config: Config) -> Iterator[Target]:
    """The changes and the releases of each repository of the settings; raises ConfigError."""
    for name in config:
        if name not in {"repositories", "branch", "program_folder"}:
            near = closest_ids(name, ("repositories", "branch"))
            hint = f"did you mean {near[0]}?" if near else "the keys are repositories and branch"
            raise ConfigError(f"git: unknown key {name!r}; {hint}")
    folder = config.get("program_folder", ".")
    assert isinstance(folder, str), "the caller passes the program folder as a str"
    branch = _branch(config.get("branch", ""))
    repositories = [_repository(entry) for entry in _listed(config.get("repositories"))]
    twice = sorted({entry for entry in repositories if repositories.count(entry) > 1})
    if twice:
        raise ConfigError(f"git: repositories names {twice[0]!r} twice")
    for repository in repositories:
        for stream in (STREAM, RELEASES):
            yield Target(
                stream=stream,
                scope=Scope(source=GIT, account=repository),
                settings={"program_folder": folder, "repository": repository, "branch": branch},
            )


def _listed(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple) and value:
        return tuple[object, ...](value)
    raise ConfigError(
        'git: repositories must be a list of paths or URLs, such as ["../code"]; it lists none'
        if value in (None, [], ())
        else f'git: repositories must be a list such as ["../code"], not a {type(value).__name__}'
    )


def _repository(entry: object) -> str:
    if not isinstance(entry, str) or not entry.strip():
        raise ConfigError("git: each of repositories must be a path or a URL")
    repository = entry.strip()
    shown = redacted(repository)
    if repository.startswith("-") or _CONTROL.search(repository):
        raise ConfigError(f"git: {shown!r} is no path and no URL; a path that begins with - is written ./-…")
    if not is_url(repository):
        return repository if repository.strip("/") == "" else repository.rstrip("/")
    if _SCP_LIKE.fullmatch(repository):
        return repository
    _check_url(repository, shown)
    return repository.rstrip("/")


def is_url(repository: str) -> bool:
    """True for what is cloned, false for a path."""
    return "://" in repository or _SCP_LIKE.fullmatch(repository) is not None


def _check_url(repository: str, shown: str) -> None:
    try:
        parts = urlsplit(repository)
        secret = parts.password is not None or (parts.scheme == "https" and "@" in parts.netloc)
        host = parts.hostname or ""
    except ValueError as error:
        raise ConfigError(f"git: {shown!r} is not a URL: {error}") from None
    if parts.scheme not in CLONE_PROTOCOLS:
        raise ConfigError(
            f"git: {shown!r} is not fetched over {parts.scheme}; use one of {', '.join(CLONE_PROTOCOLS)}, "
            "or clone it and name the path"
        )
    # A token can stand for the user as well as for the password, and the settings are under version control.
    if secret or parts.query or parts.fragment:
        raise ConfigError(
            f"git: leave user, password and query out of {shown.partition('?')[0].partition('#')[0]!r}; "
            "let git's credential helper give them, or use SSH"
        )
    if host.startswith("-") or parts.netloc.startswith("-"):
        raise ConfigError(f"git: {shown!r} names a host that begins with -")


def _branch(value: object) -> str:
    if not isinstance(value, str) or (value.strip() and not _BRANCH.fullmatch(value.strip())):
        raise ConfigError(f"git: branch must be the name of a branch, such as main, not {value!r}")
    return value.strip()
