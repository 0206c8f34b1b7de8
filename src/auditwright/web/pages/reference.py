"""The reference of the API, made of its description."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import APIRouter, Response

from auditwright.app.rights import SCOPES, Right
from auditwright.web.api.description import PATH, description, operations
from auditwright.web.visit import Visit, may

router = APIRouter()

COMMON = frozenset({"as_of", "page", "per_page"})
"""Parameters that the page explains once."""

ROWS = "Rows_"
"""How a page of a list begins its name in the description; what it has, the reference explains once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a call can be given."""

    name: str
    shape: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a shape."""

    name: str
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation."""

    id: str
    method: str
    path: str
    title: str
    text: str
    scope: str
    parameters: Sequence[Parameter]
    body: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A shape that answers and bodies have."""

    name: str
    text: str
    fields: Sequence[Field]
    words: Sequence[str]
    """Of an enumeration, its values."""


@router.get("/api")
def reference(visit: Annotated[Visit, may(Right.SELF)]) -> Response:
    """The reference of the API."""
    made = description()
    groups: dict[str, list[Call]] = {}
    for path, method, operation in operations(made):
        tag = next(iter(cast("Sequence[str]", operation.get("tags", ()))), "Others")
        groups.setdefault(tag, []).append(_call(path, method, operation))
    return visit.page("reference.html", groups=groups, openapi=PATH)


@router.get("/api-shapes")
def shapes(visit: Annotated[Visit, may(Right.SELF)]) -> Response:
    """The shapes that answers and bodies have."""
    return visit.page("reference_shapes.html", shapes=tuple(_shapes(description())))


def _call(path: str, method: str, operation: Mapping[str, object]) -> Call:
    right = Right(str(operation["x-right"]))
    scope = next((scope.value for scope, allowed in SCOPES.items() if right in allowed), "")
    parameters = cast("Sequence[Mapping[str, object]]", operation.get("parameters", ()))
    responses = cast("Mapping[str, object]", operation["responses"])
    answers = (_content(each) for status, each in responses.items() if status.startswith("2"))
    return Call(
        id=str(operation["operationId"]),
        method=method.upper(),
        path=path,
        title=str(operation["summary"]),
        text=str(operation["description"]).rpartition("\n\n")[0],
        scope=scope,
        parameters=[_parameter(each) for each in parameters if _is_told(each)],
        body=_content(operation.get("requestBody")),
        answer=next(answers, ""),
    )


def _is_told(parameter: Mapping[str, object]) -> bool:
    """Whether a parameter is told with its call: a part of the path stands there already."""
    return parameter["name"] not in COMMON and parameter["in"] == "query"


def _parameter(each: Mapping[str, object]) -> Parameter:
    return Parameter(
        name=str(each["name"]),
        shape=_shape(each.get("schema")),
        text=str(each.get("description", "")),
    )


def _content(holder: object) -> str:
    if not isinstance(holder, Mapping):
        return ""
    for media, each in holder.get("content", {}).items():
        return _shape(each.get("schema")) if media == "application/json" else str(media)
    return ""


def _shape(schema: object) -> str:
    """A schema in a word, such as `list of CriterionRow`."""
    match schema:
        case {"$ref": str(ref)}:
            name = ref.rpartition("/")[2]
            text = f"rows of {name[len(ROWS) : -1]}" if name.startswith(ROWS) else name
        case {"anyOf": list(members)}:
            text = " or ".join(_shape(each) for each in members)
        case {"type": "array", "prefixItems": list(members)}:
            text = f"({', '.join(_shape(each) for each in members)})"
        case {"type": "array", "items": items}:
            text = f"list of {_shape(items)}"
        case {"enum": list(words)}:
            text = " | ".join(str(word) for word in words)
        case {"type": "string", "format": str(form)}:
            text = form
        case {"type": str(kind)}:
            text = kind
        case _:
            text = "anything"
    return text


def _shapes(made: Mapping[str, object]) -> Iterator[Shape]:
    components = cast("Mapping[str, Mapping[str, Mapping[str, object]]]", made["components"])
    for name, schema in components["schemas"].items():
        if name.startswith(ROWS):
            continue
        fields = cast("Mapping[str, object]", schema.get("properties", {}))
        yield Shape(
            name=name,
            text=str(schema.get("description", "")).partition("\n")[0],
            fields=[Field(name=field, shape=_shape(each)) for field, each in fields.items()],
            words=[str(word) for word in cast("Sequence[object]", schema.get("enum", ()))],
        )
