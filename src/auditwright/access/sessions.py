"""The sessions that somebody without a second factor can hold, and what each shows of one.

The table is that of the IAM user guide ("Configuring MFA-protected API access", "GetSessionToken", "Using temporary
credentials"). Where its parts disagree, the session is given every possibility (ACCESS assumptions name them).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from auditwright.access.assumptions import MFA_INTO_ROLE_SESSION, Assumption
from auditwright.access.context import (
    ABSENT,
    NOT_SAID,
    Caller,
    Context,
    Entry,
    OneOf,
    Present,
    caller_context,
)
from auditwright.core.outcome import Unknown

TRUE = Present(("true",))
FALSE = Present(("false",))


class SessionClass(StrEnum):
    """What kind of session a principal acts in."""

    # Facts are hashed by the million: as texts, in C.
    __hash__ = str.__hash__

    KEY = "key"
    """A long-term access key, of a user or of root."""
    CONSOLE = "console"
    """Signed in with a password and nothing else."""
    TOKEN = "token"  # noqa: S105  # a class of sessions
    """GetSessionToken called with a plain key."""
    MFA = "mfa"
    """A user's session with a second factor, which somebody without one gets only by enrolling it."""
    ROLE = "role"
    """A role taken from a session without a second factor."""
    ROLE_AFTER_MFA = "role after mfa"
    """A role taken from a session with a second factor."""
    PROGRAM = "program"
    """A role as code runs with it: a function, a machine, a build, a pod."""
    OUTSIDE = "outside"
    """Whoever an identity provider, or another account, vouches for."""


MFA_SHOWN: dict[SessionClass, Entry] = {
    SessionClass.KEY: ABSENT,
    SessionClass.CONSOLE: FALSE,
    SessionClass.TOKEN: FALSE,
    SessionClass.MFA: TRUE,
    SessionClass.ROLE: OneOf((FALSE, ABSENT)),
    SessionClass.ROLE_AFTER_MFA: OneOf((TRUE, FALSE, ABSENT)),
    SessionClass.PROGRAM: OneOf((FALSE, ABSENT)),
    SessionClass.OUTSIDE: OneOf((TRUE, FALSE, ABSENT)),
}
"""aws:MultiFactorAuthPresent in each class."""

UNCONFIRMED: dict[SessionClass, Assumption] = {SessionClass.ROLE_AFTER_MFA: MFA_INTO_ROLE_SESSION}
"""What the class's row in the table rests on, where no live account ever confirmed it."""

_JUST_NOW = Present(("1",))
_AGE_SHOWN: dict[SessionClass, Entry] = {
    SessionClass.MFA: _JUST_NOW,  # whoever has just enrolled a device has just used it
    SessionClass.OUTSIDE: Unknown("another account does not show how old a second factor is"),
    SessionClass.ROLE_AFTER_MFA: Unknown(
        "whether a role session shows the age of a second factor is not known"
    ),
}

_TEMPORARY = frozenset(SessionClass) - {SessionClass.KEY}

ADVERSARY_ACCOUNT = "000000000000"
"""Stands for an account that anybody opens; AWS gives no account this number."""

ANYBODY = "user/anybody"
"""Ends the ARN of whoever another account lets act: a user or role of any name."""

OF_RESOURCES = "aws:resourceaccount"
"""The condition key of a session that differs with the resource that it asks about."""

TOKEN_CALLS = frozenset({"sts:assumerole", "sts:getcalleridentity"})
"""AWS, GetSessionToken: without a second factor no IAM call, and of STS only these."""


def may_call(session: SessionClass, action: str) -> bool:
    """False where AWS refuses the action to the class whatever the policies say; `action` in lower case."""
    if session is not SessionClass.TOKEN:
        return True
    service = action.partition(":")[0]
    return service != "iam" and (service != "sts" or action in TOKEN_CALLS)


def session_context(caller: Caller, session: SessionClass, at: datetime) -> Context:
    """What is known of every request in a session; what the account's data does not fix is unknown."""
    base = caller_context(caller, default=NOT_SAID)
    shown = _shown(session, at, adversary=caller.account == ADVERSARY_ACCOUNT)
    entries: dict[str, Entry] = {**base.entries, **shown, OF_RESOURCES: Present((caller.account,))}
    if session is SessionClass.OUTSIDE and caller.account and not _is_one_user(caller):
        entries |= {"aws:username": _ANY_NAME, "aws:principaltype": _ANY_NAME}
    return Context(entries=entries, default=base.default, families=base.families)


@lru_cache(maxsize=64)
def _shown(session: SessionClass, at: datetime, *, adversary: bool) -> Mapping[str, Entry]:
    """What a kind of session shows, whoever's it is."""
    now = Present((at.isoformat(),))
    shown, age = MFA_SHOWN[session], _AGE_SHOWN.get(session, ABSENT)
    if adversary:
        # An account may claim what it likes of its own users.
        shown, age = TRUE, _JUST_NOW
    return {
        "aws:multifactorauthpresent": shown,
        "aws:multifactorauthage": age,
        "aws:tokenissuetime": now if session in _TEMPORARY else ABSENT,
        "aws:currenttime": now,
        "aws:epochtime": Present((str(int(at.timestamp())),)),
        "aws:securetransport": TRUE,
        # A service that acts for a caller says so; these requests are made by the caller alone.
        "aws:viaawsservice": FALSE,
        "aws:calledvia": ABSENT,
        "aws:calledviafirst": ABSENT,
        "aws:calledvialast": ABSENT,
    }


_ANY_NAME = Unknown("who of another account acts was not seen")


def _is_one_user(caller: Caller) -> bool:
    return ":user/" in caller.arn and not caller.arn.endswith(f":{ANYBODY}")
