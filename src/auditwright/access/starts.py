"""From what somebody may start who has first factors and no second one: keys, passwords, root, and what is outside."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from auditwright.access.assumptions import (
    KEYS_UNSEEN,
    OTHER_ACCOUNT,
    PASSWORD_UNSEEN,
    PROGRAM_APPROVED,
    PROVIDER_ASKS,
    ROOT_UNSEEN,
    TRUST_UNREAD,
    Assumption,
)
from auditwright.access.facts import Fact, Kind, session
from auditwright.access.sessions import ADVERSARY_ACCOUNT, SessionClass
from auditwright.access.trusts import ANYONE, UNREADABLE, Trusts
from auditwright.access.world import Account, Role, User, World, account_of, is_cluster_issuer
from auditwright.core.outcome import Unknown


class StartKind(StrEnum):
    """Whose credential a start is: each is answered in its own terms."""

    KEY = "access key"
    PASSWORD = "password"  # noqa: S105  # a kind of start
    ROOT = "root user"
    PROVIDER = "identity provider"
    CI = "program with an identity of its own"
    ACCOUNT = "another account"
    ANYONE = "anyone"
    WORKLOAD = "workload"
    SUPPOSED = "supposed session"


OVERALL = frozenset(StartKind) - {StartKind.WORKLOAD, StartKind.SUPPOSED}
"""The starts that the verdict on a whole picture is about. Workloads have no factor by nature: they stand beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A credential, or what opens a session without one of the account's own."""

    id: str
    """Such as `key:alice`; with the account, `key:111122223333/alice`, where another start has the short one."""
    kind: StartKind
    facts: tuple[Fact, ...]
    certain: bool = True
    """False where it was not seen whether there is such a credential, or whether it asks for a second factor."""
    assumptions: tuple[Assumption, ...] = ()


def starts(world: World) -> Iterator[Start]:
    """Every start of a world, each with an id of its own."""
    found = tuple(_spelled_short(world))
    times = Counter(start.id for start in found)
    for start in found:
        yield start if times[start.id] == 1 else replace(start, id=_with_account(start))


def _with_account(start: Start) -> str:
    """The id of a start with the account that it is in; a provider that is in none has the short one."""
    kind, _, name = start.id.partition(":")
    account = account_of(start.facts[0].subject)
    return f"{kind}:{account}/{name}" if account else start.id


def _spelled_short(world: World) -> Iterator[Start]:
    for user in world.users.values():
        yield from _of_user(user)
    for account in world.accounts.values():
        yield from _of_root(world, account)
    yield from _outside(world, Trusts(world))
    yield from _workloads(world)


SUPPOSED = "session:"
"""Begins the id of a session that a question supposes, such as `session:deploy`."""


class StartError(ValueError):
    """A start that the picture does not have; the message says which there are."""


def start_of(world: World, spelled: str) -> Start:
    """The start of an id, or a supposed session: `user:NAME`, `role:NAME`, either with an ARN as well. Raises StartError.

    The account may be put before any name; it has to be where several accounts have the name.
    """
    known = {start.id: start for start in starts(world)}
    if spelled in known:
        return known[spelled]
    fitting = [start for start in _spelled_short(world) if spelled in {start.id, _with_account(start)}]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise StartError(f"{spelled!r} is several: {_listed(map(_with_account, fitting))}")
    kind, _, name = spelled.partition(":")
    principals: dict[str, Iterable[User | Role]] = {
        "user": world.users.values(),
        "role": world.roles.values(),
    }
    named = [
        each
        for each in principals.get(kind, ())
        if name in {each.name, each.arn, f"{account_of(each.arn)}/{each.name}"}
    ]
    if len(named) > 1:
        raise StartError(f"{spelled!r} is several: {_listed(f'{kind}:{each.arn}' for each in named)}")
    for each in named:
        class_ = SessionClass.KEY if kind == "user" else SessionClass.ROLE
        known_as = each.arn if "/" in name else name
        return Start(id=f"{SUPPOSED}{known_as}", kind=StartKind.SUPPOSED, facts=(session(each.arn, class_),))
    shown = _listed(known) or "none"
    raise StartError(
        f"no credential {spelled!r} here; there are {len(known)}: {shown}; or user:NAME, role:NAME"
    )


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(islice(ids, MAX_SHOWN))


MAX_SHOWN = 12
"""Credentials that an error lists."""


