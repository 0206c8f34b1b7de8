"""Accounts held against the roster."""

from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._examples import (
    ADA,
    ADA_ACCOUNT,
    BOB,
    EVE_ACCOUNT,
    LEAVER,
    NO_LAST_DAY,
    NO_REPORT,
    NO_TAGS,
    ROBOT,
    account,
    person,
    tagged,
)
from auditwright.control_tests.people._ownership import Claim, Ownership, has_left, roster_of
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resource import Related
from auditwright.core.resources import Person, UserAccount


@control_test(
    id="people.accounts-map-to-people",
    controls=("IAM-09", "IAM-10"),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "If it is a person's: name the account in the roster (aws:<user-name>), or IAM > Users > the "
            "user > Tags > Add tag `email` with the person's address. If it is a program's: add the tags "
            "`service-account` = true and `owner` with the address of the person who answers for it. If it "
            "is nobody's: Security credentials > disable the password and the keys, then Delete user."
        ),
        command=(
            "aws iam tag-user --user-name <user-name> --tags Key=email,Value=<address>; for a program: aws "
            "iam tag-user --user-name <user-name> --tags Key=service-account,Value=true "
            "Key=owner,Value=<address>"
        ),
        terraform=(
            'resource "aws_iam_user" with tags = { email = "<address>" }, or for a program tags = '
            '{ "service-account" = "true", owner = "<address>" }'
        ),
    ),
    examples=(
        Example(ADA_ACCOUNT, Satisfied("ada@acme.example, by its name"), given=(ADA, BOB)),
        Example(
            account("a.lovelace"),
            Satisfied("ada@acme.example, by the roster"),
            given=(replace(ADA, accounts=("aws:a.lovelace",)), BOB),
        ),
        Example(
            tagged(account("al"), ("Email", "Ada@acme.example")),
            Satisfied("ada@acme.example, by its tag Email"),
            given=(ADA, BOB),
        ),
        Example(
            ROBOT,
            Satisfied("a service account owned by ada@acme.example, by its tag owner"),
            given=(ADA, BOB),
        ),
        Example(account("x"), Deviation("nobody on the roster is named for the account"), given=(ADA, BOB)),
        Example(
            EVE_ACCOUNT,
            Deviation("the account is that of eve@acme.example, who left on 2026-05-01"),
            given=(ADA, LEAVER),
        ),
        Example(
            account("ops"),
            Deviation(
                "2 people are named for the account: ada@acme.example, by the roster; bob@acme.example, by the roster"
            ),
            given=(replace(ADA, accounts=("aws:ops",)), replace(BOB, accounts=("aws:ops",))),
        ),
        Example(
            account("mallory@elsewhere.example"),
            Deviation("its name gives mallory@elsewhere.example, who is not on the roster"),
            given=(ADA, BOB),
        ),
        Example(
            tagged(account("deploy"), ("service-account", "true")),
            Deviation("a service account for which nobody on the roster is named as owner"),
            given=(ADA, BOB),
        ),
        Example(
            tagged(account("deploy"), ("service-account", "true"), ("owner", "eve@acme.example")),
            Deviation("a service account whose owner eve@acme.example left on 2026-05-01"),
            given=(ADA, LEAVER),
        ),
        Example(replace(ADA_ACCOUNT, active=False), NotApplicable("the account is disabled"), given=(ADA,)),
        Example(replace(ADA_ACCOUNT, tags=NO_TAGS), Undetermined(NO_TAGS.why), given=(ADA, BOB)),
        Example(replace(account("x"), active=NO_REPORT), Undetermined(NO_REPORT.why), given=(ADA, BOB)),
        Example(ADA_ACCOUNT, Undetermined(NO_LAST_DAY.why), given=(replace(ADA, ended_on=NO_LAST_DAY), BOB)),
        Example(
            ADA_ACCOUNT,
            Undetermined(
                "the name ada fits ada@acme.example, ada@partner.example; name the account in the roster"
            ),
            given=(ADA, person("ada@partner.example")),
        ),
    ),
)
def accounts_map_to_people(  # noqa: PLR0913  # one argument for each setting
    account: UserAccount,
    *,
    people: Related[Person],
    now: datetime,
    grace_hours: int = 24,
    service_tag: str = "service-account",
) -> Outcome:
    """Every active account belongs to one person, or to a program with an owner.

    An account that nobody answers for is not missed when it is misused, and not closed when its owner
    leaves. People are named for an account by the roster, by the account's own tags `owner` and `email`,
    by a name that is an address, or by a name that fits only one address on the roster. A person counts
    until `grace_hours` after the last day, and also before the first one: accounts are made ahead.
    """
    if account.active is False:
        return NotApplicable("the account is disabled")
    roster = roster_of(people)
    ownership = roster.ownership(account, service_tag=service_tag)
    standing = _Standing(ownership.claims, now, grace_hours)
    service = ownership.is_service is True
    outcome = (_program if service else _person)(ownership, standing, roster.unseen)
    if isinstance(outcome, Deviation):
        for fact in (account.active, ownership.is_service):
            if isinstance(fact, Unknown):
                return Undetermined(fact.why)
    return outcome


class _Standing:
    """The claims on an account by whether their people are still here."""

    def __init__(self, claims: tuple[Claim, ...], now: datetime, grace_hours: int) -> None:
        self.present: list[Claim] = []
        self.left: list[Claim] = []
        self.unclear: list[Unknown] = []
        for claim in claims:
            left = has_left(claim.person, now, grace_hours=grace_hours)
            if isinstance(left, Unknown):
                self.unclear.append(left)
            else:
                (self.left if left else self.present).append(claim)


def _person(ownership: Ownership, standing: _Standing, unseen: Unknown | None) -> Outcome:
    present = standing.present
    if len(present) > 1:
        named = "; ".join(f"{claim.person.email}, by {claim.by}" for claim in present)
        return Deviation(f"{len(present)} people are named for the account: {named}")
    for reason in (ownership.doubt, unseen, *standing.unclear):
        if reason is not None:
            return Undetermined(reason.why)
    if ownership.strangers:
        return Deviation(f"{ownership.strangers[0]}, who is not on the roster")
    if present:
        return Satisfied(f"{present[0].person.email}, by {present[0].by}")
    if standing.left:
        person = standing.left[0].person
        return Deviation(f"the account is that of {person.email}, who left on {person.ended_on}")
    return Deviation("nobody on the roster is named for the account")


def _program(ownership: Ownership, standing: _Standing, unseen: Unknown | None) -> Outcome:
    if standing.present:
        owner = standing.present[0]
        return Satisfied(f"a service account owned by {owner.person.email}, by {owner.by}")
    for reason in (ownership.doubt, unseen, *standing.unclear):
        if reason is not None:
            return Undetermined(reason.why)
    if standing.left:
        person = standing.left[0].person
        return Deviation(f"a service account whose owner {person.email} left on {person.ended_on}")
    if ownership.strangers:
        return Deviation(f"a service account: {ownership.strangers[0]}, who is not on the roster")
    return Deviation("a service account for which nobody on the roster is named as owner")
