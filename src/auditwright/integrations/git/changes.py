"""From a history to its changes: pure.

1. The first commit is the tip; its first parents are the changes, newest first.
2. A commit belongs to the oldest change from which it can be reached: that change merged it.
3. Whoever wrote a merged commit, or is named as a co-author, wrote a part of the change.
4. Whoever a trailer names, and a merge's committer who wrote none of it, reviewed it. Trailers of merged
   commits count only where every one of them has one: a review of a part is not a review of the change.
5. Somebody with the name of a contributor and another address is that contributor: a review of one's
   own work under a second address is none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.ids import ResourceId
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Change

TRAILERS: Final = ("Reviewed-by", "Acked-by", "Approved-by", "Co-authored-by", "Signed-off-by")
"""What is asked of git. A sign-off states where the code comes from; it is kept, and counts as no review."""

REVIEWS: Final = frozenset({"reviewed-by", "acked-by", "approved-by"})
COAUTHORS: Final = frozenset({"co-authored-by"})

FIELDS: Final = (
    *("%H", "%P", "%an", "%ae", "%cn", "%ce", "%ct", "%s"),
    f"%(trailers:{','.join(f'key={name}' for name in TRAILERS)},unfold=true,separator=%x1f)",
)
"""What git writes for each commit, in its own words: fields and commits end with a zero byte."""

MAX_TITLE: Final = 300
"""Characters of a commit's first line that are kept; the convention is 72."""

MAX_NAME: Final = 100
"""Characters of somebody's name that a sentence repeats."""

MERGES_OF_SITES: Final = frozenset({"noreply@github.com"})
"""Committers that stand for a button on a site, whoever pressed it."""

BOT_SUFFIX: Final = "[bot]"
"""GitHub's mark of a program's account; a program reviews nothing."""

SILENT: Final = Unknown(
    "this history records no reviews: it has no trailer such as Reviewed-by, and no merge by somebody "
    "other than the author"
)

_COMMIT_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MAX_DIGITS: Final = 12
"""Digits of a time in seconds: as many as the year 9999 has."""

