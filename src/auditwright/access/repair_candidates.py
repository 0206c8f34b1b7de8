"""Which changes cut a path: for each of its steps, those that could, and of these the ones that do.

1. A credential that the path starts with is deleted, or gets a second factor.
2. A request is asked for a second factor, in the trust policy, the resource's policy or the caller's own; or the right
   to it is removed. A caller that is a role has no second factor to show: it is denied.
   Where service control policies limit the account, one more can ask for it on behalf of all its users.
3. A cluster's mapping goes, or what it gives there does: a binding, an access policy. No policy can stop a sign-in to a cluster (a presigned sts:GetCallerIdentity), so that
   nothing else is offered there.
4. What does not cut the path is left out: each change is tried on it.
"""

from collections.abc import Iterator, Mapping, Sequence

from auditwright.access.asking import Answer, bucket_of
from auditwright.access.eks import AccessEntry, Cluster, Creator, Source
from auditwright.access.entering import Entered, Entrances
from auditwright.access.facts import Kind
from auditwright.access.glob import lower
from auditwright.access.holdings import attachments_of
from auditwright.access.kubernetes import ALL_NAMESPACES, DEFAULT_RBAC, PolicyGrant, Rbac, names
from auditwright.access.lint import lint
from auditwright.access.matching import Part
from auditwright.access.policy import Effect, Policy, Statement
from auditwright.access.probe import MFA_KEYS
from auditwright.access.repair_changes import Change, ChangeKind
from auditwright.access.repair_edits import (
    Added,
    Asking,
    Corrected,
    Detached,
    DeviceEnrolled,
    Document,
    EntriesUsed,
    EntryGone,
    EntryNarrowed,
    GroupLeft,
    Guarded,
    KeysGone,
    MappingGone,
    PasswordGone,
    Place,
    Revised,
    RootDeviceEnrolled,
    RootKeysGone,
    Unbound,
    Where,
    Without,
)
from auditwright.access.repair_paths import Path, entered_by, starts_in, walks
from auditwright.access.sessions import SessionClass
from auditwright.access.starts import Start, StartKind
from auditwright.access.witness import WitnessStep
from auditwright.access.world import INLINE, Attachment, Principal, Role, User, World, account_of
from auditwright.core.outcome import Unknown

LACKS_MFA: Document = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
ENROLLING = ("iam:CreateVirtualMFADevice", "iam:EnableMFADevice")
CONSOLE_ONLY: Document = {
    "Sid": "EnrollInTheConsoleOnly",
    "Effect": "Deny",
    "Action": list(ENROLLING),
    "Resource": "*",
    "Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}},
}
"""Leaves enrollment to sessions of the console: a key does not show the condition key at all."""


def candidates(world: World, path: Path, chosen: Sequence[Start] | None) -> tuple[Change, ...]:
    """The changes that each cut a path that stands in a world, the least disruptive first."""
    found: list[Change] = []
    for change in sorted(_offered(world, path, chosen), key=lambda each: each.weight):
        known = any(each.edit == change.edit for each in found)
        if not known:
            after = change.apply(world)
            # Step 4 of the list above.
            if not walks(after, path, starts_in(after, chosen)):
                found.append(change)
    return tuple(found)


def _offered(world: World, path: Path, chosen: Sequence[Start] | None) -> Iterator[Change]:
    entrances = Entrances(world)
    # Step 3 of the list above.
    for step in path.witness.steps:
        yield from _entering(world, entrances, step)
        yield from _within(world, entrances, step)
    # Step 2 of the list above.
    for step in path.witness.steps:
        for answer in sorted(step.answers, key=lambda each: not each.request.action.startswith("iam:")):
            yield from _on_trust(world, step, answer)
            yield from _on_resource(world, step, answer)
            yield from _on_caller(world, step, answer)
            yield from _on_account(world, step, answer)
    # Step 1 of the list above.
    for start in starts_in(world, chosen):
        if start.id in path.witness.start:
            yield from _on_start(world, start)
    for step in path.witness.steps:
        if step.actor is None and step.gains.detail == SessionClass.CONSOLE:
            yield from _enrolled(world, step.gains.subject, step.text)


# --- credentials


