"""The answer for one start and one target, or for a whole picture: reachable, proved unreachable, or unknown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from auditwright.access.assumptions import Assumption
from auditwright.access.certificate import Certificate, certify
from auditwright.access.explorer import Explorer, Question
from auditwright.access.facts import Fact, Kind
from auditwright.access.kubernetes_levels import Level
from auditwright.access.search import Search
from auditwright.access.starts import OVERALL, Start, StartKind, starts
from auditwright.access.witness import Witness, replay, witness_of
from auditwright.access.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """Somebody without a second factor gets there; the witness was replayed through the evaluator."""

    witness: Witness


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """Proved: whatever is done from the start, the target is not among what can be held."""

    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """Not proved either way: a path that rests on what was not seen, and what that is."""

    possible: Witness | None
    """The path that cannot be ruled out; None where a whole source is missing."""
    assumptions: tuple[Assumption, ...]
    """What has to hold for the target to be out of reach."""
    missing: tuple[str, ...]
    """The facts that would decide it: condition keys, doubts."""


Verdict: TypeAlias = Reachable | Unreachable | Undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A start and its verdict."""

    start: Start
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """All starts against one target, and what it comes to for somebody who has every first factor at once."""

    target: str
    overall: Verdict
    answers: tuple[Answered, ...]
