"""Factors: what an account signs in with, and how it changes without ever falling below two."""

from dataclasses import dataclass, replace
from datetime import datetime

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.signing_in import codes
from auditwright.app.signing_in.steps import Enrolment
from auditwright.app.workspace import Workspace
from auditwright.core.account import Account, OutsideIdentity, Passkey, RecoveryCode
from auditwright.core.ids import AccountId
from auditwright.core.ports import Transaction
from auditwright.core.question import Is

MAX_PASSKEYS = 20
"""Of one account; far more than anybody has devices."""


class FactorError(Exception):
    """A factor cannot be changed so; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What an account signs in with."""

    passkeys: tuple[Passkey, ...]
    has_password: bool
    has_codes: bool
    recovery_codes: int
    """How many are left."""
    outside: tuple[OutsideIdentity, ...]


def factors_of(workspace: Workspace, account: Account) -> Factors:
    """What an account signs in with now."""
    records = workspace.stores.records
    return Factors(
        passkeys=tuple(records.kept(Passkey, Is("account", account.id))),
        has_password=bool(account.password),
        has_codes=bool(account.seed),
        recovery_codes=len(records.kept(RecoveryCode, Is("account", account.id), Is("used_at", None))),
        outside=tuple(records.kept(OutsideIdentity, Is("account", account.id))),
    )


def add_passkey(workspace: Workspace, account: Account, passkey: Passkey) -> None:
    """Give an account one more passkey; raises FactorError."""
    deed = _deed(account, "passkey.add", f"Added the passkey {passkey.name!r}.")
    with acting(workspace, deed, passkey.made_at) as write:
        if write.kept(Passkey, Is("id", passkey.id)):
            raise FactorError("This passkey is known already.")
        if len(write.kept(Passkey, Is("account", account.id))) >= MAX_PASSKEYS:
            raise FactorError(f"An account has at most {MAX_PASSKEYS} passkeys. Remove one first.")
        write.keep([passkey])


def remove_passkey(workspace: Workspace, account: Account, passkey: str, now: datetime) -> None:
    """Take a passkey away; raises FactorError where nothing else would sign the account in."""
    held = next(
        iter(workspace.stores.records.kept(Passkey, Is("id", passkey), Is("account", account.id))), None
    )
    if held is None:
        raise FactorError("There is no such passkey any more.")
    deed = _deed(account, "passkey.remove", f"Removed the passkey {held.name!r}.")
    with acting(workspace, deed, now) as write:
        current = current_account(write, account.id)
        has_codes = bool(current.password and current.seed)
        others = len(write.kept(Passkey, Is("account", account.id))) - 1
        if not has_codes and not others and not write.kept(OutsideIdentity, Is("account", account.id)):
            raise FactorError(
                "Nothing else signs you in. Add another passkey, or a password with one-time codes, first."
            )
        write.drop(Passkey, [Is("id", passkey), Is("account", account.id)])


def set_password(workspace: Workspace, account: Account, hash_: str, now: datetime) -> None:
    """Change the password of an account that has one-time codes."""
    with acting(workspace, _deed(account, "password.change", "Changed the password."), now) as write:
        current = current_account(write, account.id)
        if not current.seed:
            raise FactorError("A password needs one-time codes beside it. Set up both.")
        write.keep([replace(current, password=hash_)])


def set_codes(workspace: Workspace, enrolment: Enrolment, step: int, now: datetime) -> tuple[str, ...]:
    """Keep new one-time codes, and a password where one was set with them; returns the new recovery codes."""
    account = next(iter(workspace.stores.records.kept(Account, Is("id", enrolment.account))))
    what = "Set up a password and one-time codes." if enrolment.password else "Set up new one-time codes."
    recovery = codes.new_recovery_codes()
    seed = codes.sealed_seed(workspace.state, account.id, enrolment.seed)
    with acting(workspace, _deed(account, "codes.set", what), now) as write:
        current = current_account(write, account.id)
        password = enrolment.password or current.password
        write.keep([replace(current, password=password, seed=seed, step=step)])
        keep_recovery_codes(write, account.id, recovery)
    return recovery


def renew_recovery_codes(workspace: Workspace, account: Account, now: datetime) -> tuple[str, ...]:
    """Make new recovery codes; the old ones count no more."""
    recovery = codes.new_recovery_codes()
    with acting(workspace, _deed(account, "recovery-code.renew", "Made new recovery codes."), now) as write:
        if not current_account(write, account.id).seed:
            raise FactorError("Recovery codes stand in for one-time codes, which this account does not have.")
        keep_recovery_codes(write, account.id, recovery)
    return recovery


def keep_recovery_codes(write: Transaction, account: AccountId, recovery: tuple[str, ...]) -> None:
    """Keep recovery codes in place of those before."""
    write.drop(RecoveryCode, [Is("account", account)])
    digests = (codes.recovery_digest(account, each) for each in recovery)
    write.keep([RecoveryCode(account=account, digest=digest, used_at=None) for digest in digests])


def current_account(write: Transaction, account: AccountId) -> Account:
    """An account as this transaction sees it; raises FactorError where it was ended."""
    found = next(iter(write.kept(Account, Is("id", account), Is("ended_at", None))), None)
    if found is None:
        raise FactorError("This account was ended.")
    return found


def _deed(account: Account, verb: str, detail: str) -> Deed:
    return Deed(actor=Actor(id=account.id, name=account.name), verb=verb, subject=account.id, detail=detail)