def _on_start(world: World, start: Start) -> Iterator[Change]:
    fact = start.facts[0]
    name = fact.subject.rpartition("/")[2]
    reason = f"the path starts with {start.id}"
    if start.kind is StartKind.ROOT:
        account = account_of(fact.subject)
        if fact.detail == SessionClass.KEY:
            yield Change(
                kind=ChangeKind.DELETE_ROOT_KEY,
                subject=account,
                title=f"Delete the access keys of the root user of {account}",
                reason=reason,
                edit=RootKeysGone(account=account),
            )
        else:
            yield Change(
                kind=ChangeKind.ENROLL_ROOT_DEVICE,
                subject=account,
                title=f"Enroll a second factor for the root user of {account}",
                reason=reason,
                edit=RootDeviceEnrolled(account=account),
            )
    elif fact.subject not in world.users:
        return
    elif fact.kind is Kind.PASSWORD:
        yield from _enrolled(world, fact.subject, reason)
        yield Change(
            kind=ChangeKind.DELETE_PASSWORD,
            subject=fact.subject,
            title=f"Delete the console password of {name}",
            reason=reason,
            edit=PasswordGone(user=fact.subject),
        )
    elif start.kind is StartKind.KEY:
        inactive = fact.kind is Kind.OLD_KEY
        yield Change(
            kind=ChangeKind.DELETE_INACTIVE_KEY if inactive else ChangeKind.DELETE_KEY,
            subject=fact.subject,
            title=f"Delete the {'inactive ' if inactive else ''}access keys of {name}",
            reason=reason,
            edit=KeysGone(user=fact.subject, only_inactive=inactive),
        )


def _enrolled(world: World, user: str, reason: str) -> Iterator[Change]:
    if user in world.users and world.users[user].credentials.devices == 0:
        yield Change(
            kind=ChangeKind.ENROLL_DEVICE,
            subject=user,
            title=f"Have {world.users[user].name} enroll a second factor",
            reason=reason,
            edit=DeviceEnrolled(user=user),
        )


# --- requests


def _on_trust(world: World, step: WitnessStep, answer: Answer) -> Iterator[Change]:
    role = world.roles.get(answer.request.resource)
    if role is None or lower(answer.request.action) != "sts:assumerole" or role.service_linked:
        return
    if role.trust.unread:
        return  # What was not understood of it would be lost in writing it anew.
    letting = [each for each in role.trust.statements if _lets_people_in(each)]
    if letting:
        yield _asking(
            Where(place=Place.TRUST, arn=role.arn), letting, step, f"the trust policy of {role.name}"
        )


def _lets_people_in(statement: Statement) -> bool:
    who = statement.principals
    return (
        statement.effect is Effect.ALLOW
        and statement.actions is not None
        and statement.actions.match("sts:assumerole")
        and who is not None
        and not who.negated
        and not who.services
        and not who.providers
        and bool(who.everyone or who.accounts or who.arns or who.unique_ids)
    )


def _asking(where: Where, statements: Sequence[Statement], step: WitnessStep, what: str) -> Change:
    seems = any(each.key in MFA_KEYS for statement in statements for each in statement.conditions)
    plain = ChangeKind.TRUST_ASKS_MFA if where.place is Place.TRUST else ChangeKind.ASK_MFA
    return Change(
        kind=ChangeKind.CORRECT_CONDITION if seems else plain,
        subject=where.arn,
        title=f"Correct the condition on MFA in {what}" if seems else f"Ask for MFA in {what}",
        reason=step.text,
        edit=Revised(where=where, revision=Asking(indexes=tuple(each.index for each in statements))),
    )


def _on_resource(world: World, step: WitnessStep, answer: Answer) -> Iterator[Change]:
    resource = answer.request.resource
    resource = resource if resource in world.documents else bucket_of(resource)
    document = world.documents.get(resource)
    if document is None or isinstance(document, Unknown) or document.unread:
        return
    allowing = [each for each in document.relevant(answer.request.action) if each.effect is Effect.ALLOW]
    if allowing:
        yield _asking(Where(place=Place.RESOURCE, arn=resource), allowing, step, f"the policy of {resource}")


