"""A backup of a program in use becomes the same program again, or nothing at all."""

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import boto3
import msgspec
import pytest
import zstandard

from auditwright.app.workspace import open_workspace
from auditwright.core.run import Finding, RunState
from auditwright.store.archive import ArchiveReader, ArchiveWriter
from auditwright.store.records import open_records
from tests.app.programs import ROSTER, SETTINGS, Ran, auditwright, roster_program, run_program
from tests.postgres import Cluster
from tests.store.samples import entry
from tests.store.test_kill import release, start
from tests.web.hostile import hostile_finding

MAX_BYTES = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program after a run, with what else may lie in its folders. Tests do not change it."""
    folder = roster_program(tmp_path_factory.mktemp("program") / "acme")
    assert auditwright("run", "--program", folder).code == 3
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("[core]\n")
    (folder / "policies").mkdir()
    (folder / "policies/access é.md").write_text("# Access\n")
    (folder / "policies/linked.md").symlink_to("access é.md")
    (folder / "policies/outside.md").symlink_to("/etc/hostname")
    (folder / ".auditwright/secrets.key").write_bytes(b"sealing")
    (folder / ".auditwright/tmp").mkdir()
    (folder / ".auditwright/tmp/half").write_bytes(b"half")
    return folder


@pytest.fixture(scope="module")
def backup(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backup") / "acme.tar"
    done = auditwright("backup", file, "--program", program)
    assert done.code == 0, done.err
    return file


def members(file: Path) -> dict[str, bytes]:
    with ArchiveReader(file) as archive:
        return {member.name: archive.read(member, MAX_BYTES) for member in archive.members()}


def records(file: Path) -> dict[str, bytes]:
    return {name: body for name, body in members(file).items() if name.startswith("records/")}


def write(file: Path, held: Mapping[str, bytes]) -> Path:
    """A file whose digests are right, whoever wrote it."""
    with file.open("wb") as opened, ArchiveWriter(opened, at=0) as archive:
        for name, body in held.items():
            archive.add(name, body)
        archive.finish()
    return file


def status(folder: Path, env: dict[str, str] | None = None) -> str:
    ran = auditwright("status", "--program", folder, env=env)
    assert ran.code == 3, ran.err
    return ran.out


def refused(file: Path, folder: Path, env: dict[str, str] | None = None) -> str:
    """Restore in vain: nothing may be left beside the file. Gives the error."""
    before = sorted(folder.parent.iterdir())
    done = auditwright("restore", file, folder, env=env)
    assert done.code == 2, done.out
    assert "Traceback" not in done.err
    assert sorted(folder.parent.iterdir()) == before
    return done.err


def test_what_is_restored_is_what_was_backed_up(program: Path, backup: Path, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    done = auditwright("restore", backup, folder)
    assert done.code == 0, done.err
    assert "the same as when it was backed up" in done.out
    with open_workspace(folder) as restored, open_workspace(program) as workspace:
        assert restored.stores.records.log_size() == workspace.stores.records.log_size()
        assert list(restored.stores.evidence.digests()) == list(workspace.stores.evidence.digests())
        assert restored.signer.sign("x\n") == workspace.signer.sign("x\n")
    assert status(folder) == status(program)
    again = tmp_path / "again.tar"
    assert auditwright("backup", again, "--program", folder).code == 0
    unlike = {name for name, body in members(again).items() if members(backup).get(name) != body}
    assert unlike == {"backup.json"}, "its time"
    assert auditwright("run", "--program", folder).code == 3


def test_it_holds_what_lies_in_the_folders_but_no_locks_no_jobs_and_no_history(backup: Path) -> None:
    held = {name for name in members(backup) if name.startswith(("state/", "program/"))}
    assert held == {
        "state/log-key.pem",
        "state/log.vkey",
        "state/secrets.key",
        "program/.gitignore",
        "program/auditwright.toml",
        "program/people.csv",
        "program/policies/access é.md",
        "program/policies/linked.md",
    }
    assert members(backup)["program/policies/linked.md"] == b"# Access\n"


def test_only_its_owner_can_read_it_and_what_is_restored(backup: Path, tmp_path: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    assert auditwright("restore", backup, tmp_path / "again").code == 0
    state = tmp_path / "again/.auditwright"
    assert (tmp_path / "again").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in [state, *state.rglob("*")]} == {0}


def test_the_command_says_that_the_key_is_in_it_and_what_was_left_out(program: Path, tmp_path: Path) -> None:
    done = auditwright("backup", tmp_path / "acme.tar", "--program", program)
    assert "contains the log's private key" in done.out
    assert "policies/outside.md" in done.out
    said = auditwright("backup", tmp_path / "b.tar", "--program", program, "--json").json
    assert said["left_out"] == ["policies/outside.md"]
    assert said["unreadable"] == []


def test_a_backup_is_never_written_over_and_never_into_the_program(program: Path, backup: Path) -> None:
    before = backup.read_bytes()
    again = auditwright("backup", backup, "--program", program)
    assert again.code == 2
    assert "exists already" in again.err
    assert backup.read_bytes() == before
    inside = auditwright("backup", program / "policies/b.tar", "--program", program)
    assert inside.code == 2
    assert "another disk" in inside.err


def test_nothing_is_restored_over_a_folder(backup: Path, tmp_path: Path) -> None:
    assert "exists already" in refused(backup, tmp_path)


def test_between_postgresql_and_sqlite_the_rows_and_the_root_stay(tmp_path: Path, postgres: Cluster) -> None:
    """PostgreSQL, SQLite, PostgreSQL again, each from a backup of the one before."""
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "auditwright.toml").write_text(SETTINGS)
    (folder / "people.csv").write_text(ROSTER)
    env = {"AUDITWRIGHT_DATABASE_URL": postgres.new_database()}
    assert auditwright("init", folder, env=env).code == 0
    assert auditwright("run", "--program", folder, env=env).code == 3
    files = [tmp_path / f"{number}.tar" for number in range(3)]
    assert auditwright("backup", files[0], "--program", folder, env=env).code == 0
    assert auditwright("restore", files[0], tmp_path / "second").code == 0
    assert (tmp_path / "second/.auditwright/records.db").is_file()
    assert auditwright("backup", files[1], "--program", tmp_path / "second").code == 0
    other = {"AUDITWRIGHT_DATABASE_URL": postgres.new_database()}
    assert auditwright("restore", files[1], tmp_path / "third", env=other).code == 0
    assert not list((tmp_path / "third/.auditwright").glob("*.db"))
    assert auditwright("backup", files[2], "--program", tmp_path / "third", env=other).code == 0
    assert records(files[0]) == records(files[1]) == records(files[2])
    roots = {json.loads(members(file)["manifest.json"])["log_root"] for file in files}
    assert len(roots) == 1
    assert auditwright("run", "--program", tmp_path / "third", env=other).code == 3
    assert "already" in refused(files[1], tmp_path / "fourth", env=other)


def test_evidence_comes_out_of_a_bucket_and_goes_into_it(tmp_path: Path, s3_endpoint: str) -> None:
    s3 = boto3.client("s3", endpoint_url=s3_endpoint)
    s3.create_bucket(Bucket="acme-backup")
    folder = tmp_path / "acme"
    folder.mkdir()
    place = f'\n[evidence]\nbucket = "acme-backup"\nendpoint_url = "{s3_endpoint}"\nregion = "us-east-1"\n'
    (folder / "auditwright.toml").write_text(SETTINGS + place)
    (folder / "people.csv").write_text(ROSTER)
    assert auditwright("init", folder).code == 0
    assert auditwright("run", "--program", folder).code == 3
    file = tmp_path / "acme.tar"
    assert auditwright("backup", file, "--program", folder).code == 0
    with open_workspace(folder) as workspace:
        kept = list(workspace.stores.evidence.digests())
    for found in s3.list_objects_v2(Bucket="acme-backup")["Contents"]:
        s3.delete_object(Bucket="acme-backup", Key=found["Key"])
    assert auditwright("restore", file, tmp_path / "again").code == 0
    with open_workspace(tmp_path / "again") as workspace:
        assert list(workspace.stores.evidence.digests()) == kept
    assert not (tmp_path / "again/.auditwright/evidence").exists()


def test_while_a_writer_writes_each_backup_is_of_one_moment(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    shutil.copytree(program, folder, symlinks=True)
    writer = start("records", f"sqlite:///{folder}/.auditwright/records.db", "w", "1000000")
    assert writer.stdout is not None
    sizes = []
    try:
        release(writer)
        for number in range(3):
            writer.stdout.readline()
            file = tmp_path / f"{number}.tar"
            # What this writer names was never put into the evidence store.
            assert auditwright("backup", file, "--program", folder).code == 3
            done = auditwright("restore", file, tmp_path / f"again-{number}", "--json")
            assert done.code == 0, done.err
            with open_workspace(tmp_path / f"again-{number}") as workspace:
                assert workspace.stores.records.log_size() == done.json["log"]["size"]
            sizes.append(done.json["log"]["size"])
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    assert sizes == sorted(set(sizes)), "the writer went on"


def test_evidence_that_cannot_be_read_is_named_and_the_rest_is_kept(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    shutil.copytree(program, folder, symlinks=True)
    lost, damaged = sorted((folder / ".auditwright/evidence").rglob("*.zst"))[:2]
    lost.unlink()
    damaged.write_bytes(b"damaged")
    done = auditwright("backup", tmp_path / "b.tar", "--program", folder)
    assert done.code == 3
    assert lost.stem in done.out
    restored = auditwright("restore", tmp_path / "b.tar", tmp_path / "again", "--json")
    assert {each["sha256"] for each in restored.json["unreadable"]} <= {lost.stem, damaged.stem}
    assert damaged.stem in {each["sha256"] for each in restored.json["unreadable"]}


def test_a_damaged_log_is_not_backed_up(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    shutil.copytree(program, folder, symlinks=True)
    database = sqlite3.connect(folder / ".auditwright/records.db")
    database.execute("UPDATE leaves SET leaf = CAST(leaf || ' ' AS BLOB) WHERE seq = 7")
    database.commit()
    database.close()
    done = auditwright("backup", tmp_path / "b.tar", "--program", folder)
    assert done.code == 2
    assert "leaf 7 of the log" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["acme"]


def test_an_interrupted_run_is_taken_up_after_the_restore(program: Path, tmp_path: Path) -> None:
    """Its jobs' database is in no backup; the records are enough."""
    folder = tmp_path / "acme"
    shutil.copytree(program, folder, symlinks=True)
    with open_workspace(folder) as workspace, workspace.stores.records.transaction() as change:
        newest = workspace.stores.records.runs()[-1]
        interrupted = type(newest)(
            id=type(newest.id)("run-interrupted"),
            kind=newest.kind,
            started_at=newest.finished_at or newest.started_at,
            finished_at=None,
            state=RunState.RUNNING,
            program_sha256=newest.program_sha256,
        )
        change.put_run(interrupted)
    assert auditwright("backup", tmp_path / "b.tar", "--program", folder).code == 0
    assert auditwright("restore", tmp_path / "b.tar", tmp_path / "again").code == 0
    assert auditwright("run", "--program", tmp_path / "again").code == 3
    with open_workspace(tmp_path / "again") as workspace:
        runs = workspace.stores.records.runs()
        assert [run.id for run in runs][-1] == "run-interrupted"
        assert {run.state for run in runs} == {RunState.FINISHED}


