"""Which policies bear on a principal, as the account stands and as an adversary may have changed it.

Changes come as alternatives, because an adversary uses each policy before it takes it off: a request goes through if it
does under any of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, product

from auditwright.access.context import Caller, CallerKind
from auditwright.access.evaluator import Policies
from auditwright.access.facts import Fact, Kind
from auditwright.access.policy import Effect, Policy, parse_policy
from auditwright.access.sessions import ADVERSARY_ACCOUNT, ANYBODY, SessionClass
from auditwright.access.world import (
    Account,
    Attachment,
    ManagedPolicy,
    Principal,
    Role,
    User,
    World,
    account_of,
)
from auditwright.core.outcome import Unknown

ALLOW_ALL = parse_policy(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
    name="a policy of the adversary's",
)
TRUST_ALL = parse_policy(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Principal": "*"}]},
    name="a trust policy of the adversary's",
)

ADVERSARY_SESSION = "session-of-choice"

MAX_ALTERNATIVES = 32
"""Ways in which a principal's policies may stand; past it, the rest is unknown, and so may allow anything."""

UNSEEN_ACCOUNT = Unknown("the account's own policies were not seen")


@lru_cache(maxsize=65_536)
def denies(policy: Policy) -> bool:
    """True where taking the policy away can open something."""
    return any(statement.effect is not Effect.ALLOW or statement.unread for statement in policy.statements)


def attachments_of(world: World, principal: Principal) -> tuple[Attachment, ...]:
    """The policies of a principal, with those of a user's groups."""
    if isinstance(principal, Role):
        return principal.attachments
    grouped = (world.groups[arn].attachments for arn in principal.groups if arn in world.groups)
    return (*principal.attachments, *(each for attachments in grouped for each in attachments))


def touching(world: World, arn: str) -> tuple[Fact, ...]:
    """The changes that can matter to a principal; the answer is kept."""
    found = world.touching.get(arn)
    if found is None:
        found = world.touching[arn] = _touching(world, arn)
    return found


def _touching(world: World, arn: str) -> tuple[Fact, ...]:
    principal = world.principal(arn)
    if principal is None:
        return ()
    held = attachments_of(world, principal)
    joining = _joinable(world, principal)
    facts = [Fact(Kind.ALLOW, arn), Fact(Kind.TAGS, arn)]
    if isinstance(principal, User):
        facts += [Fact(Kind.ALLOW, group) for group in principal.groups]
        facts += [Fact(Kind.LIFT, group) for group in principal.groups if _group_denies(world, group)]
        facts += [Fact(Kind.JOIN, group) for group in joining]
    reachable = (*held, *(each for group in joining for each in world.groups[group].attachments))
    facts += [Fact(Kind.LIFT, each.holder, each.reference) for each in reachable if denies(each.policy)]
    references = [each.reference for each in reachable]
    if principal.boundary is not None:
        facts += [Fact(Kind.UNBOUND, arn), Fact(Kind.ALLOW, principal.boundary.arn)]
        references.append(principal.boundary.arn)
    facts += [Fact(Kind.ALLOW, policy.arn) for policy in _own_policies(world, held)]
    facts += [
        Fact(Kind.VERSION, reference, version)
        for reference in references
        if (policy := world.policies.get(reference)) is not None and not policy.provider_managed
        for version in policy.versions
        if version != policy.default
    ]
    return tuple(dict.fromkeys(facts))


@dataclass(slots=True)
class Touched:
    """The principals that changes can matter to: `touching`, read the other way."""

    world: World
    _by: dict[Fact, list[str]] | None = None
    """Of changes to groups and managed policies; made once one of these is asked about."""

    def by(self, change: Fact) -> Sequence[str]:
        """The ARNs of the users and roles that a change touches."""
        if self.world.principal(change.subject) is not None:
            # What is the principal's own touches nobody else.
            return (change.subject,) if change in touching(self.world, change.subject) else ()
        if self._by is None:
            self._by = {}
            for arn in (*self.world.users, *self.world.roles):
                for each in touching(self.world, arn):
                    self._by.setdefault(each, []).append(arn)
        return self._by.get(change, ())


def _joinable(world: World, principal: Principal) -> tuple[str, ...]:
    """The groups of a user's account that the user is not in."""
    if not isinstance(principal, User):
        return ()
    account = account_of(principal.arn)
    return tuple(
        group for group in world.groups if group not in principal.groups and account_of(group) == account
    )


