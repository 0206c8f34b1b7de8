"""How a change of a repair is made by hand: lines to run or to write, and the facts that are still to be supplied.

What is written here is copied into a shell or a configuration, and every name in it may be hostile. A fact that is not
known is never made up: its place is marked, and what belongs there is said.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import fill

from auditwright.access.eks import Cluster
from auditwright.access.kubernetes import Binding
from auditwright.access.policy import Policy
from auditwright.access.repair_edits import Document, Unbound, Where, document_of, is_binding, policy_at
from auditwright.access.world import World
from auditwright.core.outcome import Unknown

MAX_COLUMNS = 90
"""What is longer is laid out on several lines: a terminal of 100 columns shows it beside an indentation."""

NOTHING: Document = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
"""Stands where no other statement is left: IAM takes no policy without one, and this needs no right anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What to run or write for one change."""

    lines: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """Facts to supply first, a sentence part each, such as `REGION, the region of the cluster prod`."""

    @property
    def text(self) -> str:
        """The whole, with each fact that is needed in a comment before it."""
        return "\n".join((*(comment(f"needs: {each}") for each in self.needs), *self.lines))


def comment(text: str) -> str:
    """A comment of a shell or of Terraform, whatever stands in the text; a long one takes several lines."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return fill(
        plain,
        width=MAX_COLUMNS,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def last_name(arn: str) -> str:
    """The name at the end of an ARN, without its path."""
    return arn.rpartition(":")[2].rpartition("/")[2]


def kind_of(world: World, holder: str) -> str:
    """What holds a policy, as commands call it; an ARN may say anything."""
    return "user" if holder in world.users else "role" if holder in world.roles else "group"


def path_in(arn: str) -> str:
    """The path in the ARN of a user, group, role or policy; `/` where it has none."""
    middle = arn.rpartition(":")[2].split("/")[1:-1]
    return "/".join(("", *middle, ""))


def region_in(arn: str | None) -> str:
    """The region in an ARN; empty where it names none."""
    parts = (arn or "").split(":", 5)
    return parts[3] if len(parts) == 6 else ""  # noqa: PLR2004  # arn:partition:service:region:account:resource


def cluster_named(world: World, name: str) -> Cluster:
    """A cluster of a picture."""
    return next(each for each in world.clusters if each.name == name)


def binding_named(world: World, edit: Unbound) -> Binding | None:
    """The binding that an edit is about; None where it is gone."""
    rbac = world.rbac[edit.cluster]
    assert not isinstance(rbac, Unknown), "a binding was seen"
    return next((each for each in rbac.bindings if is_binding(each, edit)), None)


def written(world: World, where: Where) -> Document | None:
    """The document that stands at a place; None where nothing of it is left."""
    policy = policy_at(world, where)
    return document_of(policy) if policy is not None and policy.statements else None


def never_empty(policy: Policy) -> Document:
    """A policy as it is written where it cannot be deleted."""
    document = document_of(policy)
    return document if policy.statements else {**document, "Statement": [NOTHING]}


def compact(value: Mapping[str, object]) -> str:
    """JSON in one line."""
    return json.dumps(value, ensure_ascii=False)
