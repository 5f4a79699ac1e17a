"""What one worker knows of itself: for health, metrics and ``esb status``. Plain data, so that workers can be added up."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Sequence
from typing import Any

from esb.broker.contract import QUARANTINE
from esb.context import RouteContext

_BEGAN = time.time()
_OF_A_WORKER = ("pid", "ready", "began", "memory", "broker", "connections", "lease", "http_inflight")


def worker_status(context: RouteContext, *, ready: bool, inflight_http: int = 0) -> dict[str, Any]:
    """This worker's routes with their counts, its broker's state and its memory."""
    broker = context.running_service("broker")
    lease = context.running_service("lease")
    return {
        "pid": os.getpid(),
        "ready": ready,
        "began": _BEGAN,
        "memory": _resident(),
        "broker": broker.state if broker is not None else None,
        "connections": context.connections(),
        "lease": bool(lease is not None and lease.held),
        "http_inflight": inflight_http,
        "failures": _failures(context),
        "routes": {
            route.id: {
                "status": route.status,
                "from": route.endpoint.uri,
                "group": route.group,
                "inflight": route.inflight,
                "completed": route.counts.completed,
                "failed": route.counts.failed,
                "seconds": route.counts.seconds,
                "last_error": route.counts.last_error,
            }
            for route in list(context.routes.values())
        },
    }


def failed_messages(context: RouteContext) -> dict[str, int]:
    """How many failed messages stand on each queue that has some; empty while the broker is not reached.

    By the queues' names alone: this is asked again and again, and to look into a working queue of RabbitMQ counts as a delivery.
    """
    broker = context.running_service("broker")
    if broker is None or broker.state != "connected":
        return {}
    names = [name for name in broker.queues() if name.endswith((".dlq", ".invalid")) or name == QUARANTINE]
    return {name: depth for name in names if (depth := broker.depth(name))}


def _failures(context: RouteContext) -> list[str]:
    late = [f"route {route.id}: {route.trouble}" for route in list(context.routes.values()) if route.trouble]
    return list(dict.fromkeys([*context.failures, *late]))


def _resident() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123 -- not a file of the project
            return int(pages.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def merged(workers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All workers of an instance as one: counts added up, a route's worst status, states listed."""
    routes: dict[str, dict[str, Any]] = {}
    for worker in workers:
        for route_id, told in worker["routes"].items():
            known = routes.setdefault(
                route_id, dict(told) | {"inflight": 0, "completed": 0, "failed": 0, "seconds": 0.0}
            )
            for count in ("inflight", "completed", "failed", "seconds"):
                known[count] += told[count]
            known["last_error"] = told["last_error"] or known["last_error"]
            if told["status"] != "Started":
                known["status"] = told["status"]
    return {
        "workers": [{key: worker[key] for key in _OF_A_WORKER if key in worker} for worker in workers],
        "failures": sorted({failure for worker in workers for failure in worker["failures"]}),
        "routes": routes,
    }


def health(status: dict[str, Any]) -> tuple[str, list[str]]:
    """``up``, ``degraded`` (works, but something waits or failed to start) or ``down``, and why."""
    reasons = list(status["failures"])
    if not status["workers"] or not any(worker["ready"] for worker in status["workers"]):
        return "down", ["no worker is ready", *reasons]
    reasons += [
        f"the broker is {worker['broker']}"
        for worker in status["workers"]
        if worker["broker"] not in {None, "connected"}
    ]
    reasons += [
        f"the connection to {to} is {state}"
        for worker in status["workers"]
        for to, state in worker.get("connections", {}).items()
        if state != "connected"
    ]
    return ("degraded" if reasons else "up"), sorted(set(reasons))