def _on_caller(world: World, step: WitnessStep, answer: Answer) -> Iterator[Change]:
    assert step.actor is not None, "requests are made in a session"
    principal = world.principal(step.actor.subject)
    if principal is None or (isinstance(principal, Role) and principal.service_linked):
        return
    action = answer.request.action
    held = attachments_of(world, principal)
    if isinstance(principal, User):
        for attachment in held:
            yield from _corrections(world, attachment, step)
        if action in ENROLLING:
            yield _closing_enrollment(world, principal, held, step)
    yield _denying(principal, step, answer)
    for attachment in held:
        yield from _leaving(principal, attachment, action, step)
        yield from _removals(world, attachment, action, step)


def _corrections(world: World, attachment: Attachment, step: WitnessStep) -> Iterator[Change]:
    where = _where(world, attachment)
    if where is None:
        return
    for finding in lint(attachment.policy, Part.IDENTITY):
        if finding.rule == "mfa-open" and finding.corrected:
            yield Change(
                kind=ChangeKind.CORRECT_CONDITION,
                subject=attachment.holder,
                title=f"Correct the condition on MFA in {_called(attachment)}: {finding.title}",
                reason=step.text,
                edit=Revised(
                    where=where, revision=Corrected(index=finding.index, documents=finding.corrected)
                ),
            )


def _closing_enrollment(world: World, user: User, held: Sequence[Attachment], step: WitnessStep) -> Change:
    """Where a policy asks for MFA already, enrollment is closed in it, for everybody who holds it."""
    asking = (_where(world, each) for each in held if _denies_without_mfa(each.policy))
    own = Where(place=Place.INLINE, arn=user.arn, name="EnrollInTheConsoleOnly")
    where = next((each for each in asking if each is not None), own)
    return Change(
        kind=ChangeKind.CLOSE_ENROLLMENT,
        subject=where.arn,
        title=f"Let nobody enroll a second factor with an access key of {user.name}",
        reason=step.text,
        edit=Revised(where=where, revision=Added(document=CONSOLE_ONLY)),
    )


def _denies_without_mfa(policy: Policy) -> bool:
    return any(
        each.effect is Effect.DENY and any(condition.key in MFA_KEYS for condition in each.conditions)
        for each in policy.statements
    )


def _denying(principal: Principal, step: WitnessStep, answer: Answer) -> Change:
    action = answer.request.action
    service, _, operation = action.partition(":")
    assuming = lower(action).startswith("sts:assumerole")
    human = isinstance(principal, User)
    name = f"{'AskMfaFor' if human else 'Deny'}{service.title().replace('-', '')}{operation}"
    # Only roles are named one by one: whoever may pass or rewrite one may another.
    resource = answer.request.resource if assuming else "*"
    document: dict[str, object] = {"Effect": "Deny", "Action": action, "Resource": resource}
    if human:
        document["Condition"] = LACKS_MFA
    return Change(
        kind=ChangeKind.ASK_MFA if human else ChangeKind.DENY_ROLE,
        subject=principal.arn,
        title=f"Ask {principal.name} for MFA before {action}"
        if human
        else f"Deny {action} to {principal.name}",
        reason=step.text,
        edit=Revised(
            where=Where(place=Place.INLINE, arn=principal.arn, name=name), revision=Added(document=document)
        ),
    )


def _on_account(world: World, step: WitnessStep, answer: Answer) -> Iterator[Change]:
    """A service control policy that asks users for MFA: programs are left alone, which have none to show."""
    assert step.actor is not None, "requests are made in a session"
    account = account_of(step.actor.subject)
    own = world.accounts.get(account)
    # AWS: no service control policy limits the management account.
    if own is None or isinstance(own.service_policies, Unknown) or not own.service_policies:
        return
    action = answer.request.action
    # Whoever has no second factor yet has to be able to enroll one in the console.
    if step.actor.subject in world.roles or action in ENROLLING:
        return
    service, _, operation = action.partition(":")
    people = [f"arn:{world.partition}:iam::{account}:{who}" for who in ("user/*", "root")]
    document = {
        "Effect": "Deny",
        "Action": action,
        "Resource": "*",
        "Condition": {**LACKS_MFA, "ArnLike": {"aws:PrincipalArn": people}},
    }
    yield Change(
        kind=ChangeKind.ADD_GUARDRAIL,
        subject=account,
        title=f"Ask every user of account {account} for MFA before {action}, by a service control policy",
        reason=step.text,
        edit=Guarded(
            account=account,
            # AWS Organizations: no two policies have the same name.
            name=f"AskUsersForMfaFor{service.title().replace('-', '')}{operation}In{account}",
            document=document,
        ),
    )


