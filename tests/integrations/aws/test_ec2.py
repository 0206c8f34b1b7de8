from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.core.resources import (
    BlockVolume,
    DiskSnapshot,
    FirewallRule,
    MachineImage,
    SecurityGroup,
    VirtualMachine,
    VirtualNetwork,
)
from auditwright.integrations.aws import ec2
from tests.integrations.aws.emulated import Account, at
from tests.integrations.aws.shapes import ACCOUNT, HOSTILE, REGION, captured, of_each, read, refused
from tests.simulators.aws_proxy import AwsProxy, refuse

ARN = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:"


def instance(**fields: object) -> dict[str, object]:
    return {
        "InstanceId": "i-1",
        "State": {"Code": 16, "Name": "running"},
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        **fields,
    }


def machines(*instances: Mapping[str, object]) -> list[VirtualMachine]:
    listing = captured(
        ec2.INSTANCES,
        {"Reservations": [{"ReservationId": "r-1", "OwnerId": ACCOUNT, "Instances": list(instances)}]},
    )
    return [one for one in ec2.normalize(read(listing)) if isinstance(one, VirtualMachine)]


def machine(**fields: object) -> VirtualMachine:
    (found,) = machines(instance(**fields))
    return found


def test_a_machine_is_known_by_its_arn_and_called_by_its_name_tag() -> None:
    found = machine(Tags=[{"Key": "Name", "Value": "web"}, {"Key": "env", "Value": "prod"}])
    assert found.id == f"{ARN}instance/i-1"
    assert found.name == "web"
    assert found.state == "running"
    assert found.tags == (("Name", "web"), ("env", "prod"))
    assert len(found.evidence) == 1


def test_a_hostile_name_passes_through_untouched() -> None:
    assert machine(Tags=[{"Key": "Name", "Value": HOSTILE}]).name == HOSTILE


@pytest.mark.parametrize(("tokens", "required"), [("required", True), ("optional", False)])
def test_imdsv2_is_required_when_aws_says_so(tokens: str, *, required: bool) -> None:
    found = machine(MetadataOptions={"HttpTokens": tokens, "HttpEndpoint": "disabled"})
    assert found.metadata_token_required is required
    assert found.metadata_enabled is False


def test_an_instance_without_metadata_options_is_unknown_not_safe() -> None:
    found = machine(MetadataOptions=None)
    assert isinstance(found.metadata_enabled, Unknown)
    assert isinstance(found.metadata_token_required, Unknown)
    assert "MetadataOptions" in found.metadata_token_required.why


def test_terminated_instances_are_no_machines() -> None:
    assert machines(instance(State={"Code": 48, "Name": "terminated"})) == []
    assert [one.state for one in machines(instance(State={"Code": 80, "Name": "stopped"}))] == ["stopped"]


def test_a_public_address_of_a_further_interface_is_seen() -> None:
    assert machine().public_address is None
    assert machine(PublicIpAddress="198.51.100.7").public_address == "198.51.100.7"
    second = {"PrivateIpAddresses": [{"Association": {"PublicIp": "198.51.100.8"}}]}
    assert machine(NetworkInterfaces=[{}, second]).public_address == "198.51.100.8"


def test_the_groups_and_addresses_of_every_interface_are_a_machines() -> None:
    second = {"Groups": [{"GroupId": "sg-2"}], "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.6"}]}
    found = machine(
        SecurityGroups=[{"GroupId": "sg-1"}], PrivateIpAddress="10.0.0.5", NetworkInterfaces=[second]
    )
    assert found.security_groups == ("sg-1", "sg-2")
    assert found.private_addresses == ("10.0.0.5", "10.0.0.6")
    assert isinstance(machine().security_groups, Unknown)


def test_only_a_global_ipv6_address_is_public() -> None:
    assert machine(Ipv6Address="fd00::1").public_address is None
    assert machine(Ipv6Address="2a05:d018::1").public_address == "2a05:d018::1"