def _group_denies(world: World, group: str) -> bool:
    return group in world.groups and any(denies(each.policy) for each in world.groups[group].attachments)


def _own_policies(world: World, held: tuple[Attachment, ...]) -> Iterator[ManagedPolicy]:
    """The managed policies among those held that the organization can change."""
    for each in held:
        policy = world.policies.get(each.reference)
        if policy is not None and not policy.provider_managed:
            yield policy


def policies_of(world: World, arn: str, changes: frozenset[Fact]) -> tuple[Policies, ...]:
    """The alternatives in which the policies of a principal may stand; the first is as the account has them. The answer is kept."""
    found = world.in_force.get((arn, changes))
    if found is None:
        found = world.in_force[arn, changes] = _policies_of(world, arn, changes)
    return found


def _policies_of(world: World, arn: str, changes: frozenset[Fact]) -> tuple[Policies, ...]:
    account = world.accounts.get(account_of(arn))
    principal = world.principal(arn)
    if principal is None:
        return (_with_account(_outside(arn, account), None, account),)
    held = attachments_of(world, principal)
    boundary = principal.boundary.policy if principal.boundary else None
    service_linked = isinstance(principal, Role) and principal.service_linked
    bounds = _boundaries(world, principal, boundary, changes)
    identities = tuple(islice(_identities(world, principal, held, changes), MAX_ALTERNATIVES + 1))
    found = [
        _with_account(identity, each_boundary, None if service_linked else account, outside=service_linked)
        for identity, each_boundary in product(dict.fromkeys(identities), bounds)
    ]
    if max(len(found), len(identities)) > MAX_ALTERNATIVES:
        unfollowed = Unknown(f"the principal's policies can be changed in more than {MAX_ALTERNATIVES} ways")
        return (*found[:MAX_ALTERNATIVES], replace(found[0], identity=unfollowed, boundary=None))
    return tuple(found)


def _outside(arn: str, account: Account | None) -> tuple[Policy, ...] | Unknown:
    """The policies of whom no account of the picture has."""
    if account_of(arn) == ADVERSARY_ACCOUNT or arn.endswith(":root"):
        # Root may do everything that the organization lets it, and the adversary everything in its own account.
        return (ALLOW_ALL,) if account or account_of(arn) == ADVERSARY_ACCOUNT else UNSEEN_ACCOUNT
    # A principal that was just made has no policy.
    return () if account else UNSEEN_ACCOUNT


def _with_account(
    identity: tuple[Policy, ...] | Unknown,
    boundary: Policy | Unknown | None,
    account: Account | None,
    *,
    outside: bool = False,
) -> Policies:
    # AWS: service control policies do not affect service-linked roles.
    if outside:
        return Policies(identity=identity, boundary=boundary)
    levels = account.service_policies if account else ()
    return Policies(identity=identity, boundary=boundary, scps=levels)


def _boundaries(
    world: World, principal: Principal, boundary: Policy | Unknown | None, changes: frozenset[Fact]
) -> tuple[Policy | Unknown | None, ...]:
    if principal.boundary is None:
        return (None,)
    reference = principal.boundary.arn
    if {Fact(Kind.UNBOUND, principal.arn), Fact(Kind.ALLOW, reference)} & changes:
        return (boundary, None)
    managed = world.policies.get(reference)
    others = managed.versions.items() if managed else ()
    return (
        boundary,
        *(other for name, other in others if Fact(Kind.VERSION, reference, name) in changes),
    )


def _identities(
    world: World, principal: Principal, held: tuple[Attachment, ...], changes: frozenset[Fact]
) -> Iterator[tuple[Policy, ...]]:
    yield tuple(each.policy for each in held)
    if not changes:
        return
    extra = (ALLOW_ALL,) if _allowed(world, principal, held, changes) else ()
    joined = [group for group in _joinable(world, principal) if Fact(Kind.JOIN, group) in changes]
    pool = (*held, *(each for group in joined for each in world.groups[group].attachments))
    gone = _removals(world, principal, pool, changes)
    # What cannot be missed goes in any case; of the rest, each choice opens what another closes.
    surely = frozenset(each for part in gone for each in part if extra or not _allows_any(part))
    parts = [part for part in gone if not surely.issuperset(part)]
    parts += [
        frozenset(world.groups[group].attachments)
        for group in joined
        if any(denies(each.policy) for each in world.groups[group].attachments)
    ]
    versions = [_versions(world, each, changes) for each in pool]
    for off in product((True, False), repeat=len(parts)):
        left = surely.union(*(part for part, is_off in zip(parts, off, strict=True) if is_off))
        kept = [found for each, found in zip(pool, versions, strict=True) if each not in left]
        yield from ((*policies, *extra) for policies in product(*kept))


