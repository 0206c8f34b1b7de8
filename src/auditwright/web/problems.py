"""Problems: how the API says that it cannot do something (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus

from starlette.responses import JSONResponse, Response

API = "/api/"

PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong with a request."""

    where: str
    """Such as `query.page` or `body.reason`."""
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a call was not answered."""

    type: str
    title: str
    status: int
    detail: str
    errors: Sequence[Mistake]


class ProblemError(Exception):
    """A call that cannot be done."""

    def __init__(self, status: int, detail: str, errors: Sequence[Mistake] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors


def refused(problems: Mapping[str, str]) -> ProblemError:
    """What is wrong with a body, by its fields."""
    errors = [Mistake(where=f"body.{name}", says=says) for name, says in problems.items()]
    return ProblemError(422, " ".join(problems.values()), errors)


def is_api(path: str) -> bool:
    """True for a path of the API: its answers are for programs."""
    return path.startswith(API)


def problem(
    status: int, detail: str, *, errors: Sequence[Mistake] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that says what is wrong."""
    body = Problem(
        type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors
    )
    return JSONResponse(asdict(body), status_code=status, media_type=PROBLEM, headers=headers)
