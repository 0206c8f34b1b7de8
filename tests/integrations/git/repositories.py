"""Real repositories for tests, made of empty trees: any history in a few commands."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.integration import Target
from auditwright.core.resources import Change
from auditwright.integrations.git.changes import normalize
from auditwright.integrations.git.collect import collect_within
from auditwright.integrations.git.repository import Bounds
from auditwright.integrations.git.settings import targets

ADA = "Ada Lovelace <ada@acme.example>"
BOB = "Bob <bob@acme.example>"
EVE = "Eve <eve@acme.example>"
GITHUB = "GitHub <noreply@github.com>"


def git(folder: Path, *arguments: str, given: bytes = b"", **variables: str) -> str:
    """What git answers; nothing of the surroundings is read."""
    isolated = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=given,
        capture_output=True,
        check=True,
        env={**isolated, **variables},
    )
    return done.stdout.decode(errors="replace").strip()


@dataclass(frozen=True, slots=True)
class Repository:
    folder: Path

    @classmethod
    def new(cls, folder: Path, *, bare: bool = False) -> "Repository":
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--initial-branch=main", "--template=", *(["--bare"] if bare else []))
        return cls(folder)

    def commit(
        self,
        message: str | bytes,
        *parents: str,
        by: str = ADA,
        committer: str = "",
        seconds: int = 1_750_000_000,
    ) -> str:
        """Make a commit without files and return its id; no branch moves."""
        author = _signature(by)
        merger = _signature(committer or by)
        tree = git(self.folder, "hash-object", "-t", "tree", "-w", "--stdin")
        return git(
            self.folder,
            "commit-tree",
            tree,
            *(word for parent in parents for word in ("-p", parent)),
            given=message if isinstance(message, bytes) else message.encode(),
            GIT_AUTHOR_NAME=author[0],
            GIT_AUTHOR_EMAIL=author[1],
            GIT_COMMITTER_NAME=merger[0],
            GIT_COMMITTER_EMAIL=merger[1],
            GIT_AUTHOR_DATE=f"{seconds} +0200",
            GIT_COMMITTER_DATE=f"{seconds} +0200",
        )  # fmt: skip

    def point(self, ref: str, commit: str) -> None:
        git(self.folder, "update-ref", ref, commit)

    def main(self, commit: str) -> "Repository":
        self.point("refs/heads/main", commit)
        return self


def _signature(who: str) -> tuple[str, str]:
    name, _, rest = who.partition(" <")
    return name, rest.rstrip(">")


def target(program: Path, repository: str, branch: str = "") -> Target:
    found, _ = targets({"program_folder": str(program), "repositories": [repository], "branch": branch})
    return found


def collected(
    program: Path, repository: str = "code", *, branch: str = "", bounds: Bounds | None = None
) -> tuple[list[Evidence], list[Gap]]:
    captured = list(collect_within(target(program, repository, branch), bounds or Bounds()))
    return (
        [item for item in captured if isinstance(item, Evidence)],
        [item for item in captured if isinstance(item, Gap)],
    )


def changes(program: Path, repository: str = "code", *, branch: str = "") -> Sequence[Change]:
    """The changes of a repository that can be seen whole."""
    evidence, gaps = collected(program, repository, branch=branch)
    assert gaps == []
    return list(normalize(evidence, gaps))
