"""Forms: what was sent, read by hand, so that what is wrong is said beside its field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from pydantic import BaseModel, ConfigDict, field_validator

DAY_WORDS = "Write a day as 2026-11-23."


class Sent(BaseModel):
    """The fields of a form as a browser sends them: text, which is read by hand. What else is sent is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @field_validator("*", mode="before")
    @classmethod
    def _kept(cls, value: object) -> object:
        """No database keeps a text with U+0000, and nobody writes one."""
        return value.replace("\x00", "") if isinstance(value, str) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a page says after a form was sent: that it was done, or what is to be corrected, with what was given."""

    done: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    """By the field of the form."""
    given: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


def day_of(text: str) -> date | None:
    """A day as a form sends it; None where it is none."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def beginning_of(day: date) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text that say something, each once."""
    lines = (line.strip() for line in text.replace("\r\n", "\n").split("\n"))
    return tuple(dict.fromkeys(line for line in lines if line))