def _leaving(
    principal: Principal, attachment: Attachment, action: str, step: WitnessStep
) -> Iterator[Change]:
    """A user without a group that allows an action; the others in it keep what they have."""
    group = attachment.holder
    allows = any(each.effect is Effect.ALLOW for each in attachment.policy.relevant(action))
    if isinstance(principal, User) and allows and group in principal.groups:
        yield Change(
            kind=ChangeKind.LEAVE_GROUP,
            subject=principal.arn,
            title=f"Take {principal.name} out of the group {group.rpartition('/')[2]}",
            reason=step.text,
            edit=GroupLeft(user=principal.arn, group=group),
        )


def _removals(world: World, attachment: Attachment, action: str, step: WitnessStep) -> Iterator[Change]:
    allowing = [each for each in attachment.policy.relevant(action) if each.effect is Effect.ALLOW]
    where = _where(world, attachment)
    if where is None:
        if allowing and not attachment.reference.startswith(INLINE):
            yield Change(
                kind=ChangeKind.DETACH_POLICY,
                subject=attachment.holder,
                title=f"Detach {_called(attachment)} from {attachment.holder.rpartition(':')[2]}",
                reason=step.text,
                edit=Detached(holder=attachment.holder, policy=attachment.reference),
            )
        return
    for statement in allowing:
        if statement.actions is None or statement.actions.negated:
            continue
        plain = tuple(each for each in statement.actions.patterns if lower(each) == lower(action))
        named = plain or tuple(each for each in statement.actions.patterns if _covers(each, action))
        if named:
            yield Change(
                kind=ChangeKind.REMOVE_RIGHT if plain else ChangeKind.REMOVE_ADMINISTRATOR,
                subject=attachment.holder,
                title=f"Remove {', '.join(named)} from {_called(attachment)}",
                reason=step.text,
                edit=Revised(where=where, revision=Without(index=statement.index, actions=named)),
            )


def _covers(pattern: str, action: str) -> bool:
    """True for a pattern that ends in a wildcard and covers the action; others are left to the deny."""
    return pattern.endswith("*") and lower(action).startswith(lower(pattern[:-1]))


def _where(world: World, attachment: Attachment) -> Where | None:
    """Where a policy that can be written anew stands; None for what is the provider's, or was not understood."""
    if attachment.policy.unread:
        return None
    if attachment.reference.startswith(INLINE):
        return Where(
            place=Place.INLINE, arn=attachment.holder, name=attachment.reference.removeprefix(INLINE)
        )
    managed = world.policies.get(attachment.reference)
    if managed is None or managed.provider_managed:
        return None
    return Where(place=Place.MANAGED, arn=attachment.reference)


def _called(attachment: Attachment) -> str:
    name = attachment.reference.removeprefix(INLINE).rpartition("/")[2]
    return f"{name} of {attachment.holder.rpartition(':')[2]}"


# --- clusters


def _entering(world: World, entrances: Entrances, step: WitnessStep) -> Iterator[Change]:
    entered = entered_by(entrances, step)
    if entered is None:
        return
    source = next((each for each in Source if entered.origin.startswith(f"{each} ")), None)
    assert source is not None, "an entrance has a source"
    subject = entered.origin.removeprefix(f"{source} ")
    cluster = next(each for each in world.clusters if each.name == entered.cluster)
    if source is Source.CREATOR:
        creator = cluster.creator.arn if isinstance(cluster.creator, Creator) else ""
        who = creator.rpartition(":")[2] or "whoever created it"
        yield Change(
            kind=ChangeKind.SWITCH_MODE,
            subject=cluster.name,
            title=f"Have {cluster.name} use access entries, and delete the entry of {who}",
            reason=step.text,
            edit=EntriesUsed(cluster=cluster.name, creator=creator),
        )
        return
    if subject.startswith(("an ", "a ")):
        return  # It was not seen: there is nothing to name.
    nobody = subject.startswith("arn:") and _gone(world, subject)
    if source is Source.ACCESS_ENTRY:
        yield Change(
            kind=ChangeKind.DELETE_DANGLING if nobody else ChangeKind.DELETE_ENTRY,
            subject=cluster.name,
            title=f"Delete the access entry of {subject} in {cluster.name}",
            reason=step.text,
            edit=EntryGone(cluster=cluster.name, principal=subject),
        )
    else:
        yield Change(
            kind=ChangeKind.DELETE_DANGLING if nobody else ChangeKind.DELETE_MAPPING,
            subject=cluster.name,
            title=f"Delete {subject} from {source} in {cluster.name}",
            reason=step.text,
            edit=MappingGone(cluster=cluster.name, source=source, subject=subject),
        )


