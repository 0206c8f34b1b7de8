"""Verdicts on access as plain values and as lines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import assert_never

from auditwright.access.assumptions import Assumption
from auditwright.access.context import Present
from auditwright.access.evaluator import Allowed, Decision, ExplicitDeny, ImplicitDeny, Step
from auditwright.access.evaluator import Undecided as Open
from auditwright.access.facts import Fact, Kind
from auditwright.access.kubernetes_levels import Level
from auditwright.access.lint import LintFinding
from auditwright.access.policy import Policy
from auditwright.access.repair import Repair
from auditwright.access.repair_changes import Change
from auditwright.access.repair_commands import commands
from auditwright.access.repair_edits import Revised, Where, document_of, policy_at
from auditwright.access.repair_elsewhere import Elsewhere
from auditwright.access.repair_script import Script
from auditwright.access.repair_terraform import terraform
from auditwright.access.starts import Start, StartKind
from auditwright.access.verdict import Answered, Reachable, Undecided, Unreachable, Verdict
from auditwright.access.witness import Witness
from auditwright.access.world import World

WORDS = {Reachable: "REACHABLE", Unreachable: "UNREACHABLE", Undecided: "UNKNOWN"}
UNTOLD_KEYS = frozenset({"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"})
"""Condition keys that a printed request leaves out: when a snapshot is read says nothing of it."""


MAX_OFFERED = 20
"""Changes that are offered for trying; a large account has hundreds that cut some path, and nobody reads them."""


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


def verdict_value(verdict: Verdict, starts: Sequence[Start] = ()) -> Mapping[str, object]:
    """A verdict as plain values; `starts` are those that it may begin with."""
    path = path_of(verdict)
    value: dict[str, object] = {
        "verdict": word_of(verdict),
        "witness": list(path.lines) if path else None,
        "assumptions": [_assumption(each) for each in assumptions_of(verdict, starts)],
        "missing": list(verdict.missing) if isinstance(verdict, Undecided) else [],
    }
    if isinstance(verdict, Unreachable):
        held = verdict.certificate.held
        value["certificate"] = {
            "held": [str(fact) for fact in held],
            "closed": len(verdict.certificate.crossings),
        }
    return value


def assumptions_of(verdict: Verdict, starts: Sequence[Start] = ()) -> Sequence[Assumption]:
    """What a verdict takes for granted, of the credentials that its path begins with too, or would need to know."""
    match verdict:
        case Reachable(witness=witness):
            begun = (each for start in starts if start.id in witness.start for each in start.assumptions)
            return tuple(dict.fromkeys((*begun, *witness.assumptions)))
        case Undecided(assumptions=assumptions):
            return assumptions
        case Unreachable():
            return ()


def _assumption(assumption: Assumption) -> Mapping[str, str]:
    return {"id": assumption.id, "says": assumption.says}


def answered_value(answered: Answered) -> Mapping[str, object]:
    """A credential and its verdict as plain values."""
    return {
        "from": answered.start.id,
        "kind": answered.start.kind,
        **verdict_value(answered.verdict, [answered.start]),
    }


def requests_value(verdict: Verdict) -> Sequence[Mapping[str, object]]:
    """The concrete requests of a path, in order."""
    path = path_of(verdict)
    found: list[Mapping[str, object]] = []
    for number, step in enumerate(path.steps if path else (), start=1):
        for answer in step.answers:
            request = answer.request
            known = {key: each for key, each in request.context.entries.items() if key not in UNTOLD_KEYS}
            found.append(
                {
                    "step": number,
                    "actor": str(step.actor) if step.actor else None,
                    "caller": request.caller.arn,
                    "action": request.action,
                    "resource": request.resource,
                    "context": {
                        key: list(each.values)
                        for key, each in sorted(known.items())
                        if isinstance(each, Present)
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


def beside(answers: Sequence[Answered]) -> tuple[Sequence[Answered], Sequence[Answered]]:
    """The credentials, and the workloads, which have no human factor by nature."""
    workloads = [each for each in answers if each.start.kind is StartKind.WORKLOAD]
    return [each for each in answers if each.start.kind is not StartKind.WORKLOAD], workloads


def change_value(change: Change) -> Mapping[str, object]:
    """A change of a repair as plain values."""
    return {
        "id": change.id,
        "kind": change.kind,
        "subject": change.subject,
        "title": change.title,
        "cuts": change.reason,
        "supposes": change.supposes,
        "weight": change.weight,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A change of a repair as it is made by hand, after those before it."""

    change: Change
    diff: str
    """How it changes a policy: a unified diff, or an empty text."""
    commands: Script
    terraform: Script


