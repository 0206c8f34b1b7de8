"""AWS IAM Identity Center: which people stand behind the roles whose names begin with AWSReservedSSO.

An instance lives in one region and is asked there; one question finds it. Only the management account, or one that it
delegates to, may ask who is assigned. Whether a person needs a second factor to sign in is shown by no API: it stays
Unknown, and needs evidence of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import CenterAssignment
from auditwright.integrations.aws.operations import ACCOUNT, Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Row

INSTANCES: Final = Listing(
    service="sso-admin",
    method="ListInstances",
    permission="sso:ListInstances",
    items=("Instances",),
    # Unless told otherwise, AWS lists the instances of the one region that is asked.
    parameters={"RegionScope": "ALL_REGIONS"},
)


def _instance_asks(answers: Answers) -> Iterator[Ask]:
    for instance in answers.items(INSTANCES):
        yield Ask(
            parameters={"InstanceArn": instance.required_text("InstanceArn")},
            region=instance.text_or_none("PrimaryRegion") or "",
        )


PROVISIONED: Final = Detail(
    service="sso-admin",
    method="ListPermissionSetsProvisionedToAccount",
    permission="sso:ListPermissionSetsProvisionedToAccount",
    parameters={"AccountId": ACCOUNT},
    items=("PermissionSets",),
    asks=_instance_asks,
    hides_items=True,
)


def _permission_sets(answers: Answers) -> Iterator[tuple[Row, str]]:
    """Each instance, and each permission set of it that has a role in the account."""
    instances = {row.required_text("InstanceArn"): row for row in answers.items(INSTANCES)}
    for call in answers.calls(PROVISIONED):
        instance = instances.get(str(call.parameters["InstanceArn"]))
        if call.answer is not None and instance is not None:
            for permission_set in call.answer.texts_or_empty("PermissionSets"):
                yield instance, permission_set


def _permission_set_asks(answers: Answers) -> Iterator[Ask]:
    for instance, permission_set in _permission_sets(answers):
        yield Ask(
            parameters={
                "InstanceArn": instance.required_text("InstanceArn"),
                "PermissionSetArn": permission_set,
            },
            region=instance.text_or_none("PrimaryRegion") or "",
            subject=permission_set,
        )


PERMISSION_SET: Final = Detail(
    service="sso-admin",
    method="DescribePermissionSet",
    permission="sso:DescribePermissionSet",
    asks=_permission_set_asks,
)
ASSIGNMENTS: Final = Detail(
    service="sso-admin",
    method="ListAccountAssignments",
    permission="sso:ListAccountAssignments",
    parameters={"AccountId": ACCOUNT},
    items=("AccountAssignments",),
    asks=_permission_set_asks,
    hides_items=True,
)


def _assigned(answers: Answers) -> Iterator[tuple[Row, Row]]:
    """Each instance, and each assignment in it."""
    instances = {row.required_text("InstanceArn"): row for row in answers.items(INSTANCES)}
    for call in answers.calls(ASSIGNMENTS):
        instance = instances.get(str(call.parameters["InstanceArn"]))
        if call.answer is not None and instance is not None:
            for row in call.answer.rows_or_empty("AccountAssignments"):
                yield instance, row


def _store_asks(answers: Answers) -> Iterator[Ask]:
    stores = {
        store: instance.text_or_none("PrimaryRegion") or ""
        for instance, _ in _assigned(answers)
        if (store := instance.text_or_none("IdentityStoreId"))
    }
    for store, region in stores.items():
        yield Ask(parameters={"IdentityStoreId": store}, region=region)


USERS: Final = Detail(
    service="identitystore",
    method="ListUsers",
    items=("Users",),
    asks=_store_asks,
    # Of people, the name that they sign in with is enough.
    secret=("Addresses", "PhoneNumbers", "Birthdate", "Photos", "Extensions"),
)


def _group_asks(answers: Answers) -> Iterator[Ask]:
    groups = {
        (store, row.required_text("PrincipalId")): instance.text_or_none("PrimaryRegion") or ""
        for instance, row in _assigned(answers)
        if row.text_or_none("PrincipalType") == "GROUP"
        and (store := instance.text_or_none("IdentityStoreId"))
    }
    for (store, group), region in groups.items():
        yield Ask(parameters={"IdentityStoreId": store, "GroupId": group}, region=region, subject=group)


MEMBERSHIPS: Final = Detail(
    service="identitystore", method="ListGroupMemberships", items=("GroupMemberships",), asks=_group_asks
)


def normalize(answers: Answers) -> Iterator[CenterAssignment]:
    """Every assignment of a permission set in the account."""
    for instance, row in _assigned(answers):
        yield _assignment(answers, instance, row)


def _assignment(answers: Answers, instance: Row, row: Row) -> CenterAssignment:
    center = instance.required_text("InstanceArn")
    permission_set, principal = row.required_text("PermissionSetArn"), row.required_text("PrincipalId")
    described = answers.detail(PERMISSION_SET, InstanceArn=center, PermissionSetArn=permission_set)
    named: str | Unknown
    if isinstance(described, Row):
        held = described.row("PermissionSet")
        named = held if isinstance(held, Unknown) else held.text("Name")
    else:
        named = described or Unknown(f"AWS answered that there is no permission set {permission_set}")
    members, evidence = _members(answers, instance, row)
    type_ = row.required_text("PrincipalType")
    return CenterAssignment(
        id=ResourceId(f"aws:{answers.account}:{permission_set}:{type_}:{principal}"),
        name=f"{permission_set if isinstance(named, Unknown) else named} for {type_.lower()} {principal}",
        scope=answers.scope,
        evidence=tuple(
            dict.fromkeys(
                (
                    row.digest,
                    *answers.spoke_of(PERMISSION_SET, InstanceArn=center, PermissionSetArn=permission_set),
                    *evidence,
                )
            )
        ),
        permission_set=permission_set,
        permission_set_name=named,
        principal_type=type_,
        principal=principal,
        members=members,
    )


def _members(
    answers: Answers, instance: Row, row: Row
) -> tuple[tuple[str, ...] | Unknown, tuple[Digest, ...]]:
    """The user names behind an assignment, and the evidence that names them."""
    store = instance.text("IdentityStoreId")
    if isinstance(store, Unknown):
        return store, ()
    answer = answers.detail(USERS, IdentityStoreId=store)
    if not isinstance(answer, Row):
        return answer or Unknown(f"AWS answered that there is no identity store {store}"), ()
    principal = row.required_text("PrincipalId")
    ids: tuple[str, ...] = (principal,)
    evidence: tuple[Digest, ...] = (answer.digest,)
    if row.text_or_none("PrincipalType") == "GROUP":
        group = answers.detail(MEMBERSHIPS, IdentityStoreId=store, GroupId=principal)
        if not isinstance(group, Row):
            return group or Unknown(f"AWS answered that there is no group {principal}"), evidence
        evidence = (*evidence, group.digest)
        ids = tuple(
            member.text_or_none("UserId") or ""
            for membership in group.rows_or_empty("GroupMemberships")
            if (member := membership.row_or_none("MemberId")) is not None
        )
    unseen = answers.gap(USERS) or answers.gap(MEMBERSHIPS)
    if unseen is not None:
        return unseen, evidence
    names = _names(answer)
    lost = [one for one in ids if one not in names]
    if lost:
        return Unknown(f"the identity store lists no user {', '.join(lost[:5])}"), evidence
    return tuple(sorted(names[one] for one in ids)), evidence


def _names(users: Row) -> Mapping[str, str]:
    return {
        row.required_text("UserId"): row.text_or_none("UserName") or row.required_text("UserId")
        for row in users.rows_or_empty("Users")
    }


STREAM: Final = AwsStream(
    id=StreamId("aws.identity-center"),
    title="IAM Identity Center",
    regional=False,
    operations=(INSTANCES, PROVISIONED, PERMISSION_SET, ASSIGNMENTS, USERS, MEMBERSHIPS),
    emits=(CenterAssignment,),
    normalize=normalize,
)
