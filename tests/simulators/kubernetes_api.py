"""A real HTTP server that answers as the list endpoints of a Kubernetes API server do, checked with its own clients.

`api = ApiServer()` holds objects by resource; `api.put("pods", {...})`. Lists come in pages with continue tokens, narrowed
by field selectors on the name. Rules refuse, break, delay or expire chosen lists. It speaks enough of the discovery
endpoints that kubectl lists from it, and remembers every path it was asked for.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HANG_LIMIT_S = 20.0
TOKEN = "token-of-the-test"  # noqa: S105  # of a simulator

RBAC = "rbac.authorization.k8s.io/v1"
RESOURCES: Mapping[str, tuple[str, str, bool]] = {
    "namespaces": ("v1", "Namespace", False),
    "pods": ("v1", "Pod", True),
    "configmaps": ("v1", "ConfigMap", True),
    "secrets": ("v1", "Secret", True),
    "serviceaccounts": ("v1", "ServiceAccount", True),
    "networkpolicies": ("networking.k8s.io/v1", "NetworkPolicy", True),
    "roles": (RBAC, "Role", True),
    "rolebindings": (RBAC, "RoleBinding", True),
    "clusterroles": (RBAC, "ClusterRole", False),
    "clusterrolebindings": (RBAC, "ClusterRoleBinding", False),
}
"""Each resource's group and version, kind, and whether its objects lie in namespaces."""

Object = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    resource: str
    later_page: bool
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    body: bytes
    kind: str = "application/json"


Answerer = Callable[[Asked], Reply | None]
"""None hangs until the server is told to go on, and then closes the connection."""


@dataclass(slots=True)
class Rule:
    answer: Answerer
    matches: Callable[[Asked], bool]
    times: int
    seen: int = 0


@dataclass(slots=True)
class ApiServer:
    """The server; `url` is what a kubeconfig names."""

    url: str = ""
    objects: dict[str, list[Object]] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    without_token: bool = False
    """True where requests without credentials are answered: kubectl sends none without TLS."""
    go_on: threading.Event = field(default_factory=threading.Event)
    _rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, resource: str, name: str, *, namespace: str = "", **fields: object) -> None:
        """Add an object; `metadata` among the fields adds to its name and namespace."""
        more = fields.pop("metadata", {})
        assert isinstance(more, dict)
        place = {"namespace": namespace} if namespace else {}
        metadata = {"name": name, **place, "uid": f"uid-{name}", "resourceVersion": "7", **more}
        self.objects.setdefault(resource, []).append({"metadata": metadata, **fields})

    def add(
        self, answer: Answerer, *, resource: str = "", later_page: bool | None = None, times: int = 1_000_000
    ) -> None:
        """Answer matching lists so; the rule added last comes first."""

        def matches(asked: Asked) -> bool:
            return resource in ("", asked.resource) and later_page in (None, asked.later_page)

        with self._lock:
            self._rules.insert(0, Rule(answer=answer, matches=matches, times=times))

    def kubeconfig(self) -> str:
        """A kubeconfig in JSON, which is YAML, with one context."""
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "simulated",
                "clusters": [{"name": "simulated", "cluster": {"server": self.url}}],
                "users": [{"name": "reader", "user": {"token": TOKEN}}],
                "contexts": [{"name": "simulated", "context": {"cluster": "simulated", "user": "reader"}}],
            }
        )

    def answerer(self, asked: Asked) -> Answerer | None:
        with self._lock:
            self.asked.append(asked)
            for rule in self._rules:
                if rule.matches(asked):
                    rule.seen += 1
                    if rule.seen <= rule.times:
                        return rule.answer
        return None


