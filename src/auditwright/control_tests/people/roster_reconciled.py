"""The roster held against accounts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from auditwright.control_tests._examples import (
    ADA,
    ADA_ACCOUNT,
    EVE_ACCOUNT,
    LEAVER,
    NO_LAST_DAY,
    NO_REPORT,
    NO_TAGS,
    account,
    tagged,
)
from auditwright.control_tests.people._ownership import has_left, holdings_of
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
    id="people.roster-reconciled",
    controls=("IAM-05", "IAM-10"),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "IAM > Users > the user > Security credentials: Manage console access > Disable, and each "
            "access key > Actions > Deactivate; then Delete. Look in CloudTrail > Event history for what "
            "the account did since the last day. If the account is a program's, give it a new owner and "
            "new keys, and tag it so."
        ),
        command=(
            "aws iam delete-login-profile --user-name <user-name>; aws iam update-access-key --user-name "
            "<user-name> --access-key-id <key-id> --status Inactive; aws cloudtrail lookup-events "
            "--lookup-attributes AttributeKey=Username,AttributeValue=<user-name>"
        ),
        terraform='remove resource "aws_iam_user" with its "aws_iam_user_login_profile" and "aws_iam_access_key"',
    ),
    examples=(
        Example(LEAVER, Satisfied("no active account among those of aws"), given=(LEAVER, ADA, ADA_ACCOUNT)),
        Example(
            LEAVER,
            Satisfied("no active account among those of aws"),
            given=(LEAVER, ADA, ADA_ACCOUNT, replace(EVE_ACCOUNT, active=False)),
        ),
        Example(
            LEAVER,
            Deviation("left on 2026-05-01 and still has 1 active account: aws eve (111122223333)"),
            given=(LEAVER, ADA, ADA_ACCOUNT, EVE_ACCOUNT),
        ),
        Example(
            replace(LEAVER, accounts=("aws:e1", "aws:e2")),
            Deviation(
                "left on 2026-05-01 and still has 2 active accounts: aws e1 (111122223333), "
                "aws e2 (111122223333)"
            ),
            given=(replace(LEAVER, accounts=("aws:e1", "aws:e2")), account("e1"), account("e2")),
        ),
        Example(ADA, NotApplicable("has not left"), given=(ADA, ADA_ACCOUNT)),
        Example(
            replace(LEAVER, ended_on=date(2026, 6, 30)),
            NotApplicable("left on 2026-06-30; accounts are to be closed within 24 hours of that day"),
            given=(replace(LEAVER, ended_on=date(2026, 6, 30)), EVE_ACCOUNT),
        ),
        Example(
            replace(LEAVER, ended_on=NO_LAST_DAY),
            Undetermined(NO_LAST_DAY.why),
            given=(replace(LEAVER, ended_on=NO_LAST_DAY), EVE_ACCOUNT),
        ),
        Example(
            LEAVER,
            Undetermined(f"whether aws eve (111122223333) is active: {NO_REPORT.why}"),
            given=(LEAVER, replace(EVE_ACCOUNT, active=NO_REPORT)),
        ),
        Example(
            LEAVER,
            Undetermined(f"whose account aws x (111122223333) is: {NO_TAGS.why}"),
            given=(LEAVER, replace(account("x"), tags=NO_TAGS)),
        ),
        Example(
            LEAVER,
            Satisfied("no active account among those of aws"),
            given=(LEAVER, tagged(EVE_ACCOUNT, ("service-account", "true"), ("owner", ADA.email)), ADA),
        ),
    ),
)
def roster_reconciled(  # noqa: PLR0913  # one argument for each setting
    person: Person,
    *,
    accounts: Related[UserAccount],
    people: Related[Person],
    now: datetime,
    grace_hours: int = 24,
    service_tag: str = "service-account",
) -> Outcome:
    """Nobody who has left still has an active account.

    An account outlives its owner unnoticed, and nobody watches it. In every system that was collected,
    the roster is held against every account that names the person; `grace_hours` after the end of the
    last day, counted in UTC, none may be active. Programs' accounts are examined by
    people.accounts-map-to-people, which asks for an owner who is still here.
    """
    left = has_left(person, now)
    if isinstance(left, Unknown):
        return Undetermined(left.why)
    if not left:
        return NotApplicable("has not left")
    holdings = holdings_of(accounts, people, service_tag)
    held = holdings.held.get(person.id, [])
    active = [account for account in held if account.active is True]
    if active:
        if not has_left(person, now, grace_hours=grace_hours):
            return NotApplicable(
                f"left on {person.ended_on}; accounts are to be closed within {grace_hours} hours of that day"
            )
        noun = "account" if len(active) == 1 else "accounts"
        return Deviation(
            f"left on {person.ended_on} and still has {len(active)} active {noun}: "
            f"{', '.join(_place(account) for account in active)}"
        )
    unclear = [
        f"whether {_place(account)} is active: {account.active.why}"
        for account in held
        if isinstance(account.active, Unknown)
    ]
    unclear += [
        f"whose account {_place(account)} is: {doubt.why}"
        for account, doubt in holdings.doubtful
        if doubt.concerns(person)
    ]
    return _settle(unclear, accounts)


def _settle(unclear: list[str], accounts: Related[UserAccount]) -> Outcome:
    if unclear:
        return Undetermined(unclear[0])
    absence = accounts.absence()
    if absence is not None:
        return Undetermined(absence.why)
    return Satisfied(f"no active account among those of {_systems(accounts)}")


def _systems(accounts: Iterable[UserAccount]) -> str:
    return ", ".join(sorted({account.system for account in accounts})) or "systems without any account"


def _place(account: UserAccount) -> str:
    return f"{account.system} {account.name} ({account.scope.account})"
