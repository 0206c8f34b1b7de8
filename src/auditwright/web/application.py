"""The application: every route with the right that it asks for, behind what every request passes.

From the outside in: headers, log and measures, host, rate, origin, size of the body; then the route, its right,
and the page.
"""

from http import HTTPStatus
from importlib import resources
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

from auditwright import __version__
from auditwright.app.errors import AppError
from auditwright.app.queries.access import NoTargetError
from auditwright.app.queries.lists import QuestionError
from auditwright.core.ports import StoreError
from auditwright.web.api import description
from auditwright.web.api.resources import RESOURCES
from auditwright.web.logs import configure_logs
from auditwright.web.pages import (
    access,
    account,
    acts,
    evidence,
    findings,
    health,
    integrations,
    inventory,
    invitation,
    overview,
    people,
    program,
    proof,
    reference,
    releases,
    runs,
    search,
    settings,
    sign_in,
    single_sign_on,
    tokens,
    vulnerabilities,
    waivers,
    webhooks,
)
from auditwright.web.problems import Mistake, ProblemError, is_api, problem
from auditwright.web.public import PUBLIC
from auditwright.web.safety.bodies import BoundedBodies
from auditwright.web.safety.boundary import Boundary
from auditwright.web.safety.compression import Compressed
from auditwright.web.safety.headers import SafeHeaders
from auditwright.web.safety.hosts import KnownHosts
from auditwright.web.safety.origin import SameOrigin
from auditwright.web.safety.rates import Buckets, LimitedRates
from auditwright.web.site import Site
from auditwright.web.templating import STATIC, render
from auditwright.web.visit import BadAddressError, May, NotAllowedError, ProofNeededError, SignInNeededError
from auditwright.web.watching import Measures, Watched

ROUTERS = (
    health.router,
    sign_in.router,
    single_sign_on.router,
    invitation.router,
    account.router,
    proof.router,
    overview.router,
    program.router,
    findings.router,
    waivers.router,
    evidence.router,
    inventory.router,
    integrations.router,
    access.router,
    vulnerabilities.router,
    releases.router,
    runs.router,
    people.router,
    acts.router,
    search.router,
    settings.router,
    tokens.router,
    webhooks.router,
    reference.router,
    description.router,
    *RESOURCES,
)
"""Every page; a router that is not named here does not exist."""

SIGN_IN = "/sign-in"

PROVE = "/account/prove"


def create_app(site: Site, measures: Measures | None = None, buckets: Buckets | None = None) -> FastAPI:
    """The application of a site; raises AssertionError for a route that names no right."""
    configure_logs()
    app = FastAPI(
        title="Auditwright",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[
            Middleware(SafeHeaders, secure=site.address.is_secure),
            Middleware(Watched, measures=measures or Measures()),
            Middleware(KnownHosts, hosts=site.address.hosts, url=site.address.url),
            Middleware(LimitedRates, buckets=buckets or Buckets()),
            Middleware(SameOrigin, url=site.address.url),
            Middleware(BoundedBodies),
            Middleware(Compressed),
            Middleware(Boundary),
        ],
    )
    app.state.site = site
    for router in ROUTERS:
        check_routes(router)
        app.include_router(router)
    static = resources.files("auditwright.web").joinpath("static")
    app.mount(STATIC, _Kept(directory=str(static)), name="static")
    app.add_exception_handler(SignInNeededError, _sign_in)
    app.add_exception_handler(ProofNeededError, _prove)
    app.add_exception_handler(NotAllowedError, _not_allowed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(BadAddressError, _bad_address)
    app.add_exception_handler(QuestionError, _bad_address)
    app.add_exception_handler(NoTargetError, _no_target)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(AppError, _store)
    app.add_exception_handler(HTTPException, _http)
    return app


def check_routes(router: APIRouter) -> None:
    """Deny by default: a route asks for a right, or stands among the few that anybody may call."""
    for route in router.routes:
        assert isinstance(route, APIRoute), f"{route} is no route of ours"
        asks = [each for each in route.dependant.dependencies if isinstance(each.call, May)]
        is_public = route.path in PUBLIC
        assert bool(asks) != is_public, f"{route.path} names no right, and is not public"


class _Kept(StaticFiles):
    """Static files; their addresses change with their bytes, so that browsers may keep them."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def _is_api(request: Request) -> bool:
    return is_api(request.url.path)


def _sign_in(request: Request, error: Exception) -> Response:
    del error
    if _is_api(request):
        return problem(
            401,
            "No token that counts was shown. Make one under Account, and send it as Authorization: Bearer awt_….",
            headers={"www-authenticate": "Bearer"},
        )
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    asked = f"?next={quote(wanted, safe='')}" if request.method == "GET" and wanted != "/" else ""
    return RedirectResponse(f"{SIGN_IN}{asked}", status_code=303)


def _prove(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProofNeededError)
    if _is_api(request):
        return problem(403, "This needs a second factor that was shown lately. Do it in the browser.")
    return RedirectResponse(f"{PROVE}?next={quote(error.back, safe='')}", status_code=303)


def _not_allowed(request: Request, error: Exception) -> Response:
    del error
    if _is_api(request):
        return problem(403, "The role, or the scopes of the token, do not reach this.")
    return _failed(
        request,
        403,
        "You may not see this",
        "Your role does not reach it. An owner can give you another role, under People.",
    )


def _bad_address(request: Request, error: Exception) -> Response:
    if _is_api(request):
        return problem(422, str(error))
    return _failed(request, 400, "This address cannot be answered", str(error))


def _invalid(request: Request, error: Exception) -> Response:
    """What was sent does not have the form that the route asks for; what it was is not repeated."""
    assert isinstance(error, RequestValidationError)
    mistakes = [
        Mistake(where=".".join(str(part) for part in each["loc"]), says=str(each["msg"]))
        for each in error.errors()
    ]
    if _is_api(request):
        return problem(422, "The call is not of the form that the API describes.", errors=mistakes)
    text = "; ".join(f"{each.where}: {each.says}" for each in mistakes)
    return _failed(request, 422, "This cannot be read", text)


def _problem(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, ProblemError)
    return problem(error.status, error.detail, errors=error.errors)


def _no_target(request: Request, error: Exception) -> Response:
    return _failed(request, 409, "This is no longer a target", str(error))


def _store(request: Request, error: Exception) -> Response:
    return _failed(request, 500, "This could not be done", f"{error} Nothing was changed.")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title, text = "This request cannot be answered", str(error.detail)
    if error.status_code == 404:  # noqa: PLR2004
        title, text = "There is no such page", "It may have been renamed. Search, or go back."
        if _is_api(request):
            title, text = "There is nothing of this name", "Or it is not part of what may be seen here."
    if error.status_code == HTTPStatus.GONE:
        title, text = "These bytes were erased", "Who did it, when and why stands with the evidence."
    failed = _failed(request, error.status_code, title, text)
    # Which methods there are (405) is said in a header.
    failed.headers.update(error.headers or {})
    return failed


def _failed(request: Request, status: int, title: str, text: str) -> Response:
    if _is_api(request):
        return problem(status, f"{title}. {text}")
    page = render("error.html", {"title": title, "text": text})
    return HTMLResponse(page, status_code=status)
