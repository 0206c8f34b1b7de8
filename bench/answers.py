"""Answers as the AWS CLI prints them, of an account with many machines, disks and networks."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

ACCOUNT = "123456789012"

REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-north-1",
    "ap-southeast-1",
    "ap-northeast-1",
)

VOLUMES = 40_000
SNAPSHOTS = 20_000
INSTANCES = 20_000
GROUPS = 20_000
RESOURCES = VOLUMES + SNAPSHOTS + INSTANCES + GROUPS

DEVIATES_EVERY = 50
"""One item in so many is not as it should be, so that findings are part of what is measured."""


_Maker: TypeAlias = Callable[[int, str], Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One saved answer: what was asked of EC2 in a region, and what it printed."""

    command: str
    region: str
    parameters: Mapping[str, str]
    body: bytes


def answers() -> Iterator[Answer]:
    """Every answer, region by region; the same bytes each time."""
    for place, region in enumerate(REGIONS):
        yield _answer("describe-volumes", region, {"Volumes": _many(_volume, place, VOLUMES)})
        yield _answer("describe-instances", region, {"Reservations": _many(_reservation, place, INSTANCES)})
        yield _answer("describe-security-groups", region, {"SecurityGroups": _many(_group, place, GROUPS)})
        snapshots = {"Snapshots": _many(_snapshot, place, SNAPSHOTS)}
        yield _answer("describe-snapshots", region, snapshots, OwnerIds='["self"]')
        public: Mapping[str, object] = {"Snapshots": []}
        yield _answer(
            "describe-snapshots", region, public, OwnerIds='["self"]', RestorableByUserIds='["all"]'
        )


def _answer(command: str, region: str, fields: Mapping[str, object], **parameters: str) -> Answer:
    body = json.dumps(fields, indent=4).encode() + b"\n"  # as the AWS CLI indents
    return Answer(command=command, region=region, parameters=parameters, body=body)


def _many(make: _Maker, place: int, total: int) -> Sequence[Mapping[str, object]]:
    share = total // len(REGIONS)
    return [make(number, REGIONS[place]) for number in range(place * share, (place + 1) * share)]


def _tags(number: int) -> Sequence[Mapping[str, str]]:
    return [
        {"Key": "Name", "Value": f"node-{number}"},
        {"Key": "team", "Value": f"team-{number % 40}"},
        {"Key": "environment", "Value": "production" if number % 3 else "staging"},
    ]


def _id(prefix: str, number: int) -> str:
    return f"{prefix}-0{number:016x}"


def _as_it_should_be(number: int) -> bool:
    return number % DEVIATES_EVERY != 0


