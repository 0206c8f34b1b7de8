"""Items that the examples of this folder start from; each is satisfactory until a field is replaced."""

from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    Database,
    FirewallRule,
    Listener,
    LoadBalancer,
    SecurityGroup,
    VirtualNetwork,
)

AWS = Scope(source=IntegrationId("aws"), account="111122223333", region="eu-west-1")
EVIDENCE = (digest_of(b"an example"),)
ANYWHERE = "0.0.0.0/0"
ANYWHERE_IPV6 = "::/0"
OFFICE = "198.51.100.0/24"
NO_RULES_SHOWN = Unknown("the answer has no field IpPermissions")


def inbound(protocol: str, ports: tuple[int, int], peer: str) -> FirewallRule:
    """A rule that admits traffic to a range of ports."""
    return FirewallRule(inbound=True, protocol=protocol, from_port=ports[0], to_port=ports[1], peer=peer)


def outbound(protocol: str, ports: tuple[int, int], peer: str) -> FirewallRule:
    """A rule that lets traffic out to a range of ports."""
    return FirewallRule(inbound=False, protocol=protocol, from_port=ports[0], to_port=ports[1], peer=peer)


def group(*rules: FirewallRule) -> SecurityGroup:
    """A group with these rules, which is not its network's default group."""
    return SecurityGroup(
        id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d4e5f60718"),
        name="web",
        scope=AWS,
        evidence=EVIDENCE,
        network="arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a1b2c3d4e5f60718",
        is_default=False,
        rules=rules,
    )


BALANCER = LoadBalancer(
    id=ResourceId(
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188"
    ),
    name="web",
    scope=AWS,
    evidence=EVIDENCE,
    type="application",
    internet_facing=True,
    listeners=(
        Listener(
            protocol="HTTPS",
            port=443,
            tls_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            redirects_to_https=False,
        ),
    ),
    web_acl="arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/web/8f8b8a76-5cb8-4f0c-a1d2-3c4d5e6f7a8b",
)

DATABASE = Database(
    id=ResourceId("arn:aws:rds:eu-west-1:111122223333:db:orders"),
    name="orders",
    scope=AWS,
    evidence=EVIDENCE,
    engine="postgres",
    port=5432,
    publicly_accessible=False,
    encrypted=True,
    backup_retention_days=14,
    multi_zone=True,
    tags=(),
)

NETWORK = VirtualNetwork(
    id=ResourceId("arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a1b2c3d4e5f60718"),
    name="main",
    scope=AWS,
    evidence=EVIDENCE,
    is_default=False,
    flow_logged=True,
)