_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999, after which no date can be told."""


@dataclass(frozen=True, slots=True)
class _Identity:
    """Somebody, as a commit names them."""

    name: str
    email: str

    @property
    def address(self) -> str:
        return self.email or self.name or "(not named)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Commit:
    id: str
    parents: tuple[str, ...]
    author: _Identity
    committer: _Identity
    committed_at: datetime
    title: str
    coauthors: tuple[_Identity, ...]
    reviewers: tuple[_Identity, ...]

    @property
    def is_merge(self) -> bool:
        return len(self.parents) > 1


@dataclass(frozen=True, slots=True)
class _Contributors:
    """Everybody who wrote a part of one change."""

    members: tuple[_Identity, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(sorted({member.address for member in self.members}))

    def known_as(self, somebody: _Identity) -> str:
        """The address of the contributor who has this address or this name; empty where none has."""
        for member in self.members:
            if somebody.email and somebody.email == member.email:
                return member.address
        for member in self.members:
            if somebody.name and somebody.name.casefold() == member.name.casefold():
                return member.address
        return ""


def normalize(evidence: Sequence[Evidence], gaps: Sequence[Gap]) -> Iterator[Change]:
    """The changes of each history, newest first; raises MalformedEvidenceError."""
    del gaps  # a gap hides changes; it takes no fact from those that were seen
    for item in evidence:
        changes = _changes(item)
        if all(change.reviewers == () for change in changes):
            changes = [replace(change, reviewers=SILENT) for change in changes]
        yield from changes


def _changes(item: Evidence) -> list[Change]:
    commits = _commits(item.body)
    chain = _first_parents(commits)
    merged = _merged(commits, chain)
    addresses = _addresses(commits.values())
    return [_change(item, commit, merged[commit.id], addresses) for commit in chain]


def _commits(body: bytes) -> dict[str, _Commit]:
    """Every commit of the log by its id, the tip first."""
    *fields, rest = body.decode(errors="replace").split("\0")
    count = len(FIELDS)
    if rest or not fields or len(fields) % count:
        raise MalformedEvidenceError(
            f"the log ends within a commit: {len(fields)} fields, where every commit has {count}"
        )
    commits: dict[str, _Commit] = {}
    for start in range(0, len(fields), count):
        commit = _commit(fields[start : start + count], place=start // count + 1)
        commits[commit.id] = commit
    return commits


def _commit(fields: Sequence[str], *, place: int) -> _Commit:
    commit, parents, author, author_email, committer, committer_email, seconds, title, trailers = fields
    for name in (commit, *parents.split()):
        if not _COMMIT_ID.fullmatch(name):
            raise MalformedEvidenceError(f"commit {place} of the log: {name[:MAX_NAME]!r} is no commit's id")
    if not (
        seconds.isascii()
        and seconds.isdigit()
        and len(seconds) <= MAX_DIGITS
        and int(seconds) <= _LAST_SECOND
    ):
        raise MalformedEvidenceError(
            f"commit {place} of the log, {commit}: {seconds[:MAX_NAME]!r} is no time in seconds since 1970"
        )
    by_key = [(key.strip().lower(), value) for key, _, value in map(_split_trailer, trailers.split("\x1f"))]
    return _Commit(
        id=commit,
        parents=tuple(parents.split()),
        author=_Identity(author.strip(), author_email.strip().lower()),
        committer=_Identity(committer.strip(), committer_email.strip().lower()),
        committed_at=datetime.fromtimestamp(int(seconds), UTC),
        title=title[:MAX_TITLE],
        coauthors=tuple(who for key, value in by_key if key in COAUTHORS for who in _named(value)),
        reviewers=tuple(who for key, value in by_key if key in REVIEWS for who in _named(value)),
    )


def _split_trailer(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def _named(value: str) -> list[_Identity]:
    """Whom a trailer names: `Ada Lovelace <ada@example.com>`, several of them, an address, or only a name."""
    found: list[_Identity] = []
    for part in re.split(r"[,;]", value):
        name, bracket, rest = part.partition("<")
        address = rest.partition(">")[0].strip().lower()
        if bracket and _is_address(address):
            found.append(_Identity(name.strip().strip('"'), address))
        else:
            words = (word.strip("<>()").lower() for word in part.split())
            found.extend(_Identity("", word) for word in words if _is_address(word))
    if found or not value.strip():
        return found
    return [_Identity(value.strip()[:MAX_NAME], "")]


def _is_address(text: str) -> bool:
    """False for what only begins with an @: the name that somebody has on a site."""
    return 0 < text.find("@") < len(text) - 1


def _first_parents(commits: Mapping[str, _Commit]) -> list[_Commit]:
    chain: list[_Commit] = []
    seen: set[str] = set()
    commit: _Commit | None = next(iter(commits.values()))
    while commit is not None:
        if commit.id in seen:
            raise MalformedEvidenceError(f"the log makes {commit.id} its own ancestor")
        seen.add(commit.id)
        chain.append(commit)
        commit = commits.get(commit.parents[0]) if commit.parents else None
    return chain


def _merged(commits: Mapping[str, _Commit], chain: Sequence[_Commit]) -> Mapping[str, list[_Commit]]:
    """For each change the commits that it brought in besides itself."""
    merged: dict[str, list[_Commit]] = {}
    seen: set[str] = set()
    for change in reversed(chain):  # oldest first, so that a commit belongs to the change that brought it
        seen.add(change.id)
        brought = merged[change.id] = []
        ahead = list(change.parents[1:])
        while ahead:
            commit = commits.get(ahead.pop())
            if commit is None or commit.id in seen:
                continue
            seen.add(commit.id)
            brought.append(commit)
            ahead.extend(commit.parents)
    return merged


def _addresses(commits: Iterable[_Commit]) -> Mapping[str, set[str]]:
    """The addresses that each name has in this history."""
    found: dict[str, set[str]] = {}
    for commit in commits:
        for somebody in (commit.author, commit.committer):
            if somebody.email:
                found.setdefault(somebody.name.casefold(), set()).add(somebody.email)
    return found


def _change(
    item: Evidence, commit: _Commit, merged: Sequence[_Commit], addresses: Mapping[str, set[str]]
) -> Change:
    written = merged or (commit,)
    contributors = _Contributors(
        tuple(who for part in written for who in (part.author, *part.coauthors)) + commit.coauthors
    )
    authors = {part.author.address for part in written}
    repository = item.scope.account
    return Change(
        id=ResourceId(f"change:{repository}@{commit.id}"),
        name=f"{commit.id[:12]} {commit.title}".strip(),
        scope=item.scope,
        evidence=(item.digest,),
        repository=repository,
        commit=commit.id,
        title=commit.title,
        author=authors.pop() if len(authors) == 1 else commit.author.address,
        merged_by=commit.committer.address,
        merged_at=commit.committed_at,
        is_merge=commit.is_merge,
        contributors=contributors.addresses,
        reviewers=_reviewers(commit, merged, contributors, addresses),
    )


def _reviewers(
    commit: _Commit,
    merged: Sequence[_Commit],
    contributors: _Contributors,
    addresses: Mapping[str, set[str]],
) -> tuple[str, ...] | Unknown:
    """Who is recorded as having reviewed a change (4 and 5 in the module)."""
    named = list(commit.reviewers)
    parts = [part for part in merged if not part.is_merge]
    if parts and all(part.reviewers for part in parts):
        named.extend(who for part in parts for who in part.reviewers)
    if commit.is_merge and _merged_by_another(commit, contributors):
        named.append(commit.committer)
    found: set[str] = set()
    nameless: list[str] = []
    for who in named:
        if _is_program(who):
            continue
        known = addresses.get(who.name.casefold(), set()) if not who.email else {who.email}
        address = contributors.known_as(who) or (min(known) if len(known) == 1 else "")
        if address:
            found.add(address)
        else:
            nameless.append(who.name)
    if nameless and not found.difference(contributors.addresses):
        return Unknown(
            f"a trailer names {nameless[0]} as a reviewer without an e-mail address, so that who it was cannot be told"
        )
    return tuple(sorted(found))


def _merged_by_another(commit: _Commit, contributors: _Contributors) -> bool:
    who = commit.committer
    return (
        bool(who.email)
        and who.email not in MERGES_OF_SITES
        and not _is_program(who)
        and not contributors.known_as(who)
    )


def _is_program(who: _Identity) -> bool:
    return who.name.endswith(BOT_SUFFIX) or who.email.partition("@")[0].endswith(BOT_SUFFIX)
