"""Opening a repository: a folder as it is, or a clone of a URL; and finding its main branch."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditwright.core.evidence import GapReason
from auditwright.core.integration import Target
from auditwright.integrations.git.program import (
    CLONE_PROTOCOLS,
    Answer,
    Limits,
    Problem,
    ask,
    environment,
)
from auditwright.integrations.git.settings import is_url

CLONE: Final = ("clone", "--quiet", "--bare", "--single-branch", "--filter=tree:0")
"""Commits and tags only: neither files nor folders are read, so neither blobs nor trees are fetched."""

SMALL_BYTES: Final = 10_000_000
"""The answer to any question but the log: the names of 100,000 branches, or 200,000 commits."""

USUAL_BRANCHES: Final = ("main", "master")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of a repository is read, and for how long."""

    changes: tuple[int, ...] = (50_000, 5_000, 500)
    """The newest changes, most first: a large team makes about 20,000 a year. Where their merged commits are
    too many to hold, the next smaller number is tried."""
    output_bytes: int = 100_000_000
    """About 400,000 commits; held in memory at once."""
    log_s: float = 120.0
    """A million commits are listed in about 20 s."""
    clone_s: float = 900.0
    """A million commits without files are about 1 GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository on disk."""

    folder: Path
    variables: Mapping[str, str]
    bounds: Bounds

    def ask(self, *arguments: str, size_bytes: int = SMALL_BYTES) -> Answer | Problem:
        """Put one question to git."""
        limits = Limits(time_s=self.bounds.log_s, size_bytes=size_bytes)
        return ask(["-C", str(self.folder), *arguments], variables=self.variables, limits=limits)

    def lines(self, *arguments: str) -> Sequence[str] | Problem:
        """The answer to a small question, line by line."""
        answer = self.ask(*arguments)
        if isinstance(answer, Problem):
            return answer
        return answer.output.decode(errors="replace").splitlines() if not answer.code else failed(answer)

    def says(self, *arguments: str) -> str:
        """The first line of an answer; empty where git refuses."""
        lines = self.lines(*arguments)
        return "" if isinstance(lines, Problem) or not lines else lines[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The main branch and the commit that it stands at."""

    ref: str
    commit: str


@contextmanager
def opened(target: Target, bounds: Bounds) -> Iterator[Repository | Problem]:
    """A target's repository; a clone is gone afterwards."""
    name = target.settings["repository"]
    if not is_url(name):
        yield _in_folder(Path(target.settings["program_folder"]) / name, bounds, shown=name)
        return
    with tempfile.TemporaryDirectory(prefix="auditwright-git-", ignore_cleanup_errors=True) as parent:
        folder = Path(parent) / "repository.git"
        problem = _cloned(name, target.settings["branch"], folder, bounds)
        yield problem or _in_folder(folder, bounds, shown=name)


def reachable(target: Target, bounds: Bounds) -> Problem | None:
    """What keeps a target's main branch from being found, without reading any history."""
    name, branch = target.settings["repository"], target.settings["branch"]
    if not is_url(name):
        repository = _in_folder(Path(target.settings["program_folder"]) / name, bounds, shown=name)
        found = repository if isinstance(repository, Problem) else tip_of(repository, branch)
        return found if isinstance(found, Problem) else None
    answer = ask(
        ["ls-remote", "--quiet", "--", name, f"refs/heads/{branch}" if branch else "HEAD"],
        variables=environment(protocols=CLONE_PROTOCOLS),
        limits=Limits(time_s=bounds.log_s, size_bytes=SMALL_BYTES),
    )
    if isinstance(answer, Problem):
        return answer
    if answer.code:
        return failed(answer)
    if not answer.output:
        return _no_branch(branch) if branch else _EMPTY
    return None


def tip_of(repository: Repository, branch: str) -> Tip | Problem:
    """The main branch of a repository; `branch` where the settings name it."""
    lines = repository.lines(
        "for-each-ref", "--format=%(refname) %(symref)", "refs/heads", "refs/remotes/origin"
    )
    if isinstance(lines, Problem):
        return lines
    refs = {name: target for name, _, target in (line.partition(" ") for line in lines)}
    if not refs and not repository.says("rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
        return _EMPTY
    ref = _of_branch(refs, branch) if branch else _main_ref(repository, refs)
    if not ref:
        return _no_branch(branch) if branch else _UNCLEAR
    commit = repository.lines("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    return commit if isinstance(commit, Problem) else Tip(ref=ref, commit=commit[0])


def failed(answer: Answer) -> Problem:
    """What git's refusal means; its words are recognized, and kept."""
    text = answer.error or f"git ended with code {answer.code}"
    for words, reason, remedy in _REFUSALS:
        if any(word in text for word in words):
            return Problem(reason=reason, detail=text, remedy=remedy)
    return Problem(
        reason=GapReason.UNREACHABLE,
        detail=text,
        remedy="Check that the repository can be read from here with git, and run again.",
    )


def _in_folder(folder: Path, bounds: Bounds, *, shown: str) -> Repository | Problem:
    """The repository of a folder; a problem where there is none, or where its history is cut."""
    if not folder.is_dir():
        return Problem(
            reason=GapReason.NOT_COLLECTED,
            detail=f"there is no folder {shown}",
            remedy="Correct the path in `repositories`; it is taken from the program folder.",
        )
    top = folder.resolve()
    # A folder inside of some other repository is not that repository.
    repository = Repository(folder=top, variables=environment(ceiling=top.parent), bounds=bounds)
    shallow = repository.lines("rev-parse", "--is-shallow-repository")
    if isinstance(shallow, Problem):
        return shallow
    if list(shallow) != ["false"]:
        return Problem(
            reason=GapReason.LIMIT,
            detail="it is a shallow clone, in which the older history is cut off",
            remedy="Fetch all of it: git fetch --unshallow (in GitHub Actions: fetch-depth: 0).",
        )
    return repository


def _cloned(url: str, branch: str, folder: Path, bounds: Bounds) -> Problem | None:
    named = (f"--branch={branch}",) if branch else ()
    # The user's templates could bring hooks with them.
    answer = ask(
        [*CLONE, "--template=", *named, "--", url, str(folder)],
        variables=environment(protocols=CLONE_PROTOCOLS),
        limits=Limits(time_s=bounds.clone_s, size_bytes=SMALL_BYTES),
    )
    if isinstance(answer, Problem):
        return answer
    return failed(answer) if answer.code else None


def _main_ref(repository: Repository, refs: Mapping[str, str]) -> str:
    """The full name of the main branch's ref (2 in the package); empty where it cannot be told."""
    named = refs.get("refs/remotes/origin/HEAD", "")
    if named in refs:
        return named
    if repository.says("rev-parse", "--is-bare-repository") == "true":
        head = repository.says("symbolic-ref", "--quiet", "HEAD")
        if head in refs:
            return head
    usual = [found for name in USUAL_BRANCHES if (found := _of_branch(refs, name))]
    local = [name for name in refs if name.startswith("refs/heads/")]
    return next((found[0] for found in (usual, local) if len(found) == 1), "")


def _of_branch(refs: Mapping[str, str], branch: str) -> str:
    names = (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}")
    return next((name for name in names if name in refs), "")


def _no_branch(branch: str) -> Problem:
    return Problem(
        reason=GapReason.NOT_COLLECTED,
        detail=f"there is no branch {branch}",
        remedy="Correct `branch`, or leave it out for the repository's own main branch.",
    )


_EMPTY: Final = Problem(
    reason=GapReason.EMPTY,
    detail="the repository has no commit",
    remedy="Name a repository that holds code, or leave this one out of `repositories`.",
)

_UNCLEAR: Final = Problem(
    reason=GapReason.NOT_COLLECTED,
    detail="which branch is the main one cannot be told",
    remedy='Set it: branch = "…" under [integrations.git].',
)

_REFUSALS: Final = (
    (
        ("not a git repository",),
        GapReason.NOT_COLLECTED,
        "Name the top folder of a git repository in `repositories`.",
    ),
    (
        ("dubious ownership",),
        GapReason.REFUSED,
        "Run as the user that owns the repository, or add it to git's safe.directory.",
    ),
    (
        (
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "Permission denied",
            "Host key verification failed",
        ),
        GapReason.CREDENTIALS,
        "Let git read it without a prompt: with a credential helper, or with a deploy key for SSH.",
    ),
    (
        ("Remote branch",),
        GapReason.NOT_COLLECTED,
        "Correct `branch`, or leave it out for the repository's own main branch.",
    ),
)
"""Words of git, the reason that they mean, and what to do."""
