"""What pages share is there before somebody asks."""

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from auditwright.app.queries.attention import attention
from auditwright.app.queries.days import readiness_days
from auditwright.app.queries.memo import Memo
from auditwright.app.queries.search import search
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.app.warming import keeping_warm, warm
from auditwright.app.workspace import Workspace, open_workspace
from tests.app.programs import run_program
from tests.web.waiting import eventually

T = TypeVar("T")


class Counting(Memo):
    """A memo that counts what it has to make."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        def counted() -> T:
            self.made += 1
            return make()

        return super().get(key, counted)


def view_of(workspace: Workspace, memo: Memo) -> View:
    now = datetime.now(UTC)
    return View(workspace=workspace, now=now, as_of=now, engagement=None, memo=memo)


def test_nothing_is_left_to_make_for_who_looks_afterwards(tmp_path: Path) -> None:
    memo = Counting()
    with open_workspace(run_program(tmp_path / "acme")) as workspace:
        warm(view_of(workspace, memo))
        made = memo.made
        assert made
        later = view_of(workspace, memo)
        attention(later)
        readiness_days(later)
        assert search(later, frozenset(Right), "eve").total
    assert memo.made == made


def test_in_the_background_it_is_made_by_itself(tmp_path: Path) -> None:
    memo = Counting()
    with open_workspace(run_program(tmp_path / "acme")) as workspace:
        reference = Counting()
        warm(view_of(workspace, reference))
        with keeping_warm(lambda: view_of(workspace, memo)):
            eventually(lambda: memo.made, lambda made: made >= reference.made)