def test_a_machine_acts_as_the_role_of_its_instance_profile_or_as_none() -> None:
    profile = f"arn:aws:iam::{ACCOUNT}:instance-profile/web"
    assert machine(IamInstanceProfile={"Arn": profile, "Id": "AIPA1"}).instance_profile == profile
    assert machine().instance_profile is None
    assert isinstance(machine(IamInstanceProfile={"Id": "AIPA1"}).instance_profile, Unknown)


def volume(**fields: object) -> BlockVolume:
    listing = captured(ec2.VOLUMES, {"Volumes": [{"VolumeId": "vol-1", **fields}]})
    (found,) = ec2.normalize(read(listing))
    assert isinstance(found, BlockVolume)
    return found


def test_a_volume_says_whether_it_is_encrypted_and_what_holds_it() -> None:
    held = [
        {"InstanceId": "i-1", "State": "attached"},
        {"InstanceId": "i-2", "State": "detached"},
        {"AssociatedResource": "arn:aws:ecs:eu-west-1:123456789012:task/t", "State": "attached"},
    ]
    found = volume(Encrypted=False, Attachments=held)
    assert found.id == f"{ARN}volume/vol-1"
    assert found.encrypted is False
    assert found.attached_to == (f"{ARN}instance/i-1", "arn:aws:ecs:eu-west-1:123456789012:task/t")


def test_a_volume_whose_answer_lacks_encryption_is_unknown() -> None:
    assert isinstance(volume().encrypted, Unknown)


def test_a_field_of_the_wrong_type_is_an_error_that_says_where() -> None:
    listing = captured(ec2.VOLUMES, {"Volumes": [{"VolumeId": "vol-1"}]})
    broken = Evidence(
        stream=listing.stream,
        scope=listing.scope,
        query=listing.query,
        principal="",
        collected_at=listing.collected_at,
        effective_at=listing.effective_at,
        collector="",
        body=b'{"Volumes":[{"VolumeId":"vol-1","Encrypted":"yes"}]}',
        digest=listing.digest,
    )
    with pytest.raises(MalformedEvidenceError, match=r"ec2:DescribeVolumes: Volumes\[0\]\.Encrypted"):
        list(ec2.normalize(read(broken)))


def snapshot(name: str, *, encrypted: bool = False) -> dict[str, object]:
    return {
        "SnapshotId": name,
        "OwnerId": ACCOUNT,
        "Encrypted": encrypted,
        "StartTime": "2026-01-02T03:04:05+00:00",
    }


def snapshots(*found: Evidence | Gap) -> dict[str, DiskSnapshot]:
    return {one.name: one for one in ec2.normalize(read(*found)) if isinstance(one, DiskSnapshot)}


OWN = captured(
    ec2.SNAPSHOTS,
    {"Snapshots": [snapshot("snap-open"), snapshot("snap-closed"), snapshot("snap-secret", encrypted=True)]},
)
OPEN = captured(ec2.RESTORABLE_BY_ALL, {"Snapshots": [snapshot("snap-open")]})
GRANT = of_each(
    ec2.SNAPSHOT_GRANTS,
    ({"SnapshotId": "snap-open"}, {"SnapshotId": "snap-open", "CreateVolumePermissions": [{"Group": "all"}]}),
)


def test_a_snapshot_that_everybody_may_restore_is_public() -> None:
    found = snapshots(OWN, OPEN, GRANT)
    assert found["snap-open"].public is True
    assert found["snap-closed"].public is False
    assert found["snap-secret"].public is False
    assert set(found["snap-open"].evidence) == {OWN.digest, OPEN.digest, GRANT.digest}
    assert found["snap-open"].id == "arn:aws:ec2:eu-west-1::snapshot/snap-open"


def test_a_grant_to_named_accounts_is_not_public() -> None:
    shared = of_each(
        ec2.SNAPSHOT_GRANTS,
        ({"SnapshotId": "snap-open"}, {"CreateVolumePermissions": [{"UserId": "210987654321"}]}),
    )
    assert snapshots(OWN, OPEN, shared)["snap-open"].public is False


