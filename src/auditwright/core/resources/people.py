"""The people of the organization."""

from dataclasses import dataclass
from datetime import date

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Resource):
    """A person on the roster; `id` is `person:` and the e-mail address in lower case."""

    email: str
    employment: str
    """employee or contractor."""
    title: str | Unknown
    manager: str | Unknown | None
    """The manager's e-mail address; None for who has none."""
    started_on: date | Unknown
    ended_on: date | Unknown | None
    """The last day; None for who has not left and has no end date."""
    accounts: tuple[str, ...] | Unknown
    """Accounts that the roster itself names, as `system:account`, such as `aws:a.lovelace`."""
