"""Amazon EC2: machines, disks, snapshots and images; and the networks around them."""

import ipaddress
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    BlockVolume,
    DiskSnapshot,
    FirewallRule,
    MachineImage,
    SecurityGroup,
    VirtualMachine,
    VirtualNetwork,
)
from auditwright.integrations.aws.absence import unseen, whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import ACCOUNT, Answers, Parameters, Row

Tags: TypeAlias = tuple[tuple[str, str], ...]

LARGEST_PAGE: Final = 1000
"""EC2 gives everything in one answer unless a page size is named, and gives up on large accounts."""

LARGEST_VOLUMES_PAGE: Final = 500
"""EC2's limit for volumes."""

INSTANCES: Final = Listing(
    service="ec2",
    method="DescribeInstances",
    items=("Reservations",),
    page_size=LARGEST_PAGE,
    lists=(VirtualMachine,),
)
VOLUMES: Final = Listing(
    service="ec2",
    method="DescribeVolumes",
    items=("Volumes",),
    page_size=LARGEST_VOLUMES_PAGE,
    lists=(BlockVolume,),
)
_OWN: Final[Parameters] = {
    "OwnerIds": ["self"],
    # Says the same again, to what knows no owners and would list every public snapshot there is.
    "Filters": [{"Name": "owner-id", "Values": [ACCOUNT]}],
}
SNAPSHOTS: Final = Listing(
    service="ec2",
    method="DescribeSnapshots",
    items=("Snapshots",),
    parameters=_OWN,
    page_size=LARGEST_PAGE,
    lists=(DiskSnapshot,),
)
RESTORABLE_BY_ALL: Final = Listing(
    service="ec2",
    method="DescribeSnapshots",
    items=("Snapshots",),
    parameters={**_OWN, "RestorableByUserIds": ["all"]},
    needed_when=lambda answers: any(_may_be_public(row) for row in _own_snapshots(answers)),
    facts_only=True,
)
"""Own snapshots that everybody may restore: one question instead of one for each snapshot."""


def _shared_snapshots(answers: Answers) -> Iterator[Ask]:
    for row in answers.items(RESTORABLE_BY_ALL):
        if _is_own(answers, row) and _may_be_public(row):
            yield Ask(parameters={"SnapshotId": row.required_text("SnapshotId")})


SNAPSHOT_GRANTS: Final = Detail(
    service="ec2",
    method="DescribeSnapshotAttribute",
    parameters={"Attribute": "createVolumePermission"},
    asks=_shared_snapshots,
)
"""The grant itself, of those snapshots that were listed as public: what a finding rests on."""
IMAGES: Final = Listing(
    service="ec2",
    method="DescribeImages",
    items=("Images",),
    parameters={"Owners": ["self"]},
    lists=(MachineImage,),
)

SECURITY_GROUPS: Final = Listing(
    service="ec2",
    method="DescribeSecurityGroups",
    items=("SecurityGroups",),
    page_size=LARGEST_PAGE,
    lists=(SecurityGroup,),
)
VPCS: Final = Listing(service="ec2", method="DescribeVpcs", items=("Vpcs",), lists=(VirtualNetwork,))
FLOW_LOGS: Final = Listing(
    service="ec2",
    method="DescribeFlowLogs",
    items=("FlowLogs",),
    needed_when=lambda answers: any(True for _ in answers.items(VPCS)),
    facts_only=True,
)

_GONE: Final = "terminated"
"""AWS shows a terminated instance for about an hour; it is no machine any more."""

MAX_KNOWN_RULES: Final = 10_000
"""Rules that are remembered: what lets the office in, or a balancer, stands in many groups alike."""

_EVERY_PORT: Final = -1
_NO_PORTS: Final = frozenset({"-1"})
"""Protocols for which AWS names no ports: the rule holds for all of them."""

_LOGGED_TRAFFIC: Final = frozenset({"ALL", "REJECT"})