def test_when_the_public_listing_is_refused_only_encrypted_snapshots_are_known_to_be_private() -> None:
    found = snapshots(OWN, refused(ec2.RESTORABLE_BY_ALL))
    assert found["snap-secret"].public is False
    unknown = found["snap-closed"].public
    assert isinstance(unknown, Unknown)
    assert "AccessDenied" in unknown.why


def test_when_the_public_listing_breaks_off_what_it_does_not_list_is_unknown() -> None:
    found = snapshots(OWN, OPEN, GRANT, refused(ec2.RESTORABLE_BY_ALL))
    assert found["snap-open"].public is True
    assert isinstance(found["snap-closed"].public, Unknown)


def test_when_the_grant_is_refused_a_listed_snapshot_is_unknown() -> None:
    found = snapshots(OWN, OPEN, refused(ec2.SNAPSHOT_GRANTS, "snap-open"))
    assert isinstance(found["snap-open"].public, Unknown)


def test_nothing_more_is_asked_when_no_snapshot_can_be_public() -> None:
    empty = captured(ec2.SNAPSHOTS, {"Snapshots": []})
    secret = captured(ec2.SNAPSHOTS, {"Snapshots": [snapshot("snap-secret", encrypted=True)]})
    assert not ec2.RESTORABLE_BY_ALL.needed_when(read(empty))
    assert not ec2.RESTORABLE_BY_ALL.needed_when(read(secret))
    assert ec2.RESTORABLE_BY_ALL.needed_when(read(OWN))


def test_snapshots_and_images_of_others_are_left_out() -> None:
    foreign = captured(ec2.SNAPSHOTS, {"Snapshots": [{"SnapshotId": "snap-x", "OwnerId": "210987654321"}]})
    images = captured(
        ec2.IMAGES,
        {
            "Images": [
                {"ImageId": "ami-1", "OwnerId": ACCOUNT, "Name": "base", "Public": True},
                {"ImageId": "ami-2", "OwnerId": "210987654321", "Public": True},
                {"ImageId": "ami-3", "OwnerId": ACCOUNT},
            ]
        },
    )
    first, second = ec2.normalize(read(foreign, images))
    assert isinstance(first, MachineImage)
    assert (first.id, first.name, first.public) == ("arn:aws:ec2:eu-west-1::image/ami-1", "base", True)
    assert isinstance(second, MachineImage)
    assert isinstance(second.public, Unknown)


def group(**fields: object) -> SecurityGroup:
    row = {
        "GroupId": "sg-1",
        "GroupName": "web",
        "OwnerId": ACCOUNT,
        "VpcId": "vpc-1",
        "IpPermissions": [],
        "IpPermissionsEgress": [],
        **fields,
    }
    listing = captured(ec2.SECURITY_GROUPS, {"SecurityGroups": [row]})
    (found,) = ec2.normalize_networks(read(listing))
    assert isinstance(found, SecurityGroup)
    return found


def test_each_peer_of_a_permission_is_a_rule() -> None:
    found = group(
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}, {"CidrIp": "10.0.0.0/8"}],
                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                "PrefixListIds": [{"PrefixListId": "pl-1"}],
                "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": ACCOUNT}],
            }
        ],
        IpPermissionsEgress=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    peers = ["0.0.0.0/0", "10.0.0.0/8", "::/0", "pl-1", "sg-2"]
    assert found.rules == (
        *(FirewallRule(inbound=True, protocol="tcp", from_port=22, to_port=22, peer=peer) for peer in peers),
        FirewallRule(inbound=False, protocol="-1", from_port=-1, to_port=-1, peer="0.0.0.0/0"),
    )
    assert found.network == f"{ARN}vpc/vpc-1"
    assert found.is_default is False


