"""The inventory in a folder: Parquet that DuckDB reads, one folder for each kind, one file for each change.

`seen.json` says which run saw each scope of each kind last, and when, so that a run that was killed can be
recorded again, and one that comes late does not overwrite what a later one saw. One process writes at a time.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar, cast

from auditwright.core.evidence import ERASED_WORDS
from auditwright.core.ids import Digest, ResourceId, RunId, TestId
from auditwright.core.log import iso, parse_iso
from auditwright.core.outcome import Result, Unknown, outcome_of, words_of
from auditwright.core.ports import Named, ObservedSpan, Rows, Snapshot, StoreError
from auditwright.core.question import MAX_PAGE_ROWS, Answer, Condition, Question
from auditwright.core.resource import Resource
from auditwright.core.resources import kinds
from auditwright.store.codec import NOT_RECORDED, Codec, codec_of, literal, quoted
from auditwright.store.delta import (
    LOST,
    Changes,
    DeltaFolder,
    Group,
    Home,
    Layout,
    check_run,
    is_delta_file,
    naive_utc,
)
from auditwright.store.disk import (
    PRIVATE_FOLDER,
    TEMPORARY_FOLDER,
    Disk,
    RealDisk,
    discard,
    disk_error,
    make_folders,
    publish,
    sweep,
    temporary_name,
)
from auditwright.store.inventory_asking import all_of, field_sql, order_and_page, tallied
from auditwright.store.inventory_erasing import erase_from
from auditwright.store.memory_inventory import OBSERVATIONS, check_snapshot
from auditwright.store.query import Sandbox, mentioned

R = TypeVar("R", bound=Resource)

LOCK_TIMEOUT_S = 300
"""Longer than the largest run takes to be written; who waits longer waits for a process that hangs."""

LOCK_POLL_S = 0.02

SEEN_FILE = "seen.json"
LOCK_FILE = "lock"

_KIND_FOLDER = re.compile(r"[a-z][a-z0-9_]{0,99}")

OBSERVATION_LAYOUT = Layout(
    kind=OBSERVATIONS,
    columns={
        "test": "VARCHAR",
        "item": "VARCHAR",
        "name": "VARCHAR",
        "account": "VARCHAR",
        "region": "VARCHAR",
        "outcome": "VARCHAR",
        "detail": "VARCHAR",
        "evidence": "VARCHAR[]",
    },
    key="(test || chr(31) || item)",
    group=("test",),
    kept_when_gone=("test", "item", "name", "account", "region"),
    identity="item",
    erased={"detail": ERASED_WORDS},
    outlives=True,
    shape="1",
    apart=True,
)


def layout_of(codec: Codec[R]) -> Layout:
    """How a kind's files are laid out."""
    kept_when_gone = ("id", "name", *codec.scope)
    return Layout(
        kind=codec.kind.kind,
        columns=codec.columns,
        key=quoted("id"),
        group=codec.scope,
        kept_when_gone=kept_when_gone,
        identity="id",
        erased=dict.fromkeys(name for name in codec.columns if name not in {*kept_when_gone, "evidence"}),
        shape=codec.shape,
    )


def is_inventory_file(path: str) -> bool:
    """True for the path, below the inventory's folder, of a file that holds what is known."""
    folder, _, name = path.rpartition("/")
    if not folder:
        return name == SEEN_FILE
    return _KIND_FOLDER.fullmatch(folder) is not None and is_delta_file(name)


@dataclass(frozen=True, slots=True)
class _Sight:
    """When a scope of a kind, or a test, was last recorded, and by which run."""

    at: datetime
    run: RunId


