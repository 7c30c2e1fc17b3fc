"""What is counted and measured, as Prometheus reads it.

Each worker counts what it has answered itself; its process is a label.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from .condition import CODES, alerts, current_time, take_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client import Metric

    from .condition import Condition
    from .published import Published
    from .settings import Settings

_METHODS = frozenset(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])


class Metrics:
    """Counts requests, and says how the atlas is doing.

    Parameters
    ----------
    at_once : Mapping
        How many answers the server has given before the application was asked, by status; it is
        counted on elsewhere.
    """

    def __init__(
        self, published: Published, settings: Settings, at_once: Mapping[int, int]
    ) -> None:
        self._registry = CollectorRegistry()
        self._worker = str(os.getpid())
        self._requests = Counter(
            "atlas_requests",
            "Requests that the application has answered.",
            ["worker", "route", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "atlas_request_seconds",
            "How long the application took for them.",
            ["worker", "route", "method"],
            registry=self._registry,
        )

        def take() -> Condition:
            return take_condition(published, settings, current_time())

        self._registry.register(_Atlas(take, settings, at_once, self._worker))

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer of the application.

        Parameters
        ----------
        route : str
            Template of its path: what visitors send must not become names of series.
        """
        method = method if method in _METHODS else "other"
        self._requests.labels(self._worker, route, method, str(status)).inc()
        self._seconds.labels(self._worker, route, method).observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


class _Atlas(Collector):
    """What is only looked at when somebody asks."""

    def __init__(
        self,
        take: Callable[[], Condition],
        settings: Settings,
        at_once: Mapping[int, int],
        worker: str,
    ) -> None:
        self._take = take
        self._settings = settings
        self._at_once = at_once
        self._worker = worker

    def describe(self) -> list[Metric]:
        """Return nothing: to register it asks nobody."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield what there is to say."""
        ready = CounterMetricFamily(
            "atlas_requests_at_once",
            "Requests that were answered before the application was asked.",
            labels=["worker", "status"],
        )
        for status, count in sorted(self._at_once.items()):
            ready.add_metric([self._worker, str(status)], count)
        yield ready
        condition = self._take()
        publishes = CounterMetricFamily(
            "atlas_publishes",
            "Revisions; an edit of one feature is one of kind edit.",
            labels=["layer", "kind"],
        )
        for names, count in sorted(condition.publishes.items()):
            publishes.add_metric(names, count)
        yield publishes
        yield from self._gauges(condition)

    def _gauges(self, condition: Condition) -> Iterator[Metric]:
        of_worker = GaugeMetricFamily(
            "atlas_store_sequence", "Number of what this worker shows.", labels=["worker"]
        )
        of_worker.add_metric([self._worker], condition.sequence)
        yield of_worker
        lag = GaugeMetricFamily(
            "atlas_store_unseen_seconds",
            "Since the store last told this worker whether there is something newer.",
            labels=["worker"],
        )
        lag.add_metric([self._worker], condition.unseen_s)
        yield lag
        for name, said, value in (
            ("atlas_store_reachable", "1 if the store answers.", condition.drafts is not None),
            ("atlas_disk_free_bytes", "Left where the atlas keeps its files.", condition.free),
            ("atlas_drafts_waiting", "Drafts that wait.", condition.drafts),
            ("atlas_draft_oldest_days", "Age of the oldest of them.", condition.oldest_days),
            ("atlas_statements_failing", "Statements that do not hold.", condition.failing),
            ("atlas_opinions_open", "Of the public, not answered.", condition.opinions),
            ("atlas_opinion_oldest_days", "Age of the oldest of them.", condition.opinion_days),
            ("atlas_review_number_days", "Until it ends.", condition.review_days),
        ):
            if value is not None:
                yield GaugeMetricFamily(name, said, value=float(value))
        current = {each.code for each in alerts(condition, self._settings)}
        shown = GaugeMetricFamily(
            "atlas_alert", "1 for what somebody should look after.", labels=["code"]
        )
        for code in CODES:
            shown.add_metric([code], code in current)
        yield shown
