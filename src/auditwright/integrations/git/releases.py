"""Releases, read from the tags of a repository. Evidence is git's exact output for its tags.

A tag is a release where it looks like a version (`v1.4.2`, `2026.11.2`, `api/1.0`); any other tag is somebody's mark. A light tag has no
time of its own: its commit's is taken.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from auditwright import __version__
from auditwright.core.evidence import Evidence, Gap, Query, digest_of
from auditwright.core.ids import ResourceId
from auditwright.core.integration import Captured, MalformedEvidenceError, Target
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Release
from auditwright.integrations.git.program import Problem
from auditwright.integrations.git.repository import Bounds, failed, opened
from auditwright.integrations.git.settings import RELEASES

OPERATION: Final = "git:for-each-ref"

_TAGS: Final = (
    "for-each-ref",
    "--format=%(refname:strip=2)%00%(creatordate:unix)",
    "--sort=refname",
    "refs/tags",
)

_VERSION: Final = re.compile(r"(?:.*/)?[vV]?\d+(?:\.\d+)+(?:[-+.][0-9A-Za-z.+-]+)?")


def collect(target: Target) -> Iterator[Captured]:
    """The tags of one repository, or why they cannot be seen."""
    with opened(target, Bounds()) as repository:
        answer = repository if isinstance(repository, Problem) else repository.ask(*_TAGS)
        problem = answer if isinstance(answer, Problem) else failed(answer) if answer.code else None
        now = datetime.now(UTC)
        if problem is not None or isinstance(answer, Problem):
            assert problem is not None, "an answer or a problem"
            yield Gap(
                stream=RELEASES,
                scope=target.scope,
                operation=OPERATION,
                reason=problem.reason,
                detail=problem.detail,
                remedy=problem.remedy,
                hides_items=True,
                at=now,
            )
            return
        yield Evidence(
            stream=RELEASES,
            scope=target.scope,
            query=Query(operation=OPERATION, command=shlex.join(["git", "-C", target.scope.account, *_TAGS])),
            principal="",
            collected_at=now,
            effective_at=now,
            collector=f"auditwright/{__version__}",
            body=answer.output,
            digest=digest_of(answer.output),
        )


def normalize(evidence: Sequence[Evidence], gaps: Sequence[Gap]) -> Iterator[Release]:
    """The releases of each repository, by tag; raises MalformedEvidenceError."""
    del gaps  # a gap hides releases; it takes no fact from those that were seen
    for item in evidence:
        for number, line in enumerate(item.body.decode(errors="replace").splitlines(), start=1):
            tag, separator, seconds = line.partition("\0")
            if not separator:
                raise MalformedEvidenceError(f"line {number} names a tag and no time: {line[:80]!r}")
            if _VERSION.fullmatch(tag):
                yield Release(
                    id=ResourceId(f"release:{item.scope.account}:{tag}"),
                    name=tag,
                    scope=item.scope,
                    evidence=(item.digest,),
                    release=tag,
                    released_at=_moment(seconds),
                )


def _moment(seconds: str) -> datetime | Unknown:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return Unknown("the tag has no time that can be read")
