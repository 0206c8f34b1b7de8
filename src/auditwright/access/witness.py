"""A path that can be walked: the steps in order, each with its concrete requests, and the replay that checks them.

A witness is shown only after its replay. The replay knows nothing of how the path was found. It starts with what the
start holds, puts each request to the evaluator with the policies as the steps before have left them, and adds what a
step gives only where the catalogue or a law says that it does.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from auditwright.access.asking import ASSUMING, PROBES, Answer, Question, is_pattern, policy_of_resource
from auditwright.access.assumptions import Assumption
from auditwright.access.catalogue import ASSUME, WAYS_BY_ID, Gain, Way
from auditwright.access.effects import cluster_of, effects, laws
from auditwright.access.entering import Entered, Entrances
from auditwright.access.evaluator import Allowed, ImplicitDeny, decide
from auditwright.access.explorer import Explorer, Move
from auditwright.access.facts import CHANGES, Fact, Kind
from auditwright.access.glob import compile_glob
from auditwright.access.holdings import policies_of
from auditwright.access.matching import Request
from auditwright.access.search import Reason
from auditwright.access.sessions import SessionClass, may_call
from auditwright.access.world import World, account_of


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessStep:
    """One step of a path."""

    text: str
    """In a line, such as `sts:AssumeRole eks-admin`."""
    actor: Fact | None
    """The session that makes the requests; None where the step takes none."""
    answers: tuple[Answer, ...]
    needs: tuple[Fact, ...]
    """What has to be held before."""
    gains: Fact
    way: str
    """The id of the way in the catalogue; empty for what follows of itself, and for signing in to a cluster."""
    target: str
    certain: bool
    assumptions: tuple[Assumption, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A path from a start to a target."""

    start: tuple[str, ...]
    """The ids of the credentials that it begins with."""
    held: tuple[Fact, ...]
    """What those give."""
    steps: tuple[WitnessStep, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The path, a line a step, the credentials first."""
        return (*self.start, *(step.text for step in self.steps))

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What the path takes for granted, each once."""
        return tuple(dict.fromkeys(each for step in self.steps for each in step.assumptions))


def witness_of(explorer: Explorer, path: Iterable[Reason], ids: dict[Fact, str]) -> Witness:
    """The witness of a path of reasons; `ids` names the credential of each fact that a start gives."""
    begun: list[Reason] = []
    steps: list[WitnessStep] = []
    for reason in path:
        if reason.fact in ids and reason.move is None and reason.law is None:
            begun.append(reason)
        elif reason.fact.kind is Kind.EVERY:
            continue
        else:
            steps.append(_step(explorer, reason, path))
    return Witness(
        start=tuple(dict.fromkeys(ids[reason.fact] for reason in begun)),
        held=tuple(reason.fact for reason in begun),
        steps=tuple(steps),
    )


def _step(explorer: Explorer, reason: Reason, path: Iterable[Reason]) -> WitnessStep:
    move = reason.move
    needs, certain = reason.parents, reason.certain
    every = next((each for each in reason.parents if each.kind is Kind.EVERY), None)
    if every is not None:
        # A way on every target: made for the one that counts here.
        whole = next(each for each in path if each.fact == every)
        general, certain = whole.move, certain and whole.certain
        assert general is not None, "only moves give ways on every target"
        found = _for_target(explorer, general, reason.fact)
        rest = tuple(each for each in reason.parents if each != every)
        if found is not None:
            move, needs = found, (found.session, *sorted(found.changes), *rest)
    elif move is not None and move.way is not None:
        move = explorer.one(move, move.target) or move
    if move is None:
        return WitnessStep(
            text=_of_itself(reason.fact),
            actor=None,
            answers=(),
            needs=needs,
            gains=reason.fact,
            way="",
            target="",
            certain=certain,
            assumptions=reason.assumptions,
            doubts=(),
        )
    entered = _entered(explorer, move, reason.fact) if move.way is None else None
    return WitnessStep(
        text=_entering(entered) if entered else _text(move, reason.fact),
        actor=move.session,
        answers=move.answers,
        needs=needs,
        gains=reason.fact,
        way=move.way.id if move.way else "",
        target=move.target,
        certain=certain,
        assumptions=tuple(dict.fromkeys((*reason.assumptions, *move.assumptions))),
        doubts=entered.doubts if entered else (),
    )


def _for_target(explorer: Explorer, move: Move, gain: Fact) -> Move | None:
    assert move.way is not None, "only ways are open on every target"
    for target in explorer.targets(move.way):
        if any(
            gain in effect.gains
            for effect in effects(explorer.world, move.way, SessionClass(move.session.detail), target)
        ):
            return explorer.one(move, target)
    return None


def _entered(explorer: Explorer, move: Move, gain: Fact) -> Entered | None:
    found = [
        each
        for each in explorer.entrances.of(move.session)
        if each.gain == gain and each.cluster == move.target
    ]
    return next((each for each in found if each.certain), found[0] if found else None)


def _entering(entered: Entered) -> str:
    name = f" in a session named {entered.session_name}" if entered.session_name else ""
    steps = "".join(f", {step.edge}" for step in entered.steps)
    user = entered.user.replace("{{SessionName}}", "SESSION")
    return f"sts:GetCallerIdentity (presigned){name}, {entered.cluster}: {user}{steps}"


def _text(move: Move, gain: Fact) -> str:
    if move.way is None:
        return f"{gain.kind} {gain.subject}"
    actions = ", ".join(dict.fromkeys(answer.request.action for answer in move.answers))
    target = (
        move.target.partition(":role/")[2]
        or move.target.partition(":user/")[2]
        or move.target.rpartition(":")[2]
    )
    return f"{actions} {target}".strip()


def _of_itself(fact: Fact) -> str:
    name = fact.subject.rpartition("/")[2]
    if fact.kind is Kind.SESSION:
        return {
            SessionClass.TOKEN: f"sts:GetSessionToken as {name}",
            SessionClass.MFA: f"sts:GetSessionToken with the enrolled device as {name}",
            SessionClass.CONSOLE: f"console sign-in as {name} with the password alone",
            SessionClass.ROLE: f"sts:AssumeRole {name} from an account of the adversary's",
        }.get(SessionClass(fact.detail), str(fact))
    return str(fact)


# --- replay


def replay(world: World, witness: Witness) -> str:
    """Walk a witness step by step; returns what stops it, or an empty text where it reaches its end."""
    held = set(witness.held)
    entrances = Entrances(world)
    for step in witness.steps:
        missing = next((each for each in step.needs if each not in held), None)
        if missing is not None:
            return f"{step.text}: {missing} is not held"
        if step.way and not _asks_for(step, WAYS_BY_ID[step.way]):
            return f"{step.text}: its requests are not those that {step.way} takes"
        changes = frozenset(each for each in held if each.kind in CHANGES)
        stopped = "".join(_refused(world, answer.request, step.actor, changes) for answer in step.answers)
        if stopped:
            return f"{step.text}: {stopped}"
        if step.gains not in set(_given(world, step, held, entrances)):
            return f"{step.text}: does not give {step.gains}"
        held.add(step.gains)
    return ""


def _asks_for(step: WitnessStep, way: Way) -> bool:
    """True where a step makes every request of its way."""
    asked = Counter(answer.request.action for answer in step.answers)
    if way is ASSUME:
        return asked.total() == 1 and asked.keys() <= ASSUMING
    return asked == Counter(use.action for use in way.uses)


def _refused(world: World, request: Request, actor: Fact | None, changes: frozenset[Fact]) -> str:
    """Why the evaluator does not let a request through, with the policies as they then stand."""
    assert actor is not None, "requests are made in a session"
    if not may_call(SessionClass(actor.detail), request.action.lower()):
        return f"{request.action} is not open to such a session"
    document = policy_of_resource(world, request.action, request.resource)
    account = world.accounts.get(account_of(request.resource))
    why = ""
    for policies in policies_of(world, actor.subject, changes):
        full = replace(policies, resource=document, rcps=account.resource_policies if account else ())
        decision = decide(request, full)
        if isinstance(decision, Allowed):
            return ""
        why = "; ".join(decision.why) if isinstance(decision, ImplicitDeny) else f"{type(decision).__name__}"
    return f"{request.action} on {request.resource}: {why}"


def _given(world: World, step: WitnessStep, held: set[Fact], entrances: Entrances) -> Iterator[Fact]:
    """What a step gives by the catalogue, by a law, or by signing in."""
    if step.actor is None:
        for fact in step.needs:
            for law in laws(world, fact):
                if law.certain and held.issuperset(law.needs or (fact,)):
                    yield from law.gains
        return
    if step.way:
        way = WAYS_BY_ID[step.way]
        for effect in effects(world, way, SessionClass(step.actor.detail), step.target):
            if effect.certain and held.issuperset(effect.needs):
                yield from effect.gains
        if way.gain is Gain.SIGN_IN:
            cluster = cluster_of(world, step.target)
            yield from (each.gain for each in entrances.chosen(cluster) if each.certain)
    elif step.answers:
        # The target itself: its requests are all that it takes.
        yield from _asked_for(step)
    else:
        yield from (each.gain for each in entrances.of(step.actor) if each.certain)


def _asked_for(step: WitnessStep) -> Iterator[Fact]:
    asked = [answer.request.action for answer in step.answers]
    if asked == [action for action, _ in PROBES]:
        yield Fact(Kind.ADMINISTRATOR, step.target)
    question = Question.of(step.target)
    if (
        len(asked) == 1
        and asked[0] == question.action
        and _is_of(question.resource, step.answers[0].request.resource)
    ):
        yield Fact(Kind.READ, step.target)


def _is_of(asked: str, resource: str) -> bool:
    return compile_glob(asked).matches(resource) if is_pattern(asked) else resource == asked
