"""Why a list of a cluster could not be captured."""

from dataclasses import dataclass

from auditwright.core.evidence import GapReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why, in the source's own words, and what to do."""

    reason: GapReason
    detail: str
    remedy: str
