"""Evidence that had to go is gone for good, its existence stays provable, and everything else goes on."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.app.acting import TERMINAL
from auditwright.app.collecting import begin, keep, load_evidence
from auditwright.app.concluding import conclude
from auditwright.app.erased import finish, gone, tombstones
from auditwright.app.erasing import MAX_REASON, Order, erase, survey
from auditwright.app.errors import AppError
from auditwright.app.exporting import Part, write_package
from auditwright.app.folder import load_program
from auditwright.app.running import alone
from auditwright.app.workspace import Workspace, open_workspace, read_verifier_key
from auditwright.core.account import Engagement
from auditwright.core.act import Act, Erased, Erasure
from auditwright.core.evidence import Evidence, GapReason, Query, Scope, digest_of
from auditwright.core.ids import Digest, EngagementId, IntegrationId, RunId, StreamId, TestId
from auditwright.core.outcome import Conclusion
from auditwright.core.ports import EvidenceStore, StoreError
from auditwright.core.resources import Person
from auditwright.core.run import EvidenceRecord, Run, RunKind, RunState
from auditwright.sign.verify import Kind, verify_package
from auditwright.store import Stores
from auditwright.store.evidence_folder import FolderEvidence
from auditwright.store.memory import MemoryEvidence, MemoryRecords
from auditwright.store.memory_inventory import MemoryInventory
from tests.app.programs import ROSTER, auditwright, roster_program, run_program
from tests.app.test_proofs import story

WHY = "a request to erase, ticket 4711"
WITHOUT_EVE = "".join(line for line in ROSTER.splitlines(keepends=True) if "eve@" not in line)
EVE = b"Eve Lane"


def order(reason: str = WHY) -> Order:
    return Order(actor=TERMINAL, reason=reason, at=datetime.now(UTC))


def rosters(workspace: Workspace) -> list[EvidenceRecord]:
    """Every time that the roster was collected, the oldest first."""
    records = workspace.stores.records
    return [
        each for run in records.runs() for each in records.evidence(run.id) if each.stream == "people.roster"
    ]


def erase_all(program: Path, *digests: Digest) -> None:
    with open_workspace(program) as workspace:
        erase(workspace, survey(workspace, digests), order())


def exported(program: Path, out: Path) -> Path:
    done = auditwright("export", out, "--program", program)
    assert done.code == 0, done.err
    return out


def holding(folder: Path, text: bytes) -> set[str]:
    """The files below a folder that hold a text, evidence unpacked."""
    evidence = folder / ".auditwright/evidence"
    store = FolderEvidence(evidence)
    found = {digest for digest in store.digests() if text in store.get(digest)}
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(evidence))
    return found | {str(path.relative_to(folder)) for path in files if text in path.read_bytes()}


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program whose roster showed Eve in a first run, and no more in a second. Tests do not change it."""
    program = run_program(tmp_path_factory.mktemp("twice") / "acme")
    (program / "people.csv").write_text(WITHOUT_EVE)
    assert auditwright("run", "--program", program).code == 3
    return program


@pytest.fixture
def program(twice: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(twice, tmp_path / "acme"))


