"""Which roles a caller may be let into, by whom their trust policies name; what they demand is the evaluator's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auditwright.access.context import Caller
from auditwright.access.likeness import asks_about_the_session, asks_who
from auditwright.access.policy import Effect, Policy
from auditwright.access.world import World

ANYONE = "*"
UNREADABLE = "?"
_KEYS_OF_RESOURCES = ("aws:resource", "iam:resourcetag/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A trust policy, and the roles that have it."""

    policy: Policy
    roles: tuple[str, ...]
    members: frozenset[str] = field(repr=False)
    """The same."""
    directly: bool
    """True where the caller may be let in without a policy of its own."""
    alike: bool
    """True where the policy tells none of its roles from another."""
    for_all: bool
    """True where it tells no callers of an account and of one kind from each other."""
    by_session: bool
    """True where it may tell sessions of one principal from each other."""


@dataclass(slots=True)
class Trusts:
    """The trust policies of a world, by whom they name."""

    world: World
    _roles: dict[str, list[str]] = field(default_factory=dict)
    _policies: dict[str, Policy] = field(default_factory=dict)
    _by_name: dict[str, dict[str, bool]] = field(default_factory=dict)
    """For each name, the keys of the policies that have it, and whether they name it directly."""
    _found: dict[tuple[str, bool], Trust] = field(default_factory=dict)
    _for_all: dict[str, tuple[Trust, ...]] = field(default_factory=dict)
    _for_some: dict[str, dict[str, bool]] = field(default_factory=dict)
    """As `_by_name`, without what is for all callers of an account alike."""

    def __post_init__(self) -> None:
        for role in self.world.roles.values():
            policy = role.trust
            if policy.key not in self._policies:
                self._policies[policy.key] = policy
                for_all = not any(map(asks_who, policy.statements))
                for name, directly in _names(policy):
                    self._by_name.setdefault(name, {})[policy.key] = directly
                    if not for_all:
                        self._for_some.setdefault(name, {})[policy.key] = directly
            self._roles.setdefault(policy.key, []).append(role.arn)

    def naming(self, caller: Caller) -> tuple[Trust, ...]:
        """The trust policies that may let a caller in."""
        return self._of(self._by_name, _names_of(caller))

    def for_all_of(self, account: str) -> tuple[Trust, ...]:
        """The trust policies that may let the users and roles of an account in, whoever of them calls."""
        found = self._for_all.get(account)
        if found is None:
            named = self._of(self._by_name, (account, ANYONE))
            found = self._for_all[account] = tuple(each for each in named if each.for_all)
        return found

    def for_some(self, caller: Caller) -> tuple[Trust, ...]:
        """The trust policies that may let a caller in and not others of the account."""
        return self._of(self._for_some, _names_of(caller))

    def _of(self, by_name: Mapping[str, Mapping[str, bool]], names: Sequence[str]) -> tuple[Trust, ...]:
        if by_name.keys().isdisjoint(names):
            return ()
        found: dict[str, bool] = {}
        for name in names:
            keys = by_name.get(name) if name else None
            for key, directly in keys.items() if keys else ():
                found[key] = found.get(key, False) or directly
        return tuple(self._trust(key, directly=directly) for key, directly in found.items())

    def _trust(self, key: str, *, directly: bool) -> Trust:
        found = self._found.get((key, directly))
        if found is None:
            policy = self._policies[key]
            conditions = [each for statement in policy.statements for each in statement.conditions]
            found = self._found[key, directly] = Trust(
                policy=policy,
                roles=tuple(self._roles[key]),
                members=frozenset(self._roles[key]),
                directly=directly,
                alike=not any(
                    name.startswith(_KEYS_OF_RESOURCES)
                    for each in conditions
                    for name in (each.key, *each.variables)
                ),
                for_all=not any(map(asks_who, policy.statements)),
                by_session=any(map(asks_about_the_session, policy.statements)),
            )
        return found

    def names(self) -> Iterable[str]:
        """Everyone whom some trust policy names."""
        return self._by_name.keys()


def _names_of(caller: Caller) -> tuple[str, ...]:
    """What trust policies may call a caller by."""
    return (caller.account, caller.arn, caller.issuer, _without_path(caller.issuer), ANYONE, UNREADABLE)


def _names(policy: Policy) -> Iterator[tuple[str, bool]]:
    for statement in policy.statements:
        if statement.effect is Effect.DENY:
            continue
        who = statement.principals
        if who is None or who.negated or statement.effect is None:
            yield UNREADABLE, True
        if who is None or who.negated:
            continue
        if who.everyone:
            yield ANYONE, True
        for account in who.accounts:
            yield account, False
        for arn in (*who.arns, *who.unique_ids):
            yield _role_of(arn), True
        for provider in who.providers:
            yield provider, True


def sessions_named(policy: Policy, role: str) -> Iterator[str]:
    """The ARNs of sessions of a role that a trust policy names: whoever takes the role may choose to have one."""
    for statement in policy.statements:
        for arn in sorted(statement.principals.arns) if statement.principals else ():
            if ":assumed-role/" in arn and _role_of(arn) == _without_path(role):
                yield arn


def _without_path(role: str) -> str:
    """The ARN of a role as the ARNs of its sessions have it."""
    head, found, rest = role.partition(":role/")
    return f"{head}:role/{rest.rpartition('/')[2]}" if found else role


def _role_of(arn: str) -> str:
    """The role of the ARN of one of its sessions; any other ARN as it is."""
    head, found, rest = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.rpartition('/')[0]}" if found else arn
