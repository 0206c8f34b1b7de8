from collections.abc import Iterator

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

from auditwright.integrations.aws import INTEGRATION, STREAMS
from auditwright.integrations.aws.operations import Operation, hyphenated

LOADER = Loader(include_default_search_paths=True)


def operations() -> Iterator[Operation]:
    for stream in STREAMS:
        yield from stream.operations


def test_streams_have_ids_of_their_own_and_emit_something() -> None:
    assert len({stream.id for stream in STREAMS}) == len(STREAMS)
    assert all(stream.emits and stream.operations for stream in STREAMS)


@pytest.mark.parametrize("operation", list(operations()), ids=lambda operation: operation.name)
def test_what_is_asked_exists_and_is_named_as_the_cli_names_it(operation: Operation) -> None:
    model = ServiceModel(LOADER.load_service_model(operation.sdk_service, "service-2"), operation.sdk_service)
    found = model.operation_model(operation.method)
    assert operation.cli[1] == xform_name(operation.method, "-")
    members = found.input_shape.members if found.input_shape is not None else {}
    assert set(operation.parameters) <= set(members)
    output = found.output_shape.members if found.output_shape is not None else {}
    assert set(operation.items) <= set(output)
    for code in operation.absent:
        # A bare number is an emulator's or a proxy's, never AWS's own "there is none".
        assert not code.isdigit()
        assert "AccessDenied" not in code


@pytest.mark.parametrize("operation", list(operations()), ids=lambda operation: operation.name)
def test_the_lists_of_an_answer_that_has_pages_are_the_ones_that_are_merged(operation: Operation) -> None:
    try:
        pagination = LOADER.load_service_model(operation.sdk_service, "paginators-1")["pagination"]
    except LookupError:
        return
    described = pagination.get(operation.method)
    if described is None or not operation.items:
        return
    keys = described["result_key"]
    assert set(operation.items) <= set(keys if isinstance(keys, list) else [keys])


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("DescribeDBInstances", "describe-db-instances"),
        ("GetWebACLForResource", "get-web-acl-for-resource"),
        ("ListVirtualMFADevices", "list-virtual-mfa-devices"),
        ("DescribeVpcs", "describe-vpcs"),
    ],
)
def test_methods_are_written_as_the_cli_writes_them(method: str, words: str) -> None:
    assert hyphenated(method) == words


def test_the_integration_says_what_each_stream_takes() -> None:
    for stream in INTEGRATION.streams:
        assert all(":" in operation.permission for operation in stream.operations)
    assert {field.name for field in INTEGRATION.fields} >= {"accounts", "regions", "endpoint_url"}
