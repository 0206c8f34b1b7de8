import os
import select
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from auditwright.core.evidence import GapReason
from auditwright.core.resources import Change
from auditwright.integrations.git import INTEGRATION
from auditwright.integrations.git.changes import normalize
from auditwright.integrations.git.collect import check
from auditwright.integrations.git.program import redacted
from auditwright.integrations.git.repository import Bounds
from tests.integrations.git.repositories import ADA, BOB, Repository, changes, collected, git

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def code(tmp_path: Path) -> Repository:
    return Repository.new(tmp_path / "code")


def history(code: Repository, count: int) -> str:
    tip = code.commit("Change 1\n")
    for number in range(2, count + 1):
        tip = code.commit(f"Change {number}\n\nReviewed-by: {BOB}\n", tip)
    code.main(tip)
    return tip


def test_an_unchanged_repository_gives_the_same_bytes(tmp_path: Path, code: Repository) -> None:
    history(code, 3)
    (once,), _ = collected(tmp_path)
    (again,), _ = collected(tmp_path)
    assert once.body == again.body
    assert once.query == again.query
    assert once.scope.account == "code"


def test_a_clone_of_a_url_shows_the_same_history_and_leaves_nothing_behind(
    tmp_path: Path, code: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(code, 3)
    git(code.folder, "config", "uploadpack.allowFilter", "true")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (local,), _ = collected(tmp_path)
    (cloned,), gaps = collected(tmp_path, f"file://{code.folder}")
    assert gaps == []
    assert cloned.body == local.body
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("of_url", [False, True])
def test_the_command_repeats_the_evidence(tmp_path: Path, code: Repository, *, of_url: bool) -> None:
    history(code, 2)
    (evidence,), _ = collected(tmp_path, f"file://{code.folder}" if of_url else "code")
    output = b""
    for command in evidence.query.command.split(" && "):
        output += subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, check=True).stdout
    assert output == evidence.body


def test_a_history_in_parts_never_splits_a_change(tmp_path: Path, code: Repository) -> None:
    base = history(code, 3)
    side = code.commit("Part\n", code.commit("Part\n", base))
    code.main(code.commit("Merge\n", code.commit("Direct\n", base), side, by=BOB))
    whole = changes(tmp_path)
    evidence, (gap,) = collected(tmp_path, bounds=Bounds(changes=(2,)))
    assert (gap.reason, gap.hides_items) == (GapReason.LIMIT, True)
    assert "newest 2 changes" in gap.detail
    newest = list(normalize(evidence, [gap]))
    assert [change.commit for change in newest] == [change.commit for change in whole[:2]]
    assert newest[0].contributors == whole[0].contributors


def test_a_history_over_the_size_is_read_as_far_as_it_fits(tmp_path: Path, code: Repository) -> None:
    history(code, 10)
    small = Bounds(changes=(10, 5, 2), output_bytes=600)
    evidence, (gap,) = collected(tmp_path, bounds=small)
    assert gap.reason is GapReason.LIMIT
    assert len(list(normalize(evidence, [gap]))) == 2
    evidence, (gap,) = collected(tmp_path, bounds=Bounds(changes=(10, 5), output_bytes=10))
    assert (evidence, gap.reason) == ([], GapReason.LIMIT)


def test_exactly_as_many_changes_as_are_read_leave_no_gap(tmp_path: Path, code: Repository) -> None:
    history(code, 3)
    assert collected(tmp_path, bounds=Bounds(changes=(3,)))[1] == []


# --- which branch


def test_what_was_not_pushed_is_no_change(tmp_path: Path, code: Repository) -> None:
    pushed = history(code, 2)
    git(tmp_path, "clone", "--quiet", str(code.folder), "work")
    work = Repository(tmp_path / "work")
    work.main(work.commit("Not pushed\n", pushed))
    assert changes(tmp_path, "work")[0].commit == pushed


def test_the_branch_of_the_settings_counts(tmp_path: Path, code: Repository) -> None:
    tip = history(code, 1)
    released = code.commit("Release\n", tip)
    code.point("refs/heads/release/1.0", released)
    assert changes(tmp_path, branch="release/1.0")[0].commit == released


def test_a_feature_branch_that_is_checked_out_is_not_the_main_branch(
    tmp_path: Path, code: Repository
) -> None:
    tip = history(code, 1)
    code.point("refs/heads/feature", code.commit("Draft\n", tip))
    git(code.folder, "symbolic-ref", "HEAD", "refs/heads/feature")
    assert changes(tmp_path)[0].commit == tip


