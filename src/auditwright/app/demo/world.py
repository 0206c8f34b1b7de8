"""The cloud of Northwind Robotics, made through AWS's own API: a good part in order, and mistakes that people make.

Three accounts (production, staging, security) in three regions. What is wrong is wrong on purpose, and each of
it is a mistake that companies of this size have: a key that is a year old, a leaver's account, a port that was
opened for a night, a database that was never encrypted, a region that nobody looks at.

Everything is made one after the other from a fixed seed, so that ids are the same in every demo.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, cast
from urllib.request import Request, urlopen

from auditwright.app.demo.emulator import HOME_REGION, Emulator
from auditwright.app.demo.emulator_server import Aged

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

PRODUCTION: Final = "410983217705"
STAGING: Final = "286417730952"
SECURITY: Final = "553120986641"

FRANKFURT: Final = HOME_REGION
STOCKHOLM: Final = "eu-north-1"
VIRGINIA: Final = "us-east-1"
REGIONS: Final = (FRANKFURT, STOCKHOLM, VIRGINIA)

DOMAIN: Final = "northwind-robotics.example"

SEED: Final = 46
"""Any number: with the same one, moto gives the same ids."""

ANSWER_LIMIT_S: Final = 30.0
"""The emulator answers in milliseconds."""

EVERYBODY: Final = "0.0.0.0/0"
ADMINISTRATOR: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'

Answer = Mapping[str, object]


def role_of(account: str) -> str:
    """The role that Auditwright takes in an account."""
    return f"arn:aws:iam::{account}:role/auditwright"


def fill(emulator: Emulator) -> None:
    """Make everything that Northwind Robotics has in the cloud."""
    with urlopen(  # noqa: S310  # the emulator of this demo, on the loopback address
        Request(f"{emulator.url}/moto-api/seed?a={SEED}", method="POST"),  # noqa: S310
        timeout=ANSWER_LIMIT_S,
    ):
        pass
    cloud = _Cloud(emulator.url)
    for part in (_identities, _storage, _keys, _watching, _networks, _machines, _databases, _front):
        part(cloud)
    emulator.age(_AGES)


class _Cloud:
    """Clients of the three accounts, each made once."""

    def __init__(self, url: str) -> None:
        import botocore.session
        from botocore.config import Config

        self._url = url
        self._base = botocore.session.Session()
        self._sessions: dict[str, Session] = {}
        self._clients: dict[tuple[str, str, str], BaseClient] = {}
        self._config = Config(
            inject_host_prefix=False,
            read_timeout=ANSWER_LIMIT_S,
            s3={"addressing_style": "path"},
            parameter_validation=False,
        )

    def at(self, account: str, region: str = FRANKFURT) -> "_Place":
        """One account in one region."""
        return _Place(cloud=self, account=account, region=region)

    def call(self, where: tuple[str, str, str], method: str, parameters: Mapping[str, object]) -> Answer:
        """Call a method of (account, region, service)."""
        client = self._clients.get(where)
        if client is None:
            client = self._clients[where] = self._client(*where)
        do: Callable[..., Answer] = getattr(client, method)
        return do(**parameters)

    def _client(self, account: str, region: str, service: str) -> "BaseClient":
        session = self._sessions.get(account)
        if session is None:
            session = self._sessions[account] = self._enter(account)
        made = session.create_client(service, region_name=region, endpoint_url=self._url, config=self._config)
        if service == "s3control":
            made.meta.events.register("before-sign.s3-control", self._ask_the_emulator)
        return made

    def _enter(self, account: str) -> "Session":
        import botocore.session

        sts = self._base.create_client(
            "sts", region_name=FRANKFURT, endpoint_url=self._url, config=self._config
        )
        assume: Callable[..., Answer] = sts.assume_role
        taken = cast(
            "Mapping[str, str]", assume(RoleArn=role_of(account), RoleSessionName="demo")["Credentials"]
        )
        session = botocore.session.Session()
        # Reading the models of the services takes most of the time; they are read once for all accounts.
        session.register_component("data_loader", self._base.get_component("data_loader"))
        session.set_credentials(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
        return session

    def _ask_the_emulator(self, **event: object) -> None:
        # S3 Control puts the account's number before the host, where the emulator has no such name.
        request = event["request"]
        url: object = getattr(request, "url", "")
        assert isinstance(url, str)
        path = url.split("/", 3)[3]
        setattr(request, "url", f"{self._url}/{path}")  # noqa: B010  # its class is botocore's own affair


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One account in one region."""

    cloud: _Cloud
    account: str
    region: str

    def do(self, service: str, method: str, **parameters: object) -> Answer:
        """One call of AWS's API."""
        return self.cloud.call((self.account, self.region, service), method, parameters)


