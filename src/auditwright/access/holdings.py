"""Which policies bear on a principal, as the account stands and as an adversary may have changed it.

Changes come as alternatives, because an adversary uses each policy before it takes it off: a request goes through if it
does under any of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from auditwright.access.context import Caller, CallerKind
from auditwright.access.evaluator import Policies
from auditwright.access.facts import Fact, Kind
from auditwright.access.policy import Effect, Policy, parse_policy
from auditwright.access.sessions import ADVERSARY_ACCOUNT, SessionClass
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
    """The changes that can matter to a principal."""
    principal = world.principal(arn)
    if principal is None:
        return ()
    held = attachments_of(world, principal)
    facts = [Fact(Kind.ALLOW, arn), Fact(Kind.TAGS, arn)]
    if isinstance(principal, User):
        facts += [Fact(Kind.ALLOW, group) for group in principal.groups]
        facts += [Fact(Kind.JOIN, group) for group in world.groups if group not in principal.groups]
    facts += [Fact(Kind.LIFT, each.holder, each.reference) for each in held if denies(each.policy)]
    if principal.boundary is not None:
        facts += [Fact(Kind.UNBOUND, arn), Fact(Kind.ALLOW, principal.boundary.arn)]
    for policy in _own_policies(world, held):
        facts.append(Fact(Kind.ALLOW, policy.arn))
        facts += [
            Fact(Kind.VERSION, policy.arn, version)
            for version in policy.versions
            if version != policy.default
        ]
    return tuple(dict.fromkeys(facts))


def _own_policies(world: World, held: tuple[Attachment, ...]) -> Iterator[ManagedPolicy]:
    """The managed policies among those held that the organization can change."""
    for each in held:
        policy = world.policies.get(each.reference)
        if policy is not None and not policy.provider_managed:
            yield policy


def policies_of(world: World, arn: str, changes: frozenset[Fact]) -> tuple[Policies, ...]:
    """The alternatives in which the policies of a principal may stand; the first is as the account has them."""
    account = world.accounts.get(account_of(arn))
    principal = world.principal(arn)
    if principal is None:
        return (_with_account(_outside(arn, account), None, account),)
    held = attachments_of(world, principal)
    boundary = principal.boundary.policy if principal.boundary else None
    service_linked = isinstance(principal, Role) and principal.service_linked
    found = [
        _with_account(identity, each_boundary, None if service_linked else account, outside=service_linked)
        for identity, each_boundary in product(
            _identities(world, principal, held, changes), _boundaries(principal, boundary, changes)
        )
    ]
    if len(found) > MAX_ALTERNATIVES:
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
    principal: Principal, boundary: Policy | Unknown | None, changes: frozenset[Fact]
) -> tuple[Policy | Unknown | None, ...]:
    if principal.boundary is None:
        return (None,)
    off = {Fact(Kind.UNBOUND, principal.arn), Fact(Kind.ALLOW, principal.boundary.arn)}
    return (boundary, None) if off & changes else (boundary,)


def _identities(
    world: World, principal: Principal, held: tuple[Attachment, ...], changes: frozenset[Fact]
) -> Iterator[tuple[Policy, ...]]:
    base = tuple(each.policy for each in held)
    yield base
    if not changes:
        return
    kept = tuple(each.policy for each in held if not _taken_off(each, changes))
    extra = (ALLOW_ALL,) if _allowed(world, principal, held, changes) else ()
    if extra or len(kept) < len(held):
        yield (*kept, *extra)
    for change in sorted(changes):
        if change.kind is Kind.JOIN:
            yield (*base, *(each.policy for each in world.groups[change.subject].attachments), *extra)
        elif change.kind is Kind.VERSION:
            other = world.policies[change.subject].versions[change.detail]
            yield tuple(other if each.reference == change.subject else each.policy for each in held)


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


TAGGED = Unknown("whoever may tag the principal or its sessions chooses the tags")


def caller_of(
    world: World, arn: str, session: SessionClass, changes: frozenset[Fact] = frozenset()
) -> Caller:
    """The caller of a session as a principal. The adversary names its sessions as it likes."""
    account = account_of(arn)
    principal = world.principal(arn)
    unmade = Unknown("the principal is made anew")
    if session is SessionClass.OUTSIDE:
        return _outsider(arn)
    if arn.endswith(":root"):
        return Caller(kind=CallerKind.ROOT, arn=arn, account=account, unique_id=account, tags={})
    unique_id = principal.unique_id if principal else unmade
    tags: Mapping[str, str] | Unknown = principal.tags if principal else unmade
    if Fact(Kind.TAGS, arn) in changes or (isinstance(principal, Role) and _lets_tag(principal.trust)):
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
        arn=arn.replace(":root", ":user/anybody") if anybody else arn,
        account=account,
        name=arn.rpartition("/")[2],
        tags=TAGGED if account == ADVERSARY_ACCOUNT else Unknown("tags in another account were not seen"),
    )