def test_the_whole_story_from_the_request_to_the_package_that_names_it(program: Path, tmp_path: Path) -> None:
    with open_workspace(program) as workspace:
        first, second = (each.digest for each in rosters(workspace))
    at = ("--program", program)
    asked = auditwright("evidence", "erase", first[:12], "--reason", WHY, *at)
    assert (asked.code, "say --yes" in asked.err) == (2, True)
    for said in ("2 tests concluded on it in 1 run", "1 other answer", second[:12], "Not touched: findings"):
        assert said in " ".join(asked.out.split())
    done = auditwright("evidence", "erase", first[:12], "--reason", WHY, "--yes", *at, "--json")
    assert done.code == 0, done.err
    stone, *documents = done.json["erased"]
    assert (stone["sha256"], stone["what"], stone["reason"]) == (first, "evidence", WHY)
    assert {each["what"] for each in documents} == {"result"}

    shown = auditwright("evidence", first[:12], *at)
    assert shown.code == 0
    assert f"{WHY}" in shown.out
    assert "erased" in shown.out
    assert "Eve" not in shown.out
    assert auditwright("evidence", first, "--raw", *at).code == 2
    assert auditwright("evidence", "show", first, "--json", *at).json["erased"]["by"] == TERMINAL.name
    listed = auditwright("evidence", "erased", "--json", *at).json["erased"]
    assert [each["sha256"] for each in listed] == [first, *(each["sha256"] for each in documents)]

    again = auditwright("run", *at)
    assert again.code == 3, again.err
    package = exported(program, tmp_path / "package")
    verified = auditwright("verify", package, "--json")
    assert verified.code == 0, verified.out
    assert [each["sha256"] for each in verified.json["erased"]] == [each["sha256"] for each in listed]
    assert verified.json["checked"]["erased"] == 1
    assert f"evidence {first}" in auditwright("verify", package).out
    assert "Eve Lane" not in (package / f"results/{documents[0]['replaced_by']}.json").read_text()


def test_nothing_but_findings_and_the_definitions_of_the_time_names_the_person_any_more(
    program: Path,
) -> None:
    with open_workspace(program) as workspace:
        first = rosters(workspace)[0].digest
    before = holding(program, EVE)
    assert first in before
    erase_all(program, first)
    # The finding of the first run is the organization's own record, and closed by the second.
    assert holding(program, EVE) <= {".auditwright/records.db", ".auditwright/records.db-wal"}
    with open_workspace(program) as workspace:
        inventory = workspace.stores.inventory
        found = inventory.query("SELECT id, name FROM person").rows
        assert b"Eve" not in repr(found).encode()
        (finding,) = workspace.stores.records.findings(include_closed=True)
        assert "Eve Lane" in finding.name


def test_what_was_known_by_it_alone_is_counted_and_not_shown_and_the_next_run_knows_the_rest(
    program: Path,
) -> None:
    with open_workspace(program) as workspace:
        digests = [each.digest for each in rosters(workspace)]
        at = [each.collected_at for each in rosters(workspace)]
    erase_all(program, *digests)
    with open_workspace(program) as workspace:
        inventory = workspace.stores.inventory
        assert list(inventory.resources(Person)) == []
        assert inventory.erased(Person, as_of=at[1] - timedelta(seconds=1)) == 3
    told = auditwright("inventory", "SELECT count(*) AS n FROM person", "--program", program)
    assert "Not shown: 2 rows of person" in told.err
    assert auditwright("run", "--program", program).code == 3
    with open_workspace(program) as workspace:
        assert [each.name for each in workspace.stores.inventory.resources(Person)] == [
            "Ada Lovelace",
            "Bob Marsh",
        ]
        assert workspace.stores.inventory.erased(Person) == 0


def test_conclusions_and_counts_stay_and_reports_say_what_was_erased(program: Path, tmp_path: Path) -> None:
    with open_workspace(program) as workspace:
        digest = rosters(workspace)[1].digest
    before = auditwright("status", "--program", program, "--json").json
    erase_all(program, digest)
    after = auditwright("status", "--program", program, "--json").json
    counted = ("id", "status", "conclusion")
    assert [[each.get(name) for name in counted] for each in after["tests"]] == [
        [each.get(name) for name in counted] for each in before["tests"]
    ]
    report = auditwright("report", "--out", tmp_path / "report", "--program", program)
    assert report.code in {0, 1, 3}, report.err
    (record,) = json.loads((tmp_path / "report/readiness.json").read_text())["evidence"]
    assert WHY in record["erased"]
    for name in ("readiness.html", "evidence.csv", "assessment-results.oscal.json"):
        assert WHY in (tmp_path / "report" / name).read_text(), name
    assert "Ada Lovelace" not in (tmp_path / "report/observations.csv").read_text()


