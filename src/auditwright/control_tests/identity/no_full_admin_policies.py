"""Policies that allow everything."""

import re
from dataclasses import replace

from auditwright.control_tests._examples import FULL_ADMINISTRATION, NO_DETAILS, POLICY
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.ids import ResourceId
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import PermissionPolicy, PolicyStatement

_EVERY_ACTION = re.compile(r"\*+(:\*+)?")
_EVERY_RESOURCE = re.compile(r"\*+|arn:(aws[a-z-]*|\*)(:\*+)+")
"""`arn:aws:*` names every resource that has a name: enough to grant oneself the rest."""

_ADMINISTRATOR = "arn:aws:iam::111122223333:role/administrator"
_ALLOWS_ALL = replace(POLICY, statements=(FULL_ADMINISTRATION,), attached_to=(_ADMINISTRATOR,))
_AWS_MANAGED = replace(
    _ALLOWS_ALL,
    id=ResourceId("arn:aws:iam::aws:policy/AdministratorAccess"),
    name="AdministratorAccess",
    provider_managed=True,
)


@control_test(
    id="identity.no-full-admin-policies",
    controls=("IAM-08",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "IAM > Policies > the policy > Entities attached > Detach, then attach a policy that allows "
            "what the work needs (IAM > Access Analyzer > Generate policy shows what was used). Name the "
            "few principals that must keep full administration in this test's setting `administrators`."
        ),
        command=(
            "aws iam detach-role-policy --role-name <role-name> --policy-arn <policy-arn> (or "
            "detach-user-policy, detach-group-policy); aws iam delete-role-policy --role-name <role-name> "
            "--policy-name <policy-name> for a policy that is written into a role"
        ),
        terraform=(
            'resource "aws_iam_role_policy_attachment" (or _user_, _group_): remove it; data '
            '"aws_iam_policy_document": name the actions and resources of each statement instead of "*"'
        ),
    ),
    examples=(
        Example(POLICY, Satisfied()),
        Example(
            _ALLOWS_ALL,
            Deviation(f"deploy allows every action on every resource and is attached to {_ADMINISTRATOR}"),
        ),
        Example(
            _AWS_MANAGED,
            Deviation(
                "AdministratorAccess, which AWS manages, allows every action on every resource and is "
                f"attached to {_ADMINISTRATOR}"
            ),
        ),
        Example(
            _AWS_MANAGED,
            Satisfied(f"full administration, held only by approved administrators: {_ADMINISTRATOR}"),
            settings={"administrators": (_ADMINISTRATOR,)},
        ),
        Example(
            replace(_ALLOWS_ALL, inline_of="arn:aws:iam::111122223333:user/bob", attached_to=()),
            Deviation(
                "deploy allows every action on every resource and is attached to "
                "arn:aws:iam::111122223333:user/bob"
            ),
        ),
        Example(replace(POLICY, statements=(replace(FULL_ADMINISTRATION, conditional=True),)), Satisfied()),
        Example(
            replace(_ALLOWS_ALL, attached_to=()),
            NotApplicable("allows every action on every resource, but is attached to nobody"),
        ),
        Example(replace(POLICY, statements=NO_DETAILS), Undetermined(NO_DETAILS.why)),
        Example(replace(_ALLOWS_ALL, attached_to=NO_DETAILS), Undetermined(NO_DETAILS.why)),
        Example(
            replace(POLICY, statements=()), Undetermined("the evidence shows no statement of the policy")
        ),
    ),
)
def no_full_admin_policies(policy: PermissionPolicy, *, administrators: tuple[str, ...] = ()) -> Outcome:
    """No policy in use allows everything, except to approved administrators.

    Whoever holds a policy that allows every action on every resource can read all data, remove every log
    and lock out everybody else. Policies that AWS manages are examined like the organization's own: an
    attached AdministratorAccess is full administration too. Who must hold it is named by ARN in
    `administrators`, and shows in the result. A statement counts when it has no condition; what
    conditions and other statements take away again is for the analysis of effective access.
    """
    if isinstance(policy.statements, Unknown):
        return Undetermined(policy.statements.why)
    if not policy.statements:
        return Undetermined("the evidence shows no statement of the policy")
    if not any(_allows_everything(statement) for statement in policy.statements):
        return Satisfied()
    holders = (policy.inline_of,) if policy.inline_of else policy.attached_to
    if isinstance(holders, Unknown):
        return Undetermined(holders.why)
    if not holders:
        return NotApplicable("allows every action on every resource, but is attached to nobody")
    return _judge_holders(policy, holders, administrators)


def _judge_holders(
    policy: PermissionPolicy, holders: tuple[str, ...], administrators: tuple[str, ...]
) -> Outcome:
    others = sorted(set(holders) - set(administrators))
    if not others:
        held_by = ", ".join(sorted(holders))
        return Satisfied(f"full administration, held only by approved administrators: {held_by}")
    name = f"{policy.name}, which AWS manages," if policy.provider_managed else policy.name
    return Deviation(f"{name} allows every action on every resource and is attached to {', '.join(others)}")


def _allows_everything(statement: PolicyStatement) -> bool:
    return (
        statement.effect == "Allow"
        and not statement.conditional
        and any(_EVERY_ACTION.fullmatch(action) for action in statement.actions)
        and any(_EVERY_RESOURCE.fullmatch(resource) for resource in statement.resources)
    )
