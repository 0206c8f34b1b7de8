"""Reading the kept lists of a cluster: what the API leaves out is its documented default, what is wrong is refused.

The API server leaves out of an object every list that is empty and every switch that is off. So a field that is missing
is read as that default, and one of the wrong type raises MalformedEvidenceError saying where.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from auditwright.core.evidence import Evidence, Gap, Scope
from auditwright.core.ids import Digest
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.integrations.kubernetes.questions import Question

MANAGED_AS: Final = "managed_as"
"""The parameter of a query that names the cluster as its cloud does."""

MAX_QUOTED_CHARACTERS: Final = 80
"""How much of a wrong value an error quotes: enough to recognize it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An object inside the evidence, and where it stands, such as `pods: items[3].spec`."""

    path: str
    fields: Mapping[str, object]
    digest: Digest

    def text(self, name: str) -> str:
        """A text that is always there; raises MalformedEvidenceError without it."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            raise self._error(name, "a text", value)
        return value

    def text_or_empty(self, name: str) -> str:
        """A text that is left out where it is empty."""
        value = self.fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._error(name, "a text", value)
        return value

    def flag(self, name: str) -> bool:
        """A switch, which is left out where it is off."""
        value = self.fields.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self._error(name, "true or false", value)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, which is left out where it is empty."""
        values = self._list(name)
        found = tuple(value for value in values if isinstance(value, str))
        if len(found) != len(values):
            raise self._error(name, "a list of texts", values)
        return found

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """A map of texts in the order of its keys, which is left out where it is empty."""
        held = self.part(name)
        return tuple(sorted((key, held.text_or_empty(key)) for key in held.fields))

    def part(self, name: str) -> "Part":
        """An object inside this one, which is left out where it is empty."""
        return self._inside(f"{self.path}.{name}", self.fields.get(name, {}) or {})

    def parts(self, name: str) -> "tuple[Part, ...]":
        """A list of objects, which is left out where it is empty."""
        return tuple(
            self._inside(f"{self.path}.{name}[{place}]", value)
            for place, value in enumerate(self._list(name))
        )

    def has(self, name: str) -> bool:
        """True where the field is there and not null."""
        return self.fields.get(name) is not None

    def _list(self, name: str) -> Sequence[object]:
        value = self.fields.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self._error(name, "a list", value)
        return cast("list[object]", value)

    def _inside(self, path: str, value: object) -> "Part":
        if not isinstance(value, dict):
            raise malformed(path, "an object", value)
        return Part(path=path, fields=cast("dict[str, object]", value), digest=self.digest)

    def _error(self, name: str, expected: str, value: object) -> MalformedEvidenceError:
        return malformed(f"{self.path}.{name}", expected, value)


class Lists:
    """All that one stream captured of one cluster, to be asked by question."""

    __slots__ = ("_evidence", "_gaps")

    def __init__(self, evidence: Sequence[Evidence], gaps: Sequence[Gap]) -> None:
        """Read evidence and gaps of one stream of one cluster."""
        self._evidence = tuple(evidence)
        self._gaps = tuple(gaps)

    @property
    def scope(self) -> Scope:
        """The cluster's scope; there is evidence."""
        return self._evidence[0].scope

    @property
    def cluster(self) -> str:
        """The id of the cluster."""
        return f"kubernetes:{self.scope.account}"

    @property
    def managed_as(self) -> str:
        """The cluster as its cloud names it; empty where the settings do not say."""
        return dict(self._evidence[0].query.parameters).get(MANAGED_AS, "")

    def items(self, question: Question) -> Iterator[Part]:
        """Every item of a list; none where it was refused, and then its gap says so."""
        for held in self._of(question):
            yield from self._whole(held).parts("items")

    def seen(self, question: Question) -> bool:
        """Whether the list was captured whole."""
        return self.unseen(question) is None

    def unseen(self, question: Question) -> Unknown | None:
        """Why a list was not seen whole; None where it was."""
        for gap in self._gaps:
            if gap.operation == question.operation:
                return Unknown(gap.sentence())
        if not any(True for _ in self._of(question)):
            return Unknown(f"{question.operation} was not asked; save the answer to `{question.kubectl}`")
        return None

    def digests(self, *questions: Question) -> tuple[Digest, ...]:
        """The evidence of questions, for what is derived from its absence."""
        return tuple(dict.fromkeys(held.digest for each in questions for held in self._of(each)))

    def _of(self, question: Question) -> Iterator[Evidence]:
        return (held for held in self._evidence if held.query.operation == question.operation)

    def _whole(self, held: Evidence) -> Part:
        where = held.query.operation
        try:
            value: object = json.loads(held.body)
        except (ValueError, RecursionError) as error:
            raise MalformedEvidenceError(f"{where}: not JSON: {error}") from error
        if not isinstance(value, dict):
            raise malformed(where, "an object", value)
        return Part(path=where, fields=cast("dict[str, object]", value), digest=held.digest)


def malformed(path: str, expected: str, value: object) -> MalformedEvidenceError:
    """What is wrong at a place."""
    if value is None:
        return MalformedEvidenceError(f"{path} is missing; expected {expected}")
    quoted = json.dumps(value, default=str, ensure_ascii=True)[:MAX_QUOTED_CHARACTERS]
    return MalformedEvidenceError(f"{path} must be {expected}, not {quoted}")