def _text(answer: object, *path: str | int) -> str:
    """A text inside an answer."""
    for step in path:
        match step:
            case str():
                answer = cast("Mapping[str, object]", answer)[step]
            case int():
                answer = cast("Sequence[object]", answer)[step]
    assert isinstance(answer, str)
    return answer


def _tags(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


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
    Aged(account=PRODUCTION, root_mfa=True),
    Aged(account=SECURITY, root_mfa=True),
    Aged(account=PRODUCTION, user="mira.okafor", created=890, password_used=1),
    Aged(account=PRODUCTION, user="jonas.lindqvist", created=1510, password_used=3, keys=[(38, 0)]),
    Aged(account=PRODUCTION, user="tomas.herrera", created=960, password_used=2, keys=[(412, 2)]),
    Aged(account=PRODUCTION, user="priya.raman", created=1290, password_used=11),
    Aged(account=PRODUCTION, user="samir.haddad", created=2410, password_used=131),
    Aged(account=PRODUCTION, user="dorota.kowal", created=1120, password_used=12, keys=[(71, 6)]),
    Aged(account=PRODUCTION, user="fleet-ops", created=730, password_used=0),
    Aged(account=PRODUCTION, user="deploy-bot", created=690, keys=[(41, 0)]),
    Aged(account=PRODUCTION, user="telemetry-import", created=1740, keys=[(1102, 1)]),
    Aged(account=PRODUCTION, user="bootstrap-ops", created=2440, keys=[(994, None)]),
    Aged(account=STAGING, user="aiko", created=510, password_used=5, keys=[(18, 4)]),
    Aged(account=STAGING, user="jonas.lindqvist", created=940, password_used=23),
    Aged(account=STAGING, user="ci-staging", created=610, keys=[(62, 0)]),
    Aged(account=SECURITY, user="mira.okafor", created=880, password_used=2),
    Aged(account=SECURITY, user="bilal.aydin", created=590, password_used=1),
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

_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def _identities(cloud: _Cloud) -> None:
    for account in (PRODUCTION, STAGING, SECURITY):
        iam = cloud.at(account)
        for group, (policy, actions) in _GROUPS.items():
            if not any(user.account == account and group in user.groups for user in _USERS):
                continue
            iam.do("iam", "create_group", GroupName=group)
            document = {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
            }
            made = iam.do("iam", "create_policy", PolicyName=policy, PolicyDocument=json.dumps(document))
            iam.do("iam", "attach_group_policy", GroupName=group, PolicyArn=_text(made, "Policy", "Arn"))
        iam.do("iam", "create_role", RoleName="fleet-task", AssumeRolePolicyDocument=json.dumps(_TRUST))
    for user in _USERS:
        _user(cloud.at(user.account), user)
    _too_much(cloud.at(PRODUCTION))
    for account in (PRODUCTION, SECURITY):
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


def _user(iam: _Place, user: _User) -> None:
    iam.do("iam", "create_user", UserName=user.name, Tags=_tags(**(user.tags or {})))
    for group in user.groups:
        iam.do("iam", "add_user_to_group", UserName=user.name, GroupName=group)
    if user.password:
        iam.do("iam", "create_login_profile", UserName=user.name, Password="Only-In-The-Demo-46!")
    if user.mfa:
        device = iam.do("iam", "create_virtual_mfa_device", VirtualMFADeviceName=user.name)
        iam.do(
            "iam",
            "enable_mfa_device",
            UserName=user.name,
            SerialNumber=_text(device, "VirtualMFADevice", "SerialNumber"),
            AuthenticationCode1="123456",
            AuthenticationCode2="654321",
        )
    for _ in range(user.keys):
        iam.do("iam", "create_access_key", UserName=user.name)


def _too_much(iam: _Place) -> None:
    """Permissions that outgrew their reason."""
    made = iam.do("iam", "create_policy", PolicyName="founder-admin", PolicyDocument=ADMINISTRATOR)
    iam.do("iam", "attach_user_policy", UserName="samir.haddad", PolicyArn=_text(made, "Policy", "Arn"))
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


def _storage(cloud: _Cloud) -> None:
    for account in (STAGING, SECURITY):
        cloud.at(account).do(
            "s3control", "put_public_access_block", AccountId=account, PublicAccessBlockConfiguration=_BLOCK
        )
    for bucket in _BUCKETS:
        _bucket(cloud.at(bucket.account, bucket.region), bucket)


def _bucket(place: _Place, bucket: _Bucket) -> None:
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
        Tagging={"TagSet": _tags(environment=bucket.environment)},
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


def _keys(cloud: _Cloud) -> None:
    for account, region, description, rotates in _KEYS:
        place = cloud.at(account, region)
        key = _text(place.do("kms", "create_key", Description=description), "KeyMetadata", "KeyId")
        place.do("kms", "create_alias", AliasName=f"alias/{description.replace(' ', '-')}", TargetKeyId=key)
        if rotates:
            place.do("kms", "enable_key_rotation", KeyId=key)


# --- What watches --------------------------------------------------------------------------------------------

_DETECTED: Final = (
    *((PRODUCTION, region) for region in REGIONS),
    *((SECURITY, region) for region in REGIONS),
    # Staging runs machines in Stockholm too, and nobody switched the detector on there.
    (STAGING, FRANKFURT),
)

_RECORDED: Final = (
    *((PRODUCTION, region) for region in (FRANKFURT, STOCKHOLM)),
    (STAGING, FRANKFURT),
    (SECURITY, FRANKFURT),
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


def _watching(cloud: _Cloud) -> None:
    _trail(cloud.at(PRODUCTION), "northwind-production", multi_region=True, validated=True)
    _trail(cloud.at(SECURITY), "northwind-security", multi_region=True, validated=True)
    _trail(cloud.at(STAGING), "northwind-staging", multi_region=False, validated=False)
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


def _trail(place: _Place, name: str, *, multi_region: bool, validated: bool) -> None:
    place.do(
        "cloudtrail",
        "create_trail",
        Name=name,
        S3BucketName="northwind-trail-archive",
        IsMultiRegionTrail=multi_region,
        IncludeGlobalServiceEvents=multi_region,
        EnableLogFileValidation=validated,
    )
    place.do("cloudtrail", "start_logging", Name=name)


def _recorder(place: _Place) -> None:
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


def _alarms(place: _Place) -> None:
    heard = _text(place.do("sns", "create_topic", Name="on-call"), "TopicArn")
    place.do("sns", "subscribe", TopicArn=heard, Protocol="email", Endpoint=f"on-call@{DOMAIN}")
    # The topic's only subscriber left with its mailing list.
    unheard = _text(place.do("sns", "create_topic", Name="fleet-alerts"), "TopicArn")
    for name, namespace, metric, topic, on in (
        ("fleet-api-errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", heard, True),
        ("fleet-db-storage", "AWS/RDS", "FreeStorageSpace", heard, True),
        ("root-sign-in", "Northwind/Trail", "RootSignIn", heard, True),
        ("robots-offline", "Northwind/Fleet", "RobotsOffline", unheard, True),
        # Switched off during a migration.
        ("fleet-db-connections", "AWS/RDS", "DatabaseConnections", heard, False),
    ):
        place.do(
            "cloudwatch",
            "put_metric_alarm",
            AlarmName=name,
            Namespace=namespace,
            MetricName=metric,
            AlarmActions=[topic],
            ActionsEnabled=on,
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Period=60,
            Statistic="Sum",
            Threshold=1.0,
        )


# --- Networks and machines -----------------------------------------------------------------------------------

_OFFICE: Final = "192.0.2.0/24"
"""The office's addresses; RFC 5737 keeps these for documentation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Network:
    account: str
    region: str
    name: str
    block: str
    flow_logged: bool = True
    closed: bool = True
    """Whether the default security group has no rules."""


_NETWORKS: Final = (
    _Network(account=PRODUCTION, region=FRANKFURT, name="fleet", block="10.10.0.0/16"),
    # Set up in a hurry for the Nordic customers.
    _Network(
        account=PRODUCTION,
        region=STOCKHOLM,
        name="robot-gateway",
        block="10.11.0.0/16",
        flow_logged=False,
        closed=False,
    ),
    _Network(account=STAGING, region=FRANKFURT, name="staging", block="10.20.0.0/16", flow_logged=False),
    _Network(account=STAGING, region=STOCKHOLM, name="simulation", block="10.21.0.0/16"),
    _Network(account=SECURITY, region=FRANKFURT, name="forensics", block="10.30.0.0/16"),
)

_KEPT_DEFAULT: Final = (STAGING, STOCKHOLM)
"""Where AWS's default network was never taken away; in every other region it was."""

_RULES: Final = (
    # account, region, network, group, port, peer
    (PRODUCTION, FRANKFURT, "fleet", "edge", 443, EVERYBODY),
    (PRODUCTION, FRANKFURT, "fleet", "fleet-api", 8443, "10.10.0.0/16"),
    (PRODUCTION, FRANKFURT, "fleet", "fleet-db", 5432, "10.10.0.0/16"),
    (PRODUCTION, FRANKFURT, "fleet", "bastion", 22, _OFFICE),
    # Opened at night to look at a robot, and still open.
    (PRODUCTION, STOCKHOLM, "robot-gateway", "gateway-debug", 22, EVERYBODY),
    (PRODUCTION, STOCKHOLM, "robot-gateway", "gateway", 8883, EVERYBODY),
    (STAGING, FRANKFURT, "staging", "staging-db", 5432, EVERYBODY),
    (STAGING, FRANKFURT, "staging", "staging-web", 443, _OFFICE),
    (STAGING, STOCKHOLM, "simulation", "simulation-workers", 6379, "10.21.0.0/16"),
    (SECURITY, FRANKFURT, "forensics", "forensics", 22, _OFFICE),
)


def _networks(cloud: _Cloud) -> None:
    for account in (PRODUCTION, STAGING, SECURITY):
        for region in REGIONS:
            if (account, region) != _KEPT_DEFAULT:
                _without_default(cloud.at(account, region))
    for network in _NETWORKS:
        _network(cloud.at(network.account, network.region), network)
    for account, region, name, group, port, peer in _RULES:
        place = cloud.at(account, region)
        made = place.do(
            "ec2", "create_security_group", GroupName=group, Description=group, VpcId=_vpc(place, name)
        )
        place.do(
            "ec2",
            "authorize_security_group_ingress",
            GroupId=_text(made, "GroupId"),
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": peer}]}
            ],
        )


def _without_default(place: _Place) -> None:
    subnets = place.do("ec2", "describe_subnets")["Subnets"]
    for subnet in cast("Sequence[Answer]", subnets):
        place.do("ec2", "delete_subnet", SubnetId=subnet["SubnetId"])
    for vpc in cast("Sequence[Answer]", place.do("ec2", "describe_vpcs")["Vpcs"]):
        place.do("ec2", "delete_vpc", VpcId=vpc["VpcId"])


def _network(place: _Place, network: _Network) -> None:
    vpc = _text(place.do("ec2", "create_vpc", CidrBlock=network.block), "Vpc", "VpcId")
    place.do("ec2", "create_tags", Resources=[vpc], Tags=_tags(Name=network.name))
    first, second, *_ = network.block.split(".")
    for third, zone in enumerate("ab"):
        place.do(
            "ec2",
            "create_subnet",
            VpcId=vpc,
            CidrBlock=f"{first}.{second}.{third}.0/24",
            AvailabilityZone=f"{place.region}{zone}",
        )
    if network.flow_logged:
        place.do(
            "ec2",
            "create_flow_logs",
            ResourceIds=[vpc],
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="s3",
            LogDestination="arn:aws:s3:::northwind-trail-archive",
        )
    if network.closed:
        _close_default_group(place, vpc)


def _close_default_group(place: _Place, vpc: str) -> None:
    groups = place.do("ec2", "describe_security_groups", Filters=[{"Name": "vpc-id", "Values": [vpc]}])[
        "SecurityGroups"
    ]
    for group in cast("Sequence[Answer]", groups):
        for method, rules in (
            ("revoke_security_group_ingress", group["IpPermissions"]),
            ("revoke_security_group_egress", group["IpPermissionsEgress"]),
        ):
            if rules:
                place.do("ec2", method, GroupId=group["GroupId"], IpPermissions=rules)


def _vpc(place: _Place, name: str) -> str:
    found = place.do("ec2", "describe_vpcs", Filters=[{"Name": "tag:Name", "Values": [name]}])
    return _text(found, "Vpcs", 0, "VpcId")


def _subnets(place: _Place, name: str) -> list[str]:
    found = place.do("ec2", "describe_subnets", Filters=[{"Name": "vpc-id", "Values": [_vpc(place, name)]}])
    return [_text(subnet, "SubnetId") for subnet in cast("Sequence[object]", found["Subnets"])]


def _group(place: _Place, name: str) -> str:
    found = place.do("ec2", "describe_security_groups", Filters=[{"Name": "group-name", "Values": [name]}])
    return _text(found, "SecurityGroups", 0, "GroupId")


_MACHINES: Final = (
    # account, region, network, name, environment, session tokens required
    (PRODUCTION, FRANKFURT, "fleet", "fleet-api-1", "production", True),
    (PRODUCTION, FRANKFURT, "fleet", "fleet-api-2", "production", True),
    (PRODUCTION, FRANKFURT, "fleet", "bastion", "production", True),
    (PRODUCTION, STOCKHOLM, "robot-gateway", "robot-gateway", "production", False),
    (STAGING, FRANKFURT, "staging", "staging-web", "staging", True),
    (STAGING, STOCKHOLM, "simulation", "simulation-1", "staging", True),
)

_VOLUMES: Final = (
    (PRODUCTION, FRANKFURT, "fleet-recordings", "production", True),
    (PRODUCTION, STOCKHOLM, "gateway-spool", "production", False),
    (STAGING, FRANKFURT, "staging-scratch", "staging", True),
)


def _machines(cloud: _Cloud) -> None:
    for account, region, network, name, environment, tokens in _MACHINES:
        place = cloud.at(account, region)
        place.do(
            "ec2",
            "run_instances",
            ImageId="ami-0a46b1c2d3e4f5061",
            InstanceType="t3.medium",
            MinCount=1,
            MaxCount=1,
            SubnetId=_subnets(place, network)[0],
            MetadataOptions={"HttpTokens": "required" if tokens else "optional"},
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True}}],
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": _tags(Name=name, environment=environment)}
            ],
        )
    for account, region, name, environment, encrypted in _VOLUMES:
        place = cloud.at(account, region)
        volume = place.do(
            "ec2",
            "create_volume",
            AvailabilityZone=f"{region}a",
            Size=200,
            Encrypted=encrypted,
            TagSpecifications=[{"ResourceType": "volume", "Tags": _tags(Name=name, environment=environment)}],
        )
        place.do("ec2", "create_snapshot", VolumeId=_text(volume, "VolumeId"), Description=name)