def _of_user(user: User) -> Iterator[Start]:
    has = user.credentials
    if has.active_keys != 0:
        supposed = isinstance(has.active_keys, Unknown)
        yield Start(
            id=f"key:{user.name}",
            kind=StartKind.KEY,
            facts=(session(user.arn, SessionClass.KEY),),
            assumptions=(KEYS_UNSEEN,) if supposed else (),
        )
    if has.inactive_keys != 0 and not isinstance(has.inactive_keys, Unknown):
        yield Start(id=f"inactive-key:{user.name}", kind=StartKind.KEY, facts=(Fact(Kind.OLD_KEY, user.arn),))
    if has.password is not False:
        seen = has.password is True
        yield Start(
            id=f"password:{user.name}",
            kind=StartKind.PASSWORD,
            facts=(Fact(Kind.PASSWORD, user.arn),),
            certain=seen,
            assumptions=() if seen else (PASSWORD_UNSEEN,),
        )


def _of_root(world: World, account: Account) -> Iterator[Start]:
    root = account.root
    if root is None:
        return
    arn = f"arn:{world.partition}:iam::{account.id}:root"
    if root.keys != 0:
        yield _root_start(
            f"root-key:{account.id}", session(arn, SessionClass.KEY), certain=isinstance(root.keys, int)
        )
    if root.password is not False and (root.devices == 0 or isinstance(root.devices, Unknown)):
        seen = root.devices == 0 and root.password is True
        yield _root_start(f"root-password:{account.id}", session(arn, SessionClass.CONSOLE), certain=seen)


def _root_start(id_: str, fact: Fact, *, certain: bool) -> Start:
    return Start(
        id=id_,
        kind=StartKind.ROOT,
        facts=(fact,),
        certain=certain,
        assumptions=() if certain else (ROOT_UNSEEN,),
    )


def _outside(world: World, trusts: Trusts) -> Iterator[Start]:
    """Who may take a role of the picture without being of it."""
    for name in sorted(trusts.names()):
        if (
            ":saml-provider/" in name
            or ":oidc-provider/" in name
            or ("." in name and not name.startswith("arn:"))
        ):
            yield from _of_provider(world, name)
        elif name == UNREADABLE:
            begins = f"arn:{world.partition}:iam::{ADVERSARY_ACCOUNT}:"
            anybody = tuple(
                session(f"{begins}{who}", SessionClass.OUTSIDE)
                for who in ("root", "saml-provider/unread", "oidc-provider/unread")
            )
            yield Start(
                id="unread-trust",
                kind=StartKind.ANYONE,
                facts=anybody,
                certain=False,
                assumptions=(TRUST_UNREAD,),
            )
        elif name == ANYONE:
            arn = f"arn:{world.partition}:iam::{ADVERSARY_ACCOUNT}:root"
            yield Start(id="anyone", kind=StartKind.ANYONE, facts=(session(arn, SessionClass.OUTSIDE),))
        elif name.isdigit() or (name.startswith("arn:") and account_of(name)):
            account = name if name.isdigit() else account_of(name)
            if account not in world.accounts and not world.attests(account) and not world.attests(name):
                arn = f"arn:{world.partition}:iam::{account}:root" if name.isdigit() else name
                yield Start(
                    id=f"account:{account}" if name.isdigit() else f"account:{name}",
                    kind=StartKind.ACCOUNT,
                    facts=(session(arn, SessionClass.OUTSIDE),),
                    certain=False,
                    assumptions=(OTHER_ACCOUNT,),
                )


def _of_provider(world: World, name: str) -> Iterator[Start]:
    if world.attests(name):
        return
    issuer = name.partition(":oidc-provider/")[2] or name
    fact = session(name, SessionClass.OUTSIDE)
    if is_cluster_issuer(name):
        yield Start(
            id=f"pods:{issuer}",
            kind=StartKind.WORKLOAD,
            facts=(fact,),
            certain=False,
            assumptions=(PROGRAM_APPROVED,),
        )
    elif any(issuer.startswith(each) for each in CI_ISSUERS):
        yield Start(
            id=f"ci:{issuer}",
            kind=StartKind.CI,
            facts=(fact,),
            certain=False,
            assumptions=(PROGRAM_APPROVED,),
        )
    else:
        yield Start(
            id=f"provider:{issuer}",
            kind=StartKind.PROVIDER,
            facts=(fact,),
            certain=False,
            assumptions=(PROVIDER_ASKS,),
        )


CI_ISSUERS = (
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "oidc.circleci.com",
    "api.bitbucket.org",
    "agent.buildkite.com",
    "app.terraform.io",
    "oidc.vercel.com",
    "vstoken.dev.azure.com",
)
"""Issuers whose tokens are those of programs."""


def _workloads(world: World) -> Iterator[Start]:
    """Roles that code runs with: each is a session without a human factor."""
    for role in world.roles.values():
        services = sorted(service for service, roles in world.by_service.items() if role.arn in roles)
        if services and not role.service_linked:
            yield Start(
                id=f"workload:{role.name}",
                kind=StartKind.WORKLOAD,
                facts=(session(role.arn, SessionClass.PROGRAM),),
                certain=False,
                assumptions=(PROGRAM_APPROVED,),
            )
