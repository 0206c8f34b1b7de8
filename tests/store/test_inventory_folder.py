import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditwright.core.evidence import digest_of
from auditwright.core.ids import ResourceId, RunId
from auditwright.core.outcome import Unknown
from auditwright.core.ports import QueryError, Snapshot, StoreError
from auditwright.core.resource import Resource
from auditwright.core.resources import BlockVolume, kinds
from auditwright.store import delta, query
from auditwright.store.codec import NOT_RECORDED, Codec, codec_of
from auditwright.store.inventory import FolderInventory
from tests.store.faults import FailingDisk
from tests.store.samples import SCOPE

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    FolderInventory.create(tmp_path / "inventory")
    return tmp_path / "inventory"


def volume(name: str, *, encrypted: bool | Unknown = True) -> BlockVolume:
    return BlockVolume(
        id=ResourceId(f"vol-{name}"),
        name=name,
        scope=SCOPE,
        evidence=(digest_of(b"{}"),),
        encrypted=encrypted,
        attached_to=(),
        tags=(),
    )


def saw(inventory: FolderInventory, hour: int, *items: BlockVolume) -> None:
    snapshot = Snapshot(kind=BlockVolume, scope=SCOPE, items=items, complete=True)
    inventory.record(RunId(f"run-{hour}"), NOON + hour * HOUR, [snapshot])


def parquet(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*.parquet"))


def test_a_run_that_changes_nothing_writes_no_file(root: Path) -> None:
    inventory = FolderInventory(root)
    saw(inventory, 0, volume("a"), volume("b"))
    before = parquet(root)
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    saw(inventory, 1, volume("b"), volume("a"))
    assert parquet(root) == before == ["00000001-run-0.parquet"]
    assert sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) == size
    saw(inventory, 2, volume("a"))
    assert parquet(root) == [*before, "00000002-run-2.parquet"]


def test_many_files_are_merged_and_every_day_stays_as_it_was(root: Path) -> None:
    inventory = FolderInventory(root)
    hours = delta.MAX_FILES + 3
    for hour in range(hours):
        saw(inventory, hour, *([volume("a", encrypted=hour % 2 == 0)] * (hour % 5 != 0)), volume("b"))
    assert len(parquet(root)) == 3
    assert parquet(root)[-1] == "compact-00000001-00000065.parquet"
    for hour in range(hours):
        found = inventory.resources(BlockVolume, as_of=NOON + hour * HOUR)
        assert [(item.name, item.encrypted) for item in found] == [("a", hour % 2 == 0)] * (hour % 5 != 0) + [
            ("b", True)
        ]
    assert len(inventory.history(BlockVolume, ResourceId("vol-a"))) == hours - 1


def test_a_merge_that_was_killed_before_it_cleaned_up_doubles_nothing(root: Path) -> None:
    """The merged file is there and so is what it covers."""
    inventory = FolderInventory(root)
    saw(inventory, 0, volume("a"))
    kept = (root / "block_volume" / "00000001-run-0.parquet").read_bytes()
    for hour in range(1, delta.MAX_FILES + 1):
        saw(inventory, hour, volume("a", encrypted=hour % 2 == 0))
    history = list(inventory.history(BlockVolume, ResourceId("vol-a")))
    (root / "block_volume" / "00000001-run-0.parquet").write_bytes(kept)
    again = FolderInventory(root)
    assert list(again.history(BlockVolume, ResourceId("vol-a"))) == history
    assert again.query("SELECT count(*) FROM block_volume").rows[0] == (1,)
    saw(again, 99, volume("a"), volume("b"))
    assert parquet(root) == ["00000066-run-99.parquet", "compact-00000001-00000065.parquet"]


STEPS = 9
"""Operations of a first record: a folder and its sync; a file's sync, rename, sync; seen.json's write and the same."""


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("allowed", range(STEPS))
def test_a_failing_disk_is_a_clear_error_and_the_run_can_be_recorded_again(
    root: Path, allowed: int, number: int
) -> None:
    disk = FailingDisk(99, number)
    inventory = FolderInventory(root, disk)
    disk.allowed = allowed
    with pytest.raises(StoreError, match="nothing was changed") as raised:
        saw(inventory, 0, volume("a"))
    assert os.strerror(number) in str(raised.value)
    assert list((root / "tmp").iterdir()) == []
    healed = FolderInventory(root)
    saw(healed, 0, volume("a"))
    assert list(healed.history(BlockVolume, ResourceId("vol-a"))) == [(NOON, volume("a"))]


