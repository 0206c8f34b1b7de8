"""Reading the lists of a cluster from a folder of files that kubectl wrote, one list in each.

A file is known by its name, such as `rolebindings.json` or `pods.yaml`, because an empty list does not say of what. A list
of one namespace looks like a whole one: where every cluster has items of its own and the file has none of them, it is
taken for what it is.
"""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from auditwright.core.evidence import GapReason
from auditwright.integrations.kubernetes.problem import Problem
from auditwright.integrations.kubernetes.questions import SYSTEM_NAMESPACE, Question

MAX_FILE_BYTES: Final = 512_000_000
"""The pods of the largest clusters, as kubectl prints them."""

SUFFIXES: Final = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The items of a list that was saved, and when."""

    items: list[object]
    saved_at: datetime


def read(folder: Path, question: Question) -> Saved | Problem:
    """The list that answers a question, or why it cannot be read."""
    found = [folder / f"{question.name}{suffix}" for suffix in SUFFIXES]
    there = [path for path in found if path.exists()]
    if not there:
        return _missing(question, GapReason.NOT_COLLECTED, f"there is no {found[0].name}")
    if len(there) > 1:
        return _missing(question, GapReason.MALFORMED, f"{there[0].name} and {there[1].name} are both there")
    body = _bytes(there[0], question)
    if isinstance(body, Problem):
        return body
    content, saved_at = body
    try:
        parsed = _parsed(content, is_json=there[0].suffix == ".json")
    except (ValueError, RecursionError) as error:
        return _missing(question, GapReason.MALFORMED, f"{there[0].name} cannot be read: {error}")
    return _list(parsed, question, saved_at, there[0].name)


def _bytes(path: Path, question: Question) -> tuple[bytes, datetime] | Problem:
    try:
        # Opened without waiting: a pipe without a writer would hold the run up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                return _missing(question, GapReason.NOT_COLLECTED, f"{path.name} is not a regular file")
            body = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return _missing(question, GapReason.UNREACHABLE, f"{path.name} cannot be read: {error.strerror}")
    if len(body) > MAX_FILE_BYTES:
        return _missing(question, GapReason.LIMIT, f"{path.name} has more than {MAX_FILE_BYTES} bytes")
    return body, _moment(state.st_mtime)


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        # A damaged time of modification says nothing about when the content was true.
        return datetime.now(UTC)


def _parsed(body: bytes, *, is_json: bool) -> object:
    """The content of a file; raises ValueError where it is none."""
    text = body.decode("utf-8-sig")
    if is_json:
        value: object = json.loads(text)
        return value
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # kubectl writes no anchors; an alias could make little text into much.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise ValueError("it has aliases, which kubectl does not write")
        return cast("object", yaml.load(text, Loader=loader))  # noqa: S506  # a safe loader, in C where it is there
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error


def _list(value: object, question: Question, saved_at: datetime, name: str) -> Saved | Problem:
    if not isinstance(value, dict):
        return _missing(question, GapReason.MALFORMED, f"{name} is no list of Kubernetes objects")
    fields = cast("dict[str, object]", value)
    kind, items = fields.get("kind"), fields.get("items")
    if not isinstance(items, list) or kind not in ("List", f"{question.kind}List"):
        return _missing(question, GapReason.MALFORMED, f"{name} is no list of kind {question.kind}")
    listed = cast("list[object]", items)
    for item in listed:
        other = item.get("kind", question.kind) if isinstance(item, dict) else "no object"
        if other != question.kind:
            return _missing(question, GapReason.MALFORMED, f"{name} holds {other}, not only {question.kind}")
    metadata = fields.get("metadata")
    if isinstance(metadata, dict) and metadata.get("continue"):
        return _missing(question, GapReason.LIMIT, f"{name} is one page of several")
    if question.in_system and not any(_namespace(item) == SYSTEM_NAMESPACE for item in listed):
        return _missing(
            question,
            GapReason.LIMIT,
            f"{name} has nothing of {SYSTEM_NAMESPACE}, where every cluster has {question.name}; "
            "it seems to be of one namespace",
        )
    return Saved(items=listed, saved_at=saved_at)


def _namespace(item: object) -> object:
    metadata = cast("Mapping[str, object]", item).get("metadata") if isinstance(item, dict) else None
    return cast("Mapping[str, object]", metadata).get("namespace") if isinstance(metadata, dict) else None


def _missing(question: Question, reason: GapReason, detail: str) -> Problem:
    return Problem(
        reason=reason, detail=detail, remedy=f"Save it again: {question.kubectl} > {question.name}.json"
    )
