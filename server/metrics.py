"""What Prometheus reads: requests by route, never by address; the live side's gauges as they stand."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Histogram(
            "dienhong_http_request_seconds",
            "Time to answer, by route",
            ["route", "method", "status"],
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._live = Gauge("dienhong_live", "The live side", ["what"], registry=self._registry)
        self._relay_lives = Gauge(
            "dienhong_relay_starts", "How often the relay was started", registry=self._registry
        )

    def text(self, live: Mapping[str, float], relay_lives: int) -> bytes:
        for what, value in live.items():
            self._live.labels(what).set(value)
        self._relay_lives.set(relay_lives)
        return generate_latest(self._registry)