@pytest.mark.parametrize(
    "what", ["absent", "short", "result", "twice", "no reason", "long reason", "two lines"]
)
def test_what_cannot_be_erased_is_refused_and_nothing_is_logged(program: Path, what: str) -> None:
    with open_workspace(program) as workspace:
        records = workspace.stores.records
        digest, reason = rosters(workspace)[0].digest, WHY
        given = {
            "absent": "0" * 64,
            "short": digest[:5],
            "result": records.results(records.runs()[0].id)[0].document,
        }
        reasons = {"no reason": "  ", "long reason": "x" * (MAX_REASON + 1), "two lines": "a\nb"}
        if what == "twice":
            erase(workspace, survey(workspace, [digest]), order())
        size = records.log_size()
        with pytest.raises(AppError):
            erase(workspace, survey(workspace, [given.get(what, digest)]), order(reasons.get(what, reason)))
        assert records.log_size() == size


def test_a_survey_names_the_other_answers_to_the_same_question_and_the_audit_it_lies_in(
    program: Path,
) -> None:
    with open_workspace(program) as workspace:
        first, second = rosters(workspace)
        audit = Engagement(
            id=EngagementId("eng-1"),
            title="SOC 2 Type 2 of 2026",
            categories=("security",),
            starts_at=first.collected_at - timedelta(days=1),
            ends_at=second.collected_at + timedelta(days=1),
            made_at=first.collected_at,
        )
        with workspace.stores.records.transaction() as write:
            write.keep([audit])
        other = piece(b"another question", datetime.now(UTC))
        keep(workspace, second.run, [replace(other, scope=replace(first.scope, account="other.csv"))])
        (loss,) = survey(workspace, [first.digest])
        assert loss.others == (second.digest,)
        assert loss.engagements == (audit.title,)
        assert loss.tests == ("acme.titled", "people.roster-reconciled")
        assert [each.seq for each in loss.records] == [first.seq]


def test_bytes_that_were_lost_are_not_explained_away_by_a_tombstone(program: Path) -> None:
    with open_workspace(program) as workspace:
        digest = rosters(workspace)[0].digest
        workspace.stores.evidence.erase(digest)
        size = workspace.stores.records.log_size()
        with pytest.raises(AppError, match="No evidence has a digest"):
            survey(workspace, [digest])
        assert workspace.stores.records.log_size() == size


@pytest.mark.parametrize("what", ["evidence", "result"])
def test_what_a_store_holds_back_is_refused_before_anything_is_logged(program: Path, what: str) -> None:
    with open_workspace(program) as workspace:
        digest = rosters(workspace)[0].digest
        (result,) = [
            each
            for each in workspace.stores.records.results(rosters(workspace)[0].run)
            if each.test == "acme.titled"
        ]
        held = HoldingBack(
            program / ".auditwright/evidence", digest if what == "evidence" else result.document
        )
        stores = replace(workspace.stores, evidence=held)
        key, size = workspace.verifier_key, workspace.stores.records.log_size()
        holding_back = Workspace(
            folder=workspace.folder, program=workspace.program, stores=stores, verifier_key=key
        )
        with pytest.raises(AppError, match=r"kept until Sunday\. Nothing was erased"):
            survey(holding_back, [digest])
        assert workspace.stores.records.log_size() == size


class HoldingBack(FolderEvidence):
    """A store that must keep one piece."""

    __slots__ = ("_held",)

    def __init__(self, root: Path, held: Digest) -> None:
        super().__init__(root)
        self._held = held

    def locked(self, digest: Digest) -> str:
        return "it is kept until Sunday" if digest == self._held else ""


def test_damaged_bytes_can_be_erased_too(program: Path) -> None:
    with open_workspace(program) as workspace:
        digest = rosters(workspace)[1].digest
        path = program / f".auditwright/evidence/sha256/{digest[:2]}/{digest[2:4]}/{digest}.zst"
        path.write_bytes(b"half of what was there")
        erase(workspace, survey(workspace, [digest]), order())
        assert not path.exists()


def test_nothing_is_erased_while_a_run_is_under_way(program: Path) -> None:
    with open_workspace(program) as workspace:
        losses = survey(workspace, [rosters(workspace)[0].digest])
        with alone(workspace.state), pytest.raises(AppError, match="run is under way"):
            erase(workspace, losses, order())
        assert not tombstones(workspace.stores.records)


