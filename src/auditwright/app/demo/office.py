"""The demo's office: who of Northwind Robotics uses Auditwright, how they sign in, and what they did with it so far."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from auditwright.app.acting import TERMINAL, Actor
from auditwright.app.demo.cloud import DOMAIN
from auditwright.app.owning import Owed, Remark, assign, comment
from auditwright.app.people import Chosen, Guest, NewEngagement, accept, account_id_for, invite
from auditwright.app.sealing import seal
from auditwright.app.signing_in.codes import new_seed
from auditwright.app.signing_in.passwords import hashed
from auditwright.app.waiving import Ruling, Wish, ask, decide, pattern_of
from auditwright.app.workspace import Workspace
from auditwright.core.account import Account, Role
from auditwright.core.act import Decision, OwedFinding
from auditwright.core.question import Is, Question

PASSWORD_BYTES = 12

OWED = 24
"""Findings that somebody owes; the others show that nobody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """How to sign in to the demo: everybody has the same password and the same seed of one-time codes."""

    accounts: tuple[Account, ...]
    password: str = field(repr=False)
    seed: str = field(repr=False)


_PEOPLE: tuple[tuple[str, Role], ...] = (
    ("Mira Okafor", Role.OWNER),
    ("Lena Fischer", Role.COMPLIANCE),
    ("Jonas Lindqvist", Role.ENGINEER),
    ("Ines Calder", Role.AUDITOR),
)
"""The owner is the first. The auditor is of another firm, and reads one engagement."""

_OWNERS = ("Jonas Lindqvist", "Tomás Herrera", "Aiko Tanabe", "Priya Raman")

_REMARKS = (
    "Confirmed with the platform team. The change is in review, and goes out with the next maintenance window.",
    "Found again after the upgrade: the module sets it back. Fixed in the module this time.",
    "Agreed with Samir that this comes before the customer portal.",
)


def open_office(workspace: Workspace, now: datetime) -> Office:
    """Give people access, and let them own, comment, ask and decide; raises AppError, StoreError."""
    password, seed = secrets.token_urlsafe(PASSWORD_BYTES), new_seed()
    accounts: list[Account] = []
    for name, role in _PEOPLE:
        invitation = invite(workspace, _guest(name, role, now), TERMINAL, now).invitation
        account = account_id_for(workspace, invitation)
        chosen = Chosen(account=account, password=hashed(password), seed=seed)
        accounts.append(accept(workspace, invitation, chosen, now).account)
    office = Office(accounts=tuple(accounts), password=password, seed=seed)
    owner, compliance, engineer = (Actor(id=each.id, name=each.name) for each in office.accounts[:3])
    findings = _findings(workspace)
    for place, finding in enumerate(findings):
        due = datetime.combine(now.date() + timedelta(days=7 + 3 * place), time(), UTC)
        owed = Owed(test=finding.test, item=finding.item, owner=_OWNERS[place % len(_OWNERS)], due_at=due)
        assign(workspace, compliance, owed, now)
    for finding, text in zip(findings, _REMARKS, strict=False):
        comment(workspace, engineer, Remark(test=finding.test, item=finding.item, text=text), now)
    wishes = tuple(_wishes(findings, now))
    for place, wish in enumerate(wishes):
        request = ask(workspace, engineer, wish, now)
        if place:
            ruling = Ruling(
                request=request.id, decision=Decision.APPROVED, note="Until the upgrade, no longer."
            )
            decide(workspace, owner, ruling, now)
    seal(workspace, now)
    return office


def _guest(name: str, role: Role, now: datetime) -> Guest:
    first, last = name.lower().split()
    if role is not Role.AUDITOR:
        return Guest(email=f"{first}.{last}@{DOMAIN}", name=name, role=role)
    engagement = NewEngagement(
        title="SOC 2 Type 2, first period",
        categories=("security",),
        starts_at=now - timedelta(days=30),
        ends_at=now + timedelta(days=335),
    )
    return Guest(email=f"{first}.{last}@calder-audit.example", name=name, role=role, engagement=engagement)


def _findings(workspace: Workspace) -> Sequence[OwedFinding]:
    question = Question(where=(Is("closed_at", None),), order=("test", "item"), limit=OWED)
    return workspace.stores.records.answer(OwedFinding, question).rows


def _wishes(findings: Sequence[OwedFinding], now: datetime) -> Iterator[Wish]:
    """One that waits for a decision, and one that was approved."""
    for finding, days in zip(findings[-2:], (60, 30), strict=False):
        yield Wish(
            test=finding.test,
            items=(pattern_of(finding.item),),
            reason="The machine is replaced before the end of the quarter; until then it is reached by two people alone.",
            ends_at=datetime.combine(now.date() + timedelta(days=days), time(), UTC),
        )