# --- Databases -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Database:
    account: str
    region: str
    network: str
    name: str
    environment: str
    encrypted: bool = True
    public: bool = False
    backup_days: int = 14


_DATABASES: Final = (
    _Database(account=PRODUCTION, region=FRANKFURT, network="fleet", name="fleet", environment="production"),
    # Kept a day, because somebody wanted to save.
    _Database(
        account=PRODUCTION,
        region=FRANKFURT,
        network="fleet",
        name="reporting",
        environment="production",
        backup_days=1,
    ),
    # The waiver for it has ended.
    _Database(
        account=STAGING,
        region=FRANKFURT,
        network="staging",
        name="staging-fleet",
        environment="staging",
        encrypted=False,
        public=True,
        backup_days=7,
    ),
)

_TABLES: Final = (
    (PRODUCTION, FRANKFURT, "robots", True),
    (PRODUCTION, FRANKFURT, "missions", True),
    (PRODUCTION, FRANKFURT, "operator-sessions", False),
    (STAGING, FRANKFURT, "robots", False),
)


def _databases(cloud: _Cloud) -> None:
    for database in _DATABASES:
        place = cloud.at(database.account, database.region)
        place.do(
            "rds",
            "create_db_subnet_group",
            DBSubnetGroupName=database.name,
            DBSubnetGroupDescription=database.network,
            SubnetIds=_subnets(place, database.network),
        )
        place.do(
            "rds",
            "create_db_instance",
            DBSubnetGroupName=database.name,
            VpcSecurityGroupIds=[_group(place, f"{database.network}-db")],
            DBInstanceIdentifier=database.name,
            DBInstanceClass="db.t3.medium",
            Engine="postgres",
            AllocatedStorage=100,
            MasterUsername="owner",
            MasterUserPassword="only-in-the-demo",
            StorageEncrypted=database.encrypted,
            PubliclyAccessible=database.public,
            BackupRetentionPeriod=database.backup_days,
            MultiAZ=database.environment == "production",
            Tags=_tags(environment=database.environment),
        )
        place.do(
            "rds",
            "create_db_snapshot",
            DBSnapshotIdentifier=f"{database.name}-before-upgrade",
            DBInstanceIdentifier=database.name,
        )
    for account, region, name, restorable in _TABLES:
        place = cloud.at(account, region)
        place.do(
            "dynamodb",
            "create_table",
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=_tags(environment="production" if account == PRODUCTION else "staging"),
        )
        if restorable:
            place.do(
                "dynamodb",
                "update_continuous_backups",
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )


