"""Which policies bear on a principal, as the account stands and as an adversary may have changed it.

Changes come as alternatives, because an adversary uses each policy before it takes it off: a request goes through if it
does under any of them.
"""

from collections.abc import Iterator
from itertools import product

from auditwright.access.context import Caller, CallerKind
from auditwright.access.evaluator import Policies
from auditwright.access.facts import EVERY_GROUP, EVERY_POLICY, EVERY_ROLE, EVERY_USER, Fact, Kind
from auditwright.access.policy import Effect, Policy, parse_policy
from auditwright.access.sessions import SessionClass
from auditwright.access.world import Account, Attachment, Principal, Role, User, World, account_of
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
"""Ways in which a principal's policies may stand; past it, each change is tried by itself only."""

UNSEEN_ACCOUNT = Unknown("the account's own policies were not seen")


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
    """The changes that can matter to a principal, those of every one of its kind included."""
    principal = world.principal(arn)
    if principal is None:
        return ()
    held = attachments_of(world, principal)
    every = EVERY_USER if isinstance(principal, User) else EVERY_ROLE
    facts = [Fact(Kind.ALLOW, arn), Fact(Kind.ALLOW, every)]
    if isinstance(principal, User):
        facts += [Fact(Kind.ALLOW, group) for group in principal.groups]
        facts += [Fact(Kind.ALLOW, EVERY_GROUP)] if principal.groups else []
        facts += [Fact(Kind.JOIN, group) for group in world.groups if group not in principal.groups]
        facts.append(Fact(Kind.JOIN, EVERY_GROUP))
    facts += [Fact(Kind.LIFT, each.holder, each.reference) for each in held if denies(each.policy)]
    if principal.boundary is not None:
        facts += [Fact(Kind.UNBOUND, arn), Fact(Kind.UNBOUND, every), Fact(Kind.ALLOW, principal.boundary.arn)]
    managed = [world.policies[each.reference] for each in held if each.reference in world.policies]
    own = [policy for policy in managed if not policy.provider_managed]
    facts += [Fact(Kind.ALLOW, policy.arn) for policy in own]
    facts += [
        Fact(Kind.VERSION, policy.arn, version) for policy in own for version in policy.versions if version != policy.default
    ]
    if own or principal.boundary is not None:
        facts.append(Fact(Kind.ALLOW, EVERY_POLICY))
    return tuple(dict.fromkeys(facts))


def policies_of(world: World, arn: str, changes: frozenset[Fact]) -> tuple[Policies, ...]:
    """The alternatives in which the policies of a principal may stand; the first is as the account has them."""
    account = world.accounts.get(account_of(arn))
    principal = world.principal(arn)
    if principal is None:
        # Root may do everything that the organization lets it; a principal that was just made has no policy.
        identity = (ALLOW_ALL,) if arn.endswith(":root") else ()
        return (_with_account(identity, None, account),)
    held = attachments_of(world, principal)
    boundary = principal.boundary.policy if principal.boundary else None
    service_linked = isinstance(principal, Role) and principal.service_linked
    found = [
        _with_account(identity, each_boundary, None if service_linked else account, outside=service_linked)
        for identity, each_boundary in product(
            _identities(world, principal, held, changes), _boundaries(principal, boundary, changes)
        )
    ]
    return tuple(found[:MAX_ALTERNATIVES])


def _with_account(
    identity: tuple[Policy, ...], boundary: Policy | None | Unknown, account: Account | None, *, outside: bool = False
) -> Policies:
    # AWS: service control policies do not affect service-linked roles.
    if outside:
        return Policies(identity=identity, boundary=boundary)
    levels = account.service_policies if account else UNSEEN_ACCOUNT
    return Policies(identity=identity, boundary=boundary, scps=levels)


def _boundaries(
    principal: Principal, boundary: Policy | None | Unknown, changes: frozenset[Fact]
) -> tuple[Policy | None | Unknown, ...]:
    if principal.boundary is None:
        return (None,)
    every = EVERY_USER if isinstance(principal, User) else EVERY_ROLE
    off = {
        Fact(Kind.UNBOUND, principal.arn),
        Fact(Kind.UNBOUND, every),
        Fact(Kind.ALLOW, principal.boundary.arn),
        Fact(Kind.ALLOW, EVERY_POLICY),
    }
    return (boundary, None) if off & changes else (boundary,)


def _identities(
    world: World, principal: Principal, held: tuple[Attachment, ...], changes: frozenset[Fact]
) -> Iterator[tuple[Policy, ...]]:
    base = tuple(each.policy for each in held)
    yield base
    if not changes:
        return
    kept = [each for each in held if not _taken_off(each, changes)]
    allowed = _allowed(world, principal, held, changes)
    extra = (ALLOW_ALL,) if allowed else ()
    if allowed or len(kept) < len(held):
        yield (*(each.policy for each in kept), *extra)
    for change in sorted(changes):
        match change.kind:
            case Kind.JOIN if isinstance(principal, User):
                groups = world.groups.values() if change.subject == EVERY_GROUP else (world.groups[change.subject],)
                for group in groups:
                    yield (*base, *(each.policy for each in group.attachments), *extra)
            case Kind.VERSION:
                other = world.policies[change.subject].versions[change.detail]
                yield tuple(other if each.reference == change.subject else each.policy for each in held)
            case _:
                continue


def _taken_off(attachment: Attachment, changes: frozenset[Fact]) -> bool:
    """True where an attachment can be gone: it was taken off, or its policy was written anew."""
    return (
        Fact(Kind.LIFT, attachment.holder, attachment.reference) in changes
        or Fact(Kind.ALLOW, attachment.reference) in changes
        or (Fact(Kind.ALLOW, EVERY_POLICY) in changes and ":iam::aws:" not in attachment.reference)
    )


def _allowed(world: World, principal: Principal, held: tuple[Attachment, ...], changes: frozenset[Fact]) -> bool:
    every = EVERY_USER if isinstance(principal, User) else EVERY_ROLE
    subjects = {principal.arn, every}
    if isinstance(principal, User) and principal.groups:
        subjects |= {*principal.groups, EVERY_GROUP}
    for each in held:
        policy = world.policies.get(each.reference)
        if policy is not None and not policy.provider_managed:
            subjects |= {policy.arn, EVERY_POLICY}
    return any(change.kind is Kind.ALLOW and change.subject in subjects for change in changes)


def caller_of(world: World, arn: str, session: SessionClass) -> Caller:
    """The caller of a session as a principal. The adversary names its sessions as it likes."""
    account = account_of(arn)
    principal = world.principal(arn)
    unmade = Unknown("the principal is made anew")
    if arn.endswith(":root"):
        return Caller(kind=CallerKind.ROOT, arn=arn, account=account, unique_id=account, tags={})
    unique_id = principal.unique_id if principal else unmade
    tags = principal.tags if principal else {}
    if ":user/" in arn:
        return Caller(
            kind=CallerKind.USER, arn=arn, account=account, name=arn.rpartition("/")[2], unique_id=unique_id, tags=tags
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
