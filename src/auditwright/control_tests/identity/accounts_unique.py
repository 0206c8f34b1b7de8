"""One person to an account, one account to a person."""

from dataclasses import replace
from datetime import datetime

from auditwright.control_tests._examples import (
    ADA,
    ADA_ACCOUNT,
    BOB,
    EVE_ACCOUNT,
    LEAVER,
    NO_TAGS,
    OTHER_ACCOUNT,
    ROBOT,
    account,
)
from auditwright.control_tests.people._ownership import (
    Holdings,
    has_left,
    holdings_of,
    roster_of,
)
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

_SECOND = replace(ADA, accounts=("aws:ada", "aws:ada.l"))
_SHARED = account("ops")
_ELSEWHERE = account("ada", scope=OTHER_ACCOUNT)


@control_test(
    id="identity.accounts-unique",
    controls=("IAM-09",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "For a shared account: IAM > Users > Create user for each person, then delete the shared one. "
            "For a second account of one person: move what it may do into a role (IAM > Roles > Create "
            "role) that the person assumes, then delete the second account."
        ),
        command=(
            "aws iam create-user --user-name <person> --tags Key=email,Value=<address>; aws iam "
            "delete-login-profile --user-name <shared-user>; aws iam delete-access-key --user-name "
            "<shared-user> --access-key-id <key-id>; aws iam delete-user --user-name <shared-user>"
        ),
        terraform=(
            'one resource "aws_iam_user" for each person, with tags = { email = "<address>" }; resource '
            '"aws_iam_role" with an assume_role_policy for work that needs more'
        ),
    ),
    examples=(
        Example(
            ADA_ACCOUNT,
            Satisfied("the one account of ada@acme.example in aws 111122223333"),
            given=(ADA, ADA_ACCOUNT),
        ),
        Example(
            ADA_ACCOUNT,
            Satisfied("the one account of ada@acme.example in aws 111122223333"),
            given=(replace(ADA, accounts=("aws:ada",)), ADA_ACCOUNT, _ELSEWHERE),
        ),
        Example(
            _SHARED,
            Deviation("ops is shared by ada@acme.example and bob@acme.example"),
            given=(replace(ADA, accounts=("aws:ops",)), replace(BOB, accounts=("aws:ops",)), _SHARED),
        ),
        Example(
            ADA_ACCOUNT,
            Deviation("ada@acme.example has 2 active accounts in aws 111122223333: ada, ada.l"),
            given=(_SECOND, ADA_ACCOUNT, account("ada.l")),
        ),
        Example(
            ADA_ACCOUNT,
            Satisfied("the one account of ada@acme.example in aws 111122223333"),
            given=(_SECOND, ADA_ACCOUNT, replace(account("ada.l"), active=False)),
        ),
        Example(
            EVE_ACCOUNT,
            Satisfied("the one account of eve@acme.example in aws 111122223333"),
            given=(ADA, LEAVER, ADA_ACCOUNT, EVE_ACCOUNT),
        ),
        Example(ROBOT, NotApplicable("a service account"), given=(ADA, ROBOT)),
        Example(replace(ADA_ACCOUNT, active=False), NotApplicable("the account is disabled"), given=(ADA,)),
        Example(
            account("x"),
            Undetermined("nobody on the roster is named for the account, so who uses it is not known"),
            given=(ADA, account("x")),
        ),
        Example(
            replace(ADA_ACCOUNT, tags=NO_TAGS),
            Undetermined(NO_TAGS.why),
            given=(ADA, replace(ADA_ACCOUNT, tags=NO_TAGS)),
        ),
    ),
)
def accounts_unique(  # noqa: PLR0913  # one argument for each setting
    account: UserAccount,
    *,
    accounts: Related[UserAccount],
    people: Related[Person],
    now: datetime,
    service_tag: str = "service-account",
) -> Outcome:
    """Nobody shares an account, and nobody has two in one cloud account or system.

    What a shared account did cannot be told apart by person, and a second account escapes reviews and
    leaving. A name that sounds shared is no evidence, nor is an ordinary name evidence of the opposite:
    the people whom the roster and the accounts' tags name are. Accounts of one person in two cloud
    accounts are not duplicates.
    """
    if account.active is False:
        return NotApplicable("the account is disabled")
    roster = roster_of(people)
    ownership = roster.ownership(account, service_tag=service_tag)
    if ownership.is_service is True:
        return NotApplicable("a service account")
    leaving = [(claim, has_left(claim.person, now)) for claim in ownership.claims]
    present = tuple(claim for claim, left in leaving if left is False)
    if len(present) > 1:
        named = " and ".join(claim.person.email for claim in present)
        return _unless_unknown(account, Deviation(f"{account.name} is shared by {named}"))
    unclear = (left for _, left in leaving if isinstance(left, Unknown))
    for reason in (ownership.doubt, roster.unseen, accounts.absence(), *unclear):
        if reason is not None:
            return Undetermined(reason.why)
    claims = present or ownership.claims
    if not claims:
        return Undetermined("nobody on the roster is named for the account, so who uses it is not known")
    return _only_one(account, claims[0].person, holdings_of(accounts, people, service_tag))


def _only_one(account: UserAccount, person: Person, holdings: Holdings) -> Outcome:
    place = f"{account.system} {account.scope.account}"
    others = [other for other in holdings.held.get(person.id, []) if _beside(account, other)]
    active = sorted({account.name, *(other.name for other in others if other.active is True)})
    if len(active) > 1:
        what = f"{person.email} has {len(active)} active accounts in {place}: {', '.join(active)}"
        return _unless_unknown(account, Deviation(what))
    for other in others:
        if isinstance(other.active, Unknown):
            return Undetermined(f"whether {other.name}, of {person.email} too, is active: {other.active.why}")
    for other, doubt in holdings.doubtful:
        if _beside(account, other) and doubt.concerns(person):
            return Undetermined(f"whose account {other.name} is: {doubt.why}")
    return Satisfied(f"the one account of {person.email} in {place}")


def _beside(account: UserAccount, other: UserAccount) -> bool:
    """True for another account of the same system and cloud account."""
    return (
        other.id != account.id
        and other.system == account.system
        and other.scope.account == account.scope.account
    )


def _unless_unknown(account: UserAccount, deviation: Deviation) -> Outcome:
    """The deviation, unless the account may be disabled."""
    return Undetermined(account.active.why) if isinstance(account.active, Unknown) else deviation