class FolderInventory:
    """The inventory in a folder of this machine."""

    __slots__ = ("_disk", "_home", "_root")

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        """Open an existing folder and sweep what killed writers left; raises StoreError."""
        self._root = root
        self._disk: Disk = disk or RealDisk()
        self._home = Home(root, self._disk)
        if not root.is_dir():
            message = f"there is no inventory folder at {root}; run `auditwright init`, or correct the path"
            raise StoreError(message)
        try:
            make_folders(self._disk, root, root / TEMPORARY_FOLDER)
            sweep(root / TEMPORARY_FOLDER)
        except OSError as error:
            raise disk_error("open the inventory folder", root, error) from error

    @classmethod
    def create(cls, root: Path, disk: Disk | None = None) -> "FolderInventory":
        """Make the folder where it is not there, and open it; raises StoreError."""
        try:
            root.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error("make the inventory folder", root, error) from error
        return cls(root, disk)

    def record(self, run: RunId, at: datetime, snapshots: Iterable[Snapshot]) -> None:
        """Keep what a run saw; raises StoreError."""
        with self._recording(run, at) as recording:
            for snapshot in snapshots:
                check_snapshot(snapshot)
                codec = codec_of(snapshot.kind)
                scope = snapshot.scope
                group = (scope.source, scope.account, scope.region)
                if changes := recording.see(layout_of(codec), group, complete=snapshot.complete):
                    changes.add(group, codec.rows(snapshot.items))

    def answer(self, kind: type[R], question: Question, *, as_of: datetime | None = None) -> Answer[R]:
        """One page of the resources of a kind as known at a time (now: None), and how many there are in all."""
        assert question.limit <= MAX_PAGE_ROWS, f"a page has at most {MAX_PAGE_ROWS} rows"
        codec = codec_of(kind)
        found = self._page(codec, question, as_of)
        rows = [codec.read(str(shape), row) for shape, *row in found]
        full = len(rows) < question.limit and (rows or not question.offset)
        total = question.offset + len(rows) if full else self._count(codec, question.where, as_of)
        return Answer(rows=rows, total=total)

    def tally(
        self, kind: type[R], by: Sequence[str], *where: Condition, as_of: datetime | None = None
    ) -> Mapping[tuple[object, ...], int]:
        """How many resources that meet the conditions have each combination of the fields' values."""
        codec = codec_of(kind)
        listed = ", ".join(field_sql(codec, name) for name in by)
        return tallied(self._asked(codec, (f"{listed}, count(*)", f"GROUP BY {listed}"), where, as_of))

    def _page(self, codec: Codec[R], question: Question, as_of: datetime | None) -> list[tuple[object, ...]]:
        """The rows of one page: found by the columns that the question names, and only then read whole."""
        folder = self._folder(layout_of(codec))
        until, values = _until(as_of)
        met = all_of(codec, question.where)
        ordered = order_and_page(codec, question)
        columns = ", ".join(f"whole.{quoted(name)}" for name in ("shape", *codec.columns))
        return folder.rows(
            lambda source: (
                "WITH page AS (SELECT id, seq, row_number() OVER () AS place FROM "  # noqa: S608
                f"(SELECT id, seq FROM {folder.state(source, until)} WHERE NOT gone AND {met.text} {ordered})) "
                f"SELECT {columns} FROM {source} AS whole JOIN page ON whole.id = page.id AND whole.seq = page.seq "
                "ORDER BY page.place"
            ),
            [*values, *met.values],
        )

    def _count(self, codec: Codec[R], where: Sequence[Condition], as_of: datetime | None) -> int:
        ((count,),) = self._asked(codec, ("count(*)", ""), where, as_of)
        return int(str(count))

    def _asked(
        self, codec: Codec[R], around: tuple[str, str], where: Sequence[Condition], as_of: datetime | None
    ) -> list[tuple[object, ...]]:
        """Columns of what meets the conditions, and what stands after them."""
        folder = self._folder(layout_of(codec))
        wanted, last = around
        until, values = _until(as_of)
        met = all_of(codec, where)
        return folder.rows(
            lambda source: (
                f"SELECT {wanted} FROM {folder.state(source, until)} WHERE NOT gone AND {met.text} {last}"  # noqa: S608
            ),
            [*values, *met.values],
        )

    def observe(self, run: RunId, at: datetime, results: Iterable[Result]) -> None:
        """Keep what tests observed; raises StoreError."""
        with self._recording(run, at) as recording:
            for result in results:
                complete = not any(gap.hides_items for gap in result.gaps)
                if changes := recording.see(OBSERVATION_LAYOUT, (result.test,), complete=complete):
                    changes.add((result.test,), _rows_of(result))

    def resources(self, kind: type[R], *, as_of: datetime | None = None) -> Sequence[R]:
        """Every resource of a kind as known at a time (now: None), by id."""
        codec = codec_of(kind)
        folder = self._folder(layout_of(codec))
        where, values = _until(as_of)
        columns = _names(codec.columns)
        found = folder.rows(
            lambda source: (
                f"SELECT shape, {columns} FROM {folder.state(source, where)} WHERE NOT gone ORDER BY id"  # noqa: S608
            ),
            values,
        )
        return [codec.read(str(shape), row) for shape, *row in found]

    def history(self, kind: type[R], item: ResourceId) -> Sequence[tuple[datetime, R | Unknown | None]]:
        """What was known of one resource, from when; None from when it was gone, Unknown where that was erased."""
        codec = codec_of(kind)
        folder = self._folder(layout_of(codec))
        columns = _names(codec.columns)
        found = folder.rows(
            # Of two changes of the same time the one recorded last counts.
            lambda source: (
                f"SELECT known_from, gone, {LOST}, shape, {columns} FROM {source} WHERE id = ? "  # noqa: S608
                "QUALIFY row_number() OVER (PARTITION BY known_from ORDER BY seq DESC) = 1 ORDER BY seq"
            ),
            [item],
        )
        return [
            (
                _utc(known_from),
                Unknown(ERASED_WORDS) if lost else None if gone else codec.read(str(shape), row),
            )
            for known_from, gone, lost, shape, *row in found
        ]

    def names(self, *, as_of: datetime | None = None) -> Sequence[Named]:
        """Every resource of every kind as known at a time (now: None), by (kind, id)."""
        return [found for _, kind in sorted(kinds().items()) for found in self._names_of(kind, as_of)]

    def _names_of(self, kind: type[Resource], as_of: datetime | None) -> Iterator[Named]:
        codec = codec_of(kind)
        folder = self._folder(layout_of(codec))
        if not folder.files():
            return
        where, values = _until(as_of)
        _, account, _ = codec.scope
        found = folder.rows(
            lambda source: (
                f"SELECT id, name, {quoted(account)} FROM {folder.state(source, where)} WHERE NOT gone ORDER BY id"  # noqa: S608
            ),
            values,
        )
        for item, name, place in found:
            yield Named(kind=kind.kind, id=ResourceId(str(item)), name=str(name), account=str(place))

    def spans(self, test: TestId, *, since: datetime, until: datetime) -> Sequence[ObservedSpan]:
        """A test's outcomes that were in force at any time in [since, until), by (item, known_from)."""
        if since >= until:
            return []
        found = self._folder(OBSERVATION_LAYOUT).rows(
            lambda source: (
                "WITH dated AS (SELECT *, lead(known_from) OVER (PARTITION BY item ORDER BY seq) AS ended "  # noqa: S608
                f"FROM {source} WHERE test = ? AND known_from < ?) "
                "SELECT item, name, account, region, known_from, gone, outcome, detail, evidence FROM dated "
                "WHERE ended IS NULL OR (ended > ? AND ended > known_from) ORDER BY item, known_from"
            ),
            [test, naive_utc(until), naive_utc(since)],
        )
        return [_span(test, row) for row in found]

    def outcomes(self, item: ResourceId, *, as_of: datetime | None = None) -> Sequence[ObservedSpan]:
        """What every test said of one item up to a time (now: None), by (test, known_from)."""
        until, values = _until(as_of)
        found = self._folder(OBSERVATION_LAYOUT).rows(
            lambda source: (
                "SELECT test, item, name, account, region, known_from, gone, outcome, detail, evidence "  # noqa: S608
                f"FROM {source} WHERE item = ? AND {until} "
                "QUALIFY row_number() OVER (PARTITION BY test, known_from ORDER BY seq DESC) = 1 "
                "ORDER BY test, known_from"
            ),
            [item, *values],
        )
        return [_span(TestId(str(test)), row) for test, *row in found]

    def erase(self, erased: AbstractSet[Digest]) -> None:
        """Take away what rests on evidence that was erased; again with the same: nothing changes. Raises StoreError."""
        with self._locked():
            for layout in (*(layout_of(codec_of(kind)) for kind in kinds().values()), OBSERVATION_LAYOUT):
                erase_from(self._folder(layout), erased)

    def erased(self, kind: type[R], *, as_of: datetime | None = None) -> int:
        """How many resources of a kind were known at a time (now: None) by evidence that was erased since."""
        folder = self._folder(layout_of(codec_of(kind)))
        if not folder.files():
            return 0
        where, values = _until(as_of)
        ((count,),) = folder.rows(
            lambda source: f"SELECT count(*) FROM {folder.state(source, where)} WHERE {LOST}",  # noqa: S608
            values,
        )
        return int(str(count))

    def query(self, sql: str, *, as_of: datetime | None = None) -> Rows:
        """Run one SELECT over the kinds as tables, read-only; raises QueryError."""
        where, values = _until(as_of)
        known = kinds()
        with Sandbox() as sandbox:
            for name in mentioned(sql, known):
                self._fill(sandbox, codec_of(known[name]), where, values)
            return sandbox.run(sql)

    @contextmanager
    def held_still(self) -> Iterator[Sequence[Path]]:
        """Every file that holds what is known, while nobody writes; raises StoreError."""
        with self._locked():
            try:
                yield sorted(
                    path
                    for path in self._root.rglob("*")
                    if path.is_file() and is_inventory_file(path.relative_to(self._root).as_posix())
                )
            except OSError as error:
                raise disk_error("read", self._root, error) from error

    def _fill(self, sandbox: Sandbox, codec: Codec[Resource], where: str, values: Sequence[object]) -> None:
        folder = self._folder(layout_of(codec))
        columns = {**{name: quoted(name) for name in codec.columns}, "unknown": _unknown(codec)}
        listed = ", ".join(columns.values())

        def fill(source: str) -> None:
            state = folder.state(source, where)
            select = f"SELECT {listed} FROM {state} WHERE NOT gone ORDER BY id"  # noqa: S608
            sandbox.add_table(codec.kind.kind, codec.columns, select, values)

        folder.reading(sandbox.connection, fill)

    def _folder(self, layout: Layout) -> DeltaFolder:
        return DeltaFolder(self._home, layout)

    @contextmanager
    def _recording(self, run: RunId, at: datetime) -> Iterator["_Recording"]:
        """Gather what a run saw while nobody else writes, and write it at the end of the block."""
        check_run(run)
        with self._locked(), ExitStack() as stack:
            recording = _Recording(self._read_seen(), run, at, self._folder)
            stack.callback(recording.close)
            yield recording
            if recording.finish():
                self._write_seen(recording.seen)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the one process that writes; the lock goes with the process that held it."""
        import fcntl

        path = self._root / LOCK_FILE
        deadline = monotonic() + LOCK_TIMEOUT_S
        try:
            file = path.open("a")
        except OSError as error:
            raise disk_error("lock", path, error) from error
        with file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if monotonic() > deadline:
                        message = f"another process has been writing to {self._root} for {LOCK_TIMEOUT_S} s; see what it does"
                        raise StoreError(message) from None
                    sleep(LOCK_POLL_S)
            yield

    def _read_seen(self) -> "Seen":
        path = self._root / SEEN_FILE
        try:
            return _parse_seen(path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise disk_error("read", path, error) from error
        except (ValueError, KeyError, TypeError) as error:
            message = f"{path} is damaged ({error}); restore it from a backup, or remove it: the next run writes it anew"
            raise StoreError(message) from error

    def _write_seen(self, seen: "Seen") -> None:
        temporary = self._root / TEMPORARY_FOLDER / temporary_name()
        try:
            self._disk.write_new(temporary, _format_seen(seen))
            publish(self._disk, temporary, self._root / SEEN_FILE)
        except OSError as error:
            raise disk_error("write", self._root / SEEN_FILE, error) from error
        finally:
            discard(temporary)


Seen = dict[str, dict[Group, _Sight]]
"""By kind, then by scope or test."""


class _Recording:
    """What one run saw, by kind."""

    __slots__ = ("_at", "_changes", "_folder", "_groups", "_run", "seen")

    def __init__(self, seen: Seen, run: RunId, at: datetime, folder: Callable[[Layout], DeltaFolder]) -> None:
        self.seen = seen
        self._run = run
        self._at = at
        self._folder = folder
        self._changes: dict[str, tuple[DeltaFolder, Changes]] = {}
        self._groups: dict[str, dict[Group, bool]] = {}

    def see(self, layout: Layout, group: Group, *, complete: bool) -> Changes | None:
        """Where to add what was seen; None where this run recorded it already, or a run of a later time did."""
        sight = self.seen.get(layout.kind, {}).get(group)
        if sight and (sight.run == self._run or sight.at > self._at):
            return None
        groups = self._groups.setdefault(layout.kind, {})
        groups[group] = groups.get(group, True) and complete
        if layout.kind not in self._changes:
            folder = self._folder(layout)
            self._changes[layout.kind] = folder, Changes(folder, self._at)
        return self._changes[layout.kind][1]

    def finish(self) -> bool:
        """Write what changed; False where nothing was seen."""
        for kind, (folder, changes) in self._changes.items():
            groups = self._groups[kind]
            changes.finish(self._run, {group for group, whole in groups.items() if whole})
            self.seen.setdefault(kind, {}).update(dict.fromkeys(groups, _Sight(self._at, self._run)))
            folder.compact()
        return bool(self._changes)

    def close(self) -> None:
        """Drop what was gathered."""
        for _, changes in self._changes.values():
            changes.close()


def _parse_seen(text: bytes) -> Seen:
    held = cast("Mapping[str, Sequence[Mapping[str, object]]]", json.loads(text))
    return {
        kind: {
            tuple(cast("Sequence[str]", group)): _Sight(parse_iso(str(sight["at"])), RunId(str(sight["run"])))
            for sight in sights
            for group in cast("Sequence[object]", sight["groups"])
        }
        for kind, sights in held.items()
    }


def _format_seen(seen: Seen) -> bytes:
    """As JSON, the scopes of one sight together: thousands of them were seen by one run."""
    held: dict[str, list[object]] = {}
    for kind, groups in sorted(seen.items()):
        by_sight: dict[_Sight, list[Group]] = {}
        for group, sight in sorted(groups.items()):
            by_sight.setdefault(sight, []).append(group)
        held[kind] = [{"at": iso(s.at), "run": s.run, "groups": found} for s, found in by_sight.items()]
    return json.dumps(held, separators=(",", ":")).encode()


def _rows_of(result: Result) -> dict[str, Sequence[object]]:
    """What a test observed, as columns."""
    seen = result.observations
    said = [words_of(each.outcome) for each in seen]
    return {
        "test": [result.test] * len(seen),
        "item": [each.item for each in seen],
        "name": [each.name for each in seen],
        "account": [each.account for each in seen],
        "region": [each.region for each in seen],
        "outcome": [word for word, _ in said],
        "detail": [detail for _, detail in said],
        "evidence": [each.evidence for each in seen],
    }


def _span(test: TestId, row: Sequence[object]) -> ObservedSpan:
    item, name, account, region, known_from, gone, outcome, detail, evidence = row
    return ObservedSpan(
        test=test,
        item=ResourceId(str(item)),
        name=str(name),
        account=str(account),
        region=str(region),
        known_from=_utc(known_from),
        outcome=None if gone else outcome_of(str(outcome), str(detail)),
        evidence=tuple(Digest(digest) for digest in cast("Sequence[str]", evidence)),
    )


def _unknown(codec: Codec[Resource]) -> str:
    """The SQL of the column `unknown`: with the fields that an older row does not have."""
    fields = ", ".join(literal(column.name) for column in codec.own)
    missing = f"list_filter([{fields}]::VARCHAR[], lambda field: NOT list_contains(string_split(shape, ','), field))"
    reasons = f"map_from_entries(list_transform({missing}, lambda field: {{'k': field, 'v': {literal(NOT_RECORDED)}}}))"
    held = "coalesce(unknown, MAP {}::MAP(VARCHAR, VARCHAR))"
    return f"CASE WHEN shape = {literal(codec.shape)} THEN {held} ELSE map_concat({held}, {reasons}) END"


def _names(columns: Iterable[str]) -> str:
    return ", ".join(quoted(column) for column in columns)


def _until(as_of: datetime | None) -> tuple[str, list[object]]:
    return ("true", []) if as_of is None else ("known_from <= ?", [naive_utc(as_of)])


def _utc(value: object) -> datetime:
    return cast("datetime", value).replace(tzinfo=UTC)
