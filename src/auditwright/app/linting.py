"""Lint of policy files: a document by itself, or every policy of a snapshot with where it stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from auditwright.access.lint import LintFinding, lint
from auditwright.access.matching import Part
from auditwright.access.policy import Policy, parse_policy
from auditwright.access.world import INLINE, Account, Attachment, Group, ManagedPolicy, Role, User, World
from auditwright.app.proving import decoded, read_file, snapshot_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """A policy of a file, where it stands, and what was found in it."""

    where: str
    findings: tuple[LintFinding, ...]
    unread: tuple[str, ...]
    """What of it was not understood."""


def lint_file(path: Path, *, now: datetime) -> tuple[Linted, ...]:
    """What is found in a policy document, or in every policy of a snapshot; raises AppError."""
    body = read_file(path)
    document = decoded(body, path)
    if isinstance(document, dict) and "Statement" in document:
        fields = cast("Mapping[str, object]", document)
        policies = [(str(path), parse_policy(document, name=path.name), _part_of(fields["Statement"]))]
    else:
        return lint_world(snapshot_of(body, path, now=now).world)
    return tuple(
        Linted(where=where, findings=lint(policy, part), unread=policy.unread)
        for where, policy, part in policies
    )


def lint_world(world: World) -> tuple[Linted, ...]:
    """What is found in every policy of a picture."""
    return tuple(
        Linted(where=where, findings=lint(policy, part), unread=policy.unread)
        for where, policy, part in _policies_in(world)
    )


def _part_of(statements: object) -> Part:
    """What kind of policy a document is: only that of a resource names whom it is about."""
    listed = statements if isinstance(statements, list) else [statements]
    for each in listed:
        if isinstance(each, dict) and not {"Principal", "NotPrincipal"}.isdisjoint(each):
            return Part.RESOURCE
    return Part.IDENTITY


_Placed = tuple[str, Policy, Part]


def _policies_in(world: World) -> Iterator[_Placed]:
    holders: list[User | Group | Role] = [
        *world.users.values(),
        *world.groups.values(),
        *world.roles.values(),
    ]
    for holder in holders:
        yield from _inline(holder.attachments)
    yield from _managed(world.policies.values())
    for role in world.roles.values():
        yield f"trust policy of {role.arn}", role.trust, Part.RESOURCE
    for arn, document in world.documents.items():
        if isinstance(document, Policy):
            yield f"policy of {arn}", document, Part.RESOURCE
    for account in world.accounts.values():
        yield from _guardrails(account)


def _inline(attachments: Iterable[Attachment]) -> Iterator[_Placed]:
    for each in attachments:
        if each.reference.startswith(INLINE):
            name = each.reference.removeprefix(INLINE)
            yield f"inline policy {name} of {each.holder}", each.policy, Part.IDENTITY


def _managed(policies: Iterable[ManagedPolicy]) -> Iterator[_Placed]:
    for each in policies:
        for version, policy in each.versions.items():
            old = "" if version == each.default else f", version {version}, which is not in force"
            yield f"{each.arn}{old}", policy, Part.IDENTITY


def _guardrails(account: Account) -> Iterator[_Placed]:
    for levels, part in ((account.service_policies, Part.SCP), (account.resource_policies, Part.RCP)):
        for level in levels if isinstance(levels, tuple) else ():
            for policy in level:
                yield f"{policy.name} of {account.id}", policy, part
