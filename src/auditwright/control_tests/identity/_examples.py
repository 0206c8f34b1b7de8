"""Items that the examples of this folder start from; each is satisfactory until a field is replaced."""

from datetime import datetime, timedelta

from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    AccessKey,
    PasswordPolicy,
    PermissionPolicy,
    PolicyStatement,
    RootUser,
    UserAccount,
)

AWS = Scope(source=IntegrationId("aws"), account="111122223333")
EVIDENCE = (digest_of(b"an example"),)
NO_REPORT = Unknown("iam:GenerateCredentialReport was refused")
NO_DETAILS = Unknown("iam:GetAccountAuthorizationDetails was refused")


def days_ago(days: int) -> datetime:
    """A moment before the time at which examples are examined."""
    return EXAMPLE_NOW - timedelta(days=days)


def account(name: str, *, scope: Scope = AWS) -> UserAccount:
    """An active account of a person with a password and a second factor, used yesterday."""
    return UserAccount(
        id=ResourceId(f"arn:aws:iam::{scope.account}:user/{name}"),
        name=name,
        scope=scope,
        evidence=EVIDENCE,
        system="aws",
        active=True,
        created_at=days_ago(400),
        console_access=True,
        mfa_enrolled=True,
        last_used_at=days_ago(1),
        attached_policies=(),
        inline_policies=(),
        groups=("engineers",),
        tags=(),
    )


ROOT = RootUser(
    id=ResourceId("arn:aws:iam::111122223333:root"),
    name="root",
    scope=AWS,
    evidence=EVIDENCE,
    mfa_enrolled=True,
    active_access_keys=0,
    last_used_at=None,
)

ADA = account("ada")

KEY = AccessKey(
    id=ResourceId("arn:aws:iam::111122223333:user/ada/access-key-1"),
    name="ada, access key 1",
    scope=AWS,
    evidence=EVIDENCE,
    user="ada",
    active=True,
    rotated_at=days_ago(30),
    last_used_at=days_ago(1),
)

PASSWORDS = PasswordPolicy(
    id=ResourceId("arn:aws:iam::111122223333:password-policy"),
    name="password policy",
    scope=AWS,
    evidence=EVIDENCE,
    is_set=True,
    minimum_length=14,
    require_symbols=False,
    require_numbers=False,
    require_uppercase=False,
    require_lowercase=False,
    reuse_prevention=24,
    max_age_days=0,
)

FULL_ADMINISTRATION = PolicyStatement(
    effect="Allow",
    actions=("*",),
    not_actions=(),
    resources=("*",),
    not_resources=(),
    conditional=False,
)

POLICY = PermissionPolicy(
    id=ResourceId("arn:aws:iam::111122223333:policy/deploy"),
    name="deploy",
    scope=AWS,
    evidence=EVIDENCE,
    provider_managed=False,
    inline_of="",
    attached_to=("arn:aws:iam::111122223333:role/deployer",),
    statements=(
        PolicyStatement(
            effect="Allow",
            actions=("ecs:UpdateService",),
            not_actions=(),
            resources=("*",),
            not_resources=(),
            conditional=False,
        ),
    ),
)