def test_a_record_takes_no_more_steps_than_the_faults_cover(root: Path) -> None:
    disk = FailingDisk(99)
    inventory = FolderInventory(root, disk)
    disk.allowed = STEPS
    saw(inventory, 0, volume("a"))
    assert disk.allowed == 0


def test_a_snapshot_that_breaks_off_leaves_nothing(root: Path) -> None:
    def broken() -> Iterator[Snapshot]:
        yield Snapshot(kind=BlockVolume, scope=SCOPE, items=[volume("a")], complete=True)
        raise RuntimeError("the source broke")

    inventory = FolderInventory(root)
    with pytest.raises(RuntimeError, match="the source broke"):
        inventory.record(RunId("run-0"), NOON, broken())
    assert parquet(root) == []
    assert list((root / "tmp").iterdir()) == []
    saw(inventory, 0, volume("a"))
    assert list(inventory.resources(BlockVolume)) == [volume("a")]


@pytest.mark.parametrize("damage", [b"", b"PAR1 nonsense", b"PAR1" + bytes(100) + b"PAR1"])
def test_a_damaged_file_is_a_clear_error_and_never_an_empty_inventory(root: Path, damage: bytes) -> None:
    inventory = FolderInventory(root)
    saw(inventory, 0, volume("a"))
    (root / "block_volume" / "00000001-run-0.parquet").write_bytes(damage)
    with pytest.raises(StoreError, match="restore the file from a backup"):
        inventory.resources(BlockVolume)
    with pytest.raises(StoreError, match="restore the file from a backup"):
        inventory.query("SELECT count(*) FROM block_volume")
    with pytest.raises(StoreError, match="restore the file from a backup"):
        saw(inventory, 1, volume("a"))


def test_damaged_notes_of_what_was_seen_are_a_clear_error(root: Path) -> None:
    inventory = FolderInventory(root)
    saw(inventory, 0, volume("a"))
    (root / "seen.json").write_text('{"block_volume": [{"at": 1}]}')
    with pytest.raises(StoreError, match=r"seen\.json is damaged"):
        saw(inventory, 1, volume("a"))


@pytest.mark.parametrize("run", ["", "..", "../x", "a/b", "-", "x" * 129, "a\nb", "é"])
def test_a_run_whose_id_cannot_name_a_file_is_refused(root: Path, run: str) -> None:
    with pytest.raises(StoreError, match="cannot name a run"):
        FolderInventory(root).record(RunId(run), NOON, [])


def test_a_mistyped_path_is_not_made_into_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="auditwright init"):
        FolderInventory(tmp_path / "inventroy")
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_no_unicode_is_a_clear_error(root: Path) -> None:
    inventory = FolderInventory(root)
    with pytest.raises(StoreError, match="not Unicode"):
        saw(inventory, 0, volume("\ud800"))
    assert list(inventory.resources(BlockVolume)) == []


def test_a_query_that_takes_too_long_is_stopped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "QUERY_TIMEOUT_S", 0.2)
    with pytest.raises(QueryError, match="took longer than"):
        FolderInventory(root).query(
            "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range < b.range"
        )


def test_a_query_that_needs_too_much_memory_is_stopped(root: Path) -> None:
    with pytest.raises(QueryError, match="memory"):
        FolderInventory(root).query("SELECT list(a.range || repeat('x', 1000)) FROM range(10000000) a")


def test_a_query_with_too_many_rows_is_stopped(root: Path) -> None:
    with pytest.raises(QueryError, match="ask for fewer"):
        FolderInventory(root).query("FROM range(2000000)")


# A kind of an older version, and the same kind today.


@pytest.fixture
def gadgets() -> Iterator[tuple[type[Resource], type[Resource]]]:
    """The kinds are known by name, so that both bear one; what was known before is restored."""
    before = dict(kinds())

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Gadget(Resource):
        size: int | Unknown

    old = Gadget

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Gadget(Resource):  # type: ignore[no-redef]  # the same kind, one version later
        size: int | Unknown
        locked: bool | Unknown | None
        note: str = "none"

    yield old, Gadget
    registry = kinds()
    assert isinstance(registry, dict)
    registry.clear()
    registry.update(before)