def test_a_rule_without_ports_holds_for_every_port() -> None:
    found = group(IpPermissions=[{"IpProtocol": "50", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    assert isinstance(found.rules, tuple)
    assert [(rule.from_port, rule.to_port) for rule in found.rules] == [(-1, -1)]


def test_a_group_without_its_permissions_is_unknown_not_closed() -> None:
    assert isinstance(group(IpPermissions=None).rules, Unknown)
    assert isinstance(group(IpPermissionsEgress=None).rules, Unknown)


def test_only_the_group_called_default_is_the_default_group() -> None:
    assert group(GroupName="default").is_default is True


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["tcp", "udp", "icmp", "-1", "58"]),
            st.integers(-1, 65535) | st.none(),
            st.lists(st.sampled_from(["0.0.0.0/0", "10.0.0.0/8"]), max_size=3),
            st.lists(st.sampled_from(["::/0"]), max_size=2),
        ),
        max_size=5,
    )
)
def test_no_permission_is_lost(permissions: list[tuple[str, int | None, list[str], list[str]]]) -> None:
    rows = [
        {
            "IpProtocol": protocol,
            **({} if port is None else {"FromPort": port, "ToPort": port}),
            "IpRanges": [{"CidrIp": peer} for peer in fours],
            "Ipv6Ranges": [{"CidrIpv6": peer} for peer in sixes],
        }
        for protocol, port, fours, sixes in permissions
    ]
    rules = group(IpPermissions=rows).rules
    assert isinstance(rules, tuple)
    assert [rule.peer for rule in rules] == [
        peer for _, _, fours, sixes in permissions for peer in (*fours, *sixes)
    ]


VPC = captured(ec2.VPCS, {"Vpcs": [{"VpcId": "vpc-1", "OwnerId": ACCOUNT, "IsDefault": False}]})


def flow_log(**fields: object) -> Evidence:
    row = {
        "FlowLogId": "fl-1",
        "ResourceId": "vpc-1",
        "FlowLogStatus": "ACTIVE",
        "TrafficType": "ALL",
        "DeliverLogsStatus": "SUCCESS",
        **fields,
    }
    return captured(ec2.FLOW_LOGS, {"FlowLogs": [row]})


def network(*found: Evidence | Gap) -> VirtualNetwork:
    (only,) = ec2.normalize_networks(read(*found))
    assert isinstance(only, VirtualNetwork)
    return only


@pytest.mark.parametrize(
    ("fields", "logged"),
    [
        ({}, True),
        ({"TrafficType": "REJECT"}, True),
        ({"TrafficType": "ACCEPT"}, False),
        ({"ResourceId": "subnet-1"}, False),
        ({"FlowLogStatus": "INACTIVE"}, False),
    ],
)
def test_a_network_is_logged_by_an_active_log_of_the_whole_of_it(
    fields: dict[str, object], *, logged: bool
) -> None:
    log = flow_log(**fields)
    found = network(VPC, log)
    assert found.flow_logged is logged
    assert found.evidence == (VPC.digest, log.digest)


def test_a_log_that_cannot_be_delivered_is_not_taken_for_logging() -> None:
    failing = flow_log(DeliverLogsStatus="FAILED", DeliverLogsErrorMessage="Access error")
    found = network(VPC, failing).flow_logged
    assert isinstance(found, Unknown)
    assert "Access error" in found.why


def test_a_refused_listing_of_flow_logs_is_unknown() -> None:
    assert isinstance(network(VPC, refused(ec2.FLOW_LOGS)).flow_logged, Unknown)


def test_a_shared_network_is_logged_where_this_account_cannot_see() -> None:
    shared = captured(ec2.VPCS, {"Vpcs": [{"VpcId": "vpc-9", "OwnerId": "210987654321"}]})
    found = network(shared, captured(ec2.FLOW_LOGS, {"FlowLogs": []}))
    assert found.id == "arn:aws:ec2:eu-west-1:210987654321:vpc/vpc-9"
    assert isinstance(found.flow_logged, Unknown)


def test_flow_logs_are_not_asked_for_where_there_is_no_network() -> None:
    assert not ec2.FLOW_LOGS.needed_when(read(captured(ec2.VPCS, {"Vpcs": []})))
    assert ec2.FLOW_LOGS.needed_when(read(VPC))


