"""An emulator of AWS in a process of its own, that counts the requests it answers."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from bench.rows import CannotMeasureError

_SERVE = """\
import collections, io, json, logging, re, sys, threading, time
logging.getLogger("werkzeug").setLevel(logging.ERROR)
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

since = time.process_time()
emulated = DomainDispatcherApplication(create_backend_app)
counted = collections.Counter()

# The service and what is asked of it: a target, an action, or a path with the names of its parameters.
def operation(environ):
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    service = scope[3] if len(scope) > 3 else "other"
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    action = re.search(rb"(?:^|&)Action=(\\w+)", body)
    if b"Version=2012-06-01" in body:
        service += " (classic)"
    if target or action:
        return service + ":" + (target or action[1].decode())
    path = environ["PATH_INFO"]
    # A bucket is named by its path.
    path = "/*" if service == "s3" and path != "/" else path
    names = sorted(part.partition("=")[0] for part in environ.get("QUERY_STRING", "").split("&") if part)
    return service + ":" + environ["REQUEST_METHOD"] + path + ("?" + "&".join(names) if names else "")

def application(environ, start):
    global since
    if environ["PATH_INFO"] == "/count-and-reset":
        now = time.process_time()
        body = json.dumps({"by_operation": counted, "busy_s": now - since}).encode()
        since = now
        counted.clear()
        start("200 OK", [("Content-Type", "application/json")])
        return [body]
    counted[operation(environ)] += 1
    return emulated(environ, start)

server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
print("http://127.0.0.1:%d" % server.port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"""

ANSWER_LIMIT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the emulator answered in a while."""

    by_operation: Mapping[str, int]
    busy_s: float
    """Processor time that it took. It answers one after the other, so nobody is served faster than that."""

    @property
    def requests(self) -> int:
        """All requests."""
        return sum(self.by_operation.values())

    def without(self, beginnings: tuple[str, ...]) -> int:
        """The requests of operations that do not begin so."""
        return sum(count for name, count in self.by_operation.items() if not name.startswith(beginnings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """The running emulator."""

    url: str

    def counted(self) -> Counted:
        """What it answered since this was asked last."""
        with urlopen(f"{self.url}/count-and-reset", timeout=ANSWER_LIMIT_S) as answer:  # noqa: S310  # loopback
            return Counted(**json.load(answer))


@contextmanager
def emulator(scratch: Path) -> Iterator[Emulator]:
    """Run it while within; it ends with its standard input, so it outlives nobody. Raises CannotMeasureError."""
    said = scratch / "emulator.log"
    with said.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    if server.stdin is None or server.stdout is None:
        raise CannotMeasureError("the emulator has no standard input and output")
    try:
        url = server.stdout.readline().decode().strip()
        if not url:
            raise CannotMeasureError(f"the emulator did not start: {said.read_text()[-2000:]}")
        yield Emulator(url=url)
    finally:
        server.stdin.close()
        try:
            server.wait(timeout=ANSWER_LIMIT_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        server.stdout.close()
