"""Items that the examples of control tests start from; each is satisfactory until a field is replaced."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from auditwright.core.control_test import EXAMPLE_NOW
from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    AccessKey,
    Alarm,
    AuditTrail,
    BackupProtection,
    BlockVolume,
    Certificate,
    Change,
    CloudRegion,
    ConfigurationRecorder,
    Database,
    DatabaseSnapshot,
    DiskSnapshot,
    EncryptionKey,
    FirewallRule,
    Listener,
    LoadBalancer,
    LogGroup,
    MachineImage,
    PasswordPolicy,
    PatchState,
    PermissionPolicy,
    Person,
    PolicyStatement,
    PublicAccessBlock,
    PublicAccessSetting,
    Release,
    RootUser,
    ScannedAsset,
    SecurityGroup,
    StorageBucket,
    Table,
    ThreatDetector,
    ThreatFinding,
    UserAccount,
    VirtualMachine,
    VirtualNetwork,
    VulnerabilityIssue,
    VulnerabilityReport,
)

ACCOUNT = Scope(source=IntegrationId("aws"), account="111122223333")
HERE = replace(ACCOUNT, region="eu-west-1")
ELSEWHERE = replace(ACCOUNT, region="us-east-1")
OTHER_ACCOUNT = replace(ACCOUNT, account="444455556666")
ROSTER = Scope(source=IntegrationId("people"), account="people.csv")
REPOSITORY = Scope(source=IntegrationId("git"), account="acme/shop")
REGISTER = Scope(source=IntegrationId("vulnerabilities"), account="register")
EVIDENCE = (digest_of(b"an example"),)

REFUSED = Unknown("the call was refused")
NO_REPORT = Unknown("iam:GenerateCredentialReport was refused")
NO_DETAILS = Unknown("iam:GetAccountAuthorizationDetails was refused")
NO_TAGS = Unknown("iam:ListUserTags was refused")
NO_LAST_DAY = Unknown("the roster has no column for the last day")
NO_RULES_SHOWN = Unknown("the answer has no field IpPermissions")


def days_ago(days: int) -> datetime:
    """A moment before the time at which examples are examined."""
    return EXAMPLE_NOW - timedelta(days=days)


def hours_ago(hours: int) -> datetime:
    """A moment before the time at which examples are examined."""
    return EXAMPLE_NOW - timedelta(hours=hours)


# --- people and changes


def person(email: str, *, accounts: tuple[str, ...] = (), ended_on: date | None = None) -> Person:
    """An employee who has been here for years, with the accounts that the roster names."""
    return Person(
        id=ResourceId(f"person:{email}"),
        name=email.partition("@")[0].replace(".", " ").title(),
        scope=ROSTER,
        evidence=EVIDENCE,
        email=email,
        employment="employee",
        title="Engineer",
        manager=None,
        started_on=date(2021, 3, 1),
        ended_on=ended_on,
        accounts=accounts,
    )


ADA = person("ada@acme.example")
BOB = person("bob@acme.example")
LEAVER = person("eve@acme.example", ended_on=date(2026, 5, 1))

CHANGE = Change(
    id=ResourceId("git:acme/shop:9f2c1d7e5b3a4c6d8e0f1a2b3c4d5e6f7a8b9c0d"),
    name="9f2c1d7e5b3a",
    scope=REPOSITORY,
    evidence=EVIDENCE,
    repository="acme/shop",
    commit="9f2c1d7e5b3a4c6d8e0f1a2b3c4d5e6f7a8b9c0d",
    title="Round prices to cents",
    author=ADA.email,
    merged_by=BOB.email,
    merged_at=days_ago(2),
    is_merge=True,
    contributors=(ADA.email,),
    reviewers=(BOB.email,),
)


RELEASE = Release(
    id=ResourceId("release:acme/shop:v1.4.2"),
    name="v1.4.2",
    scope=REPOSITORY,
    evidence=EVIDENCE,
    release="v1.4.2",
    released_at=days_ago(20),
)


# --- vulnerabilities


ISSUE = VulnerabilityIssue(
    id=ResourceId("vulnerability:acme/shop amd64:deb:openssl:CVE-2026-1000"),
    name="CVE-2026-1000 in openssl of acme/shop amd64",
    scope=REGISTER,
    evidence=EVIDENCE,
    asset="acme/shop amd64",
    package="openssl",
    vulnerability="CVE-2026-1000",
    severity="critical",
    detected_at=days_ago(2),
    due_at=days_ago(-1),
    gone_at=None,
    last_seen_at=days_ago(0),
    accepted_until=None,
    not_affected="",
    tools=("grype", "trivy"),
)

SCANNED = ScannedAsset(
    id=ResourceId("asset:acme/shop amd64"),
    name="acme/shop amd64",
    scope=REGISTER,
    evidence=EVIDENCE,
    scanned_at=days_ago(3),
    tools=("grype", "trivy"),
)

REPORT = VulnerabilityReport(
    id=ResourceId("vulnerability-report:v1.4.2"),
    name="v1.4.2",
    scope=REGISTER,
    evidence=EVIDENCE,
    release="v1.4.2",
    made_at=days_ago(20),
    open_issues=12,
)


# --- accounts, credentials and permissions


def account(name: str, *, scope: Scope = ACCOUNT) -> UserAccount:
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
        password_last_used_at=days_ago(1),
        password_set_at=days_ago(300),
        attached_policies=(),
        inline_policies=(),
        groups=("engineers",),
        tags=(),
    )


def tagged(user: UserAccount, *tags: tuple[str, str]) -> UserAccount:
    """The account with these tags."""
    return replace(user, tags=tags)


ADA_ACCOUNT = account("ada")
EVE_ACCOUNT = account("eve")
ROBOT = tagged(account("deploy"), ("service-account", "true"), ("owner", ADA.email))

ROOT = RootUser(
    id=ResourceId("arn:aws:iam::111122223333:root"),
    name="root",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    mfa_enrolled=True,
    active_access_keys=0,
    has_password=True,
    last_used_at=None,
)

ACCESS_KEY = AccessKey(
    id=ResourceId("arn:aws:iam::111122223333:user/ada/access-key-1"),
    name="ada, access key 1",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    user="ada",
    active=True,
    rotated_at=days_ago(30),
    last_used_at=days_ago(1),
)

PASSWORD_POLICY = PasswordPolicy(
    id=ResourceId("arn:aws:iam::111122223333:password-policy"),
    name="password policy",
    scope=ACCOUNT,
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
    scope=ACCOUNT,
    evidence=EVIDENCE,
    provider_managed=False,
    inline_of="",
    attached_to=("arn:aws:iam::111122223333:role/deployer",),
    statements=(replace(FULL_ADMINISTRATION, actions=("ecs:UpdateService",)),),
)


# --- machines, disks, tables and databases

MACHINE = VirtualMachine(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"),
    name="web-1",
    scope=HERE,
    evidence=EVIDENCE,
    state="running",
    metadata_enabled=True,
    metadata_token_required=True,
    public_address=None,
    instance_profile=None,
    tags=(),
    security_groups=("sg-0a1b2c3d4e5f60718",),
    private_addresses=("10.0.0.10",),
)

PATCHES = PatchState(
    id=ResourceId(f"{MACHINE.id}/patch-state"),
    name="web-1",
    scope=HERE,
    evidence=EVIDENCE,
    machine=MACHINE.id,
    missing=0,
    failed=0,
    scanned_at=days_ago(1),
)

IMAGE = MachineImage(
    id=ResourceId("arn:aws:ec2:eu-west-1::image/ami-0a1b2c3d4e5f60718"),
    name="web-2026-06",
    scope=HERE,
    evidence=EVIDENCE,
    public=False,
)

VOLUME = BlockVolume(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:volume/vol-0a1b2c3d4e5f60718"),
    name="uploads",
    scope=HERE,
    evidence=EVIDENCE,
    encrypted=True,
    attached_to=(),
    tags=(),
)

DISK_SNAPSHOT = DiskSnapshot(
    id=ResourceId("arn:aws:ec2:eu-west-1::snapshot/snap-0a1b2c3d4e5f60718"),
    name="nightly",
    scope=HERE,
    evidence=EVIDENCE,
    encrypted=True,
    public=False,
    created_at=days_ago(1),
)

DATABASE = Database(
    id=ResourceId("arn:aws:rds:eu-west-1:111122223333:db:orders"),
    name="orders",
    scope=HERE,
    evidence=EVIDENCE,
    engine="postgres",
    port=5432,
    publicly_accessible=False,
    encrypted=True,
    backup_retention_days=14,
    multi_zone=True,
    tags=(),
)

DATABASE_SNAPSHOT = DatabaseSnapshot(
    id=ResourceId("arn:aws:rds:eu-west-1:111122223333:snapshot:orders-2026-06-30"),
    name="orders-2026-06-30",
    scope=HERE,
    evidence=EVIDENCE,
    database="orders",
    encrypted=True,
    public=False,
    created_at=days_ago(1),
)

TABLE = Table(
    id=ResourceId("arn:aws:dynamodb:eu-west-1:111122223333:table/sessions"),
    name="sessions",
    scope=HERE,
    evidence=EVIDENCE,
    point_in_time_recovery=True,
    tags=(),
)


def backup_of(item: Resource) -> BackupProtection:
    """The protection of an item that was backed up six hours ago."""
    return BackupProtection(
        id=ResourceId(f"backup:{item.id}"),
        name=item.name,
        scope=HERE,
        evidence=EVIDENCE,
        protects=item.id,
        last_backup_at=hours_ago(6),
    )


# --- buckets, keys and certificates

ALL_BLOCKED = PublicAccessBlock(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True
)
NONE_BLOCKED = PublicAccessBlock(
    block_public_acls=False,
    ignore_public_acls=False,
    block_public_policy=False,
    restrict_public_buckets=False,
)

ACCOUNT_BLOCK = PublicAccessSetting(
    id=ResourceId("arn:aws:s3::111122223333:public-access-block"),
    name="public access block of 111122223333",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    block=ALL_BLOCKED,
)
NO_ACCOUNT_BLOCK = replace(ACCOUNT_BLOCK, block=None)

BUCKET = StorageBucket(
    id=ResourceId("arn:aws:s3:::invoices"),
    name="invoices",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    region="eu-west-1",
    block=ALL_BLOCKED,
    public_by_policy=False,
    public_by_acl=False,
    tls_only=True,
    policy=None,
    tags=(),
)
TRAIL_BUCKET = replace(
    BUCKET, id=ResourceId("arn:aws:s3:::acme-trails"), name="acme-trails", region="us-east-1"
)

ENCRYPTION_KEY = EncryptionKey(
    id=ResourceId("arn:aws:kms:eu-west-1:111122223333:key/1111"),
    name="1111",
    scope=HERE,
    evidence=EVIDENCE,
    customer_managed=True,
    enabled=True,
    rotatable=True,
    rotates=True,
    policy='{"Statement":[],"Version":"2012-10-17"}',
)

CERTIFICATE = Certificate(
    id=ResourceId("arn:aws:acm:eu-west-1:111122223333:certificate/2222"),
    name="www.acme.example",
    scope=HERE,
    evidence=EVIDENCE,
    domain="www.acme.example",
    in_use=True,
    expires_at=EXAMPLE_NOW + timedelta(days=200),
    status="ISSUED",
)


# --- networks

ANYWHERE = "0.0.0.0/0"
ANYWHERE_IPV6 = "::/0"
OFFICE = "198.51.100.0/24"

HTTPS = Listener(
    protocol="HTTPS", port=443, tls_policy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06", redirects_to_https=False
)
HTTP = Listener(protocol="HTTP", port=80, tls_policy="", redirects_to_https=False)
REDIRECT = replace(HTTP, redirects_to_https=True)

BALANCER = LoadBalancer(
    id=ResourceId("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/3333"),
    name="shop",
    scope=HERE,
    evidence=EVIDENCE,
    type="application",
    internet_facing=True,
    listeners=(HTTPS, REDIRECT),
    web_acl="arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/8f8b8a76-5cb8-4f0c-a1d2-3c4d5e6f7a8b",
)

NETWORK = VirtualNetwork(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a1b2c3d4e5f60718"),
    name="main",
    scope=HERE,
    evidence=EVIDENCE,
    is_default=False,
    flow_logged=True,
)


def inbound(protocol: str, ports: tuple[int, int], peer: str) -> FirewallRule:
    """A rule that admits traffic to a range of ports."""
    return FirewallRule(inbound=True, protocol=protocol, from_port=ports[0], to_port=ports[1], peer=peer)


def outbound(protocol: str, ports: tuple[int, int], peer: str) -> FirewallRule:
    """A rule that lets traffic out to a range of ports."""
    return replace(inbound(protocol, ports, peer), inbound=False)


def group(*rules: FirewallRule) -> SecurityGroup:
    """A group with these rules, which is not its network's default group."""
    return SecurityGroup(
        id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d4e5f60718"),
        name="web",
        scope=HERE,
        evidence=EVIDENCE,
        network=NETWORK.id,
        is_default=False,
        rules=rules,
    )