LESSER = ("AmazonEKSAdminPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy")
"""Access policies of Amazon EKS, each with less than the one before it."""

LESSER_THAN: Mapping[str, tuple[str, ...]] = {
    "AmazonEKSClusterAdminPolicy": LESSER,
    "AmazonEKSAdminPolicy": LESSER[1:],
    "AmazonEKSEditPolicy": LESSER[2:],
    "AmazonEKSAdminViewPolicy": LESSER[2:],
}
"""By access policy, those that allow nothing that it does not. In the place of any other, one could give a right."""


OF_KUBERNETES = frozenset(
    (binding.name, binding.namespace, subject)
    for binding in DEFAULT_RBAC.bindings
    for subject in binding.subjects
)
"""What Kubernetes itself binds, and binds again where it was taken away."""


def _within(world: World, entrances: Entrances, step: WitnessStep) -> Iterator[Change]:
    """What an identity that has come into a cluster is given there."""
    entered = entered_by(entrances, step)
    if entered is None:
        return
    cluster = next(each for each in world.clusters if each.name == entered.cluster)
    principal = entered.origin.removeprefix(f"{Source.ACCESS_ENTRY} ")
    entries = () if isinstance(cluster.access_entries, Unknown) else cluster.access_entries
    for entry in entries:
        if isinstance(entry, AccessEntry) and entry.principal_arn == principal:
            yield from _narrowing(cluster, entry, step)
    rbac = world.rbac.get(cluster.name)
    if isinstance(rbac, Rbac):
        yield from _unbinding(rbac, entered, step)


def _narrowing(cluster: Cluster, entry: AccessEntry, step: WitnessStep) -> Iterator[Change]:
    held = [each.policy for each in entry.policies if isinstance(each, PolicyGrant)]
    for policy in held:
        head, _, name = policy.rpartition("/")
        lesser = LESSER_THAN.get(name, ())
        # Of sets that cost the same, the search tries the one that was offered last first: the one that takes least.
        for less in ("", *reversed(lesser)):
            instead = f"{head}/{less}" if less else ""
            if instead in held:
                continue  # Associated twice, it would hold where the second association says.
            entry_of = f"the access entry of {entry.principal_arn} in {cluster.name}"
            yield Change(
                kind=ChangeKind.LESSER_POLICY if less else ChangeKind.DISASSOCIATE_POLICY,
                subject=cluster.name,
                title=f"Give {less} instead of {name} to {entry_of}"
                if less
                else f"Take {name} from {entry_of}",
                reason=step.text,
                edit=EntryNarrowed(
                    cluster=cluster.name, principal=entry.principal_arn, policy=policy, instead=instead
                ),
            )


def _unbinding(rbac: Rbac, entered: Entered, step: WitnessStep) -> Iterator[Change]:
    for binding, doubt in rbac.bindings_of(entered.identity):
        if doubt or binding.namespace == ALL_NAMESPACES:
            continue
        for subject in binding.subjects:
            if isinstance(subject, Unknown) or not names(subject, entered.identity, binding.namespace):
                continue
            if (binding.name, binding.namespace, subject) in OF_KUBERNETES:
                continue  # It would be put back.
            alone = all(each == subject for each in binding.subjects)
            what = f"{binding.namespace}/{binding.name}" if binding.namespace else binding.name
            yield Change(
                kind=ChangeKind.DELETE_BINDING if alone else ChangeKind.TAKE_OUT_OF_BINDING,
                subject=entered.cluster,
                title=f"Delete the binding {what} in {entered.cluster}"
                if alone
                else f"Take the {subject.kind} {subject.name} out of the binding {what} in {entered.cluster}",
                reason=step.text,
                edit=Unbound(
                    cluster=entered.cluster,
                    namespace=binding.namespace,
                    binding=binding.name,
                    subject=subject,
                ),
            )


def _gone(world: World, arn: str) -> bool:
    return arn.lower() in {each.lower() for each in world.vacant}
