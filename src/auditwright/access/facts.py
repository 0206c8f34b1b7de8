"""What an adversary without a second factor may come to hold, one fact at a time. Facts are never lost again."""

from enum import StrEnum
from typing import NamedTuple

from auditwright.access.sessions import SessionClass


class Kind(StrEnum):
    """What a fact is about."""

    # Facts are hashed by the million: as texts, in C.
    __hash__ = str.__hash__

    SESSION = "session"
    """A session as a user, a role or root: the principal's ARN, and the class of the session."""
    PASSWORD = "password"  # noqa: S105  # a kind of fact
    """The password of a user, by ARN."""
    OLD_KEY = "old key"
    """A key of the user that is switched off."""
    NO_DEVICE = "no device"
    """The user has no second factor left."""
    DEVICE = "device"
    """The user has a second factor that the adversary holds."""
    ALLOW = "allow"
    """Everything is allowed to the user, the role, the group's members or the policy's holders."""
    LIFT = "lift"
    """The policy of this reference is off its holder; without one, users of choice are out of the group."""
    UNBOUND = "unbound"
    """The user or role has no boundary."""
    JOIN = "join"
    """Users of choice are in the group."""
    VERSION = "version"
    """The version of the policy is in force."""
    TAGS = "tags"
    """The user or role, or sessions of the role, have tags of choice."""
    TRUST = "trust"
    """The role trusts the adversary."""
    ENTRIES = "entries"
    """The cluster uses access entries."""
    LEVEL = "level"
    """The level in the cluster."""
    ADMINISTRATOR = "administrator"
    """Administrator of the account."""
    READ = "read"
    """What a question names: the resource, and the action."""
    EVERY = "every"
    """A way, by id, that is open on every target of its kind."""


class Fact(NamedTuple):
    """One thing held: of a kind, about a subject, with a detail where the kind needs one."""

    kind: Kind
    subject: str
    detail: str = ""

    def __str__(self) -> str:
        """The fact in a line."""
        return " ".join(filter(None, (self.kind, self.subject, self.detail)))


CHANGES = frozenset({Kind.ALLOW, Kind.LIFT, Kind.UNBOUND, Kind.JOIN, Kind.VERSION, Kind.TAGS})
"""Kinds that change which policies a principal has, or what they see of it."""


def session(principal: str, class_: SessionClass) -> Fact:
    """The fact of a session."""
    return Fact(Kind.SESSION, principal, class_)


def every(way: str, class_: SessionClass, account: str) -> Fact:
    """The fact that a way is open on every target in an account, from a session of a class."""
    return Fact(Kind.EVERY, way, f"{class_}@{account}")
