"""Whole days between two moments, and how they are said."""

from datetime import datetime

from auditwright.core.outcome import Unknown

SECONDS_PER_DAY = 86_400


def days_until(moment: datetime, now: datetime) -> int:
    """Whole days from now, toward zero; negative where the moment is past."""
    return int((moment - now).total_seconds() / SECONDS_PER_DAY)


def days_since(moment: datetime | Unknown, now: datetime) -> int | Unknown:
    """Whole days that have passed; Unknown where the moment is, or where it lies a day or more ahead.

    What a source dates in the future is not new, it is wrong, and says nothing of age.
    """
    if isinstance(moment, Unknown):
        return moment
    ahead = days_until(moment, now)
    if ahead > 0:
        return Unknown(f"the source gives {moment.date().isoformat()}, which is {in_days(ahead)} ahead")
    return -ahead


def ago(days: int) -> str:
    """How long ago a number of whole days is in words: `less than a day ago`, `214 days ago`."""
    return f"{in_days(days)} ago" if days else "less than a day ago"


def in_days(days: int) -> str:
    """A number of days in words: `1 day`, `214 days`."""
    return "1 day" if days == 1 else f"{days} days"