def _volume(number: int, region: str) -> Mapping[str, object]:
    attachment = {
        "DeleteOnTermination": True,
        "VolumeId": _id("vol", number),
        "InstanceId": _id("i", number // 2),
        "Device": "/dev/xvda",
        "State": "attached",
        "AttachTime": "2026-03-01T10:00:00+00:00",
    }
    return {
        "Iops": 3000,
        "Tags": _tags(number),
        "VolumeType": "gp3",
        "MultiAttachEnabled": False,
        "Throughput": 125,
        "Operator": {"Managed": False},
        "VolumeId": _id("vol", number),
        "Size": 100,
        "SnapshotId": "",
        "AvailabilityZone": f"{region}a",
        "State": "in-use",
        "CreateTime": "2026-03-01T10:00:00.000000+00:00",
        "Attachments": [attachment],
        "Encrypted": _as_it_should_be(number),
        "KmsKeyId": f"arn:aws:kms:{region}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
    }


def _snapshot(number: int, region: str) -> Mapping[str, object]:
    return {
        "Tags": _tags(number),
        "StorageTier": "standard",
        "TransferType": "standard",
        "CompletionTime": "2026-06-01T10:05:00.000000+00:00",
        "SnapshotId": _id("snap", number),
        "VolumeId": _id("vol", number),
        "State": "completed",
        "StartTime": "2026-06-01T10:00:00.000000+00:00",
        "Progress": "100%",
        "OwnerId": ACCOUNT,
        "Description": f"nightly of {_id('vol', number)}",
        "VolumeSize": 100,
        "Encrypted": _as_it_should_be(number),
        "KmsKeyId": f"arn:aws:kms:{region}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
    }


def _reservation(number: int, region: str) -> Mapping[str, object]:
    return {
        "ReservationId": _id("r", number),
        "OwnerId": ACCOUNT,
        "Groups": [],
        "Instances": [_instance(number, region)],
    }


def _instance(number: int, region: str) -> Mapping[str, object]:
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    host = f"ip-{address.replace('.', '-')}.{region}.compute.internal"
    group = {"GroupId": _id("sg", number), "GroupName": f"group-{number}"}
    private = {"Primary": True, "PrivateDnsName": host, "PrivateIpAddress": address}
    interface = {
        "Attachment": {
            "AttachTime": "2026-03-01T10:00:00+00:00",
            "AttachmentId": _id("eni-attach", number),
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "Status": "attached",
            "NetworkCardIndex": 0,
        },
        "Description": "",
        "Groups": [group],
        "Ipv6Addresses": [],
        "MacAddress": "02:00:00:00:00:00",
        "NetworkInterfaceId": _id("eni", number),
        "OwnerId": ACCOUNT,
        "PrivateDnsName": host,
        "PrivateIpAddress": address,
        "PrivateIpAddresses": [private],
        "SourceDestCheck": True,
        "Status": "in-use",
        "SubnetId": _id("subnet", number % 30),
        "VpcId": _id("vpc", number % 5),
        "InterfaceType": "interface",
        "Operator": {"Managed": False},
    }
    device = {
        "DeviceName": "/dev/xvda",
        "Ebs": {
            "AttachTime": "2026-03-01T10:00:00+00:00",
            "DeleteOnTermination": True,
            "Status": "attached",
            "VolumeId": _id("vol", number * 2),
        },
    }
    return {
        "Architecture": "x86_64",
        "BlockDeviceMappings": [device],
        "ClientToken": f"{number:08x}-0000-0000-0000-000000000000",
        "EbsOptimized": True,
        "EnaSupport": True,
        "Hypervisor": "xen",
        "IamInstanceProfile": {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/node", "Id": "AIPAEXAMPLE"},
        "NetworkInterfaces": [interface],
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "SecurityGroups": [group],
        "SourceDestCheck": True,
        "Tags": _tags(number),
        "VirtualizationType": "hvm",
        "CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 2},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "HibernationOptions": {"Configured": False},
        "MetadataOptions": {
            "State": "applied",
            "HttpTokens": "required" if _as_it_should_be(number) else "optional",
            "HttpPutResponseHopLimit": 2,
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "disabled",
        },
        "EnclaveOptions": {"Enabled": False},
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": "2026-03-01T10:00:00+00:00",
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "CurrentInstanceBootMode": "uefi",
        "InstanceId": _id("i", number),
        "ImageId": _id("ami", number % 10),
        "State": {"Code": 16, "Name": "running"},
        "PrivateDnsName": host,
        "PublicDnsName": "",
        "StateTransitionReason": "",
        "KeyName": "node",
        "AmiLaunchIndex": 0,
        "ProductCodes": [],
        "InstanceType": "m7i.large",
        "LaunchTime": "2026-03-01T10:00:00+00:00",
        "Placement": {"GroupName": "", "Tenancy": "default", "AvailabilityZone": f"{region}a"},
        "Monitoring": {"State": "disabled"},
        "SubnetId": _id("subnet", number % 30),
        "VpcId": _id("vpc", number % 5),
        "PrivateIpAddress": address,
    }


def _group(number: int, region: str) -> Mapping[str, object]:
    group = _id("sg", number)
    source = "10.0.0.0/8" if _as_it_should_be(number) else "0.0.0.0/0"
    return {
        "GroupId": group,
        "IpPermissionsEgress": [
            {
                "IpProtocol": "-1",
                "UserIdGroupPairs": [],
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                "Ipv6Ranges": [],
                "PrefixListIds": [],
            }
        ],
        "Tags": _tags(number),
        "VpcId": _id("vpc", number % 5),
        "SecurityGroupArn": f"arn:aws:ec2:{region}:{ACCOUNT}:security-group/{group}",
        "OwnerId": ACCOUNT,
        "GroupName": f"group-{number}",
        "Description": "made for the benchmark",
        "IpPermissions": [_inbound(22, source), _inbound(443, "0.0.0.0/0")],
    }


def _inbound(port: int, source: str) -> Mapping[str, object]:
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "UserIdGroupPairs": [],
        "IpRanges": [{"CidrIp": source}],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
    }