def test_a_changed_byte_in_any_kind_of_member_is_found_and_named(backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    by_area: dict[str, tuple[str, int, int]] = {}
    with tarfile.open(backup) as opened:
        for info in opened:
            if info.size:
                by_area[info.name.partition("/")[0]] = (info.name, info.offset_data, info.size)
    assert len(by_area) == 8
    chance = random.Random(7)  # noqa: S311  # not a secret
    for area, (name, at, size) in by_area.items():
        changed = bytearray(whole)
        changed[at + chance.randrange(size)] ^= 1 + chance.randrange(255)
        (tmp_path / "changed.tar").write_bytes(changed)
        said = refused(tmp_path / "changed.tar", tmp_path / "again")
        # A line of SHA256SUMS is found at the file that it is of.
        assert name in said if area != "SHA256SUMS" else "SHA256SUMS" in said


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(backup: Path, tmp_path: Path, share: float) -> None:
    whole = backup.read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: int(len(whole) * share)])
    assert "take another" in refused(tmp_path / "cut.tar", tmp_path / "again")


Held = dict[str, bytes]


def renamed(old: str, new: str) -> Callable[[Held], Held]:
    return lambda held: {(new if name == old else name): body for name, body in held.items()}


def without(name: str) -> Callable[[Held], Held]:
    return lambda held: {each: body for each, body in held.items() if each != name}


