"""Who stands behind an e-mail address in a history.

1. The roster says so, where one person's address or an account it names is that address.
2. An address that a code host made up to hide a person's own names an account there, perhaps a program's.
3. Otherwise the address is a person of its own, provided that the whole roster was seen.

Two addresses are of two people only where that can be shown. A made-up address that the roster does not
know can be anybody's, so it differs surely only from others of its host; one that the roster gives to
several people, or that an incomplete roster does not know, differs surely from nobody.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import Person

# GitHub: "about commit email addresses", ID+USERNAME@users.noreply.github.com, and without ID before 2017.
# GitLab: "private commit email", ID-USERNAME@users.noreply.gitlab.com.
_MADE_UP = (
    (re.compile(r"(?:\d+\+)?([^@]+)@users\.noreply\.github\.com"), "github"),
    (re.compile(r"\d+-([^@]+)@users\.noreply\.gitlab\.com"), "gitlab"),
)
_CODE_HOSTS = frozenset(host for _, host in _MADE_UP)

_PROGRAM = "[bot]"
"""GitHub ends the names of apps so, and of nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody, or a program."""

    key: str
    """The person's id, the account or the address."""
    doubt: str = ""
    """Why it cannot be said which person it is; empty where it can."""
    host: str = ""
    """The code host that alone hides which person it is."""
    program: bool = False


class Roster:
    """The people of the organization by what a history may call them."""

    def __init__(self, people: Related[Person]) -> None:
        """Learn every address and account of people."""
        unseen = people.absence()
        self._people: dict[str, set[str]] = {}
        for person in people:
            for name in _names(person):
                self._people.setdefault(name, set()).add(person.id)
            if isinstance(person.accounts, Unknown):
                unseen = unseen or person.accounts
        self._unseen = unseen

    def who(self, address: str) -> Who:
        """Who an address is of."""
        address = address.strip().casefold()
        account, host = _account(address)
        people = self._people.get(address, set()) | self._people.get(account, set())
        if len(people) > 1:
            return Who(key=account, doubt=f"several people of the roster share {account}")
        for person in people:
            return Who(key=person)
        if account.endswith(_PROGRAM):
            return Who(key=account, program=True)
        if self._unseen is not None:
            return Who(key=account, doubt=self._unseen.why)
        if host:
            return Who(key=account, doubt=f"name the one person of {account} in the roster", host=host)
        return Who(key=account)


def surely_differ(one: Who, other: Who) -> bool:
    """True where two are known to be different people, or a person and a program."""
    if one.key == other.key:
        return False
    if one.program or other.program or not (one.doubt or other.doubt):
        return True
    return bool(one.host) and one.host == other.host


def _names(person: Person) -> Iterable[str]:
    yield person.email.strip().casefold()
    if isinstance(person.accounts, Unknown):
        return
    for entry in person.accounts:
        system, _, account = entry.strip().casefold().partition(":")
        account = account.rpartition(":")[2].strip()
        if "@" in account:
            yield account
        elif account and system in _CODE_HOSTS:
            yield f"{system}:{account}"


def _account(address: str) -> tuple[str, str]:
    for pattern, host in _MADE_UP:
        found = pattern.fullmatch(address)
        if found:
            return f"{host}:{found[1]}", host
    return address, ""
