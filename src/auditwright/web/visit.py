"""A visit: one request by somebody who may make it.

Rights are enforced here and nowhere else: a route names the right that it asks for (`may`), and a route that names
none does not start (`application.check_routes`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, TypeAlias, assert_never
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from starlette.responses import HTMLResponse

from auditwright.app import rights
from auditwright.app.acting import Actor
from auditwright.app.queries.view import View
from auditwright.app.rights import Right
from auditwright.app.sessions import Browser, SignedIn, is_proved, signed_in
from auditwright.app.tokens import Bearer, bearer
from auditwright.core.account import Account, Engagement, Role
from auditwright.core.question import Is
from auditwright.web import cookies
from auditwright.web.problems import is_api
from auditwright.web.safety.origin import SAFE
from auditwright.web.site import Site
from auditwright.web.templating import render

if TYPE_CHECKING:
    from auditwright.app.workspace import Workspace

SESSION_COOKIE = cookies.SESSION

THEME_COOKIE = "auditwright-theme"
THEMES = ("system", "light", "dark")

KEYS_COOKIE = "auditwright-keys"
"""`off` where somebody switched off the keys of the keyboard."""

AS_OF = "as_of"
"""The name in an address by which any page shows what was known on a day."""

Plain: TypeAlias = str | int | bool | None


class SignInNeededError(Exception):
    """Nobody is signed in."""


class NotAllowedError(Exception):
    """Whoever is signed in has not the right that is needed."""


class ProofNeededError(Exception):
    """What is grave needs a second factor that was shown lately."""

    def __init__(self, back: str) -> None:
        self.back = back
        """Where to go on once it was shown."""
        super().__init__(back)


class BadAddressError(Exception):
    """An address cannot be answered; the message says what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request by somebody who may make it."""

    site: Site
    request: Request
    signed: SignedIn | Bearer
    """The session of a browser; on the API also a token."""
    view: View

    @property
    def account(self) -> Account:
        """Who it is."""
        return self.signed.account

    @property
    def actor(self) -> Actor:
        """Who it is, for the audit log."""
        match self.signed:
            case SignedIn(account=account):
                return Actor(id=account.id, name=account.name)
            case Bearer(account=account, token=token):
                return Actor(id=token.id, name=f"{account.name} ({token.id})", account=account.id)
            case unreachable:
                assert_never(unreachable)

    @property
    def in_browser(self) -> SignedIn:
        """The browser's session; a page is never visited by anything else."""
        assert isinstance(self.signed, SignedIn), "tokens reach the API alone"
        return self.signed

    @property
    def workspace(self) -> "Workspace":
        """The program folder as it is now."""
        return self.view.workspace

    @property
    def now(self) -> datetime:
        """The time of the request."""
        return self.view.now

    @property
    def path(self) -> str:
        """The path that was asked for."""
        return self.request.url.path

    def may(self, right: Right) -> bool:
        """Whether they have another right, for what a page offers."""
        return _has(self.signed, right)

    @property
    def proved(self) -> bool:
        """Whether a second factor was shown lately, so that a form asks for it before anything is typed."""
        return not isinstance(self.signed, Bearer) and is_proved(self.signed.session, self.now)

    def prove(self, back: str) -> None:
        """Go on only where a second factor was shown lately; raises ProofNeededError."""
        if not self.proved:
            raise ProofNeededError(back)

    def link(self, path: str, **parameters: Plain) -> str:
        """An address of this site that stays on the day that is looked at."""
        given = {name: str(value) for name, value in parameters.items() if value not in {None, ""}}
        if self.view.looks_back:
            given[AS_OF] = _day_of(self.view.as_of)
        return f"{path}?{urlencode(given)}" if given else path

    def page(self, template: str, *, status: int = 200, **context: object) -> Response:
        """A page of the app's shell."""
        from auditwright.web.shell import shell

        text = render(template, {"visit": self, "shell": shell(self), **context})
        return HTMLResponse(text, status_code=status)


@dataclass(frozen=True, slots=True)
class May:
    """Asks that whoever calls has a right; gives the visit."""

    right: Right

    def __call__(self, request: Request) -> Visit:
        """The visit; raises SignInNeededError, NotAllowedError, BadAddressError."""
        site: Site = request.app.state.site
        workspace, now = site.workspace(), site.clock()
        found = _caller(request, site, workspace, now)
        if found is None:
            raise SignInNeededError
        if not _has(found, self.right):
            raise NotAllowedError
        engagement = engagement_of(workspace, found.account)
        view = View(
            workspace=workspace,
            now=now,
            as_of=_as_of(request.query_params, engagement, now),
            engagement=engagement,
            memo=site.memo,
        )
        return Visit(site=site, request=request, signed=found, view=view)


def _caller(request: Request, site: Site, workspace: "Workspace", now: datetime) -> SignedIn | Bearer | None:
    """Who calls. On the API a token decides where there is one, and changes take nothing else: a browser sends
    a cookie along whoever made it call.
    """
    given = request.headers.get("authorization", "")
    if is_api(request.url.path) and (given or request.method not in SAFE):
        scheme, _, secret = given.partition(" ")
        return bearer(workspace, secret.strip(), now) if scheme.lower() == "bearer" else None
    return signed_in(workspace, request.cookies.get(cookie_name(site), ""), now)


def _has(caller: SignedIn | Bearer, right: Right) -> bool:
    match caller:
        case SignedIn(account=account):
            return rights.may(account.role, right)
        case Bearer(account=account, token=token):
            return rights.token_may(account.role, token.scopes, right)
        case unreachable:
            assert_never(unreachable)


def may(right: Right) -> object:
    """The visit of somebody with a right, as an annotation of a route's parameter."""
    return Depends(May(right))


def cookie_name(site: Site) -> str:
    """The session's cookie."""
    return cookies.name_of(site, SESSION_COOKIE)


def browser_of(request: Request, method: str = "") -> Browser:
    """Where a request comes from, and how somebody signs in by it."""
    address = request.client.host if request.client else ""
    return Browser(address=address, agent=request.headers.get("user-agent", ""), method=method)


def theme_of(request: Request) -> str:
    """The theme that a browser's cookie asks for."""
    wanted = request.cookies.get(THEME_COOKIE, "")
    return wanted if wanted in THEMES else THEMES[0]


def engagement_of(workspace: "Workspace", account: Account) -> Engagement | None:
    """The engagement that an auditor is bound to; None for everybody else. An auditor without one sees nothing."""
    if account.role is not Role.AUDITOR:
        return None
    held = workspace.stores.records.kept(Engagement, Is("id", account.engagement))
    if not held:
        raise NotAllowedError
    return held[0]


def _as_of(query: Mapping[str, str], engagement: Engagement | None, now: datetime) -> datetime:
    """The time that is looked at: the end of the day that the address names, never beyond an auditor's period."""
    last = now if engagement is None else min(now, engagement.ends_at)
    day = query.get(AS_OF, "")
    if not day:
        return last
    try:
        wanted = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise BadAddressError(f"{day[:40]!r} is no day; write one as 2026-11-23.") from None
    return min(last, datetime.combine(wanted.date(), time.max, UTC))


def _day_of(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
