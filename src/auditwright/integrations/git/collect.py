"""Collecting the history of a main branch: git's exact output, or why it cannot be seen."""

import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from auditwright import __version__
from auditwright.core.evidence import Evidence, Gap, GapReason, Query, Scope, digest_of
from auditwright.core.integration import Captured, Check, Config, Target
from auditwright.integrations.git.changes import FIELDS
from auditwright.integrations.git.program import Problem
from auditwright.integrations.git.repository import (
    CLONE,
    Bounds,
    Repository,
    Tip,
    failed,
    opened,
    reachable,
    tip_of,
)
from auditwright.integrations.git.settings import STREAM, is_url, targets

OPERATION: Final = "git:log"

# Every commit of the branch, not the first parents only: who wrote what a merge brought in is derived from it.
_LOG: Final = (
    *("log", "-z", "--topo-order", "--encoding=UTF-8", "--no-show-signature", "--no-color"),
    f"--format=tformat:{'%x00'.join(FIELDS)}",
)


def collect(target: Target) -> Iterator[Captured]:
    """The history of one repository's main branch, or why it cannot be seen."""
    yield from collect_within(target, Bounds())


def collect_within(target: Target, bounds: Bounds) -> Iterator[Captured]:
    """The same, with other bounds than the usual ones."""
    with opened(target, bounds) as repository:
        if isinstance(repository, Problem):
            yield _gap(target.scope, repository)
            return
        tip = tip_of(repository, target.settings["branch"])
        if isinstance(tip, Problem):
            yield _gap(target.scope, tip)
            return
        yield from _history(target.scope, repository, tip)


def check(config: Config) -> Iterator[Check]:
    """Find each repository's main branch, without reading its history."""
    for target in targets(config):
        if target.stream != STREAM:
            continue  # a repository that can be reached shows its tags too
        problem = reachable(target, Bounds())
        yield Check(
            name=OPERATION,
            scope=target.scope,
            problem=problem.detail if problem else "",
            remedy=problem.remedy if problem else "",
        )


def _history(scope: Scope, repository: Repository, tip: Tip) -> Iterator[Captured]:
    """As many of the newest changes as fit, whole: with every commit that they merged."""
    bounds = repository.bounds
    assert bounds.changes, "a number of changes is given"
    most = max(bounds.changes) + 1
    chain = repository.lines("rev-list", "--first-parent", f"--max-count={most}", tip.commit, "--")
    if isinstance(chain, Problem):
        yield _gap(scope, chain)
        return
    problem: Problem | None = None
    for count in bounds.changes:
        older = (f"^{chain[count]}",) if len(chain) > count else ()
        answer = repository.ask(*_LOG, tip.commit, *older, "--", size_bytes=bounds.output_bytes)
        problem = answer if isinstance(answer, Problem) else failed(answer) if answer.code else None
        if not isinstance(answer, Problem) and problem is None:
            yield _evidence(scope, tip, older, answer.output)
            if older:
                yield _gap(scope, _cut(count))
            return
        if problem is not None and not problem.stopped:
            break
    assert problem is not None
    yield _gap(scope, problem)


def _cut(count: int) -> Problem:
    return Problem(
        reason=GapReason.LIMIT,
        detail=f"only the newest {count} changes were read; there are more",
        remedy="Name a repository with a shorter history, or a clone of it that begins before the period.",
    )


def _evidence(scope: Scope, tip: Tip, older: Sequence[str], body: bytes) -> Evidence:
    now = datetime.now(UTC)
    where, before = scope.account, ""
    if is_url(where):
        where = "repository.git"
        before = f"{shlex.join(['git', *CLONE, '--', scope.account, where])} && "
    log = ["git", "-C", where, "--no-replace-objects", *_LOG, tip.commit, *older, "--"]
    return Evidence(
        stream=STREAM,
        scope=scope,
        query=Query(
            operation=OPERATION,
            parameters=(("branch", tip.ref), ("commit", tip.commit)),
            command=before + shlex.join(log),
        ),
        principal="",
        collected_at=now,
        effective_at=now,
        collector=f"auditwright/{__version__}",
        body=body,
        digest=digest_of(body),
    )


def _gap(scope: Scope, problem: Problem) -> Gap:
    return Gap(
        stream=STREAM,
        scope=scope,
        operation=OPERATION,
        reason=problem.reason,
        detail=problem.detail,
        remedy=problem.remedy,
        hides_items=True,
        at=datetime.now(UTC),
    )
