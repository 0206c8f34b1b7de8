"""Entering: each factor as it is shown, the budget that a try takes from, and what is said where it is refused.

What is refused is said in the same words, and takes as long, whether or not there is such an account.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.signing_in import codes, passwords
from auditwright.app.signing_in.devices import known_device
from auditwright.app.signing_in.limits import (
    OF_ACCOUNT_FROM_ADDRESS,
    OF_ADDRESS,
    OF_CODES,
    OF_DEVICE,
    Limits,
    Taking,
    network,
)
from auditwright.app.signing_in.passkeys import NOT_THIS_PASSKEY, PasskeyError, Relying, credential_id, signed
from auditwright.app.workspace import Workspace
from auditwright.core.account import Account, Passkey, RecoveryCode
from auditwright.core.evidence import digest_of
from auditwright.core.ids import AccountId
from auditwright.core.question import Is

MAX_EMAIL = 254
"""RFC 5321."""


class RefusedError(Exception):
    """What was shown does not sign in; the message says so without saying why."""


class WaitError(Exception):
    """Too much was tried; the message says how long to wait."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        minutes = max(-(-int(wait.total_seconds()) // 60), 1)
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(
            f"Too many tries from here. Wait {minutes} {unit}, or sign in with a passkey, which is never held up."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody who tries to sign in, and from where."""

    workspace: Workspace
    limits: Limits
    address: str
    device: str
    """The cookie by which a browser is known; empty where it has none."""
    now: datetime

    def takings(self, account: Account | None, email: str) -> tuple[Taking, ...]:
        """The budgets of a try at an account with a password."""
        own = self._own(account)
        if own:
            return own
        where = network(self.address)
        who = digest_of(email.encode("utf-8", "surrogatepass"))
        return (
            Taking(("address", where), OF_ADDRESS),
            Taking(("account", who, where), OF_ACCOUNT_FROM_ADDRESS),
        )

    def code_takings(self, account: Account) -> tuple[Taking, ...]:
        """The budgets of a try with a code: whoever comes so far has shown a first factor."""
        return self._own(account) or (
            Taking(("address", network(self.address)), OF_ADDRESS),
            Taking(("codes", account.id), OF_CODES),
        )

    def _own(self, account: Account | None) -> tuple[Taking, ...]:
        device = known_device(self.workspace.state, self.device, self.now)
        if account is None or device is None or device.account != account.id:
            return ()
        return (Taking(("device", device.id), OF_DEVICE),)


def account_by_email(workspace: Workspace, email: str) -> Account | None:
    """The account that may sign in with an email."""
    wanted = email.strip().lower()[:MAX_EMAIL]
    found = workspace.stores.records.kept(Account, Is("email", wanted), Is("ended_at", None))
    return next(iter(found), None)


def account_by_id(workspace: Workspace, account: AccountId) -> Account | None:
    """The account with an id, where it may sign in."""
    found = workspace.stores.records.kept(Account, Is("id", account), Is("ended_at", None))
    return next(iter(found), None)


def show_password(attempt: Attempt, email: str, password: str) -> Account:
    """The account whose email and password these are; raises RefusedError, WaitError. The second factor is owed."""
    email = email.strip().lower()[:MAX_EMAIL]
    account = account_by_email(attempt.workspace, email)
    takings = attempt.takings(account, email)
    _take(attempt, takings)
    good = passwords.matches(account.password if account else "", password)
    if account is None or not good:
        _refused(attempt, account, "password")
        raise RefusedError("This email and password do not belong together, or there is no such account.")
    attempt.limits.give_back(takings, attempt.now)
    if passwords.is_dated(account.password):
        _keep_password(attempt.workspace, account, passwords.hashed(password))
    return account


def show_code(attempt: Attempt, account: Account, code: str) -> None:
    """Take a one-time code of an account; raises RefusedError, WaitError. No code is taken twice."""
    takings = attempt.code_takings(account)
    _take(attempt, takings)
    seed = codes.opened_seed(attempt.workspace.state, account.id, account.seed) if account.seed else ""
    step = codes.step_of(seed, code, attempt.now) if seed else None
    if step is None:
        _refused(attempt, account, "code")
        raise RefusedError(f"This is not the code of now. {_left(attempt, takings)}")
    with attempt.workspace.stores.records.transaction() as write:
        held = next(iter(write.kept(Account, Is("id", account.id))))
        if step <= held.step or held.seed != account.seed:
            _refused(attempt, account, "code that was taken before")
            raise RefusedError(
                f"That code has already been used. Wait for the next one. {_left(attempt, takings)}"
            )
        write.keep([replace(held, step=step)])
    attempt.limits.give_back(takings, attempt.now)


def show_recovery_code(attempt: Attempt, account: Account, code: str) -> int:
    """Take a recovery code of an account; returns how many are left. Raises RefusedError, WaitError."""
    takings = attempt.code_takings(account)
    _take(attempt, takings)
    deed = Deed(
        actor=Actor(id=account.id, name=account.name),
        verb="recovery-code.use",
        subject=account.id,
        detail="Used a recovery code.",
    )
    with acting(attempt.workspace, deed, attempt.now) as write:
        held = write.kept(RecoveryCode, Is("account", account.id), Is("used_at", None))
        digest = codes.recovery_digest(account.id, code)
        used = next((each for each in held if each.digest == digest), None)
        if used is None:
            _refused(attempt, account, "recovery code")
            raise RefusedError(f"This is no recovery code that is left. {_left(attempt, takings)}")
        write.keep([replace(used, used_at=attempt.now)])
    attempt.limits.give_back(takings, attempt.now)
    return len(held) - 1


def show_passkey(workspace: Workspace, relying: Relying, challenge: bytes, answer: "Signed") -> Account:
    """The account whose passkey signed a challenge; raises PasskeyError. It is never held up: it cannot be guessed."""
    records = workspace.stores.records
    found = next(iter(records.kept(Passkey, Is("id", credential_id(answer.credential)))), None)
    account = account_by_id(workspace, found.account) if found else None
    if found is None or account is None:
        raise PasskeyError(NOT_THIS_PASSKEY)
    used = replace(signed(relying, challenge, answer.credential, found), used_at=answer.at)
    with records.transaction() as write:
        held = next(iter(write.kept(Passkey, Is("id", found.id))), None)
        # Taken away, or used at once by another: an authenticator that counts never says a number twice.
        if held is None or held.sign_count != found.sign_count:
            raise PasskeyError(NOT_THIS_PASSKEY)
        write.keep([used])
    return account


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A browser's answer to `passkeys.ask_to_sign`."""

    credential: str
    """Its JSON."""
    at: datetime


def _take(attempt: Attempt, takings: tuple[Taking, ...]) -> None:
    wait = attempt.limits.take(takings, attempt.now)
    if wait > timedelta():
        structlog.get_logger("auditwright.sign_in").warning("held_up", address=attempt.address)
        raise WaitError(wait)


def _left(attempt: Attempt, takings: tuple[Taking, ...]) -> str:
    left = min(attempt.limits.left(taking, attempt.now) for taking in takings)
    return f"{left} {'try' if left == 1 else 'tries'} left."


def _refused(attempt: Attempt, account: Account | None, what: str) -> None:
    """Told to the server's log and not to the audit log, which strangers could fill; the email may be a mistyped password."""
    structlog.get_logger("auditwright.sign_in").warning(
        "refused", account=account.id if account else "", what=what, address=attempt.address
    )


def _keep_password(workspace: Workspace, account: Account, hash_: str) -> None:
    with workspace.stores.records.transaction() as write:
        held = next(iter(write.kept(Account, Is("id", account.id))))
        if held.password == account.password:
            write.keep([replace(held, password=hash_)])
