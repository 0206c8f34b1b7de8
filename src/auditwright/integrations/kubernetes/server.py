"""Asking a live API server, with the official client: lists in pages, bounded in size, number and time.

1. The client takes address and credentials from the kubeconfig, or inside a cluster from the pod's own account.
2. A list is read in pages of 500. A page that has expired (410) makes the list start again, a bounded number of times,
   because half an old list and half a new one are no list.
3. What the server refuses is a Problem in its own words. A server that does not answer is not asked again.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from auditwright.core.evidence import GapReason
from auditwright.integrations.kubernetes.problem import Problem
from auditwright.integrations.kubernetes.questions import Question

if TYPE_CHECKING:
    from kubernetes.client import ApiClient
    from kubernetes.client.exceptions import ApiException

PAGE_SIZE: Final = 500
"""What kubectl asks for at once."""

MAX_PAGES: Final = 1_000
"""500,000 objects of one kind: more than Kubernetes is tested with."""

MAX_PAGE_BYTES: Final = 256_000_000
"""An object has at most 1.5 MiB, and 500 pods usually a few megabytes."""

MAX_RESTARTS: Final = 3
"""A continue token lives for five minutes or more; a list that expires more often is not read in time."""

MAX_DETAIL: Final = 600
"""How much of the server's words a gap quotes."""

_GONE: Final = 410
_REASONS: Final[Mapping[int, GapReason]] = {
    401: GapReason.CREDENTIALS,
    403: GapReason.REFUSED,
    429: GapReason.THROTTLED,
}
_RETRIED: Final = (429, 500, 502, 503, 504)


class _Response(Protocol):
    """What is read of the client's raw response."""

    def read(self, amt: int) -> bytes:
        """At most so many bytes of the body."""
        ...

    def release_conn(self) -> None:
        """Give the connection back."""
        ...


class Server:
    """One API server, asked as the kubeconfig says."""

    __slots__ = ("_client", "_silent", "_timeout_s")

    def __init__(self, client: "ApiClient", *, timeout_s: float) -> None:
        """Ask through a client, and wait so long for each page."""
        self._client = client
        self._timeout_s = timeout_s
        self._silent: Problem | None = None

    def probe(self, question: Question) -> Problem | None:
        """Why a list cannot be read; None where its first item can."""
        page = self._page(question, "", 1)
        return page if isinstance(page, Problem) else None

    def items(self, question: Question) -> list[object] | Problem:
        """Every item of a list. Raises nothing that the server or the network can cause."""
        for _ in range(MAX_RESTARTS):
            found = self._list(question)
            if found is not None:
                return found
        return Problem(  # (2)
            reason=GapReason.UNAVAILABLE,
            detail=f"410: the list expired {MAX_RESTARTS} times before it was read to its end",
            remedy="Run again when the cluster is less busy.",
        )

    def _list(self, question: Question) -> list[object] | Problem | None:
        """The items; None where a page has expired."""
        items: list[object] = []
        token = ""
        for _ in range(MAX_PAGES):
            page = self._page(question, token, PAGE_SIZE)
            if not isinstance(page, dict):
                return page
            listed = page.get("items")
            # The API server writes null for an empty list of some kinds.
            items += cast("list[object]", listed or [])
            metadata = page.get("metadata")
            token = (
                str(cast("dict[str, object]", metadata).get("continue") or "")
                if isinstance(metadata, dict)
                else ""
            )
            if not token:
                return items
        return Problem(
            reason=GapReason.LIMIT,
            detail=f"more than {MAX_PAGES} pages; the rest was not read",
            remedy="Report it, with the number of objects in the cluster.",
        )

    def _page(self, question: Question, token: str, page_size: int) -> dict[str, object] | Problem | None:
        from kubernetes import client
        from kubernetes.client.exceptions import ApiException, OpenApiException
        from urllib3.exceptions import HTTPError

        if self._silent is not None:
            return self._silent
        asked = getattr(getattr(client, question.api)(self._client), question.method)
        paging: dict[str, object] = {"limit": page_size, **({"_continue": token} if token else {})}
        try:
            response = cast("Callable[..., _Response]", asked)(
                **dict(question.arguments),
                **paging,
                _preload_content=False,
                _request_timeout=(self._timeout_s, self._timeout_s),
            )
            body = response.read(MAX_PAGE_BYTES + 1)
            response.release_conn()
        except ApiException as error:
            return None if error.status == _GONE and token else _refused(error, question)
        except (HTTPError, OSError) as error:
            self._silent = _unreachable(error)  # (3)
            return self._silent
        except (OpenApiException, ValueError, TypeError) as error:
            return _unreadable(f"{type(error).__name__}: {error}")
        return _page_of(body)