def test_a_field_that_an_older_version_did_not_record_is_unknown_never_none(
    root: Path, gadgets: tuple[type[Resource], type[Resource]]
) -> None:
    old, new = gadgets
    inventory = FolderInventory(root)
    item = old(id=ResourceId("g"), name="g", scope=SCOPE, evidence=(), size=Unknown("no answer"))  # type: ignore[call-arg]  # made above
    inventory.record(RunId("r-1"), NOON, [Snapshot(kind=old, scope=SCOPE, items=[item], complete=True)])
    (read,) = inventory.resources(new)
    assert read == new(  # type: ignore[call-arg]  # made above
        id=ResourceId("g"),
        name="g",
        scope=SCOPE,
        evidence=(),
        size=Unknown("no answer"),
        locked=Unknown(NOT_RECORDED),
    )
    (row,) = inventory.query("SELECT size, locked, unknown FROM gadget").rows
    assert row == (None, None, {"size": "no answer", "locked": NOT_RECORDED, "note": NOT_RECORDED})
    now = replace(read, locked=None)  # type: ignore[call-arg]  # made above
    inventory.record(RunId("r-2"), NOON + HOUR, [Snapshot(kind=new, scope=SCOPE, items=[now], complete=True)])
    assert list(inventory.resources(new)) == [now]
    assert list(inventory.history(new, item.id)) == [(NOON, read), (NOON + HOUR, now)]


def test_that_a_new_field_is_none_is_news_where_an_older_version_did_not_record_it(
    root: Path, gadgets: tuple[type[Resource], type[Resource]]
) -> None:
    del gadgets

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Machine(Resource):
        pass

    old = Machine

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Machine(Resource):  # type: ignore[no-redef]  # the same kind, one version later
        lock: str | Unknown | None

    inventory = FolderInventory(root)
    item = old(id=ResourceId("m"), name="m", scope=SCOPE, evidence=())
    inventory.record(RunId("r-1"), NOON, [Snapshot(kind=old, scope=SCOPE, items=[item], complete=True)])
    unlocked = Machine(id=ResourceId("m"), name="m", scope=SCOPE, evidence=(), lock=None)  # type: ignore[call-arg]  # made above
    snapshot = Snapshot(kind=Machine, scope=SCOPE, items=[unlocked], complete=True)
    inventory.record(RunId("r-2"), NOON + HOUR, [snapshot])
    assert list(inventory.resources(Machine)) == [unlocked]


def test_a_field_whose_name_the_inventory_needs_is_refused(
    gadgets: tuple[type[Resource], type[Resource]],
) -> None:
    del gadgets

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Clash(Resource):
        gone: bool

    with pytest.raises(AssertionError, match="gone"):
        Codec(Clash)


def test_what_is_unknown_within_a_field_comes_back_as_unknown(
    root: Path, gadgets: tuple[type[Resource], type[Resource]]
) -> None:
    del gadgets

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Part:
        size: int | Unknown | None
        made_at: datetime | Unknown

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Machine(Resource):
        parts: tuple[Part, ...]

    parts = (
        Part(size=7, made_at=NOON),
        Part(size=Unknown("no answer"), made_at=Unknown("why?")),
        Part(size=None, made_at=NOON),
    )
    item = Machine(id=ResourceId("m"), name="m", scope=SCOPE, evidence=(), parts=parts)
    inventory = FolderInventory(root)
    inventory.record(RunId("r"), NOON, [Snapshot(kind=Machine, scope=SCOPE, items=[item], complete=True)])
    assert list(inventory.resources(Machine)) == [item]


def test_a_type_that_json_would_show_as_something_unknown_is_refused(
    gadgets: tuple[type[Resource], type[Resource]],
) -> None:
    del gadgets

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Reason:
        why: str

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Machine(Resource):
        reasons: tuple[Reason | Unknown, ...]

    with pytest.raises(AssertionError, match="taken for something unknown"):
        Codec(Machine)


def test_an_inventory_of_an_older_version_with_a_hash_in_its_files_is_read_and_written_on(root: Path) -> None:
    inventory = FolderInventory(root)
    saw(inventory, 0, volume("a"), volume("b"))
    file = root / "block_volume" / "00000001-run-0.parquet"
    older = root / "older.parquet"
    with query.connect(memory="256MB", threads=1) as database:
        database.execute(f"COPY (SELECT *, 'x'::BLOB AS hash FROM '{file}') TO '{older}' (FORMAT parquet)")  # noqa: S608
    older.replace(file)
    saw(inventory, 1, volume("a"), volume("b"))
    assert parquet(root) == ["00000001-run-0.parquet"]
    saw(inventory, 2, volume("a", encrypted=False))
    assert [item.encrypted for item in inventory.resources(BlockVolume)] == [False]


def test_every_kind_has_a_codec() -> None:
    for kind in kinds().values():
        assert codec_of(kind).columns