# --- What the internet reaches -------------------------------------------------------------------------------

_MODERN: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_OLD: Final = "ELBSecurityPolicy-2016-08"


def _front(cloud: _Cloud) -> None:
    production = cloud.at(PRODUCTION)
    console = _balancer(production, "fleet", "console", _certificate(production, "console", 212), _MODERN)
    acl = production.do(
        "wafv2",
        "create_web_acl",
        Name="console",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        Rules=[],
        VisibilityConfig={
            "SampledRequestsEnabled": True,
            "CloudWatchMetricsEnabled": True,
            "MetricName": "console",
        },
    )
    production.do("wafv2", "associate_web_acl", WebACLArn=_text(acl, "Summary", "ARN"), ResourceArn=console)
    gateway = cloud.at(PRODUCTION, STOCKHOLM)
    # Nobody renews what was imported: it ends in twelve days.
    _balancer(gateway, "robot-gateway", "partners", _certificate(gateway, "partners", 12), _OLD)


def _balancer(place: _Place, network: str, name: str, certificate: str, tls: str) -> str:
    """An application load balancer that sends plain HTTP on to HTTPS; returns its ARN."""
    made = place.do(
        "elbv2",
        "create_load_balancer",
        Name=name,
        Subnets=_subnets(place, network),
        Scheme="internet-facing",
        Type="application",
    )
    arn = _text(made, "LoadBalancers", 0, "LoadBalancerArn")
    group = place.do(
        "elbv2", "create_target_group", Name=name, Protocol="HTTPS", Port=8443, VpcId=_vpc(place, network)
    )
    target = _text(group, "TargetGroups", 0, "TargetGroupArn")
    place.do(
        "elbv2",
        "create_listener",
        LoadBalancerArn=arn,
        Protocol="HTTPS",
        Port=443,
        SslPolicy=tls,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target}],
    )
    place.do(
        "elbv2",
        "create_listener",
        LoadBalancerArn=arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {
                "Type": "redirect",
                "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
            }
        ],
    )
    return arn


def _certificate(place: _Place, name: str, days_left: int) -> str:
    """Import a certificate that ends after some days; returns its ARN."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name}.{DOMAIN}")])
    ends = datetime.now(UTC) + timedelta(days=days_left)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=365))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    made = place.do(
        "acm",
        "import_certificate",
        Certificate=certificate.public_bytes(serialization.Encoding.PEM),
        PrivateKey=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ),
    )
    return _text(made, "CertificateArn")
