"""Clients know what the streams ask, and nothing that changes an account."""

import re

import pytest
from botocore import xform_name
from botocore.loaders import create_loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from auditwright.integrations.aws import STREAMS
from auditwright.integrations.aws.models import OF_BOTOCORE, loader
from auditwright.integrations.aws.session import AwsSession

OPERATIONS = tuple(operation for stream in STREAMS for operation in stream.operations)
SERVICES = sorted({operation.sdk_service for operation in OPERATIONS})

READS = re.compile(r"(Batch)?(Describe|Get|List|Lookup)[A-Z]")

ALSO_ASKED = {"GenerateCredentialReport", "AssumeRole", "HeadBucket"}
"""IAM prepares a report that changes nothing; a role is taken; a bucket is asked where it is."""


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_has_every_operation_that_a_stream_asks(aws: str, service: str) -> None:
    client = AwsSession({"endpoint_url": aws}).client(service, "us-east-1")
    asked = {operation.method for operation in OPERATIONS if operation.sdk_service == service}
    assert all(hasattr(client, xform_name(method)) for method in asked)


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_has_no_operation_that_changes_anything(aws: str, service: str) -> None:
    client = AwsSession({"endpoint_url": aws}).client(service, "us-east-1")
    others = [name for name in client.meta.service_model.operation_names if not READS.match(name)]
    assert set(others) <= ALSO_ASKED


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_asked_is_as_botocore_has_it(service: str) -> None:
    """Every shape that a question, an answer or an error is made of, at any depth."""
    # Anew: botocore itself changes what it was given, when it makes a client.
    ours = _model(loader.__wrapped__().load_service_model(service, "service-2"))
    theirs = _model(create_loader().load_service_model(service, "service-2"))
    assert ours.operation_names
    for name in ours.operation_names:
        one, other = ours.operation_model(name), theirs.operation_model(name)
        assert (one.http, one.wire_name) == (other.http, other.wire_name)
        assert [shape.name for shape in one.error_shapes] == [shape.name for shape in other.error_shapes]
        for shape, original in (
            (one.input_shape, other.input_shape),
            (one.output_shape, other.output_shape),
            *zip(one.error_shapes, other.error_shapes, strict=True),
        ):
            assert _described(shape, ()) == _described(original, ())


def test_what_is_asked_names_the_errors_by_which_there_is_none(aws: str) -> None:
    client = AwsSession({"endpoint_url": aws}).client("iam", "us-east-1")
    assert {shape.name for shape in client.meta.service_model.error_shapes} >= {"NoSuchEntityException"}


def test_models_are_held_without_their_prose(aws: str) -> None:
    model = AwsSession({"endpoint_url": aws}).client("ec2", "us-east-1").meta.service_model
    operation = model.operation_model("DescribeVolumes")
    assert isinstance(operation.output_shape, StructureShape)
    members = [shape.documentation for shape in operation.output_shape.members.values()]
    assert members
    assert {model.documentation, operation.documentation, operation.output_shape.documentation, *members} == {
        ""
    }


def test_what_botocore_asks_by_itself_is_there(aws: str) -> None:
    for service, methods in OF_BOTOCORE.items():
        client = AwsSession({"endpoint_url": aws}).client(service, "us-east-1")
        assert all(hasattr(client, xform_name(method)) for method in methods)


def _model(found: object) -> ServiceModel:
    assert isinstance(found, dict)
    return ServiceModel(found)


def _described(shape: Shape | None, above: tuple[str, ...]) -> object:
    """A shape and all that it is made of, without prose; one that holds itself ends where it comes again."""
    if shape is None or shape.name in above:
        return None if shape is None else shape.name
    inner = (*above, shape.name)
    parts: object = ()
    match shape:
        case StructureShape():
            parts = {name: _described(member, inner) for name, member in shape.members.items()}
        case ListShape():
            parts = _described(shape.member, inner)
        case MapShape():
            parts = (_described(shape.key, inner), _described(shape.value, inner))
        case _:
            pass
    return shape.name, shape.type_name, dict(shape.serialization), dict(shape.metadata), parts