def normalize(answers: Answers) -> Iterator[Resource]:
    """Machines, volumes, own snapshots and own images of one region."""
    for reservation in answers.items(INSTANCES):
        owner = reservation.text_or_none("OwnerId") or answers.account
        for row in reservation.rows_or_empty("Instances"):
            state = row.row_or_none("State")
            name = "" if state is None else state.text_or_none("Name") or ""
            if name != _GONE:
                yield _machine(answers, row, owner=owner, state=name)
    for row in answers.items(VOLUMES):
        yield _volume(answers, row)
    yield from _snapshots(answers)
    for row in answers.items(IMAGES):
        if _is_own(answers, row):
            yield _image(answers, row)


def normalize_networks(answers: Answers) -> Iterator[Resource]:
    """Security groups and virtual networks of one region."""
    for row in answers.items(SECURITY_GROUPS):
        yield _group(answers, row)
    for row in answers.items(VPCS):
        yield _network(answers, row)


def _machine(answers: Answers, row: Row, *, owner: str, state: str) -> VirtualMachine:
    instance = row.required_text("InstanceId")
    options = row.row("MetadataOptions")
    tags = row.tags()
    return VirtualMachine(
        id=_arn(answers, f"instance/{instance}", owner=owner),
        name=_named(tags, instance),
        scope=answers.scope,
        evidence=row.evidence,
        state=state,
        metadata_enabled=_equals(options, "HttpEndpoint", "enabled"),
        metadata_token_required=_equals(options, "HttpTokens", "required"),
        public_address=_public_address(row),
        instance_profile=_instance_profile(row),
        tags=tags,
        security_groups=_groups_around(row),
        private_addresses=_private_addresses(row),
    )


def _groups_around(row: Row) -> tuple[str, ...] | Unknown:
    """The groups of its first interface, which EC2 also gives for the machine itself, and of every further one."""
    own = row.rows("SecurityGroups")
    if isinstance(own, Unknown):
        return own
    further = [
        group
        for interface in row.rows_or_empty("NetworkInterfaces")
        for group in interface.rows_or_empty("Groups")
    ]
    return tuple(dict.fromkeys(group.required_text("GroupId") for group in (*own, *further)))


def _private_addresses(row: Row) -> tuple[str, ...]:
    """In IPv4, the first interface's before those of the others; a machine that was stopped keeps them."""
    holders = [row]
    for interface in row.rows_or_empty("NetworkInterfaces"):
        holders += [interface, *interface.rows_or_empty("PrivateIpAddresses")]
    found = [address for holder in holders if (address := holder.text_or_none("PrivateIpAddress"))]
    return tuple(dict.fromkeys(found))


def _instance_profile(row: Row) -> str | Unknown | None:
    """EC2 leaves it out where the machine has none."""
    profile = row.row_or_none("IamInstanceProfile")
    return None if profile is None else profile.text("Arn")


def _equals(options: Row | Unknown, name: str, wanted: str) -> bool | Unknown:
    if isinstance(options, Unknown):
        return options
    found = options.text(name)
    return found if isinstance(found, Unknown) else found == wanted


def _public_address(row: Row) -> str | None:
    """The machine's own public address, or one of its further interfaces; AWS leaves them out where there are none."""
    own = row.text_or_none("PublicIpAddress")
    if own:
        return own
    interfaces = row.rows_or_empty("NetworkInterfaces")
    for interface in interfaces:
        for holder in (interface, *interface.rows_or_empty("PrivateIpAddresses")):
            association = holder.row_or_none("Association")
            address = None if association is None else association.text_or_none("PublicIp")
            if address:
                return address
    sixes = [row, *(six for interface in interfaces for six in interface.rows_or_empty("Ipv6Addresses"))]
    return next(
        (six for each in sixes if (six := each.text_or_none("Ipv6Address")) and _is_global(six)), None
    )


def _is_global(address: str) -> bool:
    # A VPC can also hold unique local IPv6 addresses (fd00::/8), which no other network routes to.
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _volume(answers: Answers, row: Row) -> BlockVolume:
    volume = row.required_text("VolumeId")
    attachments = row.rows("Attachments")
    tags = row.tags()
    return BlockVolume(
        id=_arn(answers, f"volume/{volume}"),
        name=_named(tags, volume),
        scope=answers.scope,
        evidence=row.evidence,
        encrypted=row.boolean("Encrypted"),
        attached_to=attachments
        if isinstance(attachments, Unknown)
        else tuple([_holder(answers, one) for one in attachments if one.text_or_none("State") != "detached"]),
        tags=tags,
    )


