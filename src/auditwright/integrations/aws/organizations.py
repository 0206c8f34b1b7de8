"""AWS Organizations: the policies that limit an account from above, along the way from the root to the account.

Only the management account and accounts that it delegates to may ask; everywhere else the answer is a refusal, and what
limits the account stays Unknown. An account that belongs to no organization is recorded as such.

1. DescribeOrganization, which any member may ask, says whether there is an organization and who manages it.
2. DescribeAccount says where in it the account stands: the path from the root through each unit.
3. Each place on the path is asked for its policies of both kinds, and each policy for its document.
"""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import OrganizationMembership, OrganizationPolicy
from auditwright.integrations.aws.documents import document_text
from auditwright.integrations.aws.operations import ACCOUNT, Ask, AwsStream, Detail, Listing, Single
from auditwright.integrations.aws.reading import Answers, Row

_NOT_IN_USE: Final = ("AWSOrganizationsNotInUseException",)
_TYPES: Final = {
    "SERVICE_CONTROL_POLICY": "service control",
    "RESOURCE_CONTROL_POLICY": "resource control",
}

ORGANIZATION: Final = Single(
    service="organizations", method="DescribeOrganization", absent=_NOT_IN_USE, hides_items=True
)


def _is_member(answers: Answers) -> bool:
    return isinstance(answers.one(ORGANIZATION), Row)


MEMBER: Final = Single(
    service="organizations",
    method="DescribeAccount",
    parameters={"AccountId": ACCOUNT},
    needed_when=_is_member,
    hides_items=True,
    lists=(OrganizationPolicy,),
)
ROOTS: Final = Listing(
    service="organizations", method="ListRoots", items=("Roots",), needed_when=_is_member, facts_only=True
)


def _path(answers: Answers) -> tuple[str, ...] | Unknown:
    """Ids from the root to the account: AWS writes `o-…/r-…/ou-…/123456789012/`."""
    member = answers.one(MEMBER)
    if not isinstance(member, Row):
        return member or Unknown("AWS answered that the organization has no such account")
    account = member.row("Account")
    paths = account if isinstance(account, Unknown) else account.texts("Paths")
    if isinstance(paths, Unknown):
        return paths
    if len(paths) != 1:
        return Unknown(f"AWS names {len(paths)} paths to the account; an account has one")
    _, *steps = paths[0].strip("/").split("/")
    if not steps or not steps[0].startswith("r-"):
        return Unknown(f"the path to the account has no root: {paths[0]}")
    return tuple(steps) if steps[-1] == answers.account else (*steps, answers.account)


def _target_asks(answers: Answers) -> Iterator[Ask]:
    path = _path(answers)
    for target in () if isinstance(path, Unknown) else path:
        yield Ask(parameters={"TargetId": target})


def _attachments(type_: str) -> Detail:
    return Detail(
        service="organizations",
        method="ListPoliciesForTarget",
        parameters={"Filter": type_},
        items=("Policies",),
        asks=_target_asks,
        hides_items=True,
        lists=(OrganizationPolicy,),
    )


SERVICE_CONTROL: Final = _attachments("SERVICE_CONTROL_POLICY")
RESOURCE_CONTROL: Final = _attachments("RESOURCE_CONTROL_POLICY")


def _attached(answers: Answers) -> Iterator[tuple[str, Row]]:
    """Each place on the path, and each policy that is attached to it."""
    for listing in (SERVICE_CONTROL, RESOURCE_CONTROL):
        for call in answers.calls(listing):
            for row in () if call.answer is None else call.answer.rows_or_empty("Policies"):
                yield str(call.parameters["TargetId"]), row


def _policy_asks(answers: Answers) -> Iterator[Ask]:
    for policy in dict.fromkeys(row.required_text("Id") for _, row in _attached(answers)):
        yield Ask(parameters={"PolicyId": policy})


POLICY: Final = Detail(service="organizations", method="DescribePolicy", asks=_policy_asks)


def normalize(answers: Answers) -> Iterator[Resource]:
    """The account's membership, and each policy attached above it or to it."""
    organization = answers.one(ORGANIZATION)
    if not isinstance(organization, Unknown):
        yield _membership(answers, organization)
    for target, row in _attached(answers):
        yield _policy(answers, target, row)


def _membership(answers: Answers, organization: Row | None) -> OrganizationMembership:
    row = None if organization is None else organization.row("Organization")
    features = row if row is None or isinstance(row, Unknown) else row.text("FeatureSet")
    identity = "" if row is None or isinstance(row, Unknown) else row.text_or_none("Id") or ""
    return OrganizationMembership(
        id=ResourceId(f"aws:{answers.account}:organization"),
        name=identity or "no organization",
        scope=answers.scope,
        evidence=_membership_evidence(answers),
        organization=None if row is None else identity,
        management_account=row if row is None or isinstance(row, Unknown) else row.text("MasterAccountId"),
        all_features=features if features is None or isinstance(features, Unknown) else features == "ALL",
        path=() if row is None else _path(answers),
        policy_types=() if row is None else _policy_types(answers),
    )


def _membership_evidence(answers: Answers) -> tuple[Digest, ...]:
    return tuple(
        dict.fromkeys(
            digest for question in (ORGANIZATION, MEMBER, ROOTS) for digest in answers.digests(question)
        )
    )


def _policy_types(answers: Answers) -> tuple[str, ...] | Unknown:
    unseen = answers.gap(ROOTS)
    if unseen is not None or not answers.collected(ROOTS):
        return unseen or answers.why_unknown(ROOTS)
    found: set[str] = set()
    for root in answers.items(ROOTS):
        types = root.rows("PolicyTypes")
        if isinstance(types, Unknown):
            return types
        found |= {row.required_text("Type") for row in types if row.text("Status") == "ENABLED"}
    return tuple(sorted(_TYPES.get(name, name) for name in found))


def _policy(answers: Answers, target: str, row: Row) -> OrganizationPolicy:
    policy = row.required_text("Id")
    answer = answers.detail(POLICY, PolicyId=policy)
    held: Row | Unknown
    if answer is None:
        held = Unknown(f"AWS answered that there is no policy {policy}, although it lists it")
    else:
        held = answer if isinstance(answer, Unknown) else answer.row("Policy")
    type_ = row.required_text("Type")
    return OrganizationPolicy(
        id=ResourceId(f"aws:{answers.account}:organization:{target}:{policy}"),
        name=row.text_or_none("Name") or policy,
        scope=answers.scope,
        evidence=(row.digest, *answers.spoke_of(POLICY, PolicyId=policy)),
        type=_TYPES.get(type_, type_),
        policy=policy,
        target=target,
        document=held if isinstance(held, Unknown) else document_text(held.fields.get("Content")),
    )


STREAM: Final = AwsStream(
    id=StreamId("aws.organizations"),
    title="Policies of the organization",
    regional=False,
    operations=(ORGANIZATION, MEMBER, ROOTS, SERVICE_CONTROL, RESOURCE_CONTROL, POLICY),
    emits=(OrganizationMembership, OrganizationPolicy),
    normalize=normalize,
)
