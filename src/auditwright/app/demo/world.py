"""The cloud of Northwind Robotics, made through AWS's own API: a good part in order, and mistakes that people make.

Four accounts (production, staging, security, and that of the clusters) in three regions. What is wrong is wrong on purpose, and each of
it is a mistake that companies of this size have: a key that is a year old, a leaver's account, a port that was
opened for a night, a database that was never encrypted, a region that nobody looks at.

Everything is made one after the other from a fixed seed, so that ids are the same in every demo.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.request import Request, urlopen

from auditwright.app.demo.cloud import (
    ANSWER_LIMIT_S,
    DOMAIN,
    FLEET,
    FRANKFURT,
    PRODUCTION,
    REGIONS,
    SECURITY,
    STAGING,
    STOCKHOLM,
    VIRGINIA,
    Cloud,
    Place,
    tags,
    text,
)
from auditwright.app.demo.cluster import fill_fleet
from auditwright.app.demo.emulator import Emulator
from auditwright.app.demo.emulator_server import Told
from auditwright.app.demo.systems import databases, front, machines, networks
from auditwright.app.demo.unemulated import unemulated

SEED: Final = 46
"""Any number: with the same one, moto gives the same ids."""

ADMINISTRATOR: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def fill(emulator: Emulator) -> None:
    """Make everything that Northwind Robotics has in the cloud."""
    with urlopen(  # noqa: S310  # the emulator of this demo, on the loopback address
        Request(f"{emulator.url}/moto-api/seed?a={SEED}", method="POST"),  # noqa: S310
        timeout=ANSWER_LIMIT_S,
    ):
        pass
    cloud = Cloud(emulator.url)
    for part in (_identities, _storage, _keys, _watching, networks, machines, databases, front):
        part(cloud)
    fill_fleet(emulator)
    emulator.tell(_AGES)
    emulator.tell(unemulated(cloud))


# --- Identities ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    account: str
    name: str
    groups: tuple[str, ...] = ()
    password: bool = True
    mfa: bool = True
    keys: int = 0
    tags: Mapping[str, str] | None = None


_USERS: Final = (
    _User(account=PRODUCTION, name="mira.okafor", groups=("security",)),
    _User(account=PRODUCTION, name="jonas.lindqvist", groups=("platform",), keys=1),
    # The key is 412 days old.
    _User(account=PRODUCTION, name="tomas.herrera", groups=("platform",), keys=1),
    _User(account=PRODUCTION, name="priya.raman", groups=("robotics",)),
    # The founder's account from the first day: no second factor, administrator, hardly used.
    _User(account=PRODUCTION, name="samir.haddad", mfa=False),
    # She left; nobody thought of the one account that is not behind the identity provider.
    _User(account=PRODUCTION, name="dorota.kowal", groups=("robotics",), keys=1),
    # Two operators share one account on the night shift.
    _User(
        account=PRODUCTION,
        name="fleet-ops",
        groups=("robotics",),
        mfa=False,
        tags={"owner": f"omar.farouk@{DOMAIN} signe.holm@{DOMAIN}"},
    ),
    _User(
        account=PRODUCTION,
        name="deploy-bot",
        groups=("deploy",),
        password=False,
        mfa=False,
        keys=1,
        tags={"service-account": "true", "owner": f"jonas.lindqvist@{DOMAIN}"},
    ),
    # Its owner left years ago, and `temporary` never ended.
    _User(
        account=PRODUCTION,
        name="telemetry-import",
        password=False,
        mfa=False,
        keys=1,
        tags={"service-account": "true", "owner": f"viktor.lange@{DOMAIN}"},
    ),
    # Nobody knows whose it is.
    _User(account=PRODUCTION, name="bootstrap-ops", password=False, mfa=False, keys=1),
    _User(account=STAGING, name="aiko", groups=("platform",), mfa=False, keys=1),
    _User(account=STAGING, name="jonas.lindqvist", groups=("platform",)),
    _User(
        account=STAGING,
        name="ci-staging",
        groups=("deploy",),
        password=False,
        mfa=False,
        keys=1,
        tags={"service-account": "true", "owner": f"hanne.brandt@{DOMAIN}"},
    ),
    _User(account=SECURITY, name="mira.okafor", groups=("security",)),
    _User(account=SECURITY, name="bilal.aydin", groups=("security",)),
)

_AGES: Final = (
    Told(account=PRODUCTION, mended=True, root_mfa=True),
    Told(account=STAGING, mended=True, root_mfa=False),
    Told(account=SECURITY, mended=True, root_mfa=True),
    Told(account=PRODUCTION, user="mira.okafor", created=890, password_used=1),
    Told(account=PRODUCTION, user="jonas.lindqvist", created=1510, password_used=3, keys=[(38, 0)]),
    Told(account=PRODUCTION, user="tomas.herrera", created=960, password_used=2, keys=[(412, 2)]),
    Told(account=PRODUCTION, user="priya.raman", created=1290, password_used=11),
    Told(account=PRODUCTION, user="samir.haddad", created=2410, password_used=131),
    Told(account=PRODUCTION, user="dorota.kowal", created=1120, password_used=12, keys=[(71, 6)]),
    Told(account=PRODUCTION, user="fleet-ops", created=730, password_used=0),
    Told(account=PRODUCTION, user="deploy-bot", created=690, keys=[(41, 0)]),
    Told(account=PRODUCTION, user="telemetry-import", created=1740, keys=[(1102, 1)]),
    Told(account=PRODUCTION, user="bootstrap-ops", created=2440, keys=[(994, None)]),
    Told(account=STAGING, user="aiko", created=510, password_used=5, keys=[(18, 4)]),
    Told(account=STAGING, user="jonas.lindqvist", created=940, password_used=23),
    Told(account=STAGING, user="ci-staging", created=610, keys=[(62, 0)]),
    Told(account=SECURITY, user="mira.okafor", created=880, password_used=2),
    Told(account=SECURITY, user="bilal.aydin", created=590, password_used=1),
)

_GROUPS: Final = {
    "security": (
        "audit-reader",
        ("cloudtrail:LookupEvents", "guardduty:Get*", "guardduty:List*", "config:Get*"),
    ),
    "platform": ("platform-operator", ("ec2:*", "rds:*", "logs:*", "cloudwatch:*")),
    "robotics": ("fleet-developer", ("s3:GetObject", "s3:PutObject", "dynamodb:Query", "dynamodb:GetItem")),
    "deploy": ("deployer", ("ecs:UpdateService", "ecr:PutImage", "ecr:InitiateLayerUpload")),
}

_LOOKS_CLOSED: Final = {
    "Sid": "NoDeletionWithoutMfa",
    "Effect": "Deny",
    "Action": ["ec2:TerminateInstances", "rds:DeleteDBInstance"],
    "Resource": "*",
    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
}
"""An access key says nothing of a second factor, so that this holds of none: it should read BoolIfExists."""

_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


_PASSWORD: Final = "Only-In-The-Demo-46!"  # noqa: S105  # it opens nothing but the emulator


def _identities(cloud: Cloud) -> None:
    for account in (PRODUCTION, STAGING, SECURITY):
        iam = cloud.at(account)
        for group, (policy, actions) in _GROUPS.items():
            if not any(user.account == account and group in user.groups for user in _USERS):
                continue
            iam.do("iam", "create_group", GroupName=group)
            allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            statements = [allowed, _LOOKS_CLOSED] if policy == "platform-operator" else [allowed]
            document = {"Version": "2012-10-17", "Statement": statements}
            made = iam.do("iam", "create_policy", PolicyName=policy, PolicyDocument=json.dumps(document))
            iam.do("iam", "attach_group_policy", GroupName=group, PolicyArn=text(made, "Policy", "Arn"))
        iam.do("iam", "create_role", RoleName="fleet-task", AssumeRolePolicyDocument=json.dumps(_TRUST))
    for user in _USERS:
        _user(cloud.at(user.account), user)
    _too_much(cloud.at(PRODUCTION))
    for account in (PRODUCTION, SECURITY, FLEET):
        cloud.at(account).do(
            "iam",
            "update_account_password_policy",
            MinimumPasswordLength=16,
            RequireSymbols=True,
            RequireNumbers=True,
            RequireUppercaseCharacters=True,
            RequireLowercaseCharacters=True,
            PasswordReusePrevention=24,
        )


def _user(iam: Place, user: _User) -> None:
    iam.do("iam", "create_user", UserName=user.name, Tags=tags(**(user.tags or {})))
    for group in user.groups:
        iam.do("iam", "add_user_to_group", UserName=user.name, GroupName=group)
    if user.password:
        iam.do("iam", "create_login_profile", UserName=user.name, Password=_PASSWORD)
    if user.mfa:
        device = iam.do("iam", "create_virtual_mfa_device", VirtualMFADeviceName=user.name)
        iam.do(
            "iam",
            "enable_mfa_device",
            UserName=user.name,
            SerialNumber=text(device, "VirtualMFADevice", "SerialNumber"),
            AuthenticationCode1="123456",
            AuthenticationCode2="654321",
        )
    for _ in range(user.keys):
        iam.do("iam", "create_access_key", UserName=user.name)


def _too_much(iam: Place) -> None:
    """Permissions that outgrew their reason."""
    made = iam.do("iam", "create_policy", PolicyName="founder-admin", PolicyDocument=ADMINISTRATOR)
    iam.do("iam", "attach_user_policy", UserName="samir.haddad", PolicyArn=text(made, "Policy", "Arn"))
    iam.do(
        "iam",
        "put_user_policy",
        UserName="telemetry-import",
        PolicyName="temporary",
        PolicyDocument=ADMINISTRATOR,
    )


# --- Storage and keys ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bucket:
    account: str
    name: str
    region: str = FRANKFURT
    environment: str = "production"
    tls_only: bool = True
    blocked: bool = True
    public_policy: bool = False
    public_acl: bool = False


_BUCKETS: Final = (
    _Bucket(account=PRODUCTION, name="northwind-fleet-telemetry"),
    _Bucket(account=PRODUCTION, name="northwind-fleet-maps", region=STOCKHOLM),
    _Bucket(account=PRODUCTION, name="northwind-customer-exports"),
    _Bucket(account=PRODUCTION, name="northwind-invoices"),
    # Robots in the field fetch their firmware from here without credentials; there is a waiver for it.
    _Bucket(account=PRODUCTION, name="northwind-firmware-releases", blocked=False, public_policy=True),
    # Opened so that a partner could fetch a recording, and forgotten.
    _Bucket(
        account=PRODUCTION,
        name="northwind-lidar-recordings",
        region=STOCKHOLM,
        tls_only=False,
        blocked=False,
        public_acl=True,
    ),
    _Bucket(account=PRODUCTION, name="northwind-web-assets", region=VIRGINIA, tls_only=False),
    _Bucket(account=STAGING, name="northwind-staging-uploads", environment="staging", tls_only=False),
    _Bucket(account=STAGING, name="northwind-staging-simulations", environment="staging", region=STOCKHOLM),
    _Bucket(account=SECURITY, name="northwind-trail-archive"),
    _Bucket(account=SECURITY, name="northwind-config-history"),
)

_BLOCK: Final = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def _storage(cloud: Cloud) -> None:
    for account in (STAGING, SECURITY, FLEET):
        cloud.at(account).do(
            "s3control", "put_public_access_block", AccountId=account, PublicAccessBlockConfiguration=_BLOCK
        )
    for bucket in _BUCKETS:
        _bucket(cloud.at(bucket.account, bucket.region), bucket)


def _bucket(place: Place, bucket: _Bucket) -> None:
    where = (
        {}
        if bucket.region == VIRGINIA
        else {"CreateBucketConfiguration": {"LocationConstraint": bucket.region}}
    )
    place.do("s3", "create_bucket", Bucket=bucket.name, **where)
    place.do(
        "s3",
        "put_bucket_tagging",
        Bucket=bucket.name,
        Tagging={"TagSet": tags(environment=bucket.environment)},
    )
    if bucket.blocked:
        place.do("s3", "put_public_access_block", Bucket=bucket.name, PublicAccessBlockConfiguration=_BLOCK)
    if bucket.public_acl:
        place.do("s3", "put_bucket_acl", Bucket=bucket.name, ACL="public-read")
    statements = _bucket_statements(bucket)
    if statements:
        policy = {"Version": "2012-10-17", "Statement": statements}
        place.do("s3", "put_bucket_policy", Bucket=bucket.name, Policy=json.dumps(policy))


def _bucket_statements(bucket: _Bucket) -> list[Mapping[str, object]]:
    arn = f"arn:aws:s3:::{bucket.name}"
    tls_only = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    downloads = {
        "Sid": "Downloads",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"{arn}/*",
    }
    return [*((tls_only,) if bucket.tls_only else ()), *((downloads,) if bucket.public_policy else ())]


_KEYS: Final = (
    (PRODUCTION, FRANKFURT, "fleet data", True),
    (PRODUCTION, STOCKHOLM, "robot maps", True),
    # Made before rotation was part of the module that makes keys.
    (PRODUCTION, FRANKFURT, "customer exports", False),
    (STAGING, FRANKFURT, "staging data", True),
    (SECURITY, FRANKFURT, "trail archive", True),
)


def _keys(cloud: Cloud) -> None:
    for account, region, description, rotates in _KEYS:
        place = cloud.at(account, region)
        key = text(place.do("kms", "create_key", Description=description), "KeyMetadata", "KeyId")
        place.do("kms", "create_alias", AliasName=f"alias/{description.replace(' ', '-')}", TargetKeyId=key)
        if rotates:
            place.do("kms", "enable_key_rotation", KeyId=key)


# --- What watches --------------------------------------------------------------------------------------------

_DETECTED: Final = (
    *((PRODUCTION, region) for region in REGIONS),
    *((SECURITY, region) for region in REGIONS),
    *((FLEET, region) for region in REGIONS),
    # Staging runs machines in Stockholm too, and nobody switched the detector on there.
    (STAGING, FRANKFURT),
)

_RECORDED: Final = (
    *((PRODUCTION, region) for region in REGIONS),
    *((STAGING, region) for region in (FRANKFURT, STOCKHOLM)),
    (SECURITY, FRANKFURT),
    *((FLEET, region) for region in (FRANKFURT, STOCKHOLM)),
)

_LOG_GROUPS: Final = (
    (PRODUCTION, FRANKFURT, "/fleet/api", 400),
    (PRODUCTION, FRANKFURT, "/fleet/console", 400),
    # Nobody set how long they are kept; that costs money, and breaks no rule.
    (PRODUCTION, FRANKFURT, "/aws/lambda/telemetry-import", None),
    (PRODUCTION, STOCKHOLM, "/fleet/robot-gateway", 30),
    (STAGING, FRANKFURT, "/fleet/api", 14),
    (SECURITY, FRANKFURT, "/security/findings", 731),
)


def _watching(cloud: Cloud) -> None:
    _trail(cloud.at(PRODUCTION), "northwind-production", multi_region=True)
    _trail(cloud.at(SECURITY), "northwind-security", multi_region=True)
    _trail(cloud.at(FLEET), "northwind-fleet", multi_region=True)
    _trail(cloud.at(STAGING), "northwind-staging", multi_region=False)
    for account, region in _DETECTED:
        cloud.at(account, region).do("guardduty", "create_detector", Enable=True)
    for account, region in _RECORDED:
        _recorder(cloud.at(account, region))
    for account, region, name, days in _LOG_GROUPS:
        place = cloud.at(account, region)
        place.do("logs", "create_log_group", logGroupName=name)
        if days is not None:
            place.do("logs", "put_retention_policy", logGroupName=name, retentionInDays=days)
    _alarms(cloud.at(PRODUCTION))


def _trail(place: Place, name: str, *, multi_region: bool) -> None:
    place.do(
        "cloudtrail",
        "create_trail",
        Name=name,
        S3BucketName="northwind-trail-archive",
        IsMultiRegionTrail=multi_region,
        IncludeGlobalServiceEvents=multi_region,
        EnableLogFileValidation=True,
    )
    place.do("cloudtrail", "start_logging", Name=name)


def _recorder(place: Place) -> None:
    place.do(
        "config",
        "put_configuration_recorder",
        ConfigurationRecorder={
            "name": "default",
            "roleARN": f"arn:aws:iam::{place.account}:role/config",
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        },
    )
    place.do(
        "config",
        "put_delivery_channel",
        DeliveryChannel={"name": "default", "s3BucketName": "northwind-config-history"},
    )
    place.do("config", "start_configuration_recorder", ConfigurationRecorderName="default")


def _alarms(place: Place) -> None:
    topic = text(place.do("sns", "create_topic", Name="on-call"), "TopicArn")
    place.do("sns", "subscribe", TopicArn=topic, Protocol="email", Endpoint=f"on-call@{DOMAIN}")
    for name, namespace, metric in (
        ("fleet-api-errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"),
        ("fleet-db-storage", "AWS/RDS", "FreeStorageSpace"),
        ("root-sign-in", "Northwind/Trail", "RootSignIn"),
        ("robots-offline", "Northwind/Fleet", "RobotsOffline"),
    ):
        place.do(
            "cloudwatch",
            "put_metric_alarm",
            AlarmName=name,
            Namespace=namespace,
            MetricName=metric,
            AlarmActions=[topic],
            ActionsEnabled=True,
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Period=60,
            Statistic="Sum",
            Threshold=1.0,
        )