def _holder(answers: Answers, attachment: Row) -> str:
    instance = attachment.text_or_none("InstanceId")
    if instance:
        return _arn(answers, f"instance/{instance}")
    # Volumes of managed services are attached to a resource that is no instance of the account.
    return attachment.text_or_none("AssociatedResource") or ""


def _own_snapshots(answers: Answers) -> Iterator[Row]:
    return (row for row in answers.items(SNAPSHOTS) if _is_own(answers, row))


def _may_be_public(row: Row) -> bool:
    # EC2 ModifySnapshotAttribute: encrypted snapshots cannot be made public.
    return row.boolean("Encrypted") is not True


def _snapshots(answers: Answers) -> Iterator[DiskSnapshot]:
    listed = {row.required_text("SnapshotId"): row.digest for row in answers.items(RESTORABLE_BY_ALL)}
    not_listed_is_unknown = unseen(answers, RESTORABLE_BY_ALL)
    for row in _own_snapshots(answers):
        snapshot = row.required_text("SnapshotId")
        public: bool | Unknown
        evidence: tuple[Digest, ...] = row.evidence
        if not _may_be_public(row):
            public = False
        elif snapshot in listed:
            public, grant = _granted_to_all(answers, snapshot)
            evidence = (*row.evidence, listed[snapshot], *grant)
        else:
            public = False if not_listed_is_unknown is None else not_listed_is_unknown
            evidence = (row.digest, *answers.digests(RESTORABLE_BY_ALL))
        yield DiskSnapshot(
            id=_arn(answers, f"snapshot/{snapshot}", owner=""),
            name=_named(row.tags(), snapshot),
            scope=answers.scope,
            evidence=evidence,
            encrypted=row.boolean("Encrypted"),
            public=public,
            created_at=row.moment("StartTime"),
        )


def _granted_to_all(answers: Answers, snapshot: str) -> tuple[bool | Unknown, tuple[Digest, ...]]:
    grant = whole(answers, SNAPSHOT_GRANTS, SnapshotId=snapshot)
    if isinstance(grant, Unknown):
        return grant, ()
    grants = grant.rows("CreateVolumePermissions")
    if isinstance(grants, Unknown):
        return grants, (grant.digest,)
    return any(one.text_or_none("Group") == "all" for one in grants), (grant.digest,)


def _image(answers: Answers, row: Row) -> MachineImage:
    image = row.required_text("ImageId")
    return MachineImage(
        id=_arn(answers, f"image/{image}", owner=""),
        name=row.text_or_none("Name") or image,
        scope=answers.scope,
        evidence=row.evidence,
        public=row.boolean("Public"),
    )


def _group(answers: Answers, row: Row) -> SecurityGroup:
    group = row.required_text("GroupId")
    owner = row.text_or_none("OwnerId") or answers.account
    network = row.text_or_none("VpcId")
    name = row.text_or_none("GroupName") or group
    return SecurityGroup(
        id=_arn(answers, f"security-group/{group}", owner=owner),
        name=name,
        scope=answers.scope,
        evidence=row.evidence,
        network=_arn(answers, f"vpc/{network}", owner=owner) if network else "",
        # EC2 CreateSecurityGroup: no group that is not the network's own may be called "default".
        is_default=name == "default",
        rules=_rules(row),
    )


def _rules(row: Row) -> tuple[FirewallRule, ...] | Unknown:
    inbound, outbound = row.rows("IpPermissions"), row.rows("IpPermissionsEgress")
    if isinstance(inbound, Unknown):
        return inbound
    if isinstance(outbound, Unknown):
        return outbound
    return (
        *(rule for one in inbound for rule in _permitted(one, inbound=True)),
        *(rule for one in outbound for rule in _permitted(one, inbound=False)),
    )


