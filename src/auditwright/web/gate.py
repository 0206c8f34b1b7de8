"""The gate: who is not signed in yet, what their browser began, and the way in once two factors were shown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeAlias, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from auditwright.app import rights
from auditwright.app.acting import Actor
from auditwright.app.rights import Right
from auditwright.app.sessions import LONGEST, begin_session, end_session, signed_in
from auditwright.app.signing_in import devices, steps
from auditwright.app.signing_in.entering import Attempt
from auditwright.app.signing_in.limits import OF_STARTS, Taking, network
from auditwright.app.signing_in.passkeys import Asking, Relying
from auditwright.app.signing_in.steps import Challenge, Departure, Enrolment, FirstShown, Step
from auditwright.app.workspace import Workspace
from auditwright.core.account import Account
from auditwright.core.ids import AccountId
from auditwright.web import cookies
from auditwright.web.site import Site
from auditwright.web.templating import render
from auditwright.web.visit import browser_of, theme_of

S = TypeVar("S", FirstShown, Challenge, Enrolment, Departure)

OWN_ACCOUNT = "/account"

SEE_OTHER = 303

PROBLEM = 422

TOO_MANY = 429

MAX_NEXT_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A request that needs nobody to be signed in."""

    request: Request
    site: Site
    workspace: Workspace
    now: datetime

    @property
    def attempt(self) -> Attempt:
        """What somebody tries from this browser."""
        return Attempt(
            workspace=self.workspace,
            limits=self.site.limits,
            address=browser_of(self.request).address,
            device=cookies.read(self.request, cookies.DEVICE),
            now=self.now,
        )

    @property
    def relying(self) -> Relying:
        """The site, for passkeys."""
        host = urlsplit(self.site.address.url).hostname
        assert host, "a site has a name"
        title = f"Auditwright of {self.workspace.program.organization}"
        return Relying(host=host, origin=self.site.address.url, title=title)

    def page(self, template: str, *, status: int = 200, **context: object) -> Response:
        """A page of the gate's shell."""
        organization = self.workspace.program.organization
        values = {"theme": theme_of(self.request), "organization": organization, **context}
        return HTMLResponse(render(template, values), status_code=status)

    def step(self, kind: type[S]) -> S | None:
        """What this browser began; it stays."""
        name = cookies.CHALLENGE if kind is Challenge else cookies.STEP
        return self.site.steps.look(kind, cookies.read(self.request, name), self.now)

    def take_step(self, kind: type[S]) -> S | None:
        """What this browser began; it counts no more."""
        name = cookies.CHALLENGE if kind is Challenge else cookies.STEP
        return self.site.steps.take(kind, cookies.read(self.request, name), self.now)

    def begin(self, response: Response, step: Step) -> Response:
        """Let the browser begin something."""
        token = self.site.steps.begin(step, self.now)
        name = cookies.CHALLENGE if isinstance(step, Challenge) else cookies.STEP
        cookies.put(response, self.site, cookies.Cookie(name, token, steps.LIFETIME))
        return response

    def ask(self, asking: Asking, purpose: str, account: AccountId | None = None) -> Response:
        """Ask the browser for a passkey."""
        where = Taking(("start", network(browser_of(self.request).address)), OF_STARTS)
        if self.site.limits.take([where], self.now):
            return refused("Too many tries from here. Wait a minute.", status=TOO_MANY)
        response = Response(asking.options, media_type="application/json")
        return self.begin(response, Challenge(value=asking.challenge, purpose=purpose, account=account))

    def challenge(self, purpose: str) -> Challenge | None:
        """The challenge that this browser was given for a purpose; it counts once."""
        found = self.take_step(Challenge)
        return found if found is not None and found.purpose == purpose else None

    def enter(self, response: Response, account: Account, method: str) -> Response:
        """Begin the session of somebody who showed two factors, in place of the one before."""
        before = signed_in(self.workspace, cookies.read(self.request, cookies.SESSION), self.now)
        if before is not None:
            actor = Actor(id=before.account.id, name=before.account.name)
            end_session(self.workspace, before.session, actor, self.now)
        token = begin_session(self.workspace, account, browser_of(self.request, method), self.now)
        cookies.put(response, self.site, cookies.Cookie(cookies.SESSION, token, LONGEST))
        known = devices.device_cookie(self.workspace.state, account.id, self.now)
        cookies.put(response, self.site, cookies.Cookie(cookies.DEVICE, known, devices.LIFETIME))
        cookies.forget(response, self.site, cookies.STEP, cookies.CHALLENGE)
        return response


def at_gate(request: Request) -> Gate:
    """The gate of a request."""
    site: Site = request.app.state.site
    return Gate(request=request, site=site, workspace=site.workspace(), now=site.clock())


AtGate: TypeAlias = Annotated[Gate, Depends(at_gate)]


def see(path: str) -> RedirectResponse:
    """Go to a page of this site after something was done."""
    return RedirectResponse(path, status_code=SEE_OTHER)


def refused(problem: str, status: int = PROBLEM) -> JSONResponse:
    """What a script shows of something that did not go."""
    return JSONResponse({"problem": problem}, status_code=status)


def go(path: str) -> JSONResponse:
    """Where a script goes on."""
    return JSONResponse({"next": path})


def within(path: str) -> str:
    """A path of this site as an address asked for it; `/` for whatever leads or may lead elsewhere."""
    if not path.startswith("/") or path.startswith("//") or len(path) > MAX_NEXT_CHARS:
        return "/"
    # Browsers read a backslash as a slash, and leave out control characters.
    if "\\" in path or not path.isprintable() or not path.isascii():
        return "/"
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else path


def landing(account: Account, wanted: str) -> str:
    """Where somebody goes after signing in: where they wanted to, or where their role begins."""
    path = within(wanted)
    if path == "/" and not rights.may(account.role, Right.READ_PROGRAM):
        return OWN_ACCOUNT
    return path
