"""Prometheus metrics from the merged status of all workers: read when they are asked for, nothing is done per message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class _Status(Collector):
    def __init__(self, status: dict[str, Any], depths: dict[str, int]) -> None:
        self._status = status
        self._depths = depths

    def collect(self) -> Iterable[Metric]:
        return list(self._families())

    def _families(self) -> Iterator[Metric]:
        exchanges = CounterMetricFamily(
            "esb_exchanges", "Exchanges that a route has run, by outcome.", labels=("route", "outcome")
        )
        seconds = CounterMetricFamily("esb_exchange_seconds", "Time spent running exchanges.", labels=("route",))
        inflight = GaugeMetricFamily("esb_inflight", "Exchanges that a route is running.", labels=("route",))
        started = GaugeMetricFamily(
            "esb_route_started", "Whether a route is started in every worker.", labels=("route",)
        )
        for route_id, told in self._status["routes"].items():
            exchanges.add_metric((route_id, "completed"), told["completed"])
            exchanges.add_metric((route_id, "failed"), told["failed"])
            seconds.add_metric((route_id,), told["seconds"])
            inflight.add_metric((route_id,), told["inflight"])
            started.add_metric((route_id,), told["status"] == "Started")
        workers = self._status["workers"]
        memory = GaugeMetricFamily("esb_worker_resident_bytes", "Resident memory of a worker.", labels=("worker",))
        connected = GaugeMetricFamily(
            "esb_broker_connected", "Whether a worker reaches the broker.", labels=("worker",)
        )
        connections = GaugeMetricFamily(
            "esb_connection_up", "Whether a component's lasting connection stands.", labels=("worker", "to")
        )
        for slot, worker in enumerate(
            workers
        ):  # a stable slot rather than a pid, so that labels do not grow with restarts
            memory.add_metric((str(slot),), worker["memory"])
            connected.add_metric((str(slot),), worker["broker"] in {None, "connected"})
            for to, state in worker.get("connections", {}).items():
                connections.add_metric((str(slot), to), state == "connected")
        depth = GaugeMetricFamily("esb_queue_messages", "Messages on a queue of the bus.", labels=("queue",))
        for queue, messages in self._depths.items():
            depth.add_metric((queue,), messages)
        yield from (exchanges, seconds, inflight, started, memory, connected, connections, depth)
        yield GaugeMetricFamily("esb_workers", "Workers that answer.", value=len(workers))


def exposition(status: dict[str, Any], depths: dict[str, int]) -> bytes:
    """The metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Status(status, depths))
    return generate_latest(registry)
