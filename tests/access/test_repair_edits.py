"""What each edit changes in a picture, and that it changes nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import pytest

from auditwright.access.policy import Policy
from auditwright.access.repair_edits import applied
from auditwright.access.world import World
from tests.access.accounts import ACCOUNT, arn
from tests.access.repaired import RESOURCES, edits, picture

ALICE, STAFF, DEPLOY = arn("user", "alice"), arn("group", "staff"), arn("role", "ci/deploy")
SHARED = arn("policy", "shared")

CHANGED: Mapping[str, set[str]] = {
    "inline policy of a user": {f"users {ALICE} attachments inline:p policy"},
    "new inline policy of a user": {f"users {ALICE} attachments inline:New"},
    "inline policy of a group, which goes": {f"groups {STAFF} attachments inline:p policy"},
    "inline policy of a role": {f"roles {DEPLOY} attachments inline:p policy"},
    "managed policy": {
        f"users {ALICE} attachments {SHARED} policy",
        f"policies {SHARED} default",
        f"policies {SHARED} versions v1-repaired",
    },
    "managed policy, of which nothing is left": {
        f"users {ALICE} attachments {SHARED} policy",
        f"policies {SHARED} default",
        f"policies {SHARED} versions v1-repaired",
    },
    "trust policy": {f"roles {DEPLOY} trust"},
    **{f"policy of {each}": {f"documents {each}"} for each in RESOURCES},
    "membership": {f"users {ALICE} groups {STAFF}"},
    "attachment": {f"users {ALICE} attachments {SHARED}"},
    "keys": {f"users {ALICE} credentials active_keys", f"users {ALICE} credentials inactive_keys"},
    "inactive keys": {f"users {ALICE} credentials inactive_keys"},
    "password": {f"users {ALICE} credentials password"},
    "device": {f"users {ALICE} credentials devices"},
    "root's keys": {f"accounts {ACCOUNT} root keys"},
    "root's device": {f"accounts {ACCOUNT} root devices"},
    "mapped user": {f"clusters prod aws_auth map_users {ALICE}"},
    "mapped account": {f"clusters prod aws_auth map_accounts {ACCOUNT}"},
    "access entry": {f"clusters prod access_entries {DEPLOY}"},
    "policy of an access entry": {f"clusters prod access_entries {DEPLOY} policies 0"},
    "lesser policy of an access entry": {f"clusters prod access_entries {DEPLOY} policies 0 policy"},
    "binding": {"rbac prod bindings own-ops"},
    "subject of a binding": {"rbac prod bindings staff subjects ops"},
    "guardrail": {f"accounts {ACCOUNT} service_policies 1 AskUsers"},
    "mode, with the creator": {"clusters prod authentication_mode"},
    "mode, without the creator": {"clusters prod authentication_mode"},
}
"""By what an edit is called: every place of a picture at which the one after it differs."""


def named(value: object, place: int) -> str:
    for name in ("reference", "arn", "principal_arn", "name"):
        if (
            not isinstance(value, Policy)
            and hasattr(value, name)
            and not hasattr(value, "authentication_mode")
        ):
            return str(getattr(value, name))
    return str(getattr(value, "name", value if isinstance(value, str) else place))


def members(value: object) -> Mapping[str, object] | None:
    """The parts of a value by name; None for one that has none."""
    if isinstance(value, Policy):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value) if each.init}
    if isinstance(value, Mapping):
        return {str(key): each for key, each in value.items()}
    if isinstance(value, tuple) and value:
        return {named(each, place): each for place, each in enumerate(value)}
    return {} if value == () else None


def differences(one: object, two: object, where: str = "") -> Iterator[str]:
    before, after = members(one), members(two)
    if before is None or after is None:
        if one != two:
            yield where.strip()
        return
    for name in {**before, **after}:
        if name in before and name in after:
            yield from differences(before[name], after[name], f"{where} {name}")
        else:
            yield f"{where} {name}".strip()


def world_before(name: str) -> World:
    """A switch of the mode is made where the mode is another."""
    return picture(mode="CONFIG_MAP") if name.startswith("mode") else picture()


def test_every_kind_of_edit_is_examined() -> None:
    assert CHANGED.keys() == edits().keys()


@pytest.mark.parametrize("name", CHANGED)
def test_an_edit_changes_exactly_what_it_says(name: str) -> None:
    before = world_before(name)
    assert set(differences(before, applied(before, edits()[name]))) == CHANGED[name]


ONCE_MORE = {
    "managed policy",
    "managed policy, of which nothing is left",
    "new inline policy of a user",
    "guardrail",
}
"""A managed policy gets a version each time, and an added statement is added again."""


@pytest.mark.parametrize("name", sorted(CHANGED.keys() - ONCE_MORE))
def test_an_edit_that_was_made_changes_nothing_more(name: str) -> None:
    once = applied(world_before(name), edits()[name])
    assert set(differences(once, applied(once, edits()[name]))) == set()
