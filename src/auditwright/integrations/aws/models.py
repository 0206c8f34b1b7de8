"""The services' models as botocore reads them, with what the streams ask and nothing else.

EC2 alone has 830 operations, of which a dozen are asked. What is left out takes 30 MB and a tenth of a second of a
run; and a client of ours has no method that would change anything in an account.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, cast

if TYPE_CHECKING:
    from botocore.loaders import Loader

Fields: TypeAlias = dict[str, object]

MODEL: Final = "service-2"
"""What botocore calls the file that holds a service's operations and shapes."""

OF_BOTOCORE: Final[Mapping[str, frozenset[str]]] = {
    # Takes a role.
    "sts": frozenset({"AssumeRole"}),
    # Finds out where a bucket is that redirects.
    "s3": frozenset({"HeadBucket"}),
}
"""What botocore asks by itself."""


@cache
def loader() -> "Loader":
    """One loader for all sessions: reading a service's model is the slowest part of making its first client."""
    from botocore.loaders import JSONFileLoader, Loader

    class Files(JSONFileLoader):
        def load_file(self, file_path: str) -> Fields | None:
            return _read(file_path)

    class OnlyWhatIsAsked(Loader):
        FILE_LOADER_CLASS = Files

        def load_service_model(
            self, service_name: str, type_name: str, api_version: str | None = None
        ) -> Fields:
            found: Fields = super().load_service_model(service_name, type_name, api_version)
            if type_name == MODEL:
                # In place, because botocore keeps what it read; done again, it changes nothing.
                _reduce(found, _asked_of(service_name))
            return found

    return OnlyWhatIsAsked()


def _read(path: str) -> Fields | None:
    for name, opened in ((f"{path}.json", open), (f"{path}.json.gz", gzip.open)):
        if Path(name).is_file():
            with opened(name, "rb") as file:
                return cast("Fields", json.loads(file.read()))
    return None


def _asked_of(service: str) -> frozenset[str]:
    # The streams import what imports this module.
    from auditwright.integrations.aws import STREAMS

    asked = {
        operation.method
        for stream in STREAMS
        for operation in stream.operations
        if operation.sdk_service == service
    }
    return OF_BOTOCORE.get(service, frozenset()) | asked


def _reduce(model: Fields, asked: frozenset[str]) -> None:
    """Take from a model the operations that are not asked, the shapes that no other uses, and all prose."""
    operations = cast("dict[str, Fields]", model["operations"])
    shapes = cast("dict[str, Fields]", model["shapes"])
    model["operations"] = kept = {name: each for name, each in operations.items() if name in asked}
    used: dict[str, Fields] = {}
    ahead = [name for operation in kept.values() for name in _shapes_in(operation)]
    while ahead:
        name = ahead.pop()
        if name not in used:
            used[name] = shapes[name]
            ahead.extend(_shapes_in(shapes[name]))
    model["shapes"] = used
    for held in (model, *kept.values(), *used.values()):
        _without_prose(held)


def _shapes_in(part: Mapping[str, object]) -> Iterator[str]:
    """The names of the shapes that an operation or a shape refers to."""
    for reference in _references(part):
        yield cast("str", reference["shape"])


def _references(part: Mapping[str, object]) -> Iterator[Fields]:
    for key in ("input", "output", "member", "key", "value"):
        if isinstance(found := part.get(key), dict):
            yield cast("Fields", found)
    yield from cast("list[Fields]", part.get("errors", []))
    yield from cast("dict[str, Fields]", part.get("members", {})).values()


def _without_prose(part: Fields) -> None:
    for held in (part, *_references(part)):
        held.pop("documentation", None)
