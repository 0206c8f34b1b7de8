"""A picture in which every kind of change can be made, and one change of each kind."""

from auditwright.access.eks import Source
from auditwright.access.kubernetes import Subject, SubjectKind
from auditwright.access.kubernetes_roles import ACCESS_POLICY_ARN as ACCESS_POLICY
from auditwright.access.repair_changes import Change, ChangeKind
from auditwright.access.repair_edits import (
    Added,
    Asking,
    Corrected,
    Detached,
    DeviceEnrolled,
    Edit,
    EntriesUsed,
    EntryGone,
    EntryNarrowed,
    GroupLeft,
    Guarded,
    KeysGone,
    MappingGone,
    PasswordGone,
    Place,
    Revised,
    RootDeviceEnrolled,
    RootKeysGone,
    Unbound,
    Where,
    Without,
)
from auditwright.access.world import World
from tests.access.accounts import (
    ACCOUNT,
    ROOT_TRUST,
    Json,
    allow,
    arn,
    cluster,
    deny,
    document,
    entry,
    group,
    held,
    policy,
    role,
    snapshot,
    user,
    world,
)

BUCKET = "arn:aws:s3:::northwind-data"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0f1e"
SECRET = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:db-AbCdEf"
TABLE = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/people"
TOPIC = f"arn:aws:sns:eu-central-1:{ACCOUNT}:news"
QUEUE = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:jobs"
OTHER = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/app"
RESOURCES = (BUCKET, KEY, SECRET, TABLE, TOPIC, QUEUE, OTHER)

OPS = Subject(kind=SubjectKind.GROUP, name="ops")


def opened(resource: str) -> Json:
    return document({**allow("*", resource), "Principal": {"AWS": arn("user", "alice")}})


def mappings(*names: str) -> list[Json]:
    return [{"userarn": arn("user", name), "username": name, "groups": ["ops", "it's"]} for name in names]


def picture(name: str = "alice", *, mode: str = "API_AND_CONFIG_MAP") -> World:
    """`name` is the user that most changes are about."""
    alice = user(
        name,
        allow(["sts:AssumeRole", "s3:*"]),
        allow("iam:PassRole", "arn:aws:iam::111122223333:role/${aws:username}"),
        attached="shared",
        GroupList=["staff"],
    )
    details = (
        alice,
        user("bob", deny("*")),
        group("staff", allow("iam:PutUserPolicy")),
        role("deploy", ROOT_TRUST, allow("iam:*"), path="ci/", boundary="limit"),
        policy("shared", document(allow("kms:Decrypt"))),
        policy("limit", document(allow("*"))),
    )
    entries = (entry(arn("role", "ci/deploy"), "AmazonEKSClusterAdminPolicy"),)
    made = cluster(mode, *entries, mapUsers=mappings(name, "bob"), mapAccounts=[ACCOUNT, "444455556666"])
    return world(
        snapshot(
            *details,
            credentials=(held(name, keys="Active Inactive", password=True, devices=0), held("bob")),
            cluster=made,
            scps=[[document(allow("*"))], [document(allow("*"))]],
            rbac={
                "clusterRoleBindings": [_bound("own-ops", "", "cluster-admin", "ops")],
                "roleBindings": [_bound("staff", "shop", "edit", "ops", "it's")],
            },
            root={"access_keys": 1, "mfa_devices": 0, "password_enabled": True},
            resourcePolicies={each: opened(each) for each in RESOURCES},
        )
    )


def _bound(name: str, namespace: str, role_name: str, *groups: str) -> Json:
    return {
        "metadata": {"name": name, "namespace": namespace} if namespace else {"name": name},
        "roleRef": {"kind": "ClusterRole", "name": role_name},
        "subjects": [{"kind": "Group", "name": each} for each in groups],
    }


def change(edit: Edit, kind: ChangeKind = ChangeKind.ASK_MFA) -> Change:
    return Change(kind=kind, subject="it", title="A change", reason="a step", edit=edit)


def inline(holder: str, name: str = "p") -> Where:
    return Where(place=Place.INLINE, arn=holder, name=name)


def edits(name: str = "alice") -> dict[str, Edit]:
    """One edit of each kind, by what it is called in a test."""
    alice, deploy, staff = arn("user", name), arn("role", "ci/deploy"), arn("group", "staff")
    asks = Asking(indexes=(0,))
    without = Without(index=0, actions=("sts:AssumeRole",))
    shared = Where(place=Place.MANAGED, arn=arn("policy", "shared"))
    return {
        "inline policy of a user": Revised(where=inline(alice), revision=without),
        "new inline policy of a user": Revised(
            where=inline(alice, "New"), revision=Added(document=deny("s3:*"))
        ),
        "inline policy of a group, which goes": Revised(
            where=inline(staff), revision=Without(index=0, actions=("iam:PutUserPolicy",))
        ),
        "inline policy of a role": Revised(
            where=inline(deploy), revision=Corrected(index=0, documents=(allow("iam:GetUser"),))
        ),
        "managed policy": Revised(where=shared, revision=asks),
        "managed policy, of which nothing is left": Revised(
            where=shared, revision=Without(index=0, actions=("kms:Decrypt",))
        ),
        "trust policy": Revised(where=Where(place=Place.TRUST, arn=deploy), revision=asks),
        **{
            f"policy of {each}": Revised(where=Where(place=Place.RESOURCE, arn=each), revision=asks)
            for each in RESOURCES
        },
        "membership": GroupLeft(user=alice, group=staff),
        "attachment": Detached(holder=alice, policy=arn("policy", "shared")),
        "keys": KeysGone(user=alice, only_inactive=False),
        "inactive keys": KeysGone(user=alice, only_inactive=True),
        "password": PasswordGone(user=alice),
        "device": DeviceEnrolled(user=alice),
        "root's keys": RootKeysGone(account=ACCOUNT),
        "root's device": RootDeviceEnrolled(account=ACCOUNT),
        "mapped user": MappingGone(cluster="prod", source=Source.MAP_USERS, subject=alice),
        "mapped account": MappingGone(cluster="prod", source=Source.MAP_ACCOUNTS, subject=ACCOUNT),
        "access entry": EntryGone(cluster="prod", principal=deploy),
        "policy of an access entry": EntryNarrowed(
            cluster="prod", principal=deploy, policy=ACCESS_POLICY + "AmazonEKSClusterAdminPolicy", instead=""
        ),
        "lesser policy of an access entry": EntryNarrowed(
            cluster="prod",
            principal=deploy,
            policy=ACCESS_POLICY + "AmazonEKSClusterAdminPolicy",
            instead=ACCESS_POLICY + "AmazonEKSViewPolicy",
        ),
        "binding": Unbound(cluster="prod", namespace="", binding="own-ops", subject=OPS),
        "subject of a binding": Unbound(cluster="prod", namespace="shop", binding="staff", subject=OPS),
        "guardrail": Guarded(account=ACCOUNT, name="AskUsers", document=deny("s3:GetObject")),
        "mode, with the creator": EntriesUsed(cluster="prod", creator=arn("role", "ci-creator")),
        "mode, without the creator": EntriesUsed(cluster="prod", creator=""),
    }
