"""Clusters, callers and roles for the tests."""

from auditwright.access.aws_auth import AwsAuth, parse_aws_auth, parse_template
from auditwright.access.eks import (
    AccessEntry,
    AuthenticationMode,
    Caller,
    ChosenSession,
    Cluster,
    Creator,
    NoSession,
    Session,
)
from auditwright.access.kubernetes import PolicyGrant, User
from auditwright.access.kubernetes_roles import ACCESS_POLICY_ARN
from auditwright.core.outcome import Unknown

ACCOUNT = "111122223333"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
DEV = f"arn:aws:iam::{ACCOUNT}:role/dev"
UNSEEN = Unknown("it was not seen")
SOMEONE_ELSE = Creator(arn=f"arn:aws:iam::{ACCOUNT}:role/ci-creator", source="cloudtrail", exists=True)
ADMIN_POLICY = f"{ACCESS_POLICY_ARN}AmazonEKSClusterAdminPolicy"


def cluster(
    mode: AuthenticationMode | Unknown = AuthenticationMode.CONFIG_MAP,
    *,
    aws_auth: object = None,
    entries: tuple[AccessEntry | Unknown, ...] | Unknown = (),
    creator: Creator | Unknown = SOMEONE_ELSE,
) -> Cluster:
    read = aws_auth if isinstance(aws_auth, AwsAuth | Unknown) else parse_aws_auth(aws_auth or {})
    return Cluster(
        name="prod",
        arn=None,
        account=ACCOUNT,
        authentication_mode=mode,
        bootstrap_creator_admin=True,
        access_entries=entries,
        aws_auth=read,
        creator=creator,
        endpoint=UNSEEN,
    )


def caller(arn: str = ALICE, *, session: Session | None = None, made_later: bool = False) -> Caller:
    default: Session = ChosenSession() if ":role/" in arn else NoSession()
    return Caller(
        arn=arn,
        account=arn.split(":")[4] if arn.count(":") > 4 else ACCOUNT,
        unique_id=UNSEEN,
        session=default if session is None else session,
        made_later=made_later,
    )


def entry(arn: str, *, policy: str = ADMIN_POLICY, principal_id: str | Unknown = UNSEEN) -> AccessEntry:
    return AccessEntry(
        principal_arn=arn,
        principal_id=principal_id,
        type="STANDARD",
        username=parse_template("by-entry"),
        groups=(),
        policies=(PolicyGrant(policy=policy, namespaces=None),),
    )


def holder(name: str, *namespaces: str) -> User:
    """A user with one access policy, in some namespaces or in the whole cluster."""
    return User(
        username="ada",
        policies=(PolicyGrant(policy=f"{ACCESS_POLICY_ARN}{name}", namespaces=namespaces or None),),
    )