def test_live_machines_disks_and_images(aws: str) -> None:
    account = Account(url=aws)
    made = account.do(
        "ec2",
        "RunInstances",
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        MetadataOptions={"HttpTokens": "required", "HttpEndpoint": "enabled"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": HOSTILE}]}],
    )
    machine_id = at(made, "Instances", 0, "InstanceId")
    plain = at(account.do("ec2", "CreateVolume", AvailabilityZone="eu-west-1a", Size=1), "VolumeId")
    opened = at(account.do("ec2", "CreateSnapshot", VolumeId=plain), "SnapshotId")
    closed = at(account.do("ec2", "CreateSnapshot", VolumeId=plain), "SnapshotId")
    account.do(
        "ec2",
        "ModifySnapshotAttribute",
        SnapshotId=opened,
        Attribute="createVolumePermission",
        OperationType="add",
        GroupNames=["all"],
    )
    own = at(account.do("ec2", "CreateImage", InstanceId=machine_id, Name="base"), "ImageId")
    account.do("ec2", "ModifyImageAttribute", ImageId=own, LaunchPermission={"Add": [{"Group": "all"}]})

    found = {str(one.id): one for one in account.only(ec2.STREAM)}
    running = found[f"{ARN}instance/{machine_id}"]
    assert isinstance(running, VirtualMachine)
    assert (running.name, running.state, running.metadata_token_required) == (HOSTILE, "running", True)
    volumes = [one for one in found.values() if isinstance(one, BlockVolume)]
    assert {one.encrypted for one in volumes} == {False}
    public = {one.name: one.public for one in found.values() if isinstance(one, DiskSnapshot)}
    # The image's own snapshot is there too; those of other owners are not.
    assert len(public) == 3
    assert (public[opened], public[closed]) == (True, False)
    images = [one for one in found.values() if isinstance(one, MachineImage)]
    assert [(one.name, one.public) for one in images] == [("base", True)]


def test_live_networks(aws: str) -> None:
    account = Account(url=aws)
    vpc = at(account.do("ec2", "DescribeVpcs"), "Vpcs", 0, "VpcId")
    opened = at(
        account.do("ec2", "CreateSecurityGroup", GroupName="open", Description="d", VpcId=vpc), "GroupId"
    )
    account.do(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        GroupId=opened,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ],
    )
    (before,) = [one for one in account.only(ec2.VPC_STREAM) if isinstance(one, VirtualNetwork)]
    assert before.flow_logged is False
    account.do("s3", "CreateBucket", Bucket="flows", CreateBucketConfiguration={"LocationConstraint": REGION})
    account.do(
        "ec2",
        "CreateFlowLogs",
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="REJECT",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flows",
    )
    found = account.only(ec2.VPC_STREAM)
    (after,) = [one for one in found if isinstance(one, VirtualNetwork)]
    assert after.flow_logged is True
    groups = {one.name: one for one in found if isinstance(one, SecurityGroup)}
    assert groups["default"].is_default is True
    rules = groups["open"].rules
    assert isinstance(rules, tuple)
    assert FirewallRule(inbound=True, protocol="tcp", from_port=22, to_port=22, peer="0.0.0.0/0") in rules
    assert groups["open"].network == after.id


def test_live_refusals_leave_facts_unknown(proxy: AwsProxy) -> None:
    account = Account(url=proxy.url)
    volume_id = at(account.do("ec2", "CreateVolume", AvailabilityZone="eu-west-1a", Size=1), "VolumeId")
    account.do("ec2", "CreateSnapshot", VolumeId=volume_id)
    proxy.add(refuse(), action="DescribeSnapshotAttribute")
    proxy.add(refuse(), action="DescribeFlowLogs")
    found, gaps = account.collect(ec2.STREAM)
    (snapped,) = [one for one in found if isinstance(one, DiskSnapshot)]
    assert isinstance(snapped.public, Unknown)
    assert [gap.hides_items for gap in gaps] == [False]
    found, _ = account.collect(ec2.VPC_STREAM)
    (vpc,) = [one for one in found if isinstance(one, VirtualNetwork)]
    assert isinstance(vpc.flow_logged, Unknown)
