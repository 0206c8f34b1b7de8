"""The demo's Amazon EKS answers in the shapes of AWS's own model, and moves a cluster only the way that AWS does."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast
from urllib.parse import unquote

import botocore.session
import pytest
from botocore.model import StructureShape
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from auditwright.app.demo.emulated_eks import ADMINISTRATOR, HISTORY_DAYS, Answer, Asker, EmulatedEks

ACCOUNT, REGION = "111122223333", "eu-central-1"
NUNO = Asker(
    arn=f"arn:aws:iam::{ACCOUNT}:user/nuno", name="nuno", unique_id="AIDANUNO", key="AKIAIOSFODNN7EXAMPLE"
)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/fleet-admin"
CREATE = {
    "name": "fleet",
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/cluster",
    "resourcesVpcConfig": {"subnetIds": ["subnet-1"]},
    "accessConfig": {"authenticationMode": "CONFIG_MAP"},
}
SWITCH = {"name": "fleet", "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}
LAST = {"name": "fleet", "accessConfig": {"authenticationMode": "API"}}
OF_FLEET = {"clusterName": "fleet"}
ENTRY_OF_NUNO = {**OF_FLEET, "principalArn": NUNO.arn}
ENTRY_OF_ROLE = {**OF_FLEET, "principalArn": ROLE}
POLICY = {**ENTRY_OF_ROLE, "policyArn": ADMINISTRATOR, "accessScope": {"type": "cluster"}}


class Eks:
    """Asks the emulator in the words of AWS's model, and holds each answer against it."""

    def __init__(self) -> None:
        session = botocore.session.Session()
        self._model = session.get_service_model("eks")
        self._trail = session.get_service_model("cloudtrail")
        self.emulated = EmulatedEks(ACCOUNT, REGION)
        self.by: Asker | None = NUNO

    def ask(self, operation: str, **parameters: object) -> Answer:
        model = self._model.operation_model(operation)
        serializer = create_serializer(self._model.metadata["protocol"])
        request = serializer.serialize_to_request(parameters, model)
        body = request["body"] or b""
        path = unquote(request["url_path"])
        status, answer = self.emulated.answer(request["method"], path, body, lambda: self.by)
        if status == 200:
            assert isinstance(model.output_shape, StructureShape)
            report = ParamValidator().validate(dict(answer), model.output_shape)
            assert not report.has_errors(), report.generate_report()
        return status, answer

    def does(self, operation: str, **parameters: object) -> Mapping[str, object]:
        status, answer = self.ask(operation, **parameters)
        assert status == 200, answer
        return answer

    def events(self, name: str) -> list[Mapping[str, object]]:
        asked = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}]}
        _, answer = self.emulated.events(json.dumps(asked).encode())
        shape = self._trail.operation_model("LookupEvents").output_shape
        assert isinstance(shape, StructureShape)
        report = ParamValidator().validate(dict(answer), shape)
        assert not report.has_errors(), report.generate_report()
        return cast("list[Mapping[str, object]]", answer["Events"])


@pytest.fixture
def eks() -> Eks:
    made = Eks()
    made.does("CreateCluster", **CREATE)
    return made


def entries(eks: Eks) -> object:
    return eks.does("ListAccessEntries", **OF_FLEET)["accessEntries"]


def test_every_answer_has_the_shape_of_awss_model(eks: Eks) -> None:
    for operation, parameters in (
        ("ListClusters", {}),
        ("DescribeCluster", {"name": "fleet"}),
        ("ListPodIdentityAssociations", OF_FLEET),
        ("ListIdentityProviderConfigs", OF_FLEET),
        ("ListNodegroups", OF_FLEET),
        ("UpdateClusterConfig", SWITCH),
        ("ListAccessEntries", OF_FLEET),
        ("DescribeAccessEntry", ENTRY_OF_NUNO),
        ("ListAssociatedAccessPolicies", ENTRY_OF_NUNO),
        ("CreateAccessEntry", ENTRY_OF_ROLE),
        ("AssociateAccessPolicy", POLICY),
        ("ListAssociatedAccessPolicies", ENTRY_OF_ROLE),
        ("DeleteAccessEntry", ENTRY_OF_NUNO),
    ):
        eks.does(operation, **parameters)
    assert entries(eks) == [ROLE]