def added(name: str, body: bytes = b"x") -> Callable[[Held], Held]:
    areas = ["backup.json", "inventory", "records", "state", "program", "evidence", "manifest.json"]

    def change(held: Held) -> Held:
        return dict(
            sorted(
                {**held, name: body}.items(),
                key=lambda each: (areas.index(each[0].partition("/")[0]), each[0].encode()),
            )
        )

    return change


def beginning(**fields: object) -> Callable[[Held], Held]:
    return lambda held: {
        **held,
        "backup.json": json.dumps({**json.loads(held["backup.json"]), **fields}).encode(),
    }


def other_leaf(held: Held) -> Held:
    """A forger who can make every digest right again, but has not the key of the log."""
    (name,) = (name for name in held if name.endswith("-leaves.jsonl.zst"))
    rows = msgspec.json.Decoder(tuple[int, bytes, bytes]).decode_lines(zstandard.decompress(held[name]))
    leaf = entry("forged").leaf(3)
    rows[3] = (3, leaf, hashlib.sha256(b"\0" + leaf).digest())
    packed = zstandard.compress(msgspec.json.Encoder().encode_lines(rows))
    return {**held, name: packed}


HOSTILE: Mapping[str, tuple[Callable[[Held], Held], str]] = {
    "a newer revision": (beginning(revision="9999"), "newer version"),
    "a newer format": (beginning(format="auditwright-backup/2", more=1), "install Auditwright"),
    "no list of columns": (beginning(tables={"leaves": 1}), "cannot be read"),
    "other columns": (beginning(tables={"leaves": ["seq"]}), "columns of its revision"),
    "no beginning": (without("backup.json"), "begins with"),
    "no manifest": (without("manifest.json"), "manifest.json is missing"),
    "no public key": (without("state/log.vkey"), "counts"),
    "no settings": (without("program/auditwright.toml"), "auditwright.toml"),
    "a lost file": (without("program/people.csv"), "counts"),
    "one file more": (added("state/more"), "counts"),
    "a database of another's making": (added("state/records.db"), "no file that a backup holds"),
    "a database of jobs": (added("state/jobs.db"), "no file that a backup holds"),
    "a lock": (added("state/run.lock"), "no file that a backup holds"),
    "a program for git to run": (added("program/.git/config"), "no file that a backup holds"),
    "a state among the definitions": (
        added("program/.auditwright/log-key.pem"),
        "no file that a backup holds",
    ),
    "an inventory that is none": (added("inventory/person/x.sql"), "no file that a backup holds"),
    "evidence under a wrong name": (
        added("evidence/sha256/aa/aa/" + "b" * 64 + ".zst"),
        "no name of evidence",
    ),
    "evidence of other bytes": (
        added(f"evidence/sha256/ff/ff/{'f' * 64}.zst", zstandard.compress(b"other")),
        "other bytes",
    ),
    "evidence that is a bomb": (
        added(f"evidence/sha256/ff/ff/{'f' * 64}.zst", zstandard.compress(bytes(300 * 1024 * 1024))),
        "claims to hold",
    ),
    "rows that are a bomb": (
        added("records/99999999-leaves.jsonl.zst", zstandard.compress(bytes(300 * 1024 * 1024))),
        "claim to have",
    ),
    "rows twice": (
        lambda held: added(
            "records/99999999-runs.jsonl.zst",
            next(body for name, body in held.items() if name.endswith("-runs.jsonl.zst")),
        )(held),
        "UNIQUE",
    ),
    "a file where a folder is": (added("program/people.csv/below"), "restore"),
    "a forged leaf": (other_leaf, "newest checkpoint was signed over"),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_file_that_was_made_by_somebody_else_is_refused(backup: Path, tmp_path: Path, hostile: str) -> None:
    change, words = HOSTILE[hostile]
    file = write(tmp_path / "hostile.tar", change(members(backup)))
    assert words in refused(file, tmp_path / "again")


@pytest.mark.parametrize(
    "name", ["program/../../outside", "/outside", "program/linked", "state/../../../outside"]
)
def test_a_tar_of_links_and_ways_out_is_refused(backup: Path, tmp_path: Path, name: str) -> None:
    hostile = tmp_path / "hostile.tar"
    with tarfile.open(hostile, "w", format=tarfile.USTAR_FORMAT) as made, tarfile.open(backup) as whole:
        for info in whole:
            made.addfile(info, whole.extractfile(info))
            if info.name == "state/log.vkey":
                way_out = tarfile.TarInfo(name)
                if name == "program/linked":
                    way_out.type, way_out.linkname = tarfile.SYMTYPE, str(tmp_path)
                made.addfile(way_out)
    refused(hostile, tmp_path / "again")


def start_command(*arguments: str | Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", "from auditwright.cli.main import main; main()", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ},
    )


def kill_when(process: "subprocess.Popen[bytes]", reached: Callable[[], bool]) -> bool:
    """Kill a process once something is so; True where it was not finished before."""
    while process.poll() is None and not reached():
        pass
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@pytest.fixture(scope="module")
def larger(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program whose backup takes a moment."""
    folder = tmp_path_factory.mktemp("larger") / "acme"
    shutil.copytree(program, folder, symlinks=True)
    with open_workspace(folder) as workspace, workspace.stores.records.transaction() as change:
        for number in range(30_000):
            change.append(entry(f"{number}-" + "x" * 200))
    return folder


def unfinished(folder: Path) -> list[Path]:
    return list(folder.glob(".*.unfinished"))


def test_killed_anywhere_a_backup_leaves_no_half_of_one(larger: Path, tmp_path: Path) -> None:
    out = tmp_path / "acme.tar"
    killed = 0
    for at_least in (0, 1, 10_000, 100_000, 300_000):
        process = start_command("backup", out, "--program", larger)

        def reached(at_least: int = at_least) -> bool:
            return any(path.stat().st_size >= at_least for path in unfinished(tmp_path))

        if kill_when(process, reached):
            killed += 1
            assert not out.exists()
        for path in unfinished(tmp_path):
            path.unlink()
        out.unlink(missing_ok=True)
    assert killed >= 3
    assert auditwright("backup", out, "--program", larger).code == 0


def test_killed_anywhere_a_restore_leaves_no_program(larger: Path, tmp_path: Path) -> None:
    file, folder = tmp_path / "acme.tar", tmp_path / "again"
    assert auditwright("backup", file, "--program", larger).code == 0
    killed = 0
    for made in ("", ".auditwright/records.db", ".auditwright/log-key.pem", "auditwright.toml"):
        process = start_command("restore", file, folder)

        def reached(made: str = made) -> bool:
            return any((path / made).exists() for path in unfinished(tmp_path))

        if kill_when(process, reached):
            killed += 1
            assert not folder.exists()
        shutil.rmtree(folder, ignore_errors=True)
    assert killed >= 3
    done: Ran = auditwright("restore", file, folder)
    assert done.code == 0, done.err
    assert status(folder) == status(larger)


def test_a_text_that_postgresql_has_not_is_restored_into_it(tmp_path: Path, postgres: Cluster) -> None:
    """Of two findings one holds U+0000 and the other spells it; SQLite has both as they are."""
    program = run_program(tmp_path / "acme")
    with open_workspace(program) as workspace, workspace.stores.records.transaction() as write:
        write.put_findings([hostile_finding(0, "zero\0byte"), hostile_finding(1, "spelled\\u0000")])
    saved = tmp_path / "saved.tar"
    assert auditwright("backup", saved, "--program", program).code == 0
    address = postgres.new_database()
    restored = auditwright("restore", saved, tmp_path / "moved", env={"AUDITWRIGHT_DATABASE_URL": address})
    assert restored.code == 0, restored.err
    moved = open_records(address)
    names = {row.name for row in moved.kept(Finding)}
    moved.close()
    assert {"zero\ufffdbyte", "spelled\\u0000"} <= names