# --- what watches

REGION = CloudRegion(
    id=ResourceId("aws:111122223333:eu-west-1"), name="eu-west-1", scope=ACCOUNT, evidence=EVIDENCE
)

TRAIL = AuditTrail(
    id=ResourceId("arn:aws:cloudtrail:us-east-1:111122223333:trail/main"),
    name="main",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    home_region="us-east-1",
    multi_region=True,
    logging=True,
    records_management_events=True,
    log_validation=True,
    bucket=TRAIL_BUCKET.name,
)

LOGS = LogGroup(
    id=ResourceId("arn:aws:logs:eu-west-1:111122223333:log-group:/app/api"),
    name="/app/api",
    scope=HERE,
    evidence=EVIDENCE,
    retention_days=400,
)

DETECTOR = ThreatDetector(
    id=ResourceId("arn:aws:guardduty:eu-west-1:111122223333:detector/12abc34d567e8fa901bc2d34e56789f0"),
    name="12abc34d567e8fa901bc2d34e56789f0",
    scope=HERE,
    evidence=EVIDENCE,
    enabled=True,
)

FINDING = ThreatFinding(
    id=ResourceId(f"{DETECTOR.id}/finding/16afba5c5c43e07c9e3e5e2e544e95df"),
    name="Credentials of web-1 are used from outside AWS",
    scope=HERE,
    evidence=EVIDENCE,
    type="UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
    severity="high",
    created_at=days_ago(2),
    updated_at=days_ago(1),
    archived=False,
)

RECORDER = ConfigurationRecorder(
    id=ResourceId("arn:aws:config:eu-west-1:111122223333:configuration-recorder/default"),
    name="default",
    scope=HERE,
    evidence=EVIDENCE,
    recording=True,
    all_resource_types=True,
)

ALARM = Alarm(
    id=ResourceId("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors"),
    name="errors",
    scope=HERE,
    evidence=EVIDENCE,
    actions_enabled=True,
    topics=("arn:aws:sns:eu-west-1:111122223333:on-call",),
    other_actions=(),
    confirmed_subscribers=2,
)
