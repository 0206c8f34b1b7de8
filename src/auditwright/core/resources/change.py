"""Changes to code."""

from dataclasses import dataclass
from datetime import datetime

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Resource):
    """A change that reached the main branch of a repository: one commit of its first-parent history."""

    repository: str
    commit: str
    title: str
    author: str
    """E-mail address of the author (of the merged commits, where it is a merge with one author)."""
    merged_by: str
    """E-mail address of the committer."""
    merged_at: datetime
    is_merge: bool
    contributors: tuple[str, ...]
    """E-mail addresses of everybody who wrote a part of it."""
    reviewers: tuple[str, ...] | Unknown
    """E-mail addresses of who is recorded as having reviewed it; Unknown where the history records no reviews at all."""
