"""A site that is really served, by a server in this process on a port of its own, and people who are signed in to it."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import uvicorn

from auditwright.app.rights import TokenScope, scopes_for
from auditwright.app.sessions import Browser, begin_session
from auditwright.app.tokens import WantedToken, make_token
from auditwright.app.workspace import Workspace
from auditwright.core.account import Account, Engagement, Role
from auditwright.core.ids import AccountId, EngagementId
from auditwright.web.application import create_app
from auditwright.web.safety.rates import Buckets
from auditwright.web.serving import MAX_HEAD_BYTES
from auditwright.web.site import Address, Site, open_site, utc_now
from auditwright.web.visit import SESSION_COOKIE

BURST = 1_000_000
"""Tests call far faster than anybody who is not one."""

AUDIT = EngagementId("eng-1")


@dataclass(frozen=True, kw_only=True)
class Served:
    """A site while it is served."""

    site: Site
    url: str
    clients: ExitStack
    """Clients that are closed when the site is."""

    def visitor(self, role: Role = Role.OWNER, name: str = "Mira Okafor") -> httpx2.Client:
        """A client with the cookie of somebody of this role; does not follow redirects."""
        token = signed_in_as(self.site.workspace(), role, name, self.site.clock())
        client = self.stranger()
        client.cookies.set(SESSION_COOKIE, token)
        return client

    def program(
        self, role: Role = Role.OWNER, scopes: Sequence[TokenScope] = tuple(TokenScope)
    ) -> httpx2.Client:
        """A client that shows a token of somebody of this role, with those of the scopes that the role may give."""
        workspace, now = self.site.workspace(), self.site.clock()
        account = account_of(workspace, role, "Mira Okafor", now)
        client = httpx2.Client(base_url=self.url, timeout=60)
        given = tuple(scope for scope in scopes if scope in scopes_for(role))
        if given:
            wanted = WantedToken(name="tests", scopes=given, days=1)
            client.headers["authorization"] = f"Bearer {make_token(workspace, account, wanted, now).secret}"
        return self.clients.enter_context(client)

    def stranger(self) -> httpx2.Client:
        """A client of nobody, which posts as a page of this site does."""
        client = httpx2.Client(base_url=self.url, headers={"origin": self.url}, timeout=60)
        return self.clients.enter_context(client)


@contextmanager
def served(folder: Path, clock: Callable[[], datetime] = utc_now) -> Iterator[Served]:
    """Serve a program folder on localhost until the block ends."""
    listening = _listening()
    name = f"localhost:{listening.getsockname()[1]}"
    address = Address(url=f"http://{name}", hosts=frozenset({name}))
    with listening, open_site(folder, address, clock) as site:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(site, buckets=Buckets(burst=BURST)),
                log_level="error",
                lifespan="on",
                h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with ExitStack() as clients:
                yield Served(site=site, url=address.url, clients=clients)
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def _listening() -> socket.socket:
    """A port of this machine. asyncio sends what is small at once (TCP_NODELAY) only where the protocol is named, as
    it is for `auditwright serve`; without it each answer waits 40 ms for an acknowledgment.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return listening


def account_of(workspace: Workspace, role: Role, name: str, now: datetime) -> Account:
    """Somebody of a role, made where there is no such account yet."""
    account = Account(
        id=AccountId(f"acc-{name.lower().replace(' ', '-')}-{role}"),
        email=f"{name.split(maxsplit=1)[0].lower()}.{role}@example.com",
        name=name,
        role=role,
        engagement=AUDIT if role is Role.AUDITOR else EngagementId(""),
        made_at=now,
        ended_at=None,
        password="",
        seed=b"",
        step=0,
    )
    with workspace.stores.records.transaction() as write:
        if role is Role.AUDITOR:
            write.keep([engagement(now)])
        write.keep([account])
    return account


def engagement(now: datetime) -> Engagement:
    """An audit of security, over the year up to now and a little beyond."""
    return Engagement(
        id=AUDIT,
        title="Type 2 of this year",
        categories=("security",),
        starts_at=now - timedelta(days=365),
        ends_at=now + timedelta(days=30),
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def signed_in_as(workspace: Workspace, role: Role, name: str, now: datetime) -> str:
    """The token of a new session."""
    account = account_of(workspace, role, name, now)
    return begin_session(
        workspace, account, Browser(address="127.0.0.1", agent="tests", method="passkey"), now
    )
