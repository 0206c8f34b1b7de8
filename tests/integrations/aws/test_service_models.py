"""What the streams declare exists in AWS: operations, parameters, item keys, pages and CLI commands."""

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.validate import ParamValidator

from auditwright.core.resource import Resource
from auditwright.integrations.aws import (
    acm,
    backup,
    cloudtrail,
    cloudwatch,
    configservice,
    dynamodb,
    ec2,
    eks,
    elbv2,
    federation,
    guardduty,
    identitycenter,
    kms,
    logs,
    organizations,
    rds,
    secretsmanager,
    ssm,
    workloads,
)
from auditwright.integrations.aws.operations import AwsStream, Detail, Listing, Operation
from auditwright.integrations.aws.reading import Answers, of_account
from tests.integrations.aws.shapes import ACCOUNT, GLOBAL, SCOPE, operation_model, read, refused

STREAMS = (
    ec2.STREAM,
    ec2.VPC_STREAM,
    rds.STREAM,
    kms.STREAM,
    cloudtrail.STREAM,
    cloudtrail.REGIONAL_STREAM,
    guardduty.STREAM,
    configservice.STREAM,
    logs.STREAM,
    elbv2.STREAM,
    acm.STREAM,
    dynamodb.STREAM,
    backup.STREAM,
    cloudwatch.STREAM,
    ssm.STREAM,
    eks.STREAM,
    federation.STREAM,
    identitycenter.STREAM,
    organizations.STREAM,
    secretsmanager.STREAM,
    workloads.LAMBDA_STREAM,
    workloads.CODEBUILD_STREAM,
    workloads.CLOUDFORMATION_STREAM,
)
OPERATIONS = tuple(
    pytest.param(operation, id=f"{stream.id}-{operation.method}-{place}")
    for stream in STREAMS
    for place, operation in enumerate(stream.operations)
)


def test_streams_have_ids_of_their_own() -> None:
    assert len({stream.id for stream in STREAMS}) == len(STREAMS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_fixed_parameters_are_parameters_of_the_operation(operation: Operation) -> None:
    shape = operation_model(operation).input_shape
    if shape is None:
        assert not operation.parameters
        return
    report = ParamValidator().validate(of_account(operation.parameters, ACCOUNT), shape)
    # Required parameters of a detail come with each call.
    wrong = [error for error in report.generate_report().splitlines() if "Missing required" not in error]
    assert not wrong


@pytest.mark.parametrize("operation", OPERATIONS)
def test_item_keys_are_lists_in_the_answer(operation: Operation) -> None:
    shape = operation_model(operation).output_shape
    assert shape is not None
    for key in operation.items:
        assert shape.members[key].type_name == "list"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_that_has_pages_is_read_page_by_page(operation: Operation) -> None:
    described = operation_model(operation)
    assert described.output_shape is not None
    tokens = {"NextToken", "nextToken", "Marker", "NextMarker", "PaginationToken", "LastEvaluatedTableName"}
    if not tokens & described.output_shape.members.keys():
        return
    pages = Loader(include_default_search_paths=True).load_service_model(
        described.service_model.service_name, "paginators-1"
    )["pagination"]
    keys = pages[operation.method]["result_key"]
    assert set(operation.items) <= ({keys} if isinstance(keys, str) else set(keys))
    assert operation.items


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_cli_command_is_the_one_that_the_cli_has(operation: Operation) -> None:
    assert operation.cli[1] == xform_name(operation.method, "-")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_error_codes_for_none_there_are_declared_by_the_service(operation: Operation) -> None:
    documented = {error.name for error in operation_model(operation).error_shapes}
    assert set(operation.absent) <= documented


@pytest.mark.parametrize("stream", [pytest.param(stream, id=stream.id) for stream in STREAMS])
def test_when_everything_is_refused_nothing_is_claimed(stream: AwsStream) -> None:
    scope = SCOPE if stream.regional else GLOBAL
    gaps = [refused(operation, scope=scope) for operation in stream.operations]
    found: list[Resource] = list(stream.normalize(read(*gaps)))
    assert found == []


@pytest.mark.parametrize("stream", [pytest.param(stream, id=stream.id) for stream in STREAMS])
def test_without_the_first_answers_no_item_is_asked_about(stream: AwsStream) -> None:
    nothing = Answers((), [refused(stream.operations[0])])
    for operation in stream.operations[1:]:
        if isinstance(operation, Detail):
            assert list(operation.asks(nothing)) == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_page_size_is_one_that_the_service_takes(operation: Operation) -> None:
    if not isinstance(operation, Listing) or not operation.page_size:
        return
    described = operation_model(operation)
    pages = Loader(include_default_search_paths=True).load_service_model(
        described.service_model.service_name, "paginators-1"
    )["pagination"]
    shape = described.input_shape
    assert shape is not None
    most = shape.members[pages[operation.method]["limit_key"]].metadata.get("max", operation.page_size)
    assert operation.page_size <= most
