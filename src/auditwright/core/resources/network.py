"""Networks and what they let through."""

from dataclasses import dataclass

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallRule:
    """One rule that allows traffic; ports are inclusive, -1 and -1 mean every port."""

    inbound: bool
    protocol: str
    """tcp, udp, icmp, a protocol number, or -1 for every protocol."""
    from_port: int
    to_port: int
    peer: str
    """A CIDR block, the id of a security group, or the id of a prefix list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup(Resource):
    """A stateful firewall around network interfaces."""

    network: str
    """The id of its virtual network."""
    is_default: bool
    rules: tuple[FirewallRule, ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualNetwork(Resource):
    """A virtual network."""

    is_default: bool
    flow_logged: bool | Unknown
    """True where an active flow log records all, or at least rejected, traffic of the whole network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """What a load balancer listens on."""

    protocol: str
    port: int
    tls_policy: str
    """The provider's name of the TLS policy; empty without TLS."""
    redirects_to_https: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer(Resource):
    """A load balancer."""

    type: str
    """application, network or gateway."""
    internet_facing: bool | Unknown
    listeners: tuple[Listener, ...] | Unknown
    web_acl: str | Unknown | None
    """The ARN of the web application firewall's rules; None where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEntry(Resource):
    """A load balancer of any kind as a way in: whether the internet reaches it, and what it hands requests on to."""

    type: str
    """application, network, gateway or classic."""
    internet_facing: bool | Unknown
    targets: tuple[str, ...] | Unknown
    """Ids of machines, functions and other balancers, and plain addresses."""
