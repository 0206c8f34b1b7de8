"""An emulated account that tests fill through AWS's own API, and collect from as Auditwright does."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from botocore import xform_name
from botocore.model import ListShape, Shape, StructureShape

from auditwright.core.evidence import Evidence, Gap, Scope
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import Target
from auditwright.core.resource import Resource
from auditwright.integrations.aws.operations import AwsStream, Operation
from auditwright.integrations.aws.reading import Answers
from auditwright.integrations.aws.session import collect_target
from tests.integrations.aws.plain import plain_client
from tests.integrations.aws.shapes import ACCOUNT, REGION, Answer, checked, operation_model
from tests.simulators.aws_proxy import Answerer, Question, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The emulator's account in one region, by its address."""

    url: str

    def do(self, service: str, method: str, **parameters: object) -> Answer:
        """Call AWS's API, by its own names: `do("ec2", "CreateVolume", Size=1, …)`."""
        call: Callable[..., Answer] = getattr(plain_client(self.url, service, REGION), xform_name(method))
        return call(**parameters)

    def collect(self, stream: AwsStream) -> tuple[list[Resource], list[Gap]]:
        """Everything that a stream makes of the account, and what it could not see."""
        scope = Scope(source=IntegrationId("aws"), account=ACCOUNT, region=REGION if stream.regional else "")
        captured = list(
            collect_target(stream, Target(stream=stream.id, scope=scope, settings=self._settings()))
        )
        evidence = [one for one in captured if isinstance(one, Evidence)]
        gaps = [one for one in captured if isinstance(one, Gap)]
        found = list(stream.normalize(Answers(evidence, gaps))) if evidence else []
        digests = {one.digest for one in evidence}
        assert all(one.evidence and digests >= set(one.evidence) for one in found)
        return found, gaps

    def only(self, stream: AwsStream) -> list[Resource]:
        """Everything that a stream makes of the account, which it must have seen completely."""
        found, gaps = self.collect(stream)
        assert gaps == []
        return found

    def _settings(self) -> Mapping[str, str]:
        return {"endpoint_url": self.url, "home_region": REGION, "timeout_s": "10", "attempts": "1"}


def at(answer: object, *path: str | int) -> str:
    """A text inside an answer."""
    for step in path:
        match step:
            case str():
                answer = cast("Mapping[str, object]", answer)[step]
            case int():
                answer = cast("Sequence[object]", answer)[step]
    assert isinstance(answer, str)
    return answer


def says(operation: Operation, answer: Answer) -> Answerer:
    """What the emulator lacks, answered in JSON as AWS would; the answer is checked against AWS's model."""
    shape = operation_model(operation).output_shape
    assert shape is not None
    body = json.dumps(_on_the_wire(shape, checked(operation, answer))).encode()

    def reply(_: Question) -> Reply:
        return Reply(status=200, body=body, headers=(("Content-Type", "application/json"),))

    return reply


def _on_the_wire(shape: Shape, value: object) -> object:
    """An answer under the names that it travels by, such as `findingIds` for `FindingIds`."""
    match shape, value:
        case StructureShape(), dict():
            members = shape.members
            return {
                members[name].serialization.get("name", name): _on_the_wire(members[name], inner)
                for name, inner in value.items()
            }
        case ListShape(), list():
            return [_on_the_wire(shape.member, inner) for inner in value]
        case _:
            return value
