"""The account's authorization details, whole: every principal and managed policy with its documents.

AWS leaves out policies of its own that nothing is attached to, although one may bound a principal. Such a policy, and
any other that a principal names and the details lack, is asked for by its ARN.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from auditwright.core.ids import Digest, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    AccessPolicyDocument,
    AccessPrincipal,
    NamedDocument,
    PermissionPolicy,
    UserAccount,
)
from auditwright.integrations.aws.documents import document_text
from auditwright.integrations.aws.operations import Ask, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Row

AUTHORIZATION_DETAILS: Final = Listing(
    service="iam",
    method="GetAccountAuthorizationDetails",
    lists=(UserAccount, PermissionPolicy, AccessPrincipal, AccessPolicyDocument),
    items=("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"),
)

_PRINCIPALS: Final = (
    ("user", "UserDetailList", "UserName", "UserId", "UserPolicyList"),
    ("group", "GroupDetailList", "GroupName", "GroupId", "GroupPolicyList"),
    ("role", "RoleDetailList", "RoleName", "RoleId", "RolePolicyList"),
)
"""The type of a principal, and where the details hold it, its name, its id and its inline policies."""


def _named_and_missing(answers: Answers) -> Mapping[str, Digest]:
    """The ARNs of policies that a principal names and the details do not hold, with the evidence that names each."""
    named: dict[str, Digest] = {}
    for _, listed, *_ in _PRINCIPALS:
        for principal in answers.items(AUTHORIZATION_DETAILS, listed):
            boundary = _boundary(principal)
            for arn in (*attached_to(principal), *((boundary,) if isinstance(boundary, str) else ())):
                named.setdefault(arn, principal.digest)
    held = {row.required_text("Arn") for row in answers.items(AUTHORIZATION_DETAILS, "Policies")}
    return {arn: digest for arn, digest in named.items() if arn not in held}


def _policy_asks(answers: Answers) -> Iterator[Ask]:
    # Of details that were cut off, what is missing would be asked one by one.
    for arn in _named_and_missing(answers) if answers.gap(AUTHORIZATION_DETAILS) is None else ():
        yield Ask(parameters={"PolicyArn": arn})


POLICY: Final = Detail(service="iam", method="GetPolicy", asks=_policy_asks)


def _version_asks(answers: Answers) -> Iterator[Ask]:
    for arn in _named_and_missing(answers):
        version = _version_in_force(answers, arn)
        if isinstance(version, str):
            yield Ask(parameters={"PolicyArn": arn, "VersionId": version})


POLICY_VERSION: Final = Detail(service="iam", method="GetPolicyVersion", asks=_version_asks)


def access_principals(answers: Answers) -> Iterator[AccessPrincipal]:
    """Every user, group and role of the details."""
    for type_, listed, name, unique_id, inline in _PRINCIPALS:
        for row in answers.items(AUTHORIZATION_DETAILS, listed):
            yield AccessPrincipal(
                id=ResourceId(row.required_text("Arn")),
                name=row.required_text(name),
                scope=answers.scope,
                evidence=(row.digest,),
                type=type_,
                unique_id=row.text(unique_id),
                path=row.text("Path"),
                created_at=row.moment("CreateDate"),
                groups=row.texts_or_empty("GroupList"),
                inline_policies=tuple(_inline(policy) for policy in row.rows_or_empty(inline)),
                attached_policies=attached_to(row),
                boundary=_boundary(row),
                trust=document_text(row.fields.get("AssumeRolePolicyDocument")) if type_ == "role" else None,
                instance_profiles=tuple(
                    profile.required_text("Arn") for profile in row.rows_or_empty("InstanceProfileList")
                ),
                tags=row.tags(),
            )


def attached_to(principal: Row) -> tuple[str, ...]:
    """The ARNs of the managed policies attached to a principal of the details."""
    return tuple(
        policy.required_text("PolicyArn") for policy in principal.rows_or_empty("AttachedManagedPolicies")
    )


def _inline(policy: Row) -> NamedDocument:
    return NamedDocument(
        name=policy.required_text("PolicyName"), document=document_text(policy.fields.get("PolicyDocument"))
    )


def _boundary(principal: Row) -> str | Unknown | None:
    boundary = principal.row_or_none("PermissionsBoundary")
    return None if boundary is None else boundary.text("PermissionsBoundaryArn")


def access_policies(answers: Answers) -> Iterator[AccessPolicyDocument]:
    """Every managed policy of the account, and of AWS's own those that a principal has or is bounded by."""
    used = {
        arn
        for _, listed, *_ in _PRINCIPALS
        for row in answers.items(AUTHORIZATION_DETAILS, listed)
        for arn in (*attached_to(row), _boundary(row))
        if isinstance(arn, str)
    }
    for row in answers.items(AUTHORIZATION_DETAILS, "Policies"):
        arn = row.required_text("Arn")
        if arn in used or not _is_of_aws(arn):
            yield _listed_policy(answers, row, arn)
    for arn, digest in _named_and_missing(answers).items():
        yield _fetched_policy(answers, arn, digest)


