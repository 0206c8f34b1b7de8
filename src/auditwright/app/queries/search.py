"""Search: everything that somebody may see whose id or name, or whose digest's beginning, is asked for.

Each group is capped and leads to its whole list. Resources are looked up in an index of their ids and names, which is
made once for each run; everything else is one short question to the records.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from urllib.parse import quote

from auditwright.app.queries import evidence, findings, program, releases, vulnerabilities, waivers
from auditwright.app.queries.board import board
from auditwright.app.queries.lists import MAX_SEARCH
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.core.account import Account
from auditwright.core.ports import Named
from auditwright.core.question import (
    ASCII_LOWER,
    Answer,
    AnyOf,
    Before,
    Condition,
    Holds,
    Is,
    Question,
    Since,
)
from auditwright.core.resources import VulnerabilityIssue
from auditwright.core.run import EvidenceRecord, Run
from auditwright.render.words import KINDS, clipped, kind_words, many, moment, number, short

SHOWN = 8
"""Hits of a group; its list has all."""

RANKED = 2_000
"""Resources that are put in order: who finds more asks for more letters."""

SHORTEST_DIGEST = 4
"""Hexadecimal digits that may be the beginning of a digest; fewer are the beginning of too many."""

DIGITS = 64

FINDING_TEXTS = ("what", "name", "item")
"""Without the owner: then no finding's assignment has to be looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing that was found."""

    id: str
    title: str
    sub: str
    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    status: str = ""
    """The kind of its status, where it has one."""
    names: tuple[str, ...] = ()
    """What it is called besides its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """A whole list that a group leads to."""

    title: str
    path: str
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What was found of one sort."""

    title: str
    total: int
    hits: tuple[Hit, ...]
    more: tuple[More, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found."""

    text: str
    exact: tuple[Hit, ...]
    """What has this very id, name or digest."""
    groups: tuple[Group, ...]

    @property
    def total(self) -> int:
        """How much was found in all."""
        return sum(group.total for group in self.groups)


def search(view: View, rights: Collection[Right], given: str) -> Found:
    """Everything that may be seen and has a text in its id or name; raises StoreError."""
    text = given.replace("\x00", "").strip()[:MAX_SEARCH]
    if not text:
        return Found(text="", exact=(), groups=())
    found: list[Group] = []
    if Right.READ_PROGRAM in rights:
        found += [
            _criteria(view, text),
            _controls(view, text),
            _tests(view, text),
            _findings(view, text),
            _waivers(view, text),
            _evidence(view, text),
        ]
    if Right.READ_SYSTEMS in rights:
        found += [_resources(view, text), _issues(view, text), _releases(view, text), _runs(view, text)]
    if Right.MANAGE_PEOPLE in rights:
        found.append(_accounts(view, text))
    groups = tuple(group for group in found if group.total)
    hits = chain.from_iterable(group.hits for group in groups)
    return Found(text=text, exact=tuple(hit for hit in hits if _is_exact(hit, text)), groups=groups)


def _is_exact(hit: Hit, text: str) -> bool:
    wanted = text.casefold()
    return any(each.casefold() == wanted for each in (hit.id, *hit.names))


def _of_list(title: str, path: str, text: str, found: tuple[int, Iterable[Hit]]) -> Group:
    """A group that leads to a list which is searched for the same text."""
    total, hits = found
    more = (
        (More(title=f"All {number(total)}", path=path, parameters=(("q", text),)),) if total > SHOWN else ()
    )
    return Group(title=title, total=total, hits=tuple(hits), more=more)


def _question(fields: tuple[str, ...], text: str, *more: Condition, order: tuple[str, ...] = ()) -> Question:
    return Question(where=(*more, Holds(fields, text)), order=order, limit=SHOWN)


def _criteria(view: View, text: str) -> Group:
    found = program.criteria(view, _question(program.CRITERIA.searched, text))
    hits = (
        Hit(
            id=row.id,
            title=f"{row.id} {row.title}",
            sub=row.category,
            path=f"/criteria/{quote(row.id, safe='')}",
            status=KINDS[row.status],
            names=(row.title,),
        )
        for row in found.rows
    )
    return _of_list("Criteria", "/criteria", text, (found.total, hits))


def _controls(view: View, text: str) -> Group:
    found = program.controls(view, _question(program.CONTROLS.searched, text))
    hits = (
        Hit(
            id=row.id,
            title=f"{row.id} {row.title}",
            sub=row.domain,
            path=f"/controls/{quote(row.id, safe='')}",
            status=KINDS[row.status],
            names=(row.title,),
        )
        for row in found.rows
    )
    return _of_list("Controls", "/controls", text, (found.total, hits))


def _tests(view: View, text: str) -> Group:
    found = program.tests(view, _question(program.TESTS.searched, text, order=("worst",)))
    hits = (
        Hit(
            id=row.id,
            title=row.title,
            sub=row.id,
            path=f"/tests/{quote(row.id, safe='')}",
            status=KINDS[row.status],
            names=(row.title,),
        )
        for row in found.rows
    )
    return _of_list("Tests", "/tests", text, (found.total, hits))


def _findings(view: View, text: str) -> Group:
    is_open = AnyOf("state", (findings.OPEN,))
    asked = _question(FINDING_TEXTS, text, is_open, order=("first_seen_at",))
    found = findings.findings(view, asked)
    hits = (
        Hit(
            id=row.item,
            title=clipped(row.what, 160),
            sub=f"{clipped(row.name, 80)} · {row.test_title}",
            path="/findings/one",
            parameters=(("test", row.test), ("item", row.item)),
            status=findings.KINDS[row.state],
            names=(row.name,),
        )
        for row in found.rows
    )
    return _of_list("Open findings", "/findings", text, (found.total, hits))


def _waivers(view: View, text: str) -> Group:
    found = waivers.waivers(view, _question(waivers.WAIVERS.searched, text, order=waivers.WAIVERS.order))
    hits = (
        Hit(
            id=row.id,
            title=clipped(row.reason, 120),
            sub=f"{clipped(row.id, 60)} · {row.state}",
            path=f"/waivers/{quote(row.id, safe='')}",
        )
        for row in found.rows
    )
    return _of_list("Waivers", "/waivers", text, (found.total, hits))


def _evidence(view: View, text: str) -> Group:
    """By the beginning of a digest among all evidence, by operation among that of the newest run."""
    digest = text.lower().removeprefix("sha256:")
    found: Answer[EvidenceRecord] = Answer(rows=(), total=0)
    if re.fullmatch(rf"[0-9a-f]{{{SHORTEST_DIGEST},{DIGITS}}}", digest):
        found = _evidence_where(view, *_beginning_with(digest))
    run = board(view).run
    if not found.total and run is not None:
        found = _evidence_where(view, Is("run", run.id), Holds(evidence.FORM.searched, text))
    rows = {each.digest: each for each in reversed(found.rows)}
    hits = (
        Hit(
            id=each.digest,
            title=each.query.operation,
            sub=f"{short(each.digest)} · {each.scope} · {moment(each.collected_at)}",
            path=f"/evidence/{each.digest}",
        )
        for each in reversed(rows.values())
    )
    return _of_list("Evidence", "/evidence", text, (found.total, hits))


def _evidence_where(view: View, *where: Condition) -> Answer[EvidenceRecord]:
    return evidence.evidence(view, Question(where=where, order=("-seq",), limit=SHOWN))


def _beginning_with(digits: str) -> tuple[Condition, ...]:
    """The conditions of digests that begin so: an index finds them, as it finds a range of numbers."""
    first = Since("digest", digits.ljust(DIGITS, "0"))
    following = int(digits, 16) + 1
    if following == 16 ** len(digits):
        return (first,)
    return (first, Before("digest", f"{following:0{len(digits)}x}".ljust(DIGITS, "0")))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """Every resource, and beside each the text in which a search looks."""

    rows: Sequence[Named]
    texts: Sequence[str]


def _index(view: View) -> _Index:
    run = board(view).run
    inventory = view.workspace.stores.inventory

    def made() -> _Index:
        named = inventory.names(as_of=view.as_of if view.looks_back else None)
        # Issues have a list of their own, which knows more of them.
        rows = [row for row in named if row.kind != VulnerabilityIssue.kind]
        return _Index(rows=rows, texts=[f"{row.id}\n{row.name}".translate(ASCII_LOWER) for row in rows])

    return view.memo.get(("resource index", run.id if run else None, view.looks_back), made)


def _resources(view: View, text: str) -> Group:
    index = _index(view)
    wanted = text.translate(ASCII_LOWER)
    found = [row for row, held in zip(index.rows, index.texts, strict=True) if wanted in held]
    best = sorted(found[:RANKED], key=lambda row: _rank(row, wanted))[:SHOWN]
    kinds = Counter(row.kind for row in found).most_common(SHOWN) if len(found) > SHOWN else []
    more = tuple(
        More(
            title=f"{kind_words(kind).capitalize()}: {number(count)}",
            path=f"/inventory/{kind}",
            parameters=(("q", text),),
        )
        for kind, count in kinds
    )
    return Group(title="Resources", total=len(found), hits=tuple(map(_hit, best)), more=more)


def _rank(row: Named, wanted: str) -> tuple[bool, bool, str, str]:
    name, item = row.name.translate(ASCII_LOWER), row.id.translate(ASCII_LOWER)
    return wanted not in {name, item}, not name.startswith(wanted), row.kind, row.id


def _hit(row: Named) -> Hit:
    place = f" in {row.account}" if row.account else ""
    return Hit(
        id=row.id,
        title=clipped(row.name or "(empty)", 120),
        sub=f"{kind_words(row.kind)}{place} · {clipped(row.id, 120)}",
        path=f"/inventory/{row.kind}/one",
        parameters=(("id", row.id),),
        names=(row.name,),
    )


def _issues(view: View, text: str) -> Group:
    form = vulnerabilities.ISSUES
    found = vulnerabilities.issues(view, _question(form.searched, text, order=form.order))
    hits = (
        Hit(
            id=row.id,
            title=f"{row.id} in {clipped(row.package, 80)}",
            sub=f"{row.line} · {row.severity}",
            path="/vulnerabilities/one",
            parameters=(
                ("line", row.line),
                ("architecture", row.architecture),
                ("id", row.id),
                ("package", row.package),
            ),
        )
        for row in found.rows
    )
    return _of_list("Vulnerabilities", "/vulnerabilities", text, (found.total, hits))


def _releases(view: View, text: str) -> Group:
    form = releases.RELEASES
    found = releases.releases(view, _question(form.searched, text, order=form.order))
    hits = (
        Hit(
            id=row.release,
            title=row.release,
            sub=many(row.open, "open issue"),
            path="/releases/one",
            parameters=(("name", row.release),),
        )
        for row in found.rows
    )
    return _of_list("Releases", "/releases", text, (found.total, hits))


def _runs(view: View, text: str) -> Group:
    until = Before("started_at", view.as_of + timedelta.resolution)
    found = view.workspace.stores.records.answer(Run, _question(("id",), text, until, order=("-started_at",)))
    hits = (
        Hit(
            id=run.id,
            title=run.id,
            sub=f"{run.kind} of {moment(run.started_at)}",
            path=f"/runs/{quote(run.id, safe='')}",
        )
        for run in found.rows
    )
    return _of_list("Runs", "/runs", text, (found.total, hits))


def _accounts(view: View, text: str) -> Group:
    found = view.workspace.stores.records.answer(Account, _question(("name", "email"), text, order=("name",)))
    hits = (
        Hit(
            id=each.email,
            title=each.name,
            sub=f"{each.email} · {each.role}",
            path="/people",
            parameters=(("q", each.email),),
            names=(each.name,),
        )
        for each in found.rows
    )
    return _of_list("People with access", "/people", text, (found.total, hits))
