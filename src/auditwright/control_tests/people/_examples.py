"""People that the examples of this folder start from, and who holds what."""

from dataclasses import replace
from datetime import date

from auditwright.control_tests.identity._examples import EVIDENCE, account
from auditwright.core.evidence import Scope
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Person, UserAccount

ROSTER = Scope(source=IntegrationId("people"), account="roster.csv")
NO_TAGS = Unknown("iam:ListUserTags was refused")
NO_LAST_DAY = Unknown("the roster has no column for the last day")


def person(email: str, *, accounts: tuple[str, ...] = (), ended_on: date | None = None) -> Person:
    """An employee who has been here for years."""
    return Person(
        id=ResourceId(f"person:{email}"),
        name=email.partition("@")[0].replace(".", " ").title(),
        scope=ROSTER,
        evidence=EVIDENCE,
        email=email,
        employment="employee",
        title="Engineer",
        manager=None,
        started_on=date(2021, 3, 1),
        ended_on=ended_on,
        accounts=accounts,
    )


def tagged(user: UserAccount, *tags: tuple[str, str]) -> UserAccount:
    """The account with these tags."""
    return replace(user, tags=tags)


ADA = person("ada@acme.example")
BOB = person("bob@acme.example")
LEAVER = person("eve@acme.example", ended_on=date(2026, 5, 1))
ADA_ACCOUNT = account("ada")
EVE_ACCOUNT = account("eve")
ROBOT = tagged(account("deploy"), ("service-account", "true"), ("owner", "ada@acme.example"))
