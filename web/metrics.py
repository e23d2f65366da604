"""The service's figures, at ``/metrics`` in Prometheus' text format.

Owns their names and who may read them. Invariant: a registry for each app and no global state; what can be counted when it
is asked for is not kept; no label holds what a person chose, so that their number is bounded. Leaves out what is done about
a figure (``docs/operating.md``).
"""

from __future__ import annotations

import hmac
import platform
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from interviews.errors import NotAllowed
from interviews.events import Record
from interviews.service.registry import Interviews
from web.auth import public
from web.health import Ticks
from web.sockets import Sockets

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
CUTS = ("unread", "stalled", "flood")
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via")
Handler = Callable[..., dict[str, Any]]
# When each series began is of no use to anyone here, and would double their number.
disable_created_metrics()  # type: ignore[no-untyped-call]  # so it is published


class Metrics:
    """Observers to hand to those who know, and the registry that their figures go to."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        build = Info("pairsight_build", "This version.", registry=registry)
        build.info({"version": version("pairsight"), "python": platform.python_version()})
        self._acknowledged = Histogram(
            "pairsight_ack_seconds", "From a socket's message to its acknowledgement.", ["message"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._messages = Counter(
            "pairsight_messages", "Messages of sockets by how they were acknowledged; busy: by the token bucket.",
            ["message", "code"], registry=registry,
        )  # fmt: skip
        self._events = Counter("pairsight_events_appended", "Events recorded.", ["type"], registry=registry)
        self._failures = Counter("pairsight_append_failures", "Appends that recorded nothing.", registry=registry)
        self._group = Histogram(
            "pairsight_commit_appends", "Appends that shared a commit.", buckets=SIZES, registry=registry
        )
        self._commit = Histogram("pairsight_commit_seconds", "A commit.", buckets=SECONDS, registry=registry)
        self._ended = Counter("pairsight_sockets_cut", "Connections that were cut, by why.", ["why"], registry=registry)
        for why in CUTS:
            self._ended.labels(why)
        self._cut = Counter("pairsight_terminal_cut_bytes", "Terminal output left out of the log.", registry=registry)

    def committed(self, appends: int, records: Sequence[Record], failed: int, seconds: float) -> None:
        """An observer of the log (``SqlLog``)."""
        self._group.observe(appends)
        self._commit.observe(seconds)
        self._failures.inc(failed)
        for type_, count in Tally(record.type for record in records).items():
            self._events.labels(type_).inc(count)
        self._cut.inc(sum(_cut(record) for record in records if record.type == "terminal.output"))

    def cut(self, why: str) -> None:
        """An observer of connections that are ended (``web.lines``)."""
        self._ended.labels(why).inc()

    def answering(self, name: str, handle: Handler) -> Handler:
        """An observer of a socket's handler."""
        seconds = self._acknowledged.labels(name)

        def timed(*arguments: object) -> dict[str, Any]:
            began = time.perf_counter()
            answer = handle(*arguments)
            seconds.observe(time.perf_counter() - began)
            self._messages.labels(name, "ok" if answer.get("ok") else str(answer.get("code", "failed"))).inc()
            return answer

        return timed


def _cut(record: Record) -> int:
    cut = (record.payload or {}).get("cut", 0)
    return cut if isinstance(cut, int) else 0


class Now(Collector):
    """What is counted when it is asked for."""

    def __init__(self, interviews: Interviews, sockets: Sockets, ticks: Ticks) -> None:
        self._interviews, self._sockets, self._ticks = interviews, sockets, ticks

    def collect(self) -> Iterator[Metric]:
        rooms = self._interviews.rooms
        statuses = Tally(str(room.interview.state.status) for room in rooms)
        yield _gauge("pairsight_interviews", "Interviews that this process leads.", "status", statuses)
        leases = sum(room.interview.lease is not None for room in rooms)
        yield GaugeMetricFamily("pairsight_leases", "Leases that this process holds.", leases)
        yield _gauge("pairsight_sockets", "Connected pages.", "role", self._sockets.connected())
        under_way = self._sockets.under_way
        yield GaugeMetricFamily("pairsight_messages_under_way", "Messages that are being answered.", under_way)
        yield GaugeMetricFamily("pairsight_clock_late_seconds", "How late the clocks tick.", self._ticks.late_s)
        if (pool := self._interviews.pool) is not None:
            load = pool.load()
            states = {
                "running": load.running, "starting": load.starting, "waiting": load.waiting, "warm": load.warm
            }  # fmt: skip
            yield _gauge("pairsight_sandboxes", "Sandboxes, and people waiting for one.", "state", states)


def _gauge(name: str, words: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, words, labels=[label])
    for value, count in sorted(values.items()):
        gauge.add_metric([value], count)
    return gauge


def install(app: Flask, metrics: Metrics, now: Now, token: str) -> None:
    """Add the page: for those who bear ``token``; without one, for this machine alone and for no proxy on it."""
    metrics.registry.register(now)

    @app.get("/metrics")
    @public
    def figures() -> ResponseReturnValue:
        """Every figure."""
        if not _may_read(token):
            raise NotAllowed("Figures are for this server's operators")
        return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(token: str) -> bool:
    if token:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        return hmac.compare_digest(given, f"Bearer {token}".encode())
    # What a proxy passes on comes from its machine, which may be this one.
    passed_on = any(name in request.headers for name in FORWARDED)
    return request.remote_addr in ("127.0.0.1", "::1") and not passed_on
