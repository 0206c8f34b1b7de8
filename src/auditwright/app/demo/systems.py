"""The systems of Northwind Robotics: networks, machines, databases, and what the internet reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from auditwright.app.demo.cloud import (
    DOMAIN,
    FLEET,
    FRANKFURT,
    PRODUCTION,
    REGIONS,
    SECURITY,
    STAGING,
    STOCKHOLM,
    Answer,
    Cloud,
    Place,
    tags,
    text,
)

EVERYBODY: Final = "0.0.0.0/0"

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


_NETWORKS: Final = (
    _Network(account=PRODUCTION, region=FRANKFURT, name="fleet", block="10.10.0.0/16"),
    # Set up in a hurry for the Nordic customers.
    _Network(
        account=PRODUCTION,
        region=STOCKHOLM,
        name="robot-gateway",
        block="10.11.0.0/16",
        flow_logged=False,
    ),
    _Network(account=STAGING, region=FRANKFURT, name="staging", block="10.20.0.0/16", flow_logged=False),
    _Network(account=STAGING, region=STOCKHOLM, name="simulation", block="10.21.0.0/16"),
    _Network(account=SECURITY, region=FRANKFURT, name="forensics", block="10.30.0.0/16"),
)

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


def networks(cloud: Cloud) -> None:
    """Make networks and security groups; AWS's default networks are taken away."""
    for account in (PRODUCTION, STAGING, SECURITY, FLEET):
        for region in REGIONS:
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
            GroupId=text(made, "GroupId"),
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": peer}]}
            ],
        )


def _without_default(place: Place) -> None:
    subnets = place.do("ec2", "describe_subnets")["Subnets"]
    for subnet in cast("Sequence[Answer]", subnets):
        place.do("ec2", "delete_subnet", SubnetId=subnet["SubnetId"])
    for vpc in cast("Sequence[Answer]", place.do("ec2", "describe_vpcs")["Vpcs"]):
        place.do("ec2", "delete_vpc", VpcId=vpc["VpcId"])


def _network(place: Place, network: _Network) -> None:
    vpc = text(place.do("ec2", "create_vpc", CidrBlock=network.block), "Vpc", "VpcId")
    place.do("ec2", "create_tags", Resources=[vpc], Tags=tags(Name=network.name))
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
    _close_default_group(place, vpc)


def _close_default_group(place: Place, vpc: str) -> None:
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


def _vpc(place: Place, name: str) -> str:
    found = place.do("ec2", "describe_vpcs", Filters=[{"Name": "tag:Name", "Values": [name]}])
    return text(found, "Vpcs", 0, "VpcId")


def _subnets(place: Place, name: str) -> list[str]:
    found = place.do("ec2", "describe_subnets", Filters=[{"Name": "vpc-id", "Values": [_vpc(place, name)]}])
    return [text(subnet, "SubnetId") for subnet in cast("Sequence[object]", found["Subnets"])]


def _group(place: Place, name: str) -> str:
    found = place.do("ec2", "describe_security_groups", Filters=[{"Name": "group-name", "Values": [name]}])
    return text(found, "SecurityGroups", 0, "GroupId")


_MACHINES: Final = (
    # account, region, network, name, environment
    (PRODUCTION, FRANKFURT, "fleet", "fleet-api-1", "production"),
    (PRODUCTION, FRANKFURT, "fleet", "fleet-api-2", "production"),
    (PRODUCTION, FRANKFURT, "fleet", "bastion", "production"),
    (PRODUCTION, STOCKHOLM, "robot-gateway", "robot-gateway", "production"),
    (STAGING, FRANKFURT, "staging", "staging-web", "staging"),
    (STAGING, STOCKHOLM, "simulation", "simulation-1", "staging"),
)

_VOLUMES: Final = (
    (PRODUCTION, FRANKFURT, "fleet-recordings", "production", True),
    (PRODUCTION, STOCKHOLM, "gateway-spool", "production", False),
    (STAGING, FRANKFURT, "staging-scratch", "staging", True),
)


