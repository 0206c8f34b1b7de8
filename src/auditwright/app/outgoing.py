"""Messages to addresses that people wrote down: only to public ones, in a bounded time, and without redirects.

A name is resolved when the connection is made, and the connection goes to the very address that was checked: what a name
server answers a moment later changes nothing (DNS rebinding). Imports httpcore2; import it only where something is sent.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

import httpcore2

TOTAL_S = 10.0
"""For a whole message, from resolving the name to the status: a receiver that drips does not hold us up."""

MAX_URL = 2_000
"""Characters of an address."""

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
"""RFC 8215: translated within one network, and not of the public internet."""


class UnsentError(Exception):
    """A message did not arrive; the text says why, and holds nothing of the address but its host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is posted, and where."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def problem_of(url: str, allowed: Collection[str]) -> str:
    """Why an address may not be written down; empty where it may. `allowed` hosts may be private, and without TLS."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "This is no address; write one such as https://hooks.example.com/path"
    if not host or len(url) > MAX_URL or any(char.isspace() or not char.isprintable() for char in url):
        return "This is no address; write one such as https://hooks.example.com/path"
    if parts.username is not None or parts.password is not None:
        return "An address must not hold a name or a password"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in allowed):
        return "Write an address that begins with https://"
    if host not in allowed and (literal := _literal(host)) is not None and not is_public(literal):
        return f"{host} is not a public address. An administrator can allow it: [webhooks] allow in auditwright.toml"
    return ""


def is_public(address: IPAddress) -> bool:
    """Whether an address is of the public internet, and none that only looks so."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, ipaddress.IPv6Address) and (address.is_site_local or address in _LOCAL_NAT64):
        return False
    return address.is_global and not (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )


def send(message: Message, allowed: Collection[str], total_s: float = TOTAL_S) -> int:
    """Post a message; the status that the receiver answered. Raises UnsentError."""
    if problem := problem_of(message.url, allowed):
        raise UnsentError(problem)
    deadline = time.monotonic() + total_s
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), total_s)
    headers = {**message.headers, "content-length": str(len(message.body))}
    with httpcore2.ConnectionPool(
        ssl_context=ssl.create_default_context(), network_backend=_Guarded(frozenset(allowed), deadline)
    ) as pool:
        try:
            request = httpcore2.Request(
                "POST",
                message.url,
                headers=[
                    (b"host", urlsplit(message.url).netloc.encode()),
                    *((name.encode(), value.encode()) for name, value in headers.items()),
                ],
                content=message.body,
                extensions={"timeout": timeout},
            )
            response = pool.handle_request(request)
            response.close()  # the status is all that is wanted: a body is not read
        except (
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            httpcore2.TimeoutException,
            UnicodeError,
            ssl.SSLError,
        ) as error:
            raise UnsentError(_words(error, total_s)) from None
    return response.status


def _words(error: Exception, total_s: float) -> str:
    match error:
        case httpcore2.TimeoutException():
            return f"It did not answer within {total_s:g} s."
        case httpcore2.ConnectError():
            return str(error) or "No connection."
        case _:
            return "The connection broke off, or what was answered is not HTTP."


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _inner(address: IPAddress) -> IPAddress | None:
    """The IPv4 address within an IPv6 one that reaches it: mapped, translated, or tunnelled."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def _checked(host: str, port: int, allowed: Collection[str]) -> str:
    """The address to connect to; raises httpcore2.ConnectError where one of those that the name has is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpcore2.ConnectError(f"{host} is not known to any name server.") from None
    addresses = [str(entry[4][0]) for entry in found]
    if host not in allowed:
        for each in addresses:
            if not is_public(ipaddress.ip_address(each)):
                raise httpcore2.ConnectError(f"{host} is not a public address, so nothing was sent.")
    return addresses[0]


class _Guarded(httpcore2.NetworkBackend):
    """Connects to checked addresses alone, until a time."""

    def __init__(self, allowed: Collection[str], deadline: float) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._network = httpcore2.SyncBackend()

    def connect_tcp(  # noqa: PLR0913, PLR0917  # as the port has it
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the address that was checked, and to no other that the name may have by then."""
        del timeout
        address = _checked(host, port, self._allowed)
        stream = self._network.connect_tcp(
            address, port, _left(self._deadline), local_address, socket_options
        )
        return _Timed(stream, self._deadline)


class _Timed(httpcore2.NetworkStream):
    """A connection that is over at a time, however often it shows a byte before."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, until the deadline."""
        del timeout
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, until the deadline."""
        del timeout
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        """Close."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """Go on in TLS, with the name that was asked for."""
        del timeout
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Timed(stream, self._deadline)

    def get_extra_info(self, info: str) -> object:
        """What the connection says of itself."""
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time is over")
    return left