def written_out(world: World, changes: Sequence[Change]) -> Sequence[Written]:
    """Each change of a repair of a picture, as it is made after those before it."""
    found: list[Written] = []
    for change in changes:
        after, edit = change.apply(world), change.edit
        found.append(
            Written(
                change=change,
                diff=_diff(world, after, edit.where) if isinstance(edit, Revised) else "",
                commands=commands(world, change),
                terraform=terraform(world, change),
            )
        )
        world = after
    return found


def written_alone(world: World, repair: Repair) -> Sequence[Written]:
    """The changes that a search considered, each as it is made alone: those chosen first, then what disrupts least.

    Of many, the first MAX_OFFERED.
    """
    chosen = {each.id for each in repair.changes}
    order = sorted(repair.considered, key=lambda each: (each.id not in chosen, each.weight))
    return [written for each in order[:MAX_OFFERED] for written in written_out(world, [each])]


def needs_of(changes: Sequence[Written]) -> Sequence[str]:
    """The facts that are to be supplied before the commands of some changes can run, each once."""
    return tuple(dict.fromkeys(need for each in changes for need in each.commands.needs))


def elsewhere_line(other: Elsewhere) -> str:
    """What a repair does to another target, in a line."""
    return f"{target_words(other.target)}: {word_of(other.before)} before, {word_of(other.after)} after"


def repair_value(
    repair: Repair,
    changes: Sequence[Written],
    others: Sequence[Elsewhere],
    considered: Sequence[Written],
) -> Mapping[str, object]:
    """A repair as plain values: its changes written out, what they do to other targets, and what else was considered."""
    return {
        "target": str(repair.target),
        "before": word_of(repair.before),
        "after": word_of(repair.after),
        "complete": repair.complete,
        "least": repair.least,
        "cost": repair.cost,
        "changes": [_written_value(each) for each in changes],
        "considered": [_written_value(each) for each in considered],
        "needs": list(needs_of(changes)),
        "elsewhere": [
            {
                "target": str(each.target),
                "before": word_of(each.before),
                "after": word_of(each.after),
                "worse": each.worse,
            }
            for each in others
        ],
        "evidence": [{"id": each.id, "says": each.says, "closes": each.closes} for each in repair.evidence],
        "left": list(repair.left),
    }


def _written_value(written: Written) -> Mapping[str, object]:
    return {
        **change_value(written.change),
        "diff": written.diff,
        "commands": _script_value(written.commands),
        "terraform": _script_value(written.terraform),
    }


def _script_value(script: Script) -> Mapping[str, object]:
    return {"text": script.text, "needs": list(script.needs)}


def _diff(before: World, after: World, where: Where) -> str:
    old, new = (_policy_lines(policy_at(world, where)) for world in (before, after))
    name = f"{where.place} {where.name or where.arn}"
    return "\n".join(unified_diff(old, new, name, name, lineterm=""))


def _policy_lines(policy: Policy | None) -> list[str]:
    return [] if policy is None else json.dumps(document_of(policy), indent=2).splitlines()


def reasons_of(decision: Decision) -> Sequence[str]:
    """Why a request is decided as it is, a line each."""
    match decision:
        case Allowed(by=by) | ExplicitDeny(by=by):
            return [_step_line(step) for step in by]
        case ImplicitDeny(why=why):
            return why
        case Open(why=why, keys=keys):
            return [*why, *(f"not known: {key}" for key in keys)]
        case _:
            assert_never(decision)


def _step_line(step: Step) -> str:
    if step.index < 0:
        return step.why
    return f"by {step.part} {step.policy}, statement {step.sid or step.index}"


def trace_value(decision: Decision) -> Sequence[Mapping[str, object]]:
    """The statements that were weighed, as plain values."""
    return [
        {
            "part": step.part,
            "policy": step.policy,
            "statement": "" if step.index < 0 else step.sid or step.index,
            "effect": step.effect,
            "applies": step.truth.value,
            "why": step.why,
        }
        for step in decision.trace
    ]


def linted_value(where: str, findings: Sequence[LintFinding], unread: Sequence[str]) -> Mapping[str, object]:
    """What was found in one policy as plain values."""
    return {
        "where": where,
        "unread": list(unread),
        "findings": [
            {
                "rule": each.rule,
                "title": each.title,
                "why": each.why,
                "statement": each.sid or each.index,
                "request": {
                    "caller": each.request.caller.arn,
                    "action": each.request.action,
                    "resource": each.request.resource,
                },
                "corrected": list(each.corrected),
            }
            for each in findings
        ],
    }
