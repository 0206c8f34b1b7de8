"""Watching the server: a line of the log and a measure of each request, and what Prometheus asks for."""

import time
from collections.abc import Iterable

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auditwright.app.queries.board import board
from auditwright.app.queries.view import View
from auditwright.web.site import Site
from auditwright.web.templating import STATIC

METRICS_HOST = "127.0.0.1"
"""Metrics tell about the organization: they are served to this machine alone, on a port of their own."""

BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)

NO_ROUTE = "none"
"""What no route answers is one label: addresses that somebody tries must not make labels without end."""


class Measures:
    """What is counted of requests, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "auditwright_requests_total",
            "Requests by route, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "auditwright_request_seconds",
            "How long requests took, by route.",
            ("route",),
            buckets=BUCKETS_S,
            registry=self.registry,
        )


class Watched:
    """Logs and measures each request; never its query, which may hold what somebody searches for."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures
        self._log = structlog.get_logger("auditwright.web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and note what came of it."""
        if scope["type"] != "http" or scope["path"].startswith(f"{STATIC}/"):
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            took_s = time.perf_counter() - begun
            self._note(scope, status, took_s)

    def _note(self, scope: Scope, status: int, took_s: float) -> None:
        route = getattr(scope.get("route"), "path", NO_ROUTE)
        method = scope["method"] if route != NO_ROUTE else NO_ROUTE
        self._measures.requests.labels(route, method, str(status)).inc()
        self._measures.seconds.labels(route).observe(took_s)
        self._log.info(
            "request",
            method=scope["method"],
            path=scope["path"][:200],
            status=status,
            ms=round(took_s * 1000, 1),
        )


class OrganizationMeasures(Collector):
    """Where the organization stands, read when Prometheus asks."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterable[Metric]:
        """The gauges; raises StoreError, which Prometheus counts as a failed scrape."""
        now = self._site.clock()
        workspace = self._site.workspace()
        view = View(workspace=workspace, now=now, as_of=now, engagement=None, memo=self._site.memo)
        held = board(view)
        tests = GaugeMetricFamily("auditwright_tests", "Tests by status.", labels=["status"])
        for status, count in held.tests_tally.counts().items():
            tests.add_metric([status.value], count)
        yield tests
        yield GaugeMetricFamily(
            "auditwright_log_leaves", "Leaves of the log.", value=workspace.stores.records.log_size()
        )
        if held.run and held.run.finished_at:
            age_s = (now - held.run.finished_at).total_seconds()
            yield GaugeMetricFamily(
                "auditwright_last_run_age_seconds", "Since the newest run finished.", value=age_s
            )


def serve_metrics(site: Site, measures: Measures, port: int) -> None:
    """Answer Prometheus on a port of this machine, in a thread that ends with the process."""
    measures.registry.register(OrganizationMeasures(site))
    start_http_server(port, addr=METRICS_HOST, registry=measures.registry)