def test_no_list_shows_the_creator_until_the_cluster_uses_entries(eks: Eks) -> None:
    status, refused = eks.ask("ListAccessEntries", **OF_FLEET)
    assert (status, refused["__type"]) == (400, "InvalidRequestException")
    described = cast("Mapping[str, object]", eks.does("DescribeCluster", name="fleet")["cluster"])
    assert NUNO.arn not in json.dumps(described)
    eks.does("UpdateClusterConfig", **SWITCH)
    assert entries(eks) == [NUNO.arn]


def test_a_creator_that_gave_up_the_rights_gets_no_entry() -> None:
    eks = Eks()
    eks.does(
        "CreateCluster",
        **{
            **CREATE,
            "accessConfig": {
                "authenticationMode": "API",
                "bootstrapClusterCreatorAdminPermissions": False,
            },
        },
    )
    assert entries(eks) == []


def test_the_trail_says_who_made_the_cluster(eks: Eks) -> None:
    (event,) = eks.events("CreateCluster")
    told = json.loads(str(event["CloudTrailEvent"]))
    assert (told["userIdentity"]["arn"], told["requestParameters"]) == (NUNO.arn, {"name": "fleet"})
    assert eks.events("DeleteCluster") == []


@pytest.mark.parametrize("wanted", [LAST, CREATE])
def test_a_cluster_skips_no_mode_and_stays_in_none(eks: Eks, wanted: Mapping[str, object]) -> None:
    status, refused = eks.ask("UpdateClusterConfig", name="fleet", accessConfig=wanted["accessConfig"])
    assert (status, refused["__type"]) == (400, "InvalidParameterException")


def test_a_cluster_never_goes_back(eks: Eks) -> None:
    eks.does("UpdateClusterConfig", **SWITCH)
    eks.does("UpdateClusterConfig", **LAST)
    assert eks.ask("UpdateClusterConfig", **SWITCH)[0] == 400


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("DescribeCluster", {"name": "other"}, "ResourceNotFoundException"),
        ("DescribeAccessEntry", ENTRY_OF_ROLE, "ResourceNotFoundException"),
        ("CreateAccessEntry", ENTRY_OF_NUNO, "ResourceInUseException"),
        ("CreateCluster", CREATE, "ResourceInUseException"),
        ("ListAddons", OF_FLEET, "NotFoundException"),
    ],
)
def test_what_aws_refuses_and_what_is_not_emulated_is_an_error(
    eks: Eks, operation: str, parameters: Mapping[str, object], code: str
) -> None:
    eks.does("UpdateClusterConfig", **SWITCH)
    status, refused = eks.ask(operation, **parameters)
    assert status >= 400
    assert refused["__type"] == code


def test_a_session_of_a_role_makes_no_cluster() -> None:
    eks = Eks()
    eks.by = None
    status, refused = eks.ask("CreateCluster", **CREATE)
    assert (status, refused["__type"]) == (403, "AccessDeniedException")


@pytest.mark.parametrize(("days", "kept"), [(HISTORY_DAYS, 1), (HISTORY_DAYS + 1, 0)])
def test_who_made_a_cluster_is_in_the_history_for_as_long_as_the_event_is_kept(
    eks: Eks, days: int, kept: int
) -> None:
    eks.does("CreateCluster", **{**CREATE, "name": "another"})
    eks.emulated.age("fleet", days)
    names = [
        str(cast("Sequence[Mapping[str, object]]", each["Resources"])[0]["ResourceName"])
        for each in eks.events("CreateCluster")
    ]
    assert names.count("fleet") == kept
    assert names.count("another") == 1
    made = cast("Mapping[str, float]", eks.does("DescribeCluster", name="fleet")["cluster"])["createdAt"]
    assert datetime.now(UTC) - datetime.fromtimestamp(made, UTC) >= timedelta(days=days)


def test_a_cluster_whose_maker_gets_no_rights_has_no_entry_of_its_maker(eks: Eks) -> None:
    access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    eks.does("CreateCluster", **{**CREATE, "name": "closed", "accessConfig": access})
    assert eks.does("ListAccessEntries", clusterName="closed")["accessEntries"] == []