def machines(cloud: Cloud) -> None:
    """Make virtual machines and disks."""
    for account, region, network, name, environment in _MACHINES:
        place = cloud.at(account, region)
        place.do(
            "ec2",
            "run_instances",
            ImageId="ami-0a46b1c2d3e4f5061",
            InstanceType="t3.medium",
            MinCount=1,
            MaxCount=1,
            SubnetId=_subnets(place, network)[0],
            MetadataOptions={"HttpTokens": "required"},
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True}}],
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": tags(Name=name, environment=environment)}
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
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags(Name=name, environment=environment)}],
        )
        place.do("ec2", "create_snapshot", VolumeId=text(volume, "VolumeId"), Description=name)


# --- Databases -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Database:
    account: str
    region: str
    network: str
    name: str
    environment: str
    encrypted: bool = True
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
        backup_days=7,
    ),
)

_TABLES: Final = (
    (PRODUCTION, FRANKFURT, "robots", True),
    (PRODUCTION, FRANKFURT, "missions", True),
    (PRODUCTION, FRANKFURT, "operator-sessions", False),
    (STAGING, FRANKFURT, "robots", False),
)


def databases(cloud: Cloud) -> None:
    """Make databases, their snapshots and tables."""
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
            PubliclyAccessible=False,
            BackupRetentionPeriod=database.backup_days,
            MultiAZ=database.environment == "production",
            Tags=tags(environment=database.environment),
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
            Tags=tags(environment="production" if account == PRODUCTION else "staging"),
        )
        if restorable:
            place.do(
                "dynamodb",
                "update_continuous_backups",
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )


# --- What the internet reaches -------------------------------------------------------------------------------

_TLS: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def front(cloud: Cloud) -> None:
    """Make load balancers with their certificates and firewall."""
    production = cloud.at(PRODUCTION)
    _shield(production, _balancer(production, "fleet", "console", _certificate(production, "console", 212)))
    gateway = cloud.at(PRODUCTION, STOCKHOLM)
    # Nobody renews what was imported: it ends in twelve days.
    _shield(gateway, _balancer(gateway, "robot-gateway", "partners", _certificate(gateway, "partners", 12)))


def _shield(place: Place, balancer: str) -> None:
    acl = place.do(
        "wafv2",
        "create_web_acl",
        Name="internet",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        Rules=[],
        VisibilityConfig={
            "SampledRequestsEnabled": True,
            "CloudWatchMetricsEnabled": True,
            "MetricName": "internet",
        },
    )
    place.do("wafv2", "associate_web_acl", WebACLArn=text(acl, "Summary", "ARN"), ResourceArn=balancer)


def _balancer(place: Place, network: str, name: str, certificate: str) -> str:
    """An application load balancer that sends plain HTTP on to HTTPS; returns its ARN."""
    made = place.do(
        "elbv2",
        "create_load_balancer",
        Name=name,
        Subnets=_subnets(place, network),
        Scheme="internet-facing",
        Type="application",
    )
    arn = text(made, "LoadBalancers", 0, "LoadBalancerArn")
    group = place.do(
        "elbv2", "create_target_group", Name=name, Protocol="HTTPS", Port=8443, VpcId=_vpc(place, network)
    )
    target = text(group, "TargetGroups", 0, "TargetGroupArn")
    place.do(
        "elbv2",
        "create_listener",
        LoadBalancerArn=arn,
        Protocol="HTTPS",
        Port=443,
        SslPolicy=_TLS,
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


def _certificate(place: Place, name: str, days_left: int) -> str:
    """Import a certificate that ends after some days; returns its ARN."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name}.{DOMAIN}")])
    # Some hours more, so that the days are still whole when they are counted.
    ends = datetime.now(UTC) + timedelta(days=days_left, hours=6)
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
    return text(made, "CertificateArn")
