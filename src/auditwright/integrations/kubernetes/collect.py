"""Capturing the lists of one cluster, from its API or from files: what was answered is evidence, what was not a gap."""

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias, assert_never, cast

from auditwright import __version__
from auditwright.core.evidence import Evidence, Gap, GapReason, Query, digest_of
from auditwright.core.integration import Captured, Check, Config, Target
from auditwright.integrations.kubernetes import files
from auditwright.integrations.kubernetes.problem import Problem
from auditwright.integrations.kubernetes.questions import ACCESS, WORKLOADS, Question
from auditwright.integrations.kubernetes.reading import MANAGED_AS
from auditwright.integrations.kubernetes.server import Server, connected
from auditwright.integrations.kubernetes.settings import ACCESS_STREAM, targets

COLLECTOR: Final = f"auditwright/{__version__}"


_Source: TypeAlias = Server | Path | Problem
"""The API, the folder of saved answers, or why neither can be asked."""


def collect(target: Target) -> Iterator[Captured]:
    """Every list of one stream of one cluster. Raises nothing that the cluster can cause."""
    with _source(target) as source:
        for question in _questions(target):
            yield _captured(target, question, source)


def check(config: Config) -> Iterator[Check]:
    """Ask each list of each cluster for one item, or read its file, and say what cannot be seen."""
    for target in targets(config):
        with _source(target) as source:
            for question in _questions(target):
                problem = _problem(source, question)
                yield Check(
                    name=question.operation,
                    scope=target.scope,
                    problem="" if problem is None else f"{problem.reason}: {problem.detail}",
                    remedy="" if problem is None else problem.remedy,
                )


def _questions(target: Target) -> Sequence[Question]:
    return ACCESS if target.stream == ACCESS_STREAM else WORKLOADS


@contextmanager
def _source(target: Target) -> Iterator[_Source]:
    if target.settings["folder"]:
        yield Path(target.settings["program_folder"]) / target.settings["folder"]
        return
    with connected(target.settings) as server:
        yield server


def _problem(source: _Source, question: Question) -> Problem | None:
    match source:
        case Server():
            return source.probe(question)
        case Path():
            found = files.read(source, question)
            return found if isinstance(found, Problem) else None
        case Problem():
            return source
        case _:
            assert_never(source)


def _captured(target: Target, question: Question, source: _Source) -> Captured:
    saved_at: datetime | None = None
    match source:
        case Server():
            found = source.items(question)
        case Path():
            saved = files.read(source, question)
            found = saved if isinstance(saved, Problem) else saved.items
            saved_at = None if isinstance(saved, Problem) else saved.saved_at
        case Problem():
            found = source
        case _:
            assert_never(source)
    if isinstance(found, Problem):
        return _gap(target, question, found)
    if not all(isinstance(item, dict) for item in found):
        return _gap(target, question, _no_objects(question))
    return _evidence(target, question, cast("list[dict[str, object]]", found), saved_at=saved_at)


def _no_objects(question: Question) -> Problem:
    return Problem(
        reason=GapReason.MALFORMED,
        detail="the list holds what is no object",
        remedy=f"Compare with the answer to `{question.kubectl}`.",
    )


def _evidence(
    target: Target, question: Question, items: Sequence[dict[str, object]], *, saved_at: datetime | None
) -> Evidence:
    kept = {"kind": f"{question.kind}List", "items": [question.keep(item) for item in items]}
    # In the order of their keys, so that kubectl's file of a list gives the same bytes as the list itself.
    body = json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(
        "utf-8", "replace"
    )
    now = datetime.now(UTC)
    context = target.settings["context"]
    managed_as = target.settings["eks"]
    return Evidence(
        stream=target.stream,
        scope=target.scope,
        query=Query(
            operation=question.operation,
            parameters=((MANAGED_AS, managed_as),) if managed_as else (),
            command=f"{question.kubectl} --context {shlex.quote(context)}" if context else question.kubectl,
        ),
        principal="",
        collected_at=now,
        effective_at=saved_at or now,
        collector=COLLECTOR,
        body=body,
        digest=digest_of(body),
    )


def _gap(target: Target, question: Question, problem: Problem) -> Gap:
    return Gap(
        stream=target.stream,
        scope=target.scope,
        operation=question.operation,
        reason=problem.reason,
        detail=problem.detail,
        remedy=problem.remedy,
        hides_items=question.hides_items,
        at=datetime.now(UTC),
    )
