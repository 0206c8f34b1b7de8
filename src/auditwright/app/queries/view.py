"""A view: what somebody looks at, as of when, and how far their eyes reach."""

from dataclasses import dataclass, field
from datetime import datetime

from auditwright.app.queries.memo import Memo
from auditwright.app.workspace import Workspace
from auditwright.core.account import Engagement
from auditwright.core.framework import Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An open program folder, seen at a time by somebody."""

    workspace: Workspace
    now: datetime
    as_of: datetime
    """What was known then is shown; `now` unless somebody looks back."""
    engagement: Engagement | None
    """An auditor's; None for who sees the whole program."""
    memo: Memo
    glance: dict[str, object] = field(default_factory=dict, repr=False, compare=False)
    """What this look found already: every part of one answer sees the same."""

    @property
    def looks_back(self) -> bool:
        """True where an earlier day is shown."""
        return self.as_of < self.now

    @property
    def known_at(self) -> datetime | None:
        """The time that the records are asked as of; None for now."""
        return self.as_of if self.looks_back else None

    def reaches(self, criterion: Criterion) -> bool:
        """Whether a criterion may be seen; what meets it, tests it or is evidence of it follows it."""
        return self.engagement is None or criterion.category in self.engagement.categories