def test_the_act_is_in_the_audit_log_beside_the_tombstones(program: Path) -> None:
    with open_workspace(program) as workspace:
        digest = rosters(workspace)[0].digest
        erase(workspace, survey(workspace, [digest]), order())
        (act,) = workspace.stores.records.kept(Act)
        stones = tombstones(workspace.stores.records)
        assert (act.verb, act.subject) == ("evidence.erase", digest)
        assert act.seq == max(each.seq for each in stones.values()) + 1
        leaf = json.loads(next(iter(workspace.stores.records.leaves(stones[digest].seq, act.seq))))
        assert (leaf["kind"], leaf["sha256"], leaf["reason"]) == ("erased", digest, WHY)
        assert leaf["first_leaf"] == leaf["last_leaf"] == rosters(workspace)[0].seq


def test_the_same_bytes_collected_again_are_a_new_item(program: Path, tmp_path: Path) -> None:
    with open_workspace(program) as workspace:
        digest = rosters(workspace)[1].digest
    erase_all(program, digest)
    assert auditwright("run", "--program", program).code == 3
    with open_workspace(program) as workspace:
        stone = tombstones(workspace.stores.records)[digest]
        (_, old, new) = rosters(workspace)
        assert old.digest == new.digest == digest
        assert old.seq < stone.seq < new.seq
        assert gone(workspace.stores.records, digest) is None
        assert load_evidence(workspace, new).body == WITHOUT_EVE.encode()
    package = exported(program, tmp_path / "package")
    report = verify_package(package)
    assert report.is_verified, report.problems
    assert (report.counts.erased, [each.sha256 for each in report.tombstones].count(digest)) == (0, 1)
    erase_all(program, digest)
    with open_workspace(program) as workspace:
        assert gone(workspace.stores.records, digest) is not None


def test_a_run_whose_evidence_was_erased_in_the_middle_concludes_with_a_gap(program: Path) -> None:
    with open_workspace(program) as workspace:
        at = datetime.now(UTC)
        run = RunId("run-interrupted")
        records = workspace.stores.records
        newest = rosters(workspace)[1]
        with records.transaction() as write:
            write.put_run(
                Run(
                    id=run,
                    kind=RunKind.COLLECTION,
                    started_at=at,
                    finished_at=None,
                    state=RunState.RUNNING,
                    program_sha256=workspace.program.digest,
                )
            )
        body = ROSTER.replace("Ada", "Eda").encode()
        keep(workspace, run, [replace(load_evidence(workspace, newest), body=body, digest=digest_of(body))])
        erase(workspace, survey(workspace, [digest_of(body)]), order())
        results = conclude(workspace, run, at)
        assert Conclusion.INCONCLUSIVE in {each.conclusion for each in results}
        reasons = {each.gap.reason for each in records.gaps(run)}
        assert GapReason.ERASED in reasons
        assert workspace.stores.inventory.resources(Person), "what is hidden is not gone"


def test_what_was_erased_stays_so_in_a_backup_and_an_older_one_brings_it_back(
    program: Path, tmp_path: Path
) -> None:
    with open_workspace(program) as workspace:
        digest = rosters(workspace)[0].digest
    for name in ("older", "newer"):
        done = auditwright("backup", tmp_path / f"{name}.tar", "--program", program)
        assert done.code == 0, done.err
        erase_all(program, *([digest] if name == "older" else []))
    for name in ("older", "newer"):
        made = auditwright("restore", tmp_path / f"{name}.tar", tmp_path / name)
        assert made.code == 0, made.err
    with open_workspace(tmp_path / "older") as workspace:
        assert digest in workspace.stores.evidence
    with open_workspace(tmp_path / "newer") as workspace:
        assert digest not in workspace.stores.evidence
        assert gone(workspace.stores.records, digest) is not None
    assert holding(tmp_path / "newer", EVE) <= {".auditwright/records.db"}


def test_a_package_can_be_exported_after_people_acted(program: Path, tmp_path: Path) -> None:
    invited = auditwright("people", "invite", "ada@example.com", "--name", "Ada", "--program", program)
    assert invited.code == 0, invited.err
    assert verify_package(exported(program, tmp_path / "package")).is_verified


