"""A run that whoever watches it stops: nothing of it is lost, and the next one takes it up."""

from pathlib import Path

import pytest

from auditwright.app.background import Background
from auditwright.app.errors import AppError
from auditwright.app.jobs import Progress
from auditwright.app.running import holder, run, unfinished
from auditwright.app.workspace import open_workspace
from auditwright.core.run import RunState
from tests.app.programs import roster_program
from tests.web.waiting import eventually


def quietly(*_: object) -> None:
    return


def stopping_after(targets: int) -> Progress:
    """Goes on for this many targets, and no further."""
    asked: list[None] = []

    def goes_on() -> bool:
        asked.append(None)
        return len(asked) <= targets

    return Progress(planned=quietly, collected=quietly, stage=quietly, goes_on=goes_on)


def two_rosters(folder: Path) -> Path:
    """A program whose run asks two places: a roster and a repository that is not there."""
    roster_program(folder)
    settings = folder / "auditwright.toml"
    settings.write_text(f'{settings.read_text()}\n[integrations.git]\nrepositories = ["gone"]\n')
    return folder


def test_a_run_that_is_stopped_keeps_what_it_asked_and_is_taken_up(tmp_path: Path) -> None:
    with open_workspace(two_rosters(tmp_path / "acme")) as workspace:
        records = workspace.stores.records
        stopped = run(workspace, stopping_after(1))
        assert stopped.run.state is RunState.RUNNING
        assert records.results(stopped.run.id) == []
        kept = records.jobs(stopped.run.id)
        assert len(kept) <= 1
        assert unfinished(workspace) == stopped.run
        done = run(workspace, Progress(planned=quietly, collected=quietly, stage=quietly))
        assert done.resumed
        assert done.run.id == stopped.run.id
        assert done.run.state is RunState.FINISHED
        assert set(kept) <= set(records.jobs(done.run.id))
        assert len(records.jobs(done.run.id)) == done.run.planned
        digests = [each.digest for each in records.evidence(done.run.id)]
        assert len(digests) == len(set(digests))


def test_one_run_at_a_time_is_done_and_none_once_the_server_ends(tmp_path: Path) -> None:
    background = Background()
    with open_workspace(roster_program(tmp_path / "acme")) as workspace:
        first = background.start(workspace, quietly)
        assert first is not None
        work = background.at_work()
        if work is not None:
            assert work.run == first
            with pytest.raises(AppError, match="under way already"):
                background.start(workspace, quietly)
        eventually(background.at_work, lambda work: work is None)
        assert background.problem == ""
        assert holder(workspace) is None
        background.close()
        with pytest.raises(AppError, match="about to stop"):
            background.start(workspace, quietly)


def test_what_stops_a_run_is_said(tmp_path: Path) -> None:
    folder = roster_program(tmp_path / "acme")
    background = Background()
    with open_workspace(folder) as workspace:
        settings = folder / "auditwright.toml"
        settings.write_text(settings.read_text().replace("people.csv", ""))
        with open_workspace(folder) as broken:
            background.start(broken, quietly)
            eventually(background.at_work, lambda work: work is None)
        assert "people: roster must be a path" in background.problem
        assert holder(workspace) is None
