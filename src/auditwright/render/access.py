"""Verdicts on access as plain values and as lines."""

from collections.abc import Mapping, Sequence

from auditwright.access.assumptions import Assumption
from auditwright.access.context import Present
from auditwright.access.evaluator import Allowed, Decision, ExplicitDeny, ImplicitDeny
from auditwright.access.facts import Fact, Kind
from auditwright.access.kubernetes_levels import Level
from auditwright.access.repair import Repair
from auditwright.access.starts import StartKind
from auditwright.access.verdict import Answered, Reachable, Undecided, Unreachable, Verdict
from auditwright.access.witness import Witness

WORDS = {Reachable: "REACHABLE", Unreachable: "UNREACHABLE", Undecided: "UNKNOWN"}
SHOWN_KEYS = (
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:principalarn",
    "iam:passedtoservice",
)
"""Condition keys that a printed request names: those that decide about a second factor."""


def word_of(verdict: Verdict) -> str:
    """A verdict in a word."""
    return WORDS[type(verdict)]


def target_words(target: Fact) -> str:
    """A target in words."""
    match target.kind:
        case Kind.LEVEL:
            level = "at any level" if target.detail == Level.ANY else f"as {target.detail}"
            return f"cluster {target.subject}, {level}"
        case Kind.ADMINISTRATOR:
            return f"administrator of account {target.subject}"
        case Kind.READ:
            action, _, resource = target.subject.partition("@")
            return f"{action} on {resource}"
        case _:
            return str(target)


def path_of(verdict: Verdict) -> Witness | None:
    """The path of a verdict: the witness, or the one that cannot be ruled out."""
    match verdict:
        case Reachable(witness=witness):
            return witness
        case Undecided(possible=possible):
            return possible
        case Unreachable():
            return None


def verdict_value(verdict: Verdict) -> Mapping[str, object]:
    """A verdict as plain values."""
    path = path_of(verdict)
    value: dict[str, object] = {
        "verdict": word_of(verdict),
        "witness": list(path.lines) if path else None,
        "assumptions": [_assumption(each) for each in assumptions_of(verdict)],
        "missing": list(verdict.missing) if isinstance(verdict, Undecided) else [],
    }
    if isinstance(verdict, Unreachable):
        held = verdict.certificate.held
        value["certificate"] = {
            "held": [str(fact) for fact in held],
            "closed": len(verdict.certificate.crossings),
        }
    return value


def assumptions_of(verdict: Verdict) -> Sequence[Assumption]:
    """What a verdict takes for granted, or would need to know."""
    match verdict:
        case Reachable(witness=witness):
            return witness.assumptions
        case Undecided(assumptions=assumptions):
            return assumptions
        case Unreachable():
            return ()


def _assumption(assumption: Assumption) -> Mapping[str, str]:
    return {"id": assumption.id, "says": assumption.says}


def answered_value(answered: Answered) -> Mapping[str, object]:
    """A credential and its verdict as plain values."""
    return {"from": answered.start.id, "kind": answered.start.kind, **verdict_value(answered.verdict)}


def requests_value(verdict: Verdict) -> Sequence[Mapping[str, object]]:
    """The concrete requests of a path, in order."""
    path = path_of(verdict)
    found: list[Mapping[str, object]] = []
    for number, step in enumerate(path.steps if path else (), start=1):
        for answer in step.answers:
            request = answer.request
            known = {key: request.context.get(key) for key in SHOWN_KEYS}
            found.append(
                {
                    "step": number,
                    "caller": request.caller.arn,
                    "action": request.action,
                    "resource": request.resource,
                    "context": {
                        key: list(each.values) for key, each in known.items() if isinstance(each, Present)
                    },
                    "decision": decision_word(answer.decision),
                }
            )
    return found


def decision_word(decision: Decision) -> str:
    """A decision in a word."""
    match decision:
        case Allowed():
            return "allowed"
        case ExplicitDeny():
            return "explicitly denied"
        case ImplicitDeny():
            return "implicitly denied"
        case _:
            return "undecided"


def repair_value(repair: Repair) -> Mapping[str, object]:
    """A repair as plain values."""
    return {
        "before": word_of(repair.before),
        "after": word_of(repair.after),
        "complete": repair.complete,
        "least": repair.least,
        "cost": repair.cost,
        "changes": [
            {
                "kind": each.kind,
                "subject": each.subject,
                "title": each.title,
                "cuts": each.reason,
                "weight": each.weight,
            }
            for each in repair.changes
        ],
        "evidence": [{"id": each.id, "says": each.says, "closes": each.closes} for each in repair.evidence],
        "left": list(repair.left),
    }


def beside(answers: Sequence[Answered]) -> tuple[Sequence[Answered], Sequence[Answered]]:
    """The credentials, and the workloads, which have no human factor by nature."""
    workloads = [each for each in answers if each.start.kind is StartKind.WORKLOAD]
    return [each for each in answers if each.start.kind is not StartKind.WORKLOAD], workloads
