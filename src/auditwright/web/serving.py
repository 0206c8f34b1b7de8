"""Serving: the app in one process, from the first request to a graceful stop."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import socket
from urllib.parse import urlsplit

from auditwright.app.errors import AppError
from auditwright.app.scheduling import Schedule
from auditwright.web.site import Address, open_site, utc_now

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

MAX_HEAD_BYTES = 256 * 1024
"""Of a request before its body. An address may hold an item's id of 12,000 letters, each up to 12 bytes as it is written there."""

GRACE_S = 10
"""How long a stop waits for answers that are under way."""

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the server listens, and how people find it."""

    host: str
    port: int
    url: str = ""
    """Needed beyond this machine."""
    proxies: tuple[str, ...] = ()
    """Addresses of reverse proxies, whose word on where a request comes from is taken."""
    metrics_port: int = 0
    """A port of this machine on which Prometheus is answered; 0 for none."""
    logs_requests: bool = True
    """False: only what breaks is logged."""


def serve(
    folder: Path, listen: Listen, listening: Callable[[], None], clock: Callable[[], datetime] = utc_now
) -> None:
    """Serve a program folder until it is stopped; `listening` is called once requests are answered. Raises AppError."""
    import uvicorn

    from auditwright.app.delivering import telling
    from auditwright.app.warming import keeping_warm
    from auditwright.web.application import create_app
    from auditwright.web.logs import configure_logs
    from auditwright.web.watching import Measures, serve_metrics

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket] | None = None) -> None:
            await super().startup(sockets)
            listening()

    with open_site(folder, address_of(listen), clock) as site:
        measures = Measures()
        config = uvicorn.Config(
            create_app(site, measures),
            host=listen.host,
            port=listen.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=bool(listen.proxies),
            forwarded_allow_ips=list(listen.proxies),
            timeout_graceful_shutdown=GRACE_S,
            http="h11",
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        )
        if not listen.logs_requests:
            configure_logs(logging.WARNING)
        if listen.metrics_port:
            serve_metrics(site, measures, listen.metrics_port)
        schedule = Schedule(
            workspace=site.workspace, background=site.background, clock=clock, finished=site.look_again
        )
        schedule.begin()
        try:
            with keeping_warm(site.whole_view), telling(site.whole_view, site.address.url):
                Server(config).run()
        finally:
            schedule.end()


def address_of(listen: Listen) -> Address:
    """Where people find a site; raises AppError."""
    host, port, url = listen.host, listen.port, listen.url
    if not url:
        if host not in LOOPBACK:
            raise AppError(
                f"{host} can be reached from other machines. Say how people find it, with --url https://…, "
                "so that no other name is answered and cookies never travel unencrypted."
            )
        names = {f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]")}
        return Address(url=f"http://localhost:{port}", hosts=frozenset(names))
    parts = urlsplit(url)
    is_loopback = (parts.hostname or "") in LOOPBACK
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.path not in {"", "/"}:
        raise AppError(f"--url {url!r} is no address of a site; write one such as https://audit.example.com")
    if parts.scheme == "http" and not is_loopback:
        raise AppError(f"--url {url!r} is not encrypted; passkeys and cookies need https")
    name = parts.hostname.lower()
    known = {parts.netloc.lower()}
    if (parts.port or DEFAULT_PORTS[parts.scheme]) == DEFAULT_PORTS[parts.scheme]:
        known = {name, f"{name}:{DEFAULT_PORTS[parts.scheme]}"}
    return Address(url=f"{parts.scheme}://{parts.netloc.lower()}", hosts=frozenset(known))