def _removals(
    world: World, principal: Principal, pool: tuple[Attachment, ...], changes: frozenset[Fact]
) -> list[frozenset[Attachment]]:
    """What can be gone, together or not at all: a policy that is taken off, all those of a group that is left."""
    found = [frozenset({each}) for each in pool if _taken_off(each, changes)]
    if isinstance(principal, User):
        left = [group for group in principal.groups if Fact(Kind.LIFT, group) in changes]
        found += [frozenset(world.groups[group].attachments) for group in left]
    return found


def _allows_any(attachments: Iterable[Attachment]) -> bool:
    return any(
        statement.effect is not Effect.DENY for each in attachments for statement in each.policy.statements
    )


def _versions(world: World, attachment: Attachment, changes: frozenset[Fact]) -> tuple[Policy, ...]:
    """The versions of an attached policy that can be in force."""
    managed = world.policies.get(attachment.reference)
    others = managed.versions.items() if managed else ()
    found = [other for name, other in others if Fact(Kind.VERSION, attachment.reference, name) in changes]
    return (attachment.policy, *found)


def _taken_off(attachment: Attachment, changes: frozenset[Fact]) -> bool:
    """True where an attachment can be gone: it was taken off, or its policy was written anew."""
    lifted = Fact(Kind.LIFT, attachment.holder, attachment.reference)
    return lifted in changes or Fact(Kind.ALLOW, attachment.reference) in changes


def _allowed(
    world: World, principal: Principal, held: tuple[Attachment, ...], changes: frozenset[Fact]
) -> bool:
    subjects = {principal.arn, *(policy.arn for policy in _own_policies(world, held))}
    if isinstance(principal, User):
        subjects.update(principal.groups)
    return any(change.kind is Kind.ALLOW and change.subject in subjects for change in changes)


UNMADE = Unknown("the principal is made anew")
TAGGED = Unknown("whoever may tag the principal or its sessions chooses the tags")


def caller_of(
    world: World, arn: str, session: SessionClass, changes: frozenset[Fact] = frozenset()
) -> Caller:
    """The caller of a session as a principal. The adversary names its sessions as it likes."""
    account = account_of(arn)
    principal = world.principal(arn)
    if session is SessionClass.OUTSIDE:
        return _outsider(arn)
    if arn.endswith(":root"):
        return Caller(kind=CallerKind.ROOT, arn=arn, account=account, unique_id=account, tags={})
    unique_id = principal.unique_id if principal else UNMADE
    tags: Mapping[str, str] | Unknown = principal.tags if principal else UNMADE
    if (changes and Fact(Kind.TAGS, arn) in changes) or (
        isinstance(principal, Role) and _lets_tag(principal.trust)
    ):
        tags = TAGGED
    if ":user/" in arn:
        return Caller(
            kind=CallerKind.USER,
            arn=arn,
            account=account,
            name=arn.rpartition("/")[2],
            unique_id=unique_id,
            tags=tags,
        )
    role = arn.rpartition("/")[2]
    return Caller(
        kind=CallerKind.ROLE_SESSION,
        arn=f"arn:{world.partition}:sts::{account}:assumed-role/{role}/{ADVERSARY_SESSION}",
        account=account,
        name=ADVERSARY_SESSION,
        unique_id=unique_id,
        tags=tags,
        issuer=arn,
    )


def _lets_tag(trust: Policy) -> bool:
    """True where a role's trust may let somebody tag its sessions; such tags override those of the role."""
    return any(statement.effect is not Effect.DENY for statement in trust.relevant("sts:tagsession"))


def _outsider(arn: str) -> Caller:
    """Whom a provider or another account vouches for: an ARN, a provider's name."""
    if ":saml-provider/" in arn or ":oidc-provider/" in arn or not arn.startswith("arn:"):
        return Caller(kind=CallerKind.FEDERATED, arn=arn, account="")
    account = account_of(arn)
    anybody = arn.endswith(":root")
    return Caller(
        kind=CallerKind.USER,
        arn=arn.replace(":root", f":{ANYBODY}") if anybody else arn,
        account=account,
        name=arn.rpartition("/")[2],
        tags=TAGGED if account == ADVERSARY_ACCOUNT else Unknown("tags in another account were not seen"),
    )