def _permitted(permission: Row, *, inbound: bool) -> Iterator[FirewallRule]:
    """One rule for each peer of a permission; a permission without ports holds for every port."""
    protocol = permission.required_text("IpProtocol")
    first, last = permission.integer_or_none("FromPort"), permission.integer_or_none("ToPort")
    if protocol in _NO_PORTS or first is None or last is None:
        first, last = _EVERY_PORT, _EVERY_PORT
    for peers, name in (
        ("IpRanges", "CidrIp"),
        ("Ipv6Ranges", "CidrIpv6"),
        ("PrefixListIds", "PrefixListId"),
        ("UserIdGroupPairs", "GroupId"),
    ):
        for peer in permission.rows_or_empty(peers):
            yield _rule(inbound, protocol, (first, last), peer.required_text(name))


@lru_cache(maxsize=MAX_KNOWN_RULES)
def _rule(inbound: bool, protocol: str, ports: tuple[int, int], peer: str) -> FirewallRule:  # noqa: FBT001  # cached by place
    """A rule, made once for the many groups that have it."""
    first, last = ports
    return FirewallRule(inbound=inbound, protocol=protocol, from_port=first, to_port=last, peer=peer)


def _network(answers: Answers, row: Row) -> VirtualNetwork:
    network = row.required_text("VpcId")
    owner = row.text_or_none("OwnerId") or answers.account
    return VirtualNetwork(
        id=_arn(answers, f"vpc/{network}", owner=owner),
        name=_named(row.tags(), network),
        scope=answers.scope,
        evidence=(row.digest, *answers.digests(FLOW_LOGS)),
        is_default=row.boolean("IsDefault") is True,
        flow_logged=_flow_logged(answers, network, owner=owner),
    )


def _flow_logged(answers: Answers, network: str, *, owner: str) -> bool | Unknown:
    broken: Unknown | None = None
    for log in answers.items(FLOW_LOGS):
        if (
            log.text_or_none("ResourceId") != network
            or log.text_or_none("FlowLogStatus") != "ACTIVE"
            or log.text_or_none("TrafficType") not in _LOGGED_TRAFFIC
        ):
            continue
        if log.text_or_none("DeliverLogsStatus") != "FAILED":
            return True
        # Throttled delivery loses some records, a missing permission all; the answer does not say how many.
        error = log.text_or_none("DeliverLogsErrorMessage") or "no reason given"
        broken = Unknown(f"flow log {log.text_or_none('FlowLogId')} fails to deliver: {error}")
    if broken is not None:
        return broken
    if owner != answers.account:
        return Unknown(f"the network is shared by account {owner}, where alone its flow logs can be seen")
    missing = unseen(answers, FLOW_LOGS)
    return False if missing is None else missing


def _is_own(answers: Answers, row: Row) -> bool:
    owner = row.text_or_none("OwnerId")
    return owner is None or owner == answers.account


def _named(tags: Tags, fallback: str) -> str:
    return dict(tags).get("Name") or fallback


def _arn(answers: Answers, resource: str, *, owner: str | None = None) -> ResourceId:
    """An ARN of EC2, whose answers hold none; snapshots and images have no account in theirs."""
    account = answers.account if owner is None else owner
    return ResourceId(f"arn:{answers.partition}:ec2:{answers.region}:{account}:{resource}")


STREAM: Final = AwsStream(
    id=StreamId("aws.ec2"),
    title="EC2 instances, volumes, snapshots and images",
    regional=True,
    operations=(INSTANCES, VOLUMES, SNAPSHOTS, RESTORABLE_BY_ALL, SNAPSHOT_GRANTS, IMAGES),
    emits=(VirtualMachine, BlockVolume, DiskSnapshot, MachineImage),
    normalize=normalize,
)

VPC_STREAM: Final = AwsStream(
    id=StreamId("aws.vpc"),
    title="Security groups and virtual networks",
    regional=True,
    operations=(SECURITY_GROUPS, VPCS, FLOW_LOGS),
    emits=(SecurityGroup, VirtualNetwork),
    normalize=normalize_networks,
)
