"""Messages go out to public addresses alone, whatever a name or a redirect says, and in a bounded time."""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from auditwright.app.outgoing import Message, UnsentError, is_public, problem_of, send
from tests.app.receiver import receiving

LOCAL = frozenset({"127.0.0.1"})

NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104  # an address to be refused
    "10.0.0.5",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.5",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2001:0:5ef5:79fd:0:0:80ff:fffe",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:5::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]

PUBLIC = ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_of_the_public_internet_is_refused(address: str) -> None:
    parsed = ipaddress.ip_address(address)
    assert not is_public(parsed)
    host = f"[{address}]" if parsed.version == 6 else address
    assert "not a public address" in problem_of(f"https://{host}/hook", frozenset())


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_taken(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/",
        "https://localhost.localdomain./",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0/",
    ],
)
def test_a_name_that_leads_to_this_machine_is_refused_when_the_connection_is_made(url: str) -> None:
    assert problem_of(url, frozenset()) == ""
    with pytest.raises(UnsentError, match=r"not a public address|not known to any name server"):
        send(Message(url=url, headers={}, body=b"{}"), frozenset())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://hooks.example.com/", "begins with https"),
        ("ftp://hooks.example.com/", "begins with https"),
        ("file:///etc/passwd", "no address"),
        ("https://", "no address"),
        ("https://a b/", "no address"),
        ("https://hooks.example.com:99999/", "no address"),
        ("https://[::1/", "no address"),
        ("https://ada:secret@hooks.example.com/", "name or a password"),
        (f"https://hooks.example.com/{'x' * 2000}", "no address"),
        ("https://hooks.example.com/\r\nx: y", "no address"),
    ],
)
def test_what_is_no_address_of_a_webhook_is_said(url: str, says: str) -> None:
    assert says in problem_of(url, LOCAL)


def test_an_allowed_host_is_reached_and_gets_what_was_sent() -> None:
    with receiving() as receiver:
        headers = {"content-type": "application/json"}
        status = send(Message(url=f"{receiver.url}/hook?a=b", headers=headers, body=b'{"a":1}'), LOCAL)
        assert status == 204
        (got,) = receiver.got
    assert (got.path, got.body, got.headers["content-type"]) == ("/hook?a=b", b'{"a":1}', "application/json")
    assert got.headers["host"] == receiver.url.removeprefix("http://")


def test_nothing_is_sent_to_a_private_host_that_is_not_allowed() -> None:
    with receiving() as receiver:
        with pytest.raises(UnsentError):
            send(Message(url=receiver.url, headers={}, body=b""), frozenset({"10.0.0.5"}))
        with pytest.raises(UnsentError, match="not a public address"):
            # The name is allowed to nobody, whatever it leads to.
            send(Message(url=receiver.url.replace("http:", "https:"), headers={}, body=b""), frozenset())
        assert receiver.got == []


def test_a_redirect_is_not_followed() -> None:
    with receiving() as elsewhere, receiving() as receiver:
        receiver.status, receiver.location = 307, elsewhere.url
        assert send(Message(url=receiver.url, headers={}, body=b"{}"), LOCAL) == 307
        assert elsewhere.got == []


def test_a_receiver_that_hangs_is_left_in_time() -> None:
    with receiving() as receiver:
        receiver.hangs = True
        begun = time.monotonic()
        with pytest.raises(UnsentError, match=r"did not answer within 0\.2 s"):
            send(Message(url=receiver.url, headers={}, body=b"{}"), LOCAL, 0.2)
        assert time.monotonic() - begun < 2


@contextmanager
def dripping(begin: bytes) -> Iterator[str]:
    """A server that answers a few bytes, and then one more every few milliseconds, for ever."""
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(begin)
            while not over.wait(0.01):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listening.close()


def test_a_receiver_that_drips_its_answer_does_not_hold_us() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nx: ") as url:
        begun = time.monotonic()
        with pytest.raises(UnsentError):
            send(Message(url=url, headers={}, body=b"{}"), LOCAL, 0.3)
        assert time.monotonic() - begun < 2


def test_a_body_without_end_is_not_read() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n") as url:
        assert send(Message(url=url, headers={}, body=b"{}"), LOCAL, 2) == 200


def test_what_does_not_speak_http_is_said() -> None:
    with dripping(b"220 smtp ready\r\n\r\n") as url, pytest.raises(UnsentError, match="not HTTP"):
        send(Message(url=url, headers={}, body=b"{}"), LOCAL, 2)


def test_a_port_where_nobody_listens_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(UnsentError):
        send(Message(url=f"http://127.0.0.1:{port}/", headers={}, body=b"{}"), LOCAL, 2)