def _is_of_aws(arn: str) -> bool:
    return arn.split(":")[4:5] == ["aws"]


def _listed_policy(answers: Answers, row: Row, arn: str) -> AccessPolicyDocument:
    current = row.text("DefaultVersionId")
    in_force: str | Unknown = Unknown(f"the answer does not hold the version in force of {arn}")
    others: list[NamedDocument] = []
    for version in row.rows_or_empty("PolicyVersionList"):
        held = document_text(version.fields.get("Document"))
        named = version.text_or_none("VersionId") or ""
        if version.boolean("IsDefaultVersion") is True or named == current:
            in_force = held
        else:
            others.append(NamedDocument(name=named, document=held))
    return AccessPolicyDocument(
        id=answers.seen_here(arn),
        name=row.text_or_none("PolicyName") or arn.rpartition("/")[2],
        scope=answers.scope,
        evidence=(row.digest,),
        arn=arn,
        provider_managed=_is_of_aws(arn),
        default_version=current,
        document=in_force,
        other_versions=tuple(others),
    )


def _fetched_policy(answers: Answers, arn: str, named_by: Digest) -> AccessPolicyDocument:
    version = _version_in_force(answers, arn)
    document = version if isinstance(version, Unknown) else _fetched_document(answers, arn, version)
    return AccessPolicyDocument(
        id=answers.seen_here(arn),
        name=arn.rpartition("/")[2],
        scope=answers.scope,
        evidence=tuple(
            dict.fromkeys(
                (
                    named_by,
                    *answers.spoke_of(POLICY, PolicyArn=arn),
                    *(
                        answers.spoke_of(POLICY_VERSION, PolicyArn=arn, VersionId=version)
                        if isinstance(version, str)
                        else ()
                    ),
                )
            )
        ),
        arn=arn,
        provider_managed=_is_of_aws(arn),
        default_version=version,
        document=document,
        other_versions=Unknown(
            "the authorization details do not hold the policy; its version in force alone was asked"
        ),
    )


def _version_in_force(answers: Answers, arn: str) -> str | Unknown:
    answer = answers.detail(POLICY, PolicyArn=arn)
    if not isinstance(answer, Row):
        return answer or Unknown(f"AWS answered that there is no policy {arn}")
    policy = answer.row("Policy")
    return policy if isinstance(policy, Unknown) else policy.text("DefaultVersionId")


def _fetched_document(answers: Answers, arn: str, version: str) -> str | Unknown:
    answer = answers.detail(POLICY_VERSION, PolicyArn=arn, VersionId=version)
    if not isinstance(answer, Row):
        return answer or Unknown(f"AWS answered that there is no version {version} of {arn}")
    held = answer.row("PolicyVersion")
    return held if isinstance(held, Unknown) else document_text(held.fields.get("Document"))
