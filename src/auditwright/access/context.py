"""What a request carries besides action and resource: who calls, and the condition keys with their values."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeAlias

import msgspec

from auditwright.core.outcome import Unknown


class Present(msgspec.Struct, frozen=True):
    """The key is in the request, with these values; most keys have one."""

    values: tuple[str, ...]


class Absent(msgspec.Struct, frozen=True):
    """The key is not in the request."""


class OneOf(msgspec.Struct, frozen=True):
    """The key is as one of the alternatives says, and it is not known which."""

    alternatives: tuple[Present | Absent, ...]

    def __post_init__(self) -> None:
        assert self.alternatives, "a key is in some way or another"


Entry: TypeAlias = Present | Absent | OneOf | Unknown
"""What is known of one condition key."""

ABSENT = Absent()
NOT_SAID = Unknown("the request does not say")
_NO_UNIQUE_ID = Unknown("the caller's unique id was not seen")
_NO_TAGS = Unknown("the caller's tags were not seen")


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The condition keys of a request, by lower-cased name (AWS: key names are not case-sensitive).

    A key that is not listed is as its family says (`aws:principaltag/` for `aws:principaltag/team`), else as
    `default` does: absent from a request that is known to the end, unknown in one that is known in part.
    """

    entries: Mapping[str, Entry]
    default: Absent | Unknown
    families: Mapping[str, Absent | Unknown] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = "".join(self.entries)
        assert keys == keys.lower(), "keys are kept in lower case"
        assert all(name == name.lower() and name.endswith("/") for name in self.families)

    def get(self, key: str) -> Entry:
        """What is known of a key, given in lower case."""
        entry = self.entries.get(key)
        if entry is not None:
            return entry
        family, slash, _ = key.partition("/")
        return self.families.get(family + slash, self.default) if slash else self.default

    def with_(self, entries: Mapping[str, Entry]) -> "Context":
        """This context with other entries for some keys, in any case."""
        changed = {key.lower(): entry for key, entry in entries.items()}
        return Context(entries={**self.entries, **changed}, default=self.default, families=self.families)


def closed_context(values: Mapping[str, str | tuple[str, ...]]) -> Context:
    """The context of a request of which every key is known: those named here, and no others."""
    entries: dict[str, Entry] = {
        key.lower(): Present((value,) if isinstance(value, str) else value) for key, value in values.items()
    }
    return Context(entries=entries, default=ABSENT)


class CallerKind(StrEnum):
    """What sort of credential signed a request."""

    # Hashed with every kept answer: as texts, in C.
    __hash__ = str.__hash__

    USER = "user"
    """An IAM user, by access key, console or GetSessionToken."""
    ROOT = "root"
    ROLE_SESSION = "role session"
    FEDERATED_USER = "federated user"
    """A session of GetFederationToken."""
    FEDERATED = "federated"
    """Somebody whom an identity provider vouches for, before a role is assumed (SAML, OIDC)."""
    SERVICE = "service"
    ANONYMOUS = "anonymous"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs a request."""

    kind: CallerKind
    arn: str
    """Of the user, of the role *session* (`arn:aws:sts::…:assumed-role/role/session`), of root; the provider of a
    federated caller; the service's name (`ec2.amazonaws.com`); empty for an anonymous caller."""
    account: str
    """Empty where the caller belongs to none: services, the anonymous, federated callers."""
    name: str = ""
    """The user's name; the session's name."""
    unique_id: str | Unknown = _NO_UNIQUE_ID
    """AIDA… of a user, AROA… of a session's role."""
    tags: Mapping[str, str] | Unknown = _NO_TAGS
    """Of the user or role, and of the session."""
    issuer: str = ""
    """The ARN, with its path, of the role of a role session, or of the user of a federated user."""


_IS_A_SERVICE = Present(("true",))
_IS_NO_SERVICE = Present(("false",))
_NO_PRINCIPAL = ("aws:username", "aws:userid", "aws:principalarn", "aws:principalaccount")
_ORGANIZATION = ("aws:principalorgid", "aws:principalorgpaths")
_UNSEEN = {key: Unknown(f"{key} was not seen") for key in (*_NO_PRINCIPAL, *_ORGANIZATION)}
_TYPES = {
    CallerKind.USER: Present(("User",)),
    CallerKind.ROOT: Present(("Account",)),
    CallerKind.ROLE_SESSION: Present(("AssumedRole",)),
    CallerKind.FEDERATED_USER: Present(("FederatedUser",)),
    CallerKind.ANONYMOUS: Present(("Anonymous",)),
}
"""AWS: reference_policies_variables, principal key values."""


def caller_context(caller: Caller, *, default: Absent | Unknown = NOT_SAID) -> Context:
    """The condition keys that follow from who calls; those of the session and of the network are the caller's to add.

    Keys that say which organization the caller belongs to are unknown until given.
    """
    entries = dict(_entries_of(caller))
    families: dict[str, Absent | Unknown] = {}
    if isinstance(caller.tags, Unknown):
        families["aws:principaltag/"] = caller.tags
    else:
        families["aws:principaltag/"] = ABSENT
        entries |= {
            f"aws:principaltag/{name}".lower(): Present((value,)) for name, value in caller.tags.items()
        }
    return Context(entries=entries, default=default, families=families)


def _entries_of(caller: Caller) -> Iterator[tuple[str, Entry]]:
    unseen: tuple[str, ...] = _ORGANIZATION
    if caller.kind in _TYPES:
        yield "aws:principaltype", _TYPES[caller.kind]
    match caller.kind:
        case CallerKind.ANONYMOUS:
            yield from (
                (key, ABSENT) for key in (*_NO_PRINCIPAL, *_ORGANIZATION, "aws:principalisawsservice")
            )
            return
        case CallerKind.SERVICE:
            yield "aws:principalisawsservice", _IS_A_SERVICE
            yield "aws:principalservicename", Present((caller.arn,))
            yield "aws:username", ABSENT
            unseen = (*_NO_PRINCIPAL[1:], *_ORGANIZATION)
        case CallerKind.FEDERATED:
            yield "aws:principalisawsservice", _IS_NO_SERVICE
            yield "aws:username", ABSENT
            unseen = (*_NO_PRINCIPAL[1:], *_ORGANIZATION)
        case _:
            yield "aws:principalisawsservice", _IS_NO_SERVICE
            yield "aws:principalaccount", Present((caller.account,))
            yield "aws:userid", _user_id(caller)
            # AWS: for a role session, aws:PrincipalArn is the ARN of the role.
            of_role = caller.kind is CallerKind.ROLE_SESSION
            yield "aws:principalarn", Present((caller.issuer if of_role else caller.arn,))
            is_user = caller.kind is CallerKind.USER
            yield "aws:username", Present((caller.name,)) if is_user else ABSENT
    yield from ((key, _UNSEEN[key]) for key in unseen)


def _user_id(caller: Caller) -> Entry:
    match caller.kind:
        case CallerKind.ROOT:
            return Present((caller.account,))
        case CallerKind.FEDERATED_USER:
            return Present((f"{caller.account}:{caller.name}",))
        case _ if isinstance(caller.unique_id, Unknown):
            return caller.unique_id
        case CallerKind.ROLE_SESSION:
            return Present((f"{caller.unique_id}:{caller.name}",))
        case _:
            return Present((caller.unique_id,))
