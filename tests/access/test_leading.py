"""What is not followed because nothing comes of it: no law is about it."""

import pytest

from auditwright.access.effects import laws, leads
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.kubernetes_levels import Level
from auditwright.access.sessions import SessionClass
from tests.access.accounts import ROOT_TRUST, allow, arn, cluster, group, held, role, snapshot, user, world

ADA, HOP = arn("user", "ada"), arn("role", "hop")
EVERYTHING = [
    *(session(who, class_) for who in (ADA, HOP) for class_ in SessionClass),
    *(Fact(kind, ADA) for kind in (Kind.PASSWORD, Kind.OLD_KEY, Kind.NO_DEVICE, Kind.DEVICE)),
    *(Fact(kind, ADA) for kind in (Kind.ALLOW, Kind.LIFT, Kind.UNBOUND, Kind.TAGS)),
    Fact(Kind.JOIN, arn("group", "team")),
    Fact(Kind.VERSION, arn("policy", "p"), "v2"),
    Fact(Kind.TRUST, HOP),
    Fact(Kind.ENTRIES, "prod"),
    *(Fact(Kind.LEVEL, "prod", level) for level in Level if level is not Level.NONE),
    Fact(Kind.ADMINISTRATOR, "111122223333"),
    Fact(Kind.READ, "s3:GetObject@arn:aws:s3:::data/x"),
    Fact(Kind.EVERY, "iam-002", f"{SessionClass.KEY}@111122223333"),
]


def test_every_kind_of_fact_is_here() -> None:
    assert {fact.kind for fact in EVERYTHING} == set(Kind)


@pytest.mark.parametrize("fact", EVERYTHING, ids=str)
def test_nothing_follows_from_what_does_not_lead(fact: Fact) -> None:
    here = world(
        snapshot(
            user("ada"),
            group("team", allow("s3:*")),
            role("hop", ROOT_TRUST),
            cluster=cluster("API"),
            credentials=(held("ada"),),
        )
    )
    assert leads(fact) or not tuple(laws(here, fact))
