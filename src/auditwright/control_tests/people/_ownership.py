"""Whose account it is: the people whom the evidence names for an account.

1. The roster's own entries for a person: `aws:ada`, or `aws:111122223333:ada` for one cloud account only.
2. The account's tags `owner` and `email`, where they hold an address.
3. The account's name, where it is an address.
4. Only where 1-3 name nobody: a name that is the local part of one address on the roster and of no other.

A name that merely looks alike, or that sounds like a shared one, is no evidence of anything. A program's
account carries a tag (`service-account`, unless the organization names another) and is then owned by
whom 1-3 name.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from auditwright.core.ids import ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import Person, UserAccount

OWNER_TAGS = ("owner", "email")
"""Tags, in any case, whose value may hold the address of an account's owner."""

_NOT_SET = frozenset({"false", "no", "0"})
"""Values with which a tag says that it does not apply; a tag without a value applies."""

_BETWEEN_ADDRESSES = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A person named for an account, and what names the person."""

    person: Person
    by: str
    """Such as `the roster` or `its tag owner`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why an account may belong to somebody whom nothing seen names."""

    why: str
    people: frozenset[ResourceId] = frozenset()
    """Who it may be; empty where it may be anybody."""

    def concerns(self, person: Person) -> bool:
        """True where the account may be this person's."""
        return not self.people or person.id in self.people


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Who is named for an account."""

    claims: tuple[Claim, ...]
    """One for each person, by e-mail address."""
    strangers: tuple[str, ...]
    """What names an address that is not on the roster, in words; empty where the roster names somebody."""
    is_service: bool | Unknown
    doubt: Doubt | None
    outright: bool
    """True where the roster, a tag or an address names somebody; a name that merely fits can be wrong."""


class Roster:
    """The people of a roster, found by what can name them."""

    def __init__(self, people: Related[Person]) -> None:
        """Index the people once; thousands of accounts are looked up."""
        self._people = people
        self._by_entry: dict[str, list[Person]] = defaultdict(list)
        self._by_address: dict[str, Person] = {}
        self._by_local_part: dict[str, list[Person]] = defaultdict(list)
        self._hidden: list[tuple[Person, Unknown]] = []
        for person in people:
            address = person.email.strip().casefold()
            self._by_address[address] = person
            self._by_local_part[address.partition("@")[0]].append(person)
            if isinstance(person.accounts, Unknown):
                self._hidden.append((person, person.accounts))
            else:
                for entry in person.accounts:
                    self._by_entry[entry.strip().casefold()].append(person)

    @property
    def unseen(self) -> Unknown | None:
        """Why somebody may be missing from the roster; None where all of it was seen."""
        return self._people.absence()

    def ownership(self, account: UserAccount, *, service_tag: str) -> Ownership:
        """The people whom the evidence names for an account."""
        named, strangers = self._named(account)
        is_service = _is_service(account, service_tag)
        if named or strangers:
            settled = any(claim.by == _ROSTER for claim in named)
            return Ownership(
                claims=named,
                strangers=() if settled else strangers,
                is_service=is_service,
                doubt=self._other_entries(),
                outright=True,
            )
        alike = [] if is_service is True else self._by_local_part.get(account.name.casefold(), [])
        return Ownership(
            claims=(Claim(person=alike[0], by="its name"),) if len(alike) == 1 else (),
            strangers=(),
            is_service=is_service,
            doubt=self._doubt(account, alike),
            outright=False,
        )

    def _named(self, account: UserAccount) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
        """Who is named outright (1-3 in the module), and addresses that nobody on the roster has."""
        found: dict[ResourceId, Claim] = {}
        strangers: list[str] = []
        for entry in (
            f"{account.system}:{account.name}",
            f"{account.system}:{account.scope.account}:{account.name}",
        ):
            for person in self._by_entry.get(entry.casefold(), ()):
                found.setdefault(person.id, Claim(person=person, by=_ROSTER))
        for by, address in _addresses(account):
            named = self._by_address.get(address.casefold())
            if named is None:
                strangers.append(f"{by} gives {address}")
            else:
                found.setdefault(named.id, Claim(person=named, by=by))
        return tuple(sorted(found.values(), key=lambda claim: claim.person.email)), tuple(strangers)

    def _doubt(self, account: UserAccount, alike: list[Person]) -> Doubt | None:
        """Why a claim by local part, or the lack of any claim, does not settle whose account it is."""
        if isinstance(account.tags, Unknown):
            return Doubt(why=account.tags.why)
        if len(alike) > 1:
            addresses = ", ".join(sorted(person.email for person in alike))
            return Doubt(
                why=f"the name {account.name} fits {addresses}; name the account in the roster",
                people=frozenset(person.id for person in alike),
            )
        if not alike:
            return self._hidden_entries()
        if self.unseen is not None:
            return Doubt(why=f"somebody unseen may have the name {account.name} too: {self.unseen.why}")
        others = self._other_entries()
        # It is the account of the one whom the name fits, or of one whose entries are hidden.
        return others and Doubt(why=others.why, people=others.people | {alike[0].id})

    def _other_entries(self) -> Doubt | None:
        """Doubt whether the roster names somebody else too.

        A roster that records nobody's accounts hides nothing. One that records some people's may hide that
        an account is also that of another.
        """
        return self._hidden_entries() if len(self._hidden) < len(self._by_address) else None

    def _hidden_entries(self) -> Doubt | None:
        if not self._hidden:
            return None
        return Doubt(
            why=f"the roster does not show every person's accounts: {self._hidden[0][1].why}",
            people=frozenset(person.id for person, _ in self._hidden),
        )


_ROSTER = "the roster"


# One test examines thousands of items with one and the same population: index it once, keep only the last.
@lru_cache(maxsize=1)
def roster_of(people: Related[Person]) -> Roster:
    """The roster of a population of people, indexed once."""
    return Roster(people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """The human accounts that are not disabled, by who holds them."""

    held: dict[ResourceId, list[UserAccount]]
    """Accounts without doubt, by person; one account can have several holders."""
    doubtful: list[tuple[UserAccount, Doubt]]


@lru_cache(maxsize=1)
def holdings_of(accounts: Related[UserAccount], people: Related[Person], service_tag: str) -> Holdings:
    """Who holds which account, worked out once for all people."""
    roster = roster_of(people)
    held: dict[ResourceId, list[UserAccount]] = defaultdict(list)
    doubtful: list[tuple[UserAccount, Doubt]] = []
    for account in sorted(accounts, key=lambda account: account.id):
        if account.active is False:
            continue
        ownership = roster.ownership(account, service_tag=service_tag)
        if ownership.is_service is True:
            continue
        if ownership.doubt is not None:
            doubtful.append((account, ownership.doubt))
            if not ownership.outright:
                continue
        for claim in ownership.claims:
            held[claim.person.id].append(account)
    return Holdings(held=dict(held), doubtful=doubtful)


def has_left(person: Person, now: datetime, *, grace_hours: int = 0) -> bool | Unknown:
    """True where the person's last day, counted in UTC, and the hours of grace after it are over."""
    if isinstance(person.ended_on, Unknown):
        return person.ended_on
    if person.ended_on is None:
        return False
    return (now - timedelta(hours=grace_hours)).astimezone(UTC).date() > person.ended_on


def _addresses(account: UserAccount) -> list[tuple[str, str]]:
    """Each address that the account itself bears, after what bears it."""
    found: list[tuple[str, str]] = []
    if not isinstance(account.tags, Unknown):
        for key, value in sorted(account.tags):
            if key.casefold() in OWNER_TAGS:
                found += [(f"its tag {key}", part) for part in _BETWEEN_ADDRESSES.split(value) if "@" in part]
    if "@" in account.name:
        found.append(("its name", account.name))
    return found


def _is_service(account: UserAccount, service_tag: str) -> bool | Unknown:
    if isinstance(account.tags, Unknown):
        return account.tags
    return any(
        key.casefold() == service_tag.casefold() and value.strip().casefold() not in _NOT_SET
        for key, value in account.tags
    )