def test_bytes_dropped_without_a_tombstone_stop_the_export_and_are_missing_in_a_package(
    program: Path, tmp_path: Path
) -> None:
    package = exported(program, tmp_path / "package")
    with open_workspace(program) as workspace:
        digest = rosters(workspace)[0].digest
        workspace.stores.evidence.erase(digest)
    assert auditwright("export", tmp_path / "again", "--program", program).code == 2
    path = f"evidence/sha256/{digest[:2]}/{digest[2:4]}/{digest}"
    (package / path).unlink()
    assert [(each.kind, each.place) for each in verify_package(package).problems] == [
        (Kind.MISSING_FILE, path)
    ]


class Crash(Exception):  # noqa: N818  # a machine that stops is no error
    """The machine stops here."""


@dataclass
class Steps:
    """How many steps are done before the machine stops; None: it does not."""

    left: int | None = None

    def step(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise Crash
            self.left -= 1


class FragileEvidence(MemoryEvidence):
    """Evidence on a machine that may stop at each step."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps
        self.after_put: Callable[[], object] = lambda: None
        """What another process does then, once."""

    def put(self, body: bytes) -> Digest:
        self.steps.step()
        digest = super().put(body)
        beside, self.after_put = self.after_put, lambda: None
        beside()
        return digest

    def erase(self, digest: Digest) -> None:
        self.steps.step()
        super().erase(digest)
        self.steps.step()


class FragileRecords(MemoryRecords):
    """Records on such a machine: a transaction ends before it is kept, or after."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    @contextmanager
    def transaction(self) -> Iterator:  # type: ignore[type-arg]  # the base class's own type is private
        with super().transaction() as write:
            yield write
            self.steps.step()
        self.steps.step()


class FragileInventory(MemoryInventory):
    """An inventory on such a machine."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    def erase(self, erased) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        self.steps.step()
        super().erase(erased)


BODIES = tuple(range(4))

MAX_STEPS = 16
"""More than an erasure has."""

ACTIONS: st.SearchStrategy[tuple[str, list[int], int | None]] = st.one_of(
    st.tuples(st.just("keep"), st.lists(st.sampled_from(BODIES), min_size=1, max_size=4), st.none()),
    st.tuples(
        st.just("erase"),
        st.lists(st.sampled_from(BODIES), min_size=1, max_size=2),
        st.integers(0, MAX_STEPS),
    ),
    st.tuples(st.just("export"), st.just([]), st.none()),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return roster_program(tmp_path_factory.mktemp("empty") / "acme")


@settings(max_examples=60)
@given(actions=st.lists(ACTIONS, min_size=1, max_size=8))
def test_after_any_sequence_the_package_verifies_and_names_exactly_what_was_erased(
    empty: Path, actions: list[tuple[str, list[int], int | None]]
) -> None:
    """Whatever is kept, erased, cut off and kept again: what has a tombstone is gone, and all else is there."""
    workspace, steps = fragile(empty)
    stores = workspace.stores
    keep_bodies(workspace, -1, BODIES)
    there = {digest_of(b"%d" % body) for body in BODIES}
    for number, (what, bodies, crash) in enumerate(actions):
        digests = {digest_of(b"%d" % body) for body in bodies}
        match what:
            case "keep":
                keep_bodies(workspace, number, bodies)
                there |= digests
            case "erase" if digests <= there:
                if erased_or_cut_off(workspace, digests, steps, crash):
                    there -= digests
                assert not [each for each in stores.records.kept(Erasure) if each.finished_at is None]
            case "erase":
                with pytest.raises(AppError):
                    survey(workspace, digests)
            case _:
                check_package(workspace, there)
        assert set(stores.evidence.digests()) == there
    check_package(workspace, there)


def fragile(program: Path) -> tuple[Workspace, Steps]:
    """A program with empty stores on a machine that may stop."""
    steps = Steps()
    stores = Stores(
        evidence=FragileEvidence(steps), records=FragileRecords(steps), inventory=FragileInventory(steps)
    )
    key = read_verifier_key(program / ".auditwright")
    return Workspace(folder=program, program=load_program(program), stores=stores, verifier_key=key), steps


def erased_or_cut_off(
    workspace: Workspace, digests: Iterable[Digest], steps: Steps, crash: int | None
) -> bool:
    """Erase until the machine stops, and open the program again; True where the tombstones were logged."""
    before = len(workspace.stores.records.kept(Erasure))
    losses = survey(workspace, digests)
    steps.left = crash
    try:
        erase(workspace, losses, order())
    except Crash:
        steps.left = None
        finish(workspace.stores, datetime.now(UTC))
    steps.left = None
    return len(workspace.stores.records.kept(Erasure)) > before


@pytest.mark.parametrize("beside", [False, True])
def test_bytes_that_come_again_before_an_erasure_is_finished_are_there_after_it(
    empty: Path, *, beside: bool
) -> None:
    """Another process may finish it before the same bytes are kept, or between their being kept and logged."""
    workspace, steps = fragile(empty)
    stores = workspace.stores
    assert isinstance(stores.evidence, FragileEvidence)
    keep_bodies(workspace, 0, [0])
    digest = digest_of(b"0")
    losses = survey(workspace, [digest])
    steps.left = 1  # the tombstone is logged, and there it stops
    with pytest.raises(Crash):
        erase(workspace, losses, order())
    steps.left = None
    assert digest in stores.evidence
    if beside:
        stores.evidence.after_put = lambda: finish(stores, datetime.now(UTC))
    keep_bodies(workspace, 1, [0])
    finish(stores, datetime.now(UTC))
    assert stores.evidence.get(digest) == b"0"
    check_package(workspace, {digest})


def test_stopped_at_any_step_nothing_was_erased_or_all_of_it(empty: Path) -> None:
    """The bytes, their documents and what the inventory knew go together, and a package verifies either way."""
    outcomes = set()
    for crash in range(MAX_STEPS):
        workspace, steps = fragile(empty)
        stores, at, run = workspace.stores, datetime.now(UTC), RunId("run-1")
        begin(workspace, run, at)
        roster = Evidence(
            stream=StreamId("people.roster"),
            scope=Scope(source=IntegrationId("people"), account="people.csv"),
            query=Query(operation="people:roster"),
            principal="",
            collected_at=at,
            effective_at=at,
            collector="test",
            body=ROSTER.encode(),
            digest=digest_of(ROSTER.encode()),
        )
        keep(workspace, run, [roster])
        conclude(workspace, run, at)
        is_erased = erased_or_cut_off(workspace, [roster.digest], steps, crash)
        outcomes.add(is_erased)
        named = [digest for digest in stores.evidence.digests() if EVE in stores.evidence.get(digest)]
        assert (roster.digest not in named) == is_erased
        assert (not named) == is_erased, crash
        assert (not stores.inventory.resources(Person)) == is_erased
        assert stores.inventory.erased(Person) == (3 if is_erased else 0)
        check_package(workspace, {roster.digest} - ({roster.digest} if is_erased else set()))
    assert outcomes == {False, True}


def keep_bodies(workspace: Workspace, number: int, bodies: Iterable[int]) -> None:
    run = RunId(f"import-{number}")
    at = datetime.now(UTC)
    with workspace.stores.records.transaction() as write:
        write.put_run(
            Run(
                id=run,
                kind=RunKind.IMPORT,
                started_at=at,
                finished_at=at,
                state=RunState.FINISHED,
                program_sha256=workspace.program.digest,
            )
        )
    keep(workspace, run, [piece(b"%d" % body, at) for body in bodies])


def piece(body: bytes, at: datetime) -> Evidence:
    return Evidence(
        stream=StreamId("people.roster"),
        scope=Scope(source=IntegrationId("people"), account=body.decode()),
        query=Query(operation="people:roster"),
        principal="",
        collected_at=at,
        effective_at=at,
        collector="test",
        body=body,
        digest=digest_of(body),
    )


def check_package(workspace: Workspace, there: set[Digest]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "package"
        part = Part(reports=(), run=RunId("run-1"), start=None)
        write_package(workspace, package, part, now=datetime.now(UTC))
        report = verify_package(package, workspace.verifier_key.text)
        assert report.is_verified, report.problems
        stones = workspace.stores.records.kept(Erasure)
        assert [(each.leaf, each.sha256) for each in report.tombstones] == [(e.seq, e.digest) for e in stones]
        kept = {Digest(path.name) for path in package.glob("evidence/sha256/*/*/*")}
        assert kept == there


def test_an_erasure_that_a_store_refused_is_finished_by_the_next_command(program: Path) -> None:
    with open_workspace(program) as workspace:
        digest = rosters(workspace)[0].digest
        held = FolderEvidence(program / ".auditwright/evidence")
        refusing = replace(workspace.stores, evidence=Refusing(held))
        with pytest.raises(StoreError, match="no permission"):
            erase(
                Workspace(
                    folder=workspace.folder,
                    program=workspace.program,
                    stores=refusing,
                    verifier_key=workspace.verifier_key,
                ),
                survey(workspace, [digest]),
                order(),
            )
        assert digest in held
        assert gone(workspace.stores.records, digest), "the tombstone counts from the first"
    assert auditwright("status", "--program", program).code in {0, 1, 3}
    assert digest not in held
    with open_workspace(program) as workspace:
        assert {each.what for each in workspace.stores.records.kept(Erasure)} == {
            Erased.EVIDENCE,
            Erased.RESULT,
        }
        assert all(each.finished_at for each in workspace.stores.records.kept(Erasure))


class Refusing(FolderEvidence):
    """A store that keeps what it has."""

    __slots__ = ()

    def __init__(self, held: EvidenceStore) -> None:
        assert isinstance(held, FolderEvidence)
        super().__init__(held._root)  # noqa: SLF001  # the same folder

    def erase(self, digest: Digest) -> None:
        del digest
        raise StoreError("no permission to erase")


def test_a_saved_answer_that_was_erased_is_a_gap_of_the_next_run_and_everything_else_goes_on(
    tmp_path: Path,
) -> None:
    program = story(tmp_path / "acme")
    with open_workspace(program) as workspace:
        (run,) = [each for each in workspace.stores.records.runs() if each.kind is RunKind.COLLECTION]
        (digest,) = {
            each.digest
            for each in workspace.stores.records.evidence(run.id)
            if each.query.operation == "iam:GetAccountAuthorizationDetails"
        }
        found = {each.test: each for each in workspace.stores.records.results(run.id)}
        assert found[ESCALATION].deviations + found[CLUSTER_ADMIN].deviations > 0
    assert holding(program, b"user/alice") - {digest}
    erase_all(program, digest)
    asked = {
        ("status",): 1,
        ("report", "--out", tmp_path / "report"): 0,
        ("access", "prove"): 3,
        ("tests", "run", ESCALATION): 3,
    }
    for command, code in asked.items():
        ran = auditwright(*command, "--program", program)
        assert ran.code == code, (command, ran.err)
    again = auditwright("run", "--program", program, "--json")
    assert again.code in {1, 3}, again.err
    with open_workspace(program) as workspace:
        newest = workspace.stores.records.runs()[-1]
        gaps = [
            each.gap
            for each in workspace.stores.records.gaps(newest.id)
            if each.gap.reason is GapReason.ERASED
        ]
        assert {each.operation for each in gaps} == {"iam:GetAccountAuthorizationDetails"}
        assert all(each.hides_items and WHY in each.detail for each in gaps)
        results = {each.test: each for each in workspace.stores.records.results(newest.id)}
        assert {results[test].conclusion for test in (ESCALATION, CLUSTER_ADMIN)} == {Conclusion.INCONCLUSIVE}
    verified = verify_package(exported(program, tmp_path / "package"))
    assert verified.is_verified, verified.problems


CLUSTER_ADMIN = TestId("access.no-path-to-cluster-admin")
ESCALATION = TestId("access.no-privilege-escalation")
