"""The description of the API (OpenAPI 3.1), made of the routes and of the shapes that they answer with."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, cast

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.responses import JSONResponse, Response

from auditwright import __version__
from auditwright.app.rights import SCOPES, Right
from auditwright.web.api.resources import RESOURCES
from auditwright.web.api.rows import PREFIX
from auditwright.web.problems import PROBLEM, Problem
from auditwright.web.visit import AS_OF, May, Visit, may

PATH = f"{PREFIX}/openapi.json"

TEXT = """\
Everything that the pages show and do, for programs, by the same queries and the same acts.

A call shows a token: `Authorization: Bearer awt_…`. Tokens are made under Account; each has scopes, and never more rights
than who made it. A browser that is signed in may read, and change nothing. Lists are asked `?q=`, by filters, `?sort=`,
`?page=` and `?per_page=`. `?as_of=2026-11-23` answers as it was known at the end of that day.
"""

PROBLEMS: Mapping[int, str] = {
    400: "The body cannot be read.",
    401: "No token that counts was shown.",
    403: "The role, or the scopes of the token, do not reach this.",
    404: "There is nothing of this name, or it may not be seen.",
    409: "It was done or decided already, or something else is under way. Nothing was changed.",
    422: "The call is not of the form that is described here.",
    429: "Too many calls from one address; the header Retry-After says how long to wait.",
    500: "A store could not do it. Nothing was changed.",
}

SCHEMA_REF = "#/components/schemas/{model}"

router = APIRouter(prefix=PREFIX)

Json = dict[str, object]


@router.get("/openapi.json", response_model=None)
def openapi(visit: Annotated[Visit, may(Right.SELF)]) -> Response:
    """This description."""
    del visit
    return JSONResponse(description())


@cache
def description() -> Json:
    """The whole description; the same for everybody."""
    routes = [route for each in RESOURCES for route in each.routes]
    made = get_openapi(title="Auditwright", version=__version__, description=TEXT, routes=routes)
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = TypeAdapter(Problem).json_schema(ref_template=SCHEMA_REF)
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    rights = _rights(routes)
    for path, method, operation in operations(made):
        _complete(operation, rights[path, method], is_read=method == "get")
    return made


def operations(made: Mapping[str, object]) -> Iterator[tuple[str, str, Json]]:
    """Each operation of a description with its path and its method."""
    for path, members in cast("Mapping[str, Mapping[str, Json]]", made["paths"]).items():
        for method, operation in members.items():
            yield path, method, operation


def right_of(route: APIRoute) -> Right | None:
    """The right that a route asks for; None for what anybody may call."""
    asked = (each.call for each in route.dependant.dependencies)
    return next((call.right for call in asked if isinstance(call, May)), None)


def _rights(routes: Sequence[object]) -> Mapping[tuple[str, str], Right]:
    found: dict[tuple[str, str], Right] = {}
    for route in routes:
        assert isinstance(route, APIRoute)
        right = right_of(route)
        assert right is not None, f"{route.path} names no right"
        found |= {(route.path, method.lower()): right for method in route.methods or ()}
    return found


def _complete(operation: Json, right: Right, *, is_read: bool) -> None:
    """What every operation has: a sentence, the scope that it takes, a day to look back to, and its problems."""
    sentence, _, rest = str(operation["description"]).partition("\n")
    scopes = [scope.value for scope, allowed in SCOPES.items() if right in allowed]
    takes = f"Takes a token with the scope `{scopes[0]}`." if scopes else "Takes any token."
    operation["summary"] = sentence.rstrip(".")
    operation["description"] = "\n\n".join(part for part in (rest.strip(), takes) if part)
    operation["x-right"] = right.value
    if is_read:
        as_of = {"type": "string", "anyOf": [{"format": "date"}, {"maxLength": 0}]}
        text = "Answer as it was known at the end of this day, such as 2026-11-23; as it is known now where it is empty."
        parameters = cast("list[object]", operation.setdefault("parameters", []))
        parameters.append({"name": AS_OF, "in": "query", "description": text, "schema": as_of})
    responses = cast("Json", operation["responses"])
    for status, says in PROBLEMS.items():
        content = {PROBLEM: {"schema": {"$ref": SCHEMA_REF.format(model="Problem")}}}
        responses[str(status)] = {"description": says, "content": content}
