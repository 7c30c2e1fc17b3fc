"""What is counted and measured, as Prometheus reads it.

Each worker counts what it has answered itself; its process is a label. Where there are several,
each leaves its figures in a folder, and whichever is asked tells those of all. The library's own
way for several processes needs a variable of the environment before it is imported, and knows
nothing of what the server counts.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from .condition import CODES, alerts, current_time, take_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client import Metric

    from .condition import Condition
    from .published import Published
    from .settings import Settings

_LOG = logging.getLogger(__name__)

EVERY_S = 5.0
"""How old the figures of other workers may be."""

_ENDED_S = 60.0
"""After how long without figures a worker counts as ended."""

_METHODS = frozenset(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])


class Metrics:
    """Counts requests, and says how the atlas is doing.

    Parameters
    ----------
    at_once : Mapping
        How many answers the server has given before the application was asked, by status; it is
        counted on elsewhere.
    worker : str, optional
        What this worker is called; the number of its process.
    """

    def __init__(
        self,
        published: Published,
        settings: Settings,
        at_once: Mapping[int, int],
        worker: str | None = None,
    ) -> None:
        self._registry = CollectorRegistry()
        self._worker = worker or str(os.getpid())
        self._folder = settings.home / "metrics"
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

        self._registry.register(_Server(published, at_once, self._worker))
        self._atlas = _Atlas(take, settings)

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
        """Return everything in Prometheus' text format, of other workers as they last left it."""
        parts = [self._registry.collect(), self._atlas.collect(), *self._others()]
        return generate_latest(_Joined(parts))

    def share(self) -> None:
        """Leave the figures of this worker for the others, again and again while it runs."""
        self._try_to_leave()
        threading.Thread(target=self._leave_again, name="metrics", daemon=True).start()

    def _leave_again(self) -> None:
        while True:
            time.sleep(EVERY_S)
            self._try_to_leave()

    def _try_to_leave(self) -> None:
        try:
            self.leave()
        except OSError as error:
            _LOG.warning("The figures of this worker cannot be left: %s.", error.strerror)

    def leave(self) -> None:
        """Leave the figures of this worker where the others look for them."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f".{self._worker}"
        draft.write_bytes(generate_latest(self._registry))
        draft.replace(self._folder / f"{self._worker}.prom")

    def _others(self) -> Iterator[Iterable[Metric]]:
        """Yield what each other worker has left, and clear away what ended ones have."""
        for path in sorted(self._folder.glob("*.prom")):
            try:
                if time.time() - path.stat().st_mtime > _ENDED_S:
                    path.unlink()
                elif path.stem != self._worker:
                    yield text_string_to_metric_families(path.read_text("utf-8"))
            except OSError:
                # Another worker has cleared it away.
                continue


class _Joined(Collector):
    """Metrics of several workers, each metric once with the samples of all."""

    def __init__(self, parts: Iterable[Iterable[Metric]]) -> None:
        self._parts = parts

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        found: dict[str, Metric] = {}
        for family in (each for part in self._parts for each in part):
            # When a series began comes with it from ours, and as one of its own from a text.
            if family.name.endswith("_created"):
                continue
            known = found.setdefault(family.name, family)
            if known is not family:
                known.samples += family.samples
        return found.values()


class _Server(Collector):
    """What a worker knows of itself without asking the store."""

    def __init__(self, published: Published, at_once: Mapping[int, int], worker: str) -> None:
        self._published = published
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
        for name, said, value in (
            (
                "atlas_store_sequence",
                "Number of what this worker shows.",
                self._published.latest.sequence,
            ),
            (
                "atlas_store_unseen_seconds",
                "Since the store last told this worker whether there is something newer.",
                self._published.unseen_s,
            ),
        ):
            gauge = GaugeMetricFamily(name, said, labels=["worker"])
            gauge.add_metric([self._worker], value)
            yield gauge


class _Atlas(Collector):
    """What is only looked at when somebody asks, and is the same for all workers."""

    def __init__(self, take: Callable[[], Condition], settings: Settings) -> None:
        self._take = take
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        """Yield what there is to say."""
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
