"""The answer for one start and one target, or for a whole picture: reachable, proved unreachable, or unknown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from auditwright.access.asking import Question
from auditwright.access.assumptions import Assumption
from auditwright.access.certificate import EVERYBODY, Certificate, crossings
from auditwright.access.checker import Checker
from auditwright.access.evaluator import Undecided as Open
from auditwright.access.explorer import Explorer
from auditwright.access.facts import Fact, Kind
from auditwright.access.kubernetes_levels import Level
from auditwright.access.search import Search
from auditwright.access.sessions import UNCONFIRMED, SessionClass
from auditwright.access.starts import OVERALL, Start
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
    """Not proved either way."""

    possible: Witness | None
    """A path that cannot be ruled out; None where only a source is missing."""
    assumptions: tuple[Assumption, ...]
    """What would have to be known to hold, or not to, for a proof."""
    missing: tuple[str, ...]
    """Condition keys and other facts that leave steps of the path open."""


Verdict: TypeAlias = Reachable | Unreachable | Undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A start and its verdict."""

    start: Start
    verdict: Verdict


class TargetError(ValueError):
    """A target that the picture does not have; the message says which there are."""


def target_of(world: World, spelled: str) -> Fact:
    """The fact of a target: `CLUSTER`, `CLUSTER:LEVEL`, `account-admin[:ACCOUNT]`, `role:NAME` or `ACTION@RESOURCE`.

    Raises TargetError.
    """
    name, _, detail = spelled.partition(":")
    if "@" in spelled and ":" in spelled.partition("@")[0]:
        return Fact(Kind.READ, spelled)
    if name in {"account-admin", "admin"}:
        account = detail or next(iter(world.accounts), "")
        if account not in world.accounts:
            raise TargetError(
                f"no account {account or 'at all'} here; there are: {', '.join(world.accounts) or 'none'}"
            )
        return Fact(Kind.ADMINISTRATOR, account)
    if name == "role":
        arns = [each.arn for each in world.roles.values() if detail in {each.name, each.arn}]
        if not arns:
            raise TargetError(f"no role {detail} here")
        if len(arns) > 1:
            raise TargetError(f"{spelled!r} is several: {', '.join(f'role:{arn}' for arn in arns)}")
        return Fact(Kind.SESSION, arns[0], SessionClass.ROLE)
    clusters = [cluster.name for cluster in world.clusters]
    if name in clusters:
        levels = [level.value for level in Level if level is not Level.NONE]
        if detail and detail not in levels:
            raise TargetError(f"no level {detail}; the levels are: {', '.join(levels)}")
        return Fact(Kind.LEVEL, name, Level(detail or Level.ANY))
    raise TargetError(
        f"no target {spelled!r} here; a target is a cluster ({', '.join(clusters) or 'there is none'}), "
        "CLUSTER:LEVEL, account-admin, role:NAME, or ACTION@RESOURCE"
    )


def default_target(world: World) -> str:
    """What is asked where nobody says: the first cluster, at any level, or the administrator of the account."""
    return world.clusters[0].name if world.clusters else "account-admin"


def explorer_for(world: World, targets: Iterable[Fact]) -> Explorer:
    """An explorer that also asks for the targets."""
    questions = tuple(Question.of(target.subject) for target in targets if target.kind is Kind.READ)
    return Explorer(world, questions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a target comes to: for everybody at once, and for each credential by itself."""

    target: Fact
    overall: Verdict
    """For an adversary who has every first factor at once."""
    answers: tuple[Answered, ...]


def prove_all(explorer: Explorer, starts: Sequence[Start], target: Fact) -> Proof:
    """The verdict on every first factor at once, and on each credential and workload by itself.

    What is out of reach of all of them is out of reach of each: what can be held from a part is held from the whole.
    """
    world = explorer.world
    counted = [start for start in starts if start.kind in OVERALL]
    checker = Checker(world)
    overall = accepted(checker, prove(explorer, counted, target, whose=(EVERYBODY,)))

    def single(start: Start) -> Verdict:
        if start.kind in OVERALL and isinstance(overall, Unreachable):
            return overall
        return accepted(checker, prove(explorer, [start], target))

    return Proof(
        target=target,
        overall=overall,
        answers=tuple(Answered(start=start, verdict=single(start)) for start in starts),
    )


def accepted(checker: Checker, verdict: Verdict) -> Verdict:
    """A verdict as it may be shown: a proof that the checker does not accept is none."""
    if not isinstance(verdict, Unreachable):
        return verdict
    problems = checker.check(verdict.certificate)
    if not problems:
        return verdict
    return Undecided(possible=None, assumptions=(), missing=(f"the proof was not accepted: {problems[0]}",))


def prove(
    explorer: Explorer, starts: Sequence[Start], target: Fact, *, whose: tuple[str, ...] | None = None
) -> Verdict:
    """The verdict for somebody who has all of some starts at once; one start for the verdict on it alone."""
    world = explorer.world
    ids = {fact: start.id for start in starts for fact in start.facts}
    sure = Search(explorer=explorer, certain=True)
    if sure.run([fact for start in starts if start.certain for fact in start.facts], target):
        witness = witness_of(explorer, sure.path(target), ids)
        stopped = replay(world, witness)
        if not stopped:
            return Reachable(witness=witness)
        return Undecided(possible=witness, assumptions=_all(starts, witness), missing=(f"replay: {stopped}",))
    everything = Search(explorer=explorer, certain=False)
    if everything.run([fact for start in starts for fact in start.facts], target):
        witness = witness_of(explorer, everything.path(target), ids)
        return Undecided(possible=witness, assumptions=_all(starts, witness), missing=_missing(witness))
    if world.unseen:
        return Undecided(possible=None, assumptions=world.unseen, missing=())
    held = frozenset(everything.reasons)
    return Unreachable(
        certificate=Certificate(
            whose=whose or tuple(start.id for start in starts),
            start=tuple(sorted(fact for start in starts for fact in start.facts)),
            target=target,
            held=tuple(sorted(held)),
            crossings=tuple(crossings(explorer, held)),
        )
    )


def _all(starts: Iterable[Start], witness: Witness) -> tuple[Assumption, ...]:
    begun = (each for start in starts if start.id in witness.start for each in start.assumptions)
    classes = (UNCONFIRMED.get(SessionClass(step.actor.detail)) for step in witness.steps if step.actor)
    return tuple(dict.fromkeys((*begun, *witness.assumptions, *(each for each in classes if each))))


def _missing(witness: Witness) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for step in witness.steps:
        for answer in step.answers:
            if isinstance(answer.decision, Open):
                # Grants of a key leave a request open without a word of any statement.
                unsaid = f"whether a grant allows {answer.request.action} on {answer.request.resource}"
                found |= dict.fromkeys(answer.decision.keys or answer.decision.why or (unsaid,))
        found |= dict.fromkeys(step.doubts)
    if not found and not witness.assumptions:
        # What leaves a way open on every target need not show in the request for the one that counts.
        found |= {f"whether {step.text} goes through": None for step in witness.steps if not step.certain}
    return tuple(found)
