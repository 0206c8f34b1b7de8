"""One change of a repair: what it does, which path it cuts, and how much it disrupts."""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from auditwright.access.repair_edits import Edit, EntriesUsed, applied
from auditwright.access.world import World

ID_DIGITS = 12
"""Of a digest, in base 16: a repair considers hundreds of changes at most."""


class ChangeKind(StrEnum):
    """What sort of change it is."""

    ENROLL_DEVICE = "enroll a device"
    DELETE_ROOT_KEY = "delete root's key"
    ENROLL_ROOT_DEVICE = "enroll a device for root"
    DELETE_INACTIVE_KEY = "delete an inactive key"
    DELETE_DANGLING = "delete what nobody has"
    CORRECT_CONDITION = "correct a condition on MFA"
    CLOSE_ENROLLMENT = "close self-enrollment"
    TRUST_ASKS_MFA = "ask for MFA in a trust policy"
    ASK_MFA = "ask for MFA"
    SWITCH_MODE = "switch to access entries"
    LESSER_POLICY = "give an access entry a lesser policy"
    TAKE_OUT_OF_BINDING = "take a subject out of a binding"
    DISASSOCIATE_POLICY = "take a policy from an access entry"
    DELETE_BINDING = "delete a binding"
    ADD_GUARDRAIL = "ask for MFA in a whole account"
    DELETE_MAPPING = "delete a mapping"
    DELETE_ENTRY = "delete an access entry"
    REMOVE_RIGHT = "remove a right"
    DENY_ROLE = "deny a role a right"
    DELETE_PASSWORD = "delete a password"  # noqa: S105  # a kind of change
    DELETE_KEY = "delete an access key"
    DETACH_POLICY = "detach a policy"
    LEAVE_GROUP = "take a user out of a group"
    REMOVE_ADMINISTRATOR = "remove an administrator's right"


WEIGHTS: dict[ChangeKind, int] = {
    # Nobody works with what is deleted, or somebody has more to do once.
    ChangeKind.DELETE_INACTIVE_KEY: 1,
    ChangeKind.DELETE_DANGLING: 1,
    ChangeKind.DELETE_ROOT_KEY: 1,
    ChangeKind.ENROLL_ROOT_DEVICE: 1,
    ChangeKind.ENROLL_DEVICE: 1,
    # Whoever has a second factor notices nothing.
    ChangeKind.CORRECT_CONDITION: 2,
    ChangeKind.CLOSE_ENROLLMENT: 2,
    # The map counts as before, but the cluster cannot go back to its former mode.
    ChangeKind.SWITCH_MODE: 2,
    # Whoever works without a second factor has to start using one.
    ChangeKind.TRUST_ASKS_MFA: 3,
    ChangeKind.ASK_MFA: 3,
    # Somebody keeps the way in, and can do less there.
    ChangeKind.LESSER_POLICY: 3,
    ChangeKind.TAKE_OUT_OF_BINDING: 3,
    # Somebody can do nothing there any more, or everybody in an account has to start using a second factor.
    ChangeKind.DISASSOCIATE_POLICY: 4,
    ChangeKind.DELETE_BINDING: 4,
    ChangeKind.ADD_GUARDRAIL: 4,
    # Somebody loses the way in, and needs another.
    ChangeKind.DELETE_MAPPING: 4,
    ChangeKind.DELETE_ENTRY: 4,
    # Programs may depend on it.
    ChangeKind.REMOVE_RIGHT: 5,
    ChangeKind.DENY_ROLE: 5,
    ChangeKind.DELETE_PASSWORD: 6,
    ChangeKind.DELETE_KEY: 6,
    ChangeKind.DETACH_POLICY: 7,
    ChangeKind.LEAVE_GROUP: 7,
    ChangeKind.REMOVE_ADMINISTRATOR: 8,
}
"""How much each kind disrupts: an order, set by hand, in which a repair prefers less. Not a measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. Two with the same edit are the same."""

    kind: ChangeKind
    subject: str
    """An ARN, an account's id or a cluster's name."""
    title: str
    reason: str
    """The step of a path that it cuts."""
    edit: Edit

    @property
    def id(self) -> str:
        """A name that it has in every search: of what it does, and not of where it stands in a list."""
        # Texts of a cloud may hold anything, half of a surrogate pair too: everything but ASCII is escaped.
        said = json.dumps([type(self.edit).__name__, asdict(self.edit)], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:ID_DIGITS]

    @property
    def weight(self) -> int:
        """How much it disrupts."""
        return WEIGHTS[self.kind]

    @property
    def supposes(self) -> str:
        """What is taken for granted of how it is made, because the picture does not have it; empty: nothing."""
        if isinstance(self.edit, EntriesUsed) and not self.edit.creator:
            return f"whoever created {self.edit.cluster} is found, and has no access entry afterward"
        return ""

    def apply(self, world: World) -> World:
        """The picture with the change made."""
        return applied(world, self.edit)
