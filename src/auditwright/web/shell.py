"""The app's shell: navigation by rights, the period, the time that is shown, and the head of the log."""

from dataclasses import dataclass
from datetime import datetime

from auditwright import __version__
from auditwright.app.queries.board import Board, board
from auditwright.app.queries.waivers import open_requests
from auditwright.app.rights import Right
from auditwright.core.period import Period
from auditwright.core.question import Question
from auditwright.core.run import Checkpoint
from auditwright.engine.readiness import Status
from auditwright.web.visit import AS_OF, KEYS_COOKIE, Visit, theme_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One entry of the navigation."""

    title: str
    path: str
    icon: str
    right: Right
    count: int = 0
    """What needs attention; nought shows no count."""
    needs_attention: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NavGroup:
    """Entries under one heading; the first group has none."""

    title: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What stands around a page."""

    organization: str
    notice: str
    version: str
    groups: tuple[NavGroup, ...]
    period: Period | None
    day_of_period: int
    as_of: datetime
    looks_back: bool
    """True where an earlier day is shown than today's."""
    collected_at: datetime | None
    lapsed: bool
    checkpoint: Checkpoint | None
    theme: str
    keys: bool
    """Whether the keys of the keyboard are on."""
    problem: str
    """What is wrong with the program folder's files."""
    reads: bool
    """True for who reads the program; others have their own account alone, and no search."""


GROUPS: tuple[NavGroup, ...] = (
    NavGroup(
        title="",
        items=(NavItem(title="Overview", path="/", icon="n-over", right=Right.READ_PROGRAM),),
    ),
    NavGroup(
        title="Program",
        items=(
            NavItem(title="Criteria", path="/criteria", icon="n-aud", right=Right.READ_PROGRAM),
            NavItem(title="Controls", path="/controls", icon="n-ctl", right=Right.READ_PROGRAM),
            NavItem(title="Tests", path="/tests", icon="n-test", right=Right.READ_PROGRAM),
            NavItem(title="Findings", path="/findings", icon="n-risk", right=Right.READ_PROGRAM),
            NavItem(title="Waivers", path="/waivers", icon="s-wav", right=Right.READ_PROGRAM),
            NavItem(title="Evidence", path="/evidence", icon="n-evi", right=Right.READ_PROGRAM),
        ),
    ),
    NavGroup(
        title="Systems",
        items=(
            NavItem(title="Inventory", path="/inventory", icon="n-scope", right=Right.READ_SYSTEMS),
            NavItem(title="Access", path="/access", icon="n-key", right=Right.READ_SYSTEMS),
            NavItem(title="Vulnerabilities", path="/vulnerabilities", icon="n-vul", right=Right.READ_SYSTEMS),
            NavItem(title="Releases", path="/releases", icon="n-ven", right=Right.READ_SYSTEMS),
            NavItem(title="Integrations", path="/integrations", icon="n-int", right=Right.READ_SYSTEMS),
            NavItem(title="Runs", path="/runs", icon="s-run", right=Right.READ_SYSTEMS),
        ),
    ),
    NavGroup(
        title="Administration",
        items=(
            NavItem(title="People", path="/people", icon="n-ppl", right=Right.MANAGE_PEOPLE),
            NavItem(title="Audit log", path="/audit-log", icon="n-req", right=Right.READ_LOG),
            NavItem(title="Settings", path="/settings", icon="n-set", right=Right.READ_SYSTEMS),
        ),
    ),
)
"""Every entry, whoever looks; each is shown to those who have its right."""

OWN = NavGroup(
    title="", items=(NavItem(title="Your account", path="/account", icon="n-lock", right=Right.SELF),)
)
"""For who has nothing else: an employee."""


def shell(visit: Visit) -> Shell:
    """The shell of a visit; raises StoreError."""
    program = visit.workspace.program
    held = board(visit.view) if visit.may(Right.READ_PROGRAM) else None
    counts = _counts(held) if held else {}
    if visit.may(Right.DECIDE_WAIVERS):
        counts["/waivers"] = open_requests(visit.view)
    checkpoints = visit.workspace.stores.records.answer(Checkpoint, Question(order=("-id",), limit=1)).rows
    return Shell(
        organization=program.organization,
        notice=program.notice,
        version=__version__,
        groups=tuple(group for each in GROUPS if (group := _allowed(each, visit, counts)).items) or (OWN,),
        period=program.period,
        day_of_period=_day_of(program.period, visit.view.as_of),
        as_of=visit.view.as_of,
        looks_back=AS_OF in visit.request.query_params and visit.view.looks_back,
        collected_at=held.run.finished_at if held and held.run else None,
        lapsed=held.lapsed if held else False,
        checkpoint=next(iter(checkpoints), None),
        theme=theme_of(visit.request),
        keys=visit.request.cookies.get(KEYS_COOKIE) != "off",
        problem=visit.site.definitions_problem if visit.may(Right.CONNECT) else "",
        reads=visit.may(Right.READ_PROGRAM),
    )


def _allowed(group: NavGroup, visit: Visit, counts: dict[str, int]) -> NavGroup:
    items = tuple(_counted(item, counts) for item in group.items if visit.may(item.right))
    return NavGroup(title=group.title, items=items)


def _counted(item: NavItem, counts: dict[str, int]) -> NavItem:
    count = counts.get(item.path, 0)
    return NavItem(
        title=item.title,
        path=item.path,
        icon=item.icon,
        right=item.right,
        count=count,
        needs_attention=count > 0,
    )


def _counts(held: Board) -> dict[str, int]:
    bad = {Status.DEVIATION, Status.UNDETERMINED}
    return {
        "/criteria": sum(each.status in bad for each in held.criteria.values()),
        "/controls": sum(each.status in bad for each in held.controls.values()),
        "/tests": sum(each.status in bad for each in held.tests.values()),
    }


def _day_of(period: Period | None, at: datetime) -> int:
    """Which day of the period it is, from 1; 0 outside of it."""
    if period is None or not period.start <= at < period.end:
        return 0
    return (at.date() - period.start.date()).days + 1
