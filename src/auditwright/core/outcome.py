"""Outcomes of one item, results and conclusions over a population."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never

from auditwright.core.evidence import Gap
from auditwright.core.ids import Digest, ResourceId, TestId


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that the source did not show, and why. Never read as no, nor as yes."""

    why: str


@dataclass(frozen=True, slots=True)
class Satisfied:
    """The evidence shows what the test asks for."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """The evidence shows the opposite; `what` says what is wrong, in a sentence."""

    what: str


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The test does not concern this item, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Undetermined:
    """Not enough was seen to say, and why."""

    why: str


Outcome: TypeAlias = Satisfied | Deviation | NotApplicable | Undetermined

_BY_WORD: Mapping[str, Callable[[str], Outcome]] = {
    "satisfied": Satisfied,
    "deviation": Deviation,
    "not applicable": NotApplicable,
    "undetermined": Undetermined,
}


def words_of(outcome: Outcome) -> tuple[str, str]:
    """An outcome's word in stores, documents and exports, and what it says of the item."""
    match outcome:
        case Satisfied(note):
            return "satisfied", note
        case Deviation(what):
            return "deviation", what
        case NotApplicable(why):
            return "not applicable", why
        case Undetermined(why):
            return "undetermined", why
        case unreachable:
            assert_never(unreachable)


def outcome_of(word: str, says: str) -> Outcome:
    """The outcome that `words_of` gave; raises KeyError for a word that no outcome has."""
    return _BY_WORD[word](says)


def without_words(outcome: Outcome, instead: str) -> Outcome:
    """The same outcome, saying something else of the item."""
    word, _ = words_of(outcome)
    return outcome_of(word, instead)


class Conclusion(StrEnum):
    """What the outcomes of a whole population come to."""

    EXCEPTIONS = "exceptions"
    INCONCLUSIVE = "inconclusive"
    DID_NOT_OCCUR = "did not occur"
    NO_EXCEPTIONS = "no exceptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One item examined: which, the outcome, and the evidence it rests on."""

    item: ResourceId
    name: str
    account: str
    region: str
    outcome: Outcome
    evidence: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A control test applied to a population at one time."""

    test: TestId
    population: str
    """The kind of resource, such as `user_account`."""
    concluded_at: datetime
    conclusion: Conclusion
    observations: tuple[Observation, ...]
    gaps: tuple[Gap, ...]
