"""Access: whether every path to what matters is behind a second factor, as the newest run proved it.

Verdicts are what the run recorded, so that a page shows them at once and as of any day. What a repair would be is
worked out from the run's evidence when somebody asks, apart from the request.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditwright.access.facts import Fact
from auditwright.access.proved import (
    ACCOUNT_ADMINISTRATOR,
    CLUSTER,
    CLUSTER_ADMINISTRATOR,
    REACHABLE,
    UNKNOWN,
    UNREACHABLE,
    facts_of_targets,
)
from auditwright.access.repair import Repair, Verdicts, repair
from auditwright.access.repair_changes import Change
from auditwright.access.repair_elsewhere import Elsewhere, elsewhere, made
from auditwright.access.world import World
from auditwright.app.errors import AppError
from auditwright.app.linting import Linted, lint_world
from auditwright.app.picturing import picture
from auditwright.app.proved import named_targets
from auditwright.app.queries.board import board
from auditwright.app.queries.lists import Filter, ListForm
from auditwright.app.queries.view import View
from auditwright.core.ids import Digest, RunId
from auditwright.core.question import Answer, Question, answered
from auditwright.core.resources import ProvedAccess
from auditwright.render.access import Written, word_of, written_alone, written_out
from auditwright.render.paths import paths
from auditwright.render.readiness import PathView

EVERYBODY = "everybody"
"""The credential of an adversary who has every first factor at once, and no second one."""

VERDICTS = (REACHABLE, UNKNOWN, UNREACHABLE)
"""The worst first."""

MAX_PROVED = 24
"""Targets that are proved again for an attempt: each costs up to seconds, and somebody waits."""

TARGET_TYPES = (CLUSTER_ADMINISTRATOR, ACCOUNT_ADMINISTRATOR, CLUSTER)

CREDENTIALS = ListForm(
    sorts=("credential", "credential_type", "worst"),
    order=("worst",),
    filters=(
        Filter(name="verdict", title="Verdict", field="verdict", values=VERDICTS),
        Filter(name="type", title="Credential", field="credential_type"),
    ),
    searched=("credential", "principal"),
)


class NoTargetError(AppError):
    """What was proved reachable or not is no longer a target; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """One target, and what was proved of it."""

    target: str
    type: str
    verdict: str
    """Of the adversary who has every first factor at once."""
    reaching: int
    """Credentials that reach it by themselves."""
    unknown: int
    credentials: int
    decided_by: str
    """The last step of the path, what would have to be known, or the digest of the certificate."""
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPage:
    """One target: the way to it, what the verdict takes for granted, and what is missing for one."""

    row: TargetRow
    path: PathView | None
    """A path that was replayed."""
    open_path: tuple[str, ...]
    """A path that cannot be ruled out, of an unknown verdict."""
    assumptions: tuple[str, ...]
    missing: tuple[str, ...]
    evidence: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPage:
    """Every target, the worst first."""

    targets: tuple[TargetRow, ...]
    proved_at: datetime | None
    credentials: int
    clusters: int

    def count(self, verdict: str) -> int:
        """How many targets have a verdict."""
        return sum(each.verdict == verdict for each in self.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """The least that closes every path to a target, proved with it made."""

    repair: Repair
    written: tuple[Written, ...]
    offered: tuple[Written, ...]
    """What was considered for the paths, each change as it is made alone; those of the repair first."""
    elsewhere: tuple[Elsewhere, ...]
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What some of the changes that were considered would come to."""

    rows: tuple[tuple[str, str, str], ...]
    """Each target in words, its verdict now, and its verdict with the changes made; the one that was asked first."""
    left_off: int
    """Targets beyond MAX_PROVED, of which nothing was proved again."""
    written: tuple[Written, ...]
    """The changes, each as it is made after those before it."""
    strange: tuple[str, ...]
    """Ids that name no change that is offered."""


def proofs(view: View) -> Sequence[ProvedAccess]:
    """Every verdict as known at the view's time; raises StoreError."""
    run = board(view).run
    return view.memo.get(
        ("proofs", run.id if run else None),
        lambda: view.workspace.stores.inventory.resources(ProvedAccess, as_of=run.finished_at) if run else (),
    )


def access_page(view: View) -> AccessPage:
    """Every target with its verdict."""
    found = proofs(view)
    rows = [_row(target, found) for target in dict.fromkeys(each.target for each in found)]
    run = board(view).run
    return AccessPage(
        targets=tuple(sorted(rows, key=lambda row: (VERDICTS.index(row.verdict), _place(row), row.target))),
        proved_at=run.finished_at if run and found else None,
        credentials=len({each.credential for each in found} - {EVERYBODY}),
        clusters=sum(row.type == CLUSTER_ADMINISTRATOR for row in rows),
    )


def _place(row: TargetRow) -> int:
    """Whatever rules most comes first; what the organization named itself, last."""
    return TARGET_TYPES.index(row.type) if row.type in TARGET_TYPES else len(TARGET_TYPES)


def _row(target: str, found: Iterable[ProvedAccess]) -> TargetRow:
    about = [each for each in found if each.target == target]
    whole = _everybody(about)
    alone = [each for each in about if each.credential != EVERYBODY]
    return TargetRow(
        target=target,
        type=whole.target_type,
        verdict=whole.verdict,
        reaching=sum(each.verdict == REACHABLE for each in alone),
        unknown=sum(each.verdict == UNKNOWN for each in alone),
        credentials=len(alone),
        decided_by=_decided_by(whole),
        certificate=whole.certificate,
    )


def _everybody(about: Sequence[ProvedAccess]) -> ProvedAccess:
    """The verdict on everybody together; where only single credentials were proved, the worst of them."""
    whole = [each for each in about if each.credential == EVERYBODY] or list(about)
    return min(whole, key=lambda each: VERDICTS.index(each.verdict))


def _decided_by(whole: ProvedAccess) -> str:
    match whole.verdict:
        case "reachable":
            return whole.path[-1] if whole.path else ""
        case "unknown":
            return next(iter((*whole.missing, *whole.assumptions)), "what was collected does not decide it")
        case _:
            return "certificate checked"


def target_page(view: View, target: str) -> TargetPage | None:
    """One target by its words; None where nothing was proved of it."""
    found = proofs(view)
    about = [each for each in found if each.target == target]
    if not about:
        return None
    whole = _everybody(about)
    # A path of one credential says more than one that needs several.
    reaching = [each for each in about if each.verdict == REACHABLE and each.path]
    shown = min(reaching, key=lambda each: (each.credential == EVERYBODY, len(each.path)), default=None)
    return TargetPage(
        row=_row(target, about),
        path=paths(found).get(shown.id) if shown else None,
        open_path=whole.path if whole.verdict == UNKNOWN else (),
        assumptions=tuple(dict.fromkeys(text for each in about for text in each.assumptions)),
        missing=tuple(dict.fromkeys(text for each in about for text in each.missing)),
        evidence=whole.evidence,
    )


def credentials(view: View, target: str, question: Question) -> Answer[ProvedAccess]:
    """What was proved of each credential by itself."""
    about = [each for each in proofs(view) if each.target == target and each.credential != EVERYBODY]
    return answered(about, question, value=_field, key=("credential",))


def _field(row: ProvedAccess, name: str) -> object:
    return VERDICTS.index(row.verdict) if name == "worst" else getattr(row, name)


def fix(view: View, target: str) -> Fix | None:
    """The least set of changes that closes a target; None while it is worked out. Raises NoTargetError, AppError."""
    run = board(view).run
    if run is None:
        return None
    return view.memo.later(("fix", *_basis(view, run.id), target), lambda: _fix(view, run.id, target))


def _basis(view: View, run: RunId) -> tuple[object, ...]:
    """All that is proved again follows from a run, the program and the day: what was attested ends on one."""
    return (run, view.workspace.program.digest, view.as_of.date())


def _fix(view: View, run: RunId, target: str) -> Fix:
    world = _world(view, run, _named_in(view, target))
    found = repair(world, _fact(view, world, target))
    return Fix(
        repair=found,
        written=tuple(written_out(world, found.changes)),
        offered=tuple(written_alone(world, found)),
        elsewhere=elsewhere(world, found.target, found.changes),
        before=word_of(found.before),
        after=word_of(found.after),
    )


def what_if(view: View, target: str, chosen: Iterable[str]) -> WhatIf | None:
    """What some changes that were considered would come to, at every target; None while it is worked out.

    `chosen` are ids of changes that a fix offers; of others it is told. Raises AppError.
    """
    found, run = fix(view, target), board(view).run
    if found is None or run is None:
        return None
    named = set(chosen)
    picked = tuple(sorted(named.intersection(each.change.id for each in found.offered)))
    tried = view.memo.later(
        ("what if", *_basis(view, run.id), target, picked),
        lambda: _what_if(
            view, run.id, target, [each for each in found.repair.considered if each.id in picked]
        ),
    )
    return None if tried is None else replace(tried, strange=tuple(sorted(named.difference(picked))))


def _what_if(view: View, run: RunId, target: str, changes: Sequence[Change]) -> WhatIf:
    program = view.workspace.program
    world = _world(view, run, [each.resource for each in program.access_targets])
    facts = facts_of_targets(world, named_targets(program))
    targets = tuple(dict.fromkeys((target, *facts)))
    proved = {words: facts[words] for words in targets[:MAX_PROVED]}
    now, then = Verdicts(world, proved.values()), Verdicts(made(world, changes), proved.values())

    def standing(fact: Fact) -> str:
        # Every attempt is held against the same verdicts.
        return view.memo.get(("standing", *_basis(view, run), fact), lambda: word_of(now.of(fact)))

    rows = [(words, standing(fact), word_of(then.of(fact))) for words, fact in proved.items()]
    return WhatIf(
        # What was asked first, then what changes.
        rows=tuple(sorted(rows, key=lambda row: (row[0] != target, row[1] == row[2]))),
        left_off=len(targets) - len(proved),
        written=tuple(written_out(world, changes)),
        strange=(),
    )


def lint(view: View) -> tuple[Linted, ...] | None:
    """MFA conditions of the newest run's policies that do not do what they look like; None while it is worked out."""
    run = board(view).run
    if run is None:
        return ()
    return view.memo.later(("lint", *_basis(view, run.id)), lambda: _lint(view, run.id))


def _lint(view: View, run: RunId) -> tuple[Linted, ...]:
    return tuple(each for each in lint_world(_world(view, run, ())) if each.findings)


def _named_in(view: View, target: str) -> Sequence[str]:
    """The resources that a target names: they are asked about by name."""
    return [each.resource for each in view.workspace.program.access_targets if each.name in target]


def _world(view: View, run: RunId, resources: Sequence[str]) -> World:
    """The picture that a run collected, in which some resources are asked about by name."""
    key = ("world", *_basis(view, run), tuple(resources))
    return view.memo.get(key, lambda: picture(view.workspace, now=view.as_of, resources=resources, run=run))


def _fact(view: View, world: World, target: str) -> Fact:
    found = facts_of_targets(world, named_targets(view.workspace.program)).get(target)
    if found is None:
        raise NoTargetError(
            f"{target} is no longer among the targets; start a run, which proves what is defined now."
        )
    return found
