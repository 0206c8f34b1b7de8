"""The schedule runs when it is time, and not beside somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditwright.app.background import Background
from auditwright.app.errors import AppError
from auditwright.app.scheduling import AGAIN_AFTER, Schedule, next_at
from auditwright.app.workspace import Workspace, open_workspace
from auditwright.core.act import Act
from tests.app.programs import roster_program
from tests.web.waiting import eventually


class Clock:
    """A clock that is moved by hand, beginning now: runs keep the time of the machine."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def quietly() -> None:
    return


@contextmanager
def scheduled(folder: Path, every: str, clock: Clock) -> Iterator[tuple[Workspace, Schedule]]:
    settings = folder / "auditwright.toml"
    settings.write_text(f'{settings.read_text()}\n[schedule]\nevery = "{every}"\n')
    with open_workspace(folder) as workspace:
        background = Background()
        schedule = Schedule(workspace=lambda: workspace, background=background, clock=clock, finished=quietly)
        yield workspace, schedule
        background.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return roster_program(tmp_path / "acme")


def test_it_runs_at_once_and_then_when_the_time_is_over(folder: Path) -> None:
    clock = Clock()
    with scheduled(folder, "24h", clock) as (workspace, schedule):
        records = workspace.stores.records
        assert next_at(workspace) is None
        assert schedule.look()
        eventually(schedule.background.at_work, lambda work: work is None)
        (first,) = records.runs()
        assert next_at(workspace) == first.started_at + timedelta(days=1)
        clock.now = first.started_at + timedelta(hours=23, minutes=59)
        assert not schedule.look()
        clock.now += timedelta(minutes=1)
        assert schedule.look()
        eventually(schedule.background.at_work, lambda work: work is None)
        assert len(records.runs()) == 2
        assert [(act.actor, act.verb) for act in records.kept(Act)] == [("schedule", "run.start")] * 2


def test_what_could_not_begin_is_tried_again_later_and_not_at_each_look(folder: Path) -> None:
    clock = Clock()
    with scheduled(folder, "15m", clock) as (_, schedule):
        schedule.background.close()
        with pytest.raises(AppError, match="about to stop"):
            schedule.look()
        clock.now += AGAIN_AFTER - timedelta(seconds=1)
        assert not schedule.look()


def test_without_a_schedule_nothing_runs(folder: Path) -> None:
    with open_workspace(folder) as workspace:
        schedule = Schedule(
            workspace=lambda: workspace, background=Background(), clock=Clock(), finished=quietly
        )
        assert not schedule.look()
        assert workspace.stores.records.runs() == []
