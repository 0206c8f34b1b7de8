"""What a run saw, by hand: machines, groups and balancers of one place, and what hides any of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from auditwright.core.evidence import Gap, GapReason, Scope
from auditwright.core.ids import Digest, IntegrationId, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Population, R, Related
from auditwright.core.resources import (
    CloudFunction,
    FirewallRule,
    KubernetesCluster,
    KubernetesContainer,
    KubernetesNamespace,
    KubernetesPod,
    NetworkEntry,
    SecurityGroup,
    VirtualMachine,
)
from auditwright.vulns.exposure import Seen
from auditwright.vulns.report import Target

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCOUNT = "111122223333"
HERE = Scope(source=IntegrationId("aws"), account=ACCOUNT, region="eu-west-1")
CLUSTER = Scope(source=IntegrationId("kubernetes"), account="prod")
ANYWHERE = "0.0.0.0/0"
INSTANCE = "i-0a1b2c3d4e5f60718"
TARGET = Target(kind="machine", name=INSTANCE)

MACHINE = VirtualMachine(
    id=ResourceId(f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{INSTANCE}"),
    name="web-1",
    scope=HERE,
    evidence=(Digest("a" * 64),),
    state="running",
    metadata_enabled=True,
    metadata_token_required=True,
    public_address="198.51.100.7",
    instance_profile=None,
    tags=(),
    security_groups=("sg-1",),
    private_addresses=("10.0.0.5",),
)
GROUP = SecurityGroup(
    id=ResourceId(f"arn:aws:ec2:eu-west-1:{ACCOUNT}:security-group/sg-1"),
    name="web",
    scope=HERE,
    evidence=(Digest("b" * 64),),
    network="",
    is_default=False,
    rules=(),
)
ENTRY = NetworkEntry(
    id=ResourceId(f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/app/front/1"),
    name="front",
    scope=HERE,
    evidence=(Digest("c" * 64),),
    type="application",
    internet_facing=True,
    targets=(MACHINE.id,),
)
FUNCTION = CloudFunction(
    id=ResourceId(f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:bill"),
    name="bill",
    scope=HERE,
    evidence=(Digest("d" * 64),),
    role=Unknown("not asked"),
    public_url=False,
)
POD = KubernetesPod(
    id=ResourceId("prod:pod/shop/api-1"),
    name="shop/api-1",
    scope=CLUSTER,
    evidence=(Digest("e" * 64),),
    cluster="prod",
    namespace="shop",
    owner="",
    service_account="default",
    node=f"{INSTANCE}.eu-west-1.compute.internal",
    containers=(
        KubernetesContainer(
            name="api", image="registry.example/api:1.0", privileged=False, added_capabilities=()
        ),
    ),
    shares_network=False,
    shares_processes=False,
    host_paths=(),
)
SPACE = KubernetesNamespace(
    id=ResourceId("prod:namespace/shop"),
    name="shop",
    scope=CLUSTER,
    evidence=(Digest("f" * 64),),
    cluster="prod",
    labels=(),
    pods=1,
    network_rules=(),
)


def group(*peers: str, name: str = "sg-1") -> SecurityGroup:
    """A group that lets in these peers."""
    return replace(
        GROUP,
        id=ResourceId(f"arn:aws:ec2:eu-west-1:{ACCOUNT}:security-group/{name}"),
        rules=tuple(
            FirewallRule(inbound=True, protocol="tcp", from_port=443, to_port=443, peer=peer)
            for peer in peers
        ),
    )


def gap(scope: Scope = HERE) -> Gap:
    """A refused listing."""
    return Gap(
        stream=StreamId("aws.test"),
        scope=scope,
        operation="ec2:Describe",
        reason=GapReason.REFUSED,
        detail="AccessDenied",
        remedy="",
        hides_items=True,
        at=AT,
    )


def related(kind: type[R], items: Iterable[R], *gaps: Gap) -> Related[R]:
    """A population of one place, and of one cluster."""
    return Related(Population(kind=kind, items=tuple(items), gaps=gaps, scopes=(CLUSTER, HERE)))


def seen(
    machines: Sequence[VirtualMachine] = (MACHINE,),
    groups: Sequence[SecurityGroup] = (GROUP,),
    entries: Sequence[NetworkEntry] = (),
    functions: Sequence[CloudFunction] = (FUNCTION,),
) -> Seen:
    """Everything of one place, whole."""
    return Seen(
        at=AT,
        machines=related(VirtualMachine, machines),
        groups=related(SecurityGroup, groups),
        entries=related(NetworkEntry, entries),
        functions=related(CloudFunction, functions),
        pods=related(KubernetesPod, ()),
        namespaces=related(KubernetesNamespace, ()),
        clusters=related(KubernetesCluster, ()),
    )
