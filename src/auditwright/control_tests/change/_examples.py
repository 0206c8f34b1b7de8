"""Items that the examples of this folder start from; each is satisfactory until a field is replaced."""

from datetime import timedelta

from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.resources import Change, Person

GIT = Scope(source=IntegrationId("git"), account="acme/shop")
ROSTER = Scope(source=IntegrationId("people"), account="people.csv")
EVIDENCE = (digest_of(b"an example"),)
ADA = "ada@acme.example"
BOB = "bob@acme.example"

CHANGE = Change(
    id=ResourceId("git:acme/shop:9f2c1d7e5b3a4c6d8e0f1a2b3c4d5e6f7a8b9c0d"),
    name="9f2c1d7e5b3a",
    scope=GIT,
    evidence=EVIDENCE,
    repository="acme/shop",
    commit="9f2c1d7e5b3a4c6d8e0f1a2b3c4d5e6f7a8b9c0d",
    title="Round prices to cents",
    author=ADA,
    merged_by=BOB,
    merged_at=EXAMPLE_NOW - timedelta(days=2),
    is_merge=True,
    contributors=(ADA,),
    reviewers=(BOB,),
)


def person(email: str, *accounts: str) -> Person:
    """An employee with the accounts that the roster names."""
    return Person(
        id=ResourceId(f"person:{email}"),
        name=email.partition("@")[0].title(),
        scope=ROSTER,
        evidence=EVIDENCE,
        email=email,
        employment="employee",
        title="Engineer",
        manager=None,
        started_on=(EXAMPLE_NOW - timedelta(days=400)).date(),
        ended_on=None,
        accounts=accounts,
    )
