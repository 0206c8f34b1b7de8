"""Whatever AWS answers, in whole or in part: a stream derives resources from evidence, or says where it is malformed."""

import inspect
import json
import re
import sys

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.core.evidence import Evidence, Gap, Query, digest_of
from auditwright.core.ids import StreamId
from auditwright.core.integration import MalformedEvidenceError
from auditwright.integrations.aws.operations import AwsStream, Detail, Operation
from auditwright.integrations.aws.reading import CALLS_KEY, rendered
from tests.integrations.aws.shapes import GLOBAL, NOW, PRINCIPAL, SCOPE, operation_model, read, refused
from tests.integrations.aws.test_service_models import STREAMS

WRONG: st.SearchStrategy[object] = st.sampled_from(
    [None, "", "x", 0, -1, 1.5, True, [], {}, [None], "9999-99-99"]
)
NAMES = st.sampled_from(["a", "b", "arn:aws:ec2:eu-west-1:123456789012:instance/i-1"])
NAMING = re.compile(r"(Id|Identifier|Arn|ARN|Name|name|Field|Key|IpProtocol|CidrIp|CidrIpv6)$")
MAX_DEPTH = 5


def source_of(stream: AwsStream) -> str:
    return inspect.getsource(sys.modules[stream.normalize.__module__])


def values(shape: Shape, source: str, *, broken: bool, depth: int = 0) -> st.SearchStrategy[object]:
    """Values of a shape with the fields that the module reads; some missing, and some wrong where `broken`."""
    good: st.SearchStrategy[object]
    match shape:
        case StructureShape():
            inner = {
                name: values(member, source, broken=broken, depth=depth + 1)
                for name, member in shape.members.items()
                if f'"{name}"' in source and depth < MAX_DEPTH
            }
            # What names an item is always there, and so are the listed items themselves.
            always = {name: inner.pop(name) for name in list(inner) if depth == 0 or NAMING.search(name)}
            good = st.fixed_dictionaries(always, optional=inner).map(dict)
        case ListShape():
            item = values(shape.member, source, broken=broken, depth=depth + 1)
            good = st.lists(item, min_size=1, max_size=2).map(list)
        case MapShape():
            good = st.just({})
        case _:
            good = scalars(shape)
    return st.one_of(*(good for _ in range(15)), WRONG) if broken and depth > 0 else good


def scalars(shape: Shape) -> st.SearchStrategy[object]:
    match shape.type_name:
        case "boolean":
            return st.booleans()
        case "integer" | "long" | "float" | "double":
            return st.integers(-1, 70_000)
        case "timestamp":
            return st.sampled_from(["2026-01-01T00:00:00Z", 1_700_000_000.5, "2019-12-18 19:10:08+00:00"])
        case _:
            enum = getattr(shape, "enum", [])
            return st.sampled_from(enum) if enum else NAMES


@st.composite
def captures(draw: st.DrawFn, stream: AwsStream) -> list[Evidence | Gap]:
    found: list[Evidence | Gap] = []
    scope = SCOPE if stream.regional else GLOBAL
    source = source_of(stream)
    broken = draw(st.booleans())
    for operation in stream.operations:
        kind = draw(st.sampled_from(["answer", "answer", "answer", "answer", "refused", "both", "nothing"]))
        if kind in {"answer", "both"}:
            body = json.dumps(draw(bodies(operation, source, broken=broken))).encode()
            found.append(
                Evidence(
                    stream=StreamId(stream.id),
                    scope=scope,
                    query=Query(
                        operation=operation.name, parameters=rendered(operation.parameters, scope.account)
                    ),
                    principal=PRINCIPAL,
                    collected_at=NOW,
                    effective_at=NOW,
                    collector="",
                    body=body,
                    digest=digest_of(body),
                )
            )
        if kind in {"refused", "both"}:
            found.append(refused(operation, draw(st.sampled_from(["", "a"])), scope=scope))
    return found


def bodies(operation: Operation, source: str, *, broken: bool) -> st.SearchStrategy[object]:
    described = operation_model(operation)
    assert described.output_shape is not None
    answer = values(described.output_shape, source, broken=broken)
    if not isinstance(operation, Detail):
        return answer
    assert described.input_shape is not None
    asked = st.fixed_dictionaries(dict.fromkeys(described.input_shape.required_members, NAMES))
    fixed = dict(operation.parameters)
    call = st.builds(lambda own, got: {"parameters": {**fixed, **own}, "answer": got}, asked, answer)
    return st.lists(call, max_size=2).map(lambda calls: {CALLS_KEY: calls})


@pytest.mark.parametrize("stream", [pytest.param(stream, id=stream.id) for stream in STREAMS])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_stream_derives_resources_or_says_what_is_malformed(stream: AwsStream, data: st.DataObject) -> None:
    captured = data.draw(captures(stream))
    digests = {one.digest for one in captured if isinstance(one, Evidence)}
    if not digests:
        return
    answers = read(*captured)
    try:
        for operation in stream.operations:
            if isinstance(operation, Detail):
                list(operation.asks(answers))
        found = list(stream.normalize(answers))
    except MalformedEvidenceError:
        return
    for resource in found:
        assert resource.evidence
        assert set(resource.evidence) <= digests
        assert isinstance(resource, stream.emits)