def test_a_bare_repository_says_itself_which_branch_is_the_main_one(tmp_path: Path) -> None:
    bare = Repository.new(tmp_path / "code", bare=True)
    tip = bare.commit("One\n")
    bare.main(bare.commit("Other\n"))
    bare.point("refs/heads/trunk", tip)
    git(bare.folder, "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert [change.commit for change in changes(tmp_path)] == [tip]


def test_the_only_branch_is_the_main_one(tmp_path: Path, code: Repository) -> None:
    code.point("refs/heads/development", code.commit("One\n"))
    assert len(changes(tmp_path)) == 1


# --- gaps


def unclear(code: Repository) -> None:
    for name in ("one", "two"):
        code.point(f"refs/heads/{name}", code.commit(name))


def shallow(code: Repository) -> None:
    history(code, 3)
    source = code.folder.rename(code.folder.parent / "source")
    git(source.parent, "clone", "--quiet", "--depth=1", f"file://{source}", "code")


def inside(code: Repository) -> None:
    history(code, 1)
    outer = code.folder.rename(code.folder.parent / "outer")
    (outer / "folder").mkdir()
    (code.folder.parent / "code").symlink_to(outer / "folder")


def gone(code: Repository) -> None:
    code.folder.rename(code.folder.parent / "elsewhere")


def damaged(code: Repository) -> None:
    tip = history(code, 1)
    (code.folder / ".git" / "objects" / tip[:2] / tip[2:]).unlink()


@pytest.mark.parametrize(
    ("prepare", "reason", "said"),
    [
        (gone, GapReason.NOT_COLLECTED, "there is no folder code"),
        (inside, GapReason.NOT_COLLECTED, "not a git repository"),
        (lambda _: None, GapReason.EMPTY, "no commit"),
        (unclear, GapReason.NOT_COLLECTED, "which branch is the main one cannot be told"),
        (shallow, GapReason.LIMIT, "shallow clone"),
        (damaged, GapReason.UNREACHABLE, "fatal"),
    ],
)
def test_what_cannot_be_seen_whole_is_a_gap_that_hides_changes(
    tmp_path: Path, prepare: Callable[[Repository], None], reason: GapReason, said: str
) -> None:
    prepare(Repository.new(tmp_path / "code"))
    evidence, (gap,) = collected(tmp_path)
    assert evidence == []
    assert (gap.reason, gap.hides_items, gap.operation) == (reason, True, "git:log")
    assert said in gap.detail
    assert gap.remedy
    (found,) = check({"program_folder": str(tmp_path), "repositories": ["code"]})
    assert (found.problem, found.remedy) == (gap.detail, gap.remedy)


@pytest.mark.parametrize("of_url", [False, True])
def test_a_branch_that_does_not_exist_is_a_gap(tmp_path: Path, code: Repository, *, of_url: bool) -> None:
    history(code, 1)
    repository = f"file://{code.folder}" if of_url else "code"
    evidence, (gap,) = collected(tmp_path, repository, branch="missing")
    assert (evidence, gap.reason) == ([], GapReason.NOT_COLLECTED)
    assert "branch missing" in gap.detail
    config = {"program_folder": str(tmp_path), "repositories": [repository], "branch": "missing"}
    assert "branch missing" in next(check(config)).problem


def test_urls_that_cannot_be_cloned_and_empty_ones_are_gaps(tmp_path: Path, code: Repository) -> None:
    evidence, (gap,) = collected(tmp_path, f"file://{code.folder}")
    assert (evidence, gap.reason) == ([], GapReason.EMPTY)
    _, (gap,) = collected(tmp_path, f"file://{tmp_path}/nowhere")
    assert gap.reason is GapReason.UNREACHABLE
    _, (gap,) = collected(tmp_path, "https://127.0.0.1:9/acme/code")
    assert gap.reason is GapReason.UNREACHABLE


def test_git_that_is_not_installed_is_a_gap(
    tmp_path: Path, code: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(code, 1)
    monkeypatch.setenv("PATH", str(tmp_path))
    _, (gap,) = collected(tmp_path)
    assert gap.reason is GapReason.UNAVAILABLE
    assert "Install git" in gap.remedy


def test_git_that_hangs_is_stopped_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "bin").mkdir()
    slow = tmp_path / "bin" / "git"
    # The reader below is told by the end of the pipe that every process which held it is gone.
    os.mkfifo(tmp_path / "alive")
    slow.write_text(f"#!/bin/sh\nexec 3>'{tmp_path}/alive'\nsleep 600 &\nwait\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    _, (gap,) = collected(tmp_path, bounds=Bounds(log_s=0.3))
    ended, _, _ = select.select([reader], [], [], 5)
    os.close(reader)
    assert ended
    assert gap.reason is GapReason.LIMIT
    assert "0.3 s" in gap.detail


# --- hostile repositories


def test_nothing_that_a_repository_configures_is_run(tmp_path: Path, code: Repository) -> None:
    tip = history(code, 2)
    ran = tmp_path / "ran"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {ran}\n")
    trap.chmod(0o755)
    signed = git(code.folder, "cat-file", "commit", tip).replace("\n\n", "\ngpgsig -----BEGIN PGP\n \n\n", 1)
    signed_tip = git(
        code.folder, "hash-object", "-t", "commit", "-w", "--stdin", given=(signed + "\n").encode()
    )
    code.main(signed_tip)
    for setting, value in {
        "log.showSignature": "true",
        "gpg.program": str(trap),
        "core.fsmonitor": str(trap),
        "core.pager": str(trap),
        "pager.log": "true",
        "core.sshCommand": str(trap),
        "core.hooksPath": str(tmp_path),
        "alias.log": f"!{trap}",
        "trailer.separators": "%",
        "log.mailmap": "true",
        "i18n.logOutputEncoding": "UTF-16",
        "core.quotePath": "false",
        "color.ui": "always",
    }.items():
        git(code.folder, "config", setting, value)
    found = changes(tmp_path)
    assert found[0].commit == signed_tip
    assert found[0].reviewers == ("bob@acme.example",)
    assert not ran.exists()


def test_a_missing_object_is_fetched_from_nowhere(tmp_path: Path, code: Repository) -> None:
    tip = history(code, 2)
    ran = tmp_path / "ran"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {ran}\n")
    trap.chmod(0o755)
    for setting, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": f"file://{tmp_path}",
        "remote.origin.uploadPack": str(trap),
        "remote.origin.promisor": "true",
    }.items():
        git(code.folder, "config", setting, value)
    first = git(code.folder, "rev-parse", f"{tip}^")
    (code.folder / ".git" / "objects" / first[:2] / first[2:]).unlink()
    evidence, (gap,) = collected(tmp_path)
    assert evidence == []
    assert gap.hides_items
    assert not ran.exists()


def test_replaced_and_grafted_history_is_not_believed(tmp_path: Path, code: Repository) -> None:
    tip = history(code, 3)
    before = changes(tmp_path)
    false = code.commit(f"Change 3\n\nReviewed-by: {BOB}\nReviewed-by: {ADA}\n")
    git(code.folder, "update-ref", f"refs/replace/{tip}", false)
    (code.folder / ".git" / "info").mkdir(exist_ok=True)
    (code.folder / ".git" / "info" / "grafts").write_text(f"{tip}\n")
    assert changes(tmp_path) == before


def test_variables_of_a_surrounding_hook_do_not_change_what_is_read(
    tmp_path: Path, code: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(code, 2)
    before = changes(tmp_path)
    other = Repository.new(tmp_path / "other")
    other.main(other.commit("Another\n"))
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    monkeypatch.setenv("GIT_NAMESPACE", "x")
    monkeypatch.setenv("GIT_TRACE", "1")
    assert changes(tmp_path) == before


# --- secrets, and our own history


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fatal: https://ada:hunter2@github.com/acme: no", "fatal: https://github.com/acme: no"),
        ("https://ghp_token@github.com/a and ssh://u:p@h/b", "https://github.com/a and ssh://h/b"),
        ("https://u:p@ss@h/x", "https://h/x"),
        ("https://h/a@b", "https://h/a@b"),
    ],
)
def test_users_and_passwords_of_urls_are_not_shown(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_a_secret_in_a_remote_of_a_repository_reaches_no_gap(tmp_path: Path, code: Repository) -> None:
    history(code, 1)
    git(code.folder, "config", "url.https://u:hunter2@127.0.0.1:9/.insteadOf", f"file://{tmp_path}/x/")
    evidence, gaps = collected(tmp_path)
    assert "hunter2" not in repr((evidence, gaps))


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="not a checkout of the project")
def test_the_project_reads_its_own_history() -> None:
    evidence, gaps = collected(PROJECT, ".", branch=git(PROJECT, "rev-parse", "--abbrev-ref", "HEAD"))
    found = list(normalize(evidence, gaps))
    shallow_clone = any(gap.reason is GapReason.LIMIT for gap in gaps)
    assert shallow_clone or len(found) > 30
    assert all(isinstance(change, Change) for change in found)


def test_the_check_finds_nothing_wrong_where_a_run_would_not(tmp_path: Path, code: Repository) -> None:
    history(code, 1)
    config = {"program_folder": str(tmp_path), "repositories": ["code", f"file://{code.folder}"]}
    found = list(INTEGRATION.check(config))
    assert [(one.scope.account, one.problem) for one in found] == [
        ("code", ""),
        (f"file://{code.folder}", ""),
    ]