def _page_of(body: bytes) -> dict[str, object] | Problem:
    if len(body) > MAX_PAGE_BYTES:
        return Problem(
            reason=GapReason.LIMIT,
            detail=f"one page has more than {MAX_PAGE_BYTES} bytes",
            remedy="Save the list to a file with kubectl, and name its folder in the settings.",
        )
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        return _unreadable(f"not JSON: {error}")
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("items", ()), list | None)
        or "items" not in value
    ):
        return _unreadable("the answer is no list")
    return cast("dict[str, object]", value)


def _refused(error: "ApiException", question: Question) -> Problem:
    status = error.status if isinstance(error.status, int) else 0
    reason = _REASONS.get(status, GapReason.UNAVAILABLE)
    remedies = {
        GapReason.CREDENTIALS: "Renew the credentials that the kubeconfig's context names, and run again.",
        GapReason.REFUSED: f"Allow to {question.permission}: auditwright connect kubernetes --policy | kubectl apply -f -",
        GapReason.THROTTLED: "Run again when the cluster is less busy.",
    }
    return Problem(
        reason=reason,
        detail=_shortened(f"{status}: {_said(error)}"),
        remedy=remedies.get(
            reason, f"Run again; if it recurs, compare with the answer to `{question.kubectl}`."
        ),
    )


def _said(error: "ApiException") -> str:
    """The message of the server's Status object, else its reason phrase; a page of HTML says nothing."""
    try:
        status: object = json.loads(error.body or b"")
    except (ValueError, TypeError, RecursionError):
        return str(error.reason or "")
    message = cast("dict[str, object]", status).get("message") if isinstance(status, dict) else None
    return str(message or error.reason or "")


def _unreachable(error: Exception) -> Problem:
    return Problem(
        reason=GapReason.UNREACHABLE,
        detail=_shortened(f"{type(error).__name__}: {error}"),
        remedy="Check that the API server can be reached from here, and run again.",
    )


def _unreadable(detail: str) -> Problem:
    return Problem(
        reason=GapReason.MALFORMED,
        detail=_shortened(detail),
        remedy="Check that the address in the kubeconfig is the API server's own, and run again.",
    )


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_DETAIL else f"{line[:MAX_DETAIL]} …"


@contextmanager
def connected(settings: Mapping[str, str]) -> Iterator[Server | Problem]:
    """The API server of a cluster's settings, or why it cannot be asked."""
    try:
        client = _client(settings)
    except ModuleNotFoundError as error:
        if error.name != "kubernetes":
            raise
        yield Problem(
            reason=GapReason.NOT_COLLECTED,
            detail="the Kubernetes client is not installed",
            remedy="Install it: pip install 'auditwright[kubernetes]'",
        )
        return
    if isinstance(client, Problem):
        yield client
        return
    try:
        yield Server(client, timeout_s=float(settings["timeout_s"]))
    finally:
        cast("Callable[[], None]", client.close)()


def _client(settings: Mapping[str, str]) -> "ApiClient | Problem":
    from kubernetes import client, config
    from kubernetes.config import ConfigException
    from urllib3.util.retry import Retry
    from yaml import YAMLError

    configuration = client.Configuration()
    path = settings["kubeconfig"]
    try:
        if not path and not settings["context"] and "KUBERNETES_SERVICE_HOST" in os.environ:
            inside = cast("Callable[..., None]", config.load_incluster_config)
            inside(client_configuration=configuration)  # (1)
        else:
            outside = cast("Callable[..., None]", config.load_kube_config)
            outside(
                config_file=str(Path(settings["program_folder"]) / Path(path).expanduser()) if path else None,
                context=settings["context"] or None,
                client_configuration=configuration,
                persist_config=False,
            )
    except (ConfigException, OSError, YAMLError, ValueError, KeyError, TypeError) as error:
        return Problem(
            reason=GapReason.CREDENTIALS,
            detail=_shortened(f"the kubeconfig cannot be used: {type(error).__name__}: {error}"),
            remedy="Correct `kubeconfig` and `context` in the settings; kubectl config get-contexts lists them.",
        )
    configuration.retries = Retry(
        total=int(settings["attempts"]) - 1,
        status_forcelist=_RETRIED,
        allowed_methods=frozenset({"GET"}),
        backoff_factor=0.5,
        raise_on_status=False,
        # A server that stays silent does so again.
        connect=0,
        read=0,
        redirect=0,
    )
    return client.ApiClient(configuration)