def status(code: int, reason: str, message: str) -> Answerer:
    """An error as a Status object."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return lambda _: Reply(status=code, body=json.dumps(body).encode())


def forbid() -> Answerer:
    """The denial of a missing role."""

    def answer(asked: Asked) -> Reply | None:
        message = f'{asked.resource} is forbidden: User "reader" cannot list resource "{asked.resource}" in API group ""'
        return status(403, "Forbidden", message)(asked)

    return answer


def expired() -> Answerer:
    """A page whose continue token is too old."""
    return status(410, "Expired", "The provided continue parameter is too old")


def broken() -> Answerer:
    """The server broke."""
    return status(500, "InternalError", "etcdserver: leader changed")


def unauthorized() -> Answerer:
    """The credentials are not valid."""
    return status(401, "Unauthorized", "Unauthorized")


def hang() -> Answerer:
    """No answer at all."""
    return lambda _: None


def body(content: bytes, kind: str = "application/json") -> Answerer:
    """Any bytes with which a server says that all is well."""
    return lambda _: Reply(status=200, body=content, kind=kind)


def _discovery(path: str) -> Object | None:
    """What kubectl asks for before it lists."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = sorted({api.split("/")[0] for api, _, _ in RESOURCES.values() if "/" in api})
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [
                {
                    "name": group,
                    "versions": [{"groupVersion": f"{group}/v1", "version": "v1"}],
                    "preferredVersion": {"groupVersion": f"{group}/v1", "version": "v1"},
                }
                for group in groups
            ],
        }
    api = path.removeprefix("/apis/").removeprefix("/api/")
    found = [(name, kind, inside) for name, (group, kind, inside) in RESOURCES.items() if group == api]
    if not found:
        return None
    return {
        "kind": "APIResourceList",
        "groupVersion": api,
        "resources": [
            {"name": name, "singularName": "", "namespaced": inside, "kind": kind, "verbs": ["get", "list"]}
            for name, kind, inside in found
        ],
    }


def _resource(path: str) -> tuple[str, str] | None:
    """The resource that a path lists, and its namespace."""
    parts = path.strip("/").split("/")
    place = ""
    api, rest = ("/".join(parts[1:2]), parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
    if len(rest) == 3 and rest[0] == "namespaces":
        place, rest = rest[1], rest[2:]
    if len(rest) == 1 and rest[0] in RESOURCES and RESOURCES[rest[0]][0] == api:
        return rest[0], place
    return None


@contextmanager
def kubernetes_api() -> Iterator[ApiServer]:
    """A running server without objects."""
    api = ApiServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:  # the name that http.server calls
            address = urlsplit(self.path)
            api.paths.append(address.path)
            reply = self._answer(address.path, parse_qs(address.query))
            if reply is None:
                api.go_on.wait(HANG_LIMIT_S)
                self.close_connection = True
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def _answer(self, path: str, query: Mapping[str, list[str]]) -> Reply | None:
            if not api.without_token and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return unauthorized()(Asked(resource="", later_page=False, limit=0))
            described = _discovery(path)
            if described is not None:
                return Reply(status=200, body=json.dumps(described).encode())
            found = _resource(path)
            if found is None:
                message = "the server could not find the requested resource"
                return status(404, "NotFound", message)(Asked(resource="", later_page=False, limit=0))
            limit = int(query.get("limit", ["0"])[0])
            asked = Asked(resource=found[0], later_page="continue" in query, limit=limit)
            answer = api.answerer(asked)
            return _listed(api, *found, query) if answer is None else answer(asked)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            # A client that gave up waiting is what hanging is for.
            return

    server = Server(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _listed(api: ApiServer, resource: str, namespace: str, query: Mapping[str, list[str]]) -> Reply:
    version, kind, _ = RESOURCES[resource]
    wanted = query.get("fieldSelector", [""])[0].partition("metadata.name=")[2]
    found = [
        item
        for item in api.objects.get(resource, [])
        if isinstance(metadata := item["metadata"], dict)
        and namespace in ("", metadata.get("namespace"))
        and wanted in ("", metadata["name"])
    ]
    limit = int(query.get("limit", ["0"])[0]) or len(found) or 1
    start = int(base64.b64decode(query["continue"][0])) if "continue" in query else 0
    page, rest = found[start : start + limit], found[start + limit :]
    more = {
        "continue": base64.b64encode(str(start + limit).encode()).decode(),
        "remainingItemCount": len(rest),
    }
    answer = {
        "kind": f"{kind}List",
        "apiVersion": version,
        "metadata": {"resourceVersion": "42", **(more if rest else {})},
        # The API server names neither kind nor version of each item, and writes null for an empty list of some kinds.
        "items": page or None,
    }
    return Reply(status=200, body=json.dumps(answer).encode())
