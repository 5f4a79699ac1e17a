"""The management port: health, metrics, status and control, for all workers of the instance by whichever worker answers."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

from esb.context import RouteContext
from esb.httphost import HttpRequest, HttpResponse, Respond
from esb.runtime.control import ACTION_SECONDS, ask_all, ask_each
from esb.runtime.deadletters import DeadLetterPaths
from esb.runtime.metrics import exposition
from esb.runtime.paths import Paths
from esb.runtime.status import failed_messages, health, merged

_log = logging.getLogger("esb.management")
_ACTIONS = ("start", "stop", "suspend", "resume")


def mount_management(paths: Paths, context: RouteContext, run_folder: Path, letters: DeadLetterPaths) -> None:
    """Put the management paths on their own listener.

    ``GET /health`` (200 up or degraded, 503 down), ``GET /ready``, ``GET /metrics``, ``GET /status``.

    ``POST /routes/{id}/{action}`` (``start``, ``stop``, ``suspend``, ``resume``), in all workers: answered with 200 when all have done it,
    500 where one could not, 504 where one does not answer. A worker does one such action after the other, and the stop
    of a route from a queue waits for what is under way, up to 30 seconds.

    Failed messages: ``GET /dead-letters`` (filters ``queue``, ``route``, ``error``, ``id``, ``header=NAME=TEXT``, ``olderThan``, ``newerThan``,
    ``limit``), ``GET /dead-letters/{queue}/{id}`` with the body, ``PATCH`` there with ``headers``, ``body`` and ``contentType``,
    ``POST /dead-letters/replay`` and ``POST /dead-letters/discard`` with the filters (or ``all``) as JSON: answered with 202 and the path of a job,
    ``GET /jobs/{id}``. Filters without a queue or an id leave out what is quarantined; ``leftOut`` of the job counts it.
    """

    def status() -> dict[str, Any]:
        return merged(ask_all(run_folder, {"op": "status"}))

    def healthy(_: HttpRequest, respond: Respond) -> None:
        told = status()
        word, reasons = health(told)
        respond(
            _json({"status": word, "reasons": reasons, "workers": len(told["workers"])}, 503 if word == "down" else 200)
        )

    def everything(_: HttpRequest, respond: Respond) -> None:
        respond(_json(status() | {"failed_messages": failed_messages(context)}))

    def metrics(_: HttpRequest, respond: Respond) -> None:
        respond(
            HttpResponse(200, [("Content-Type", "text/plain; version=0.0.4")], exposition(status(), _depths(context)))
        )

    def control(request: HttpRequest, respond: Respond) -> None:
        action, route_id = request.path_parameters["action"], request.path_parameters["id"]
        if action not in _ACTIONS or route_id not in context.routes:
            respond(
                _json({"error": f"no route {route_id!r} or no action {action!r}; actions: {', '.join(_ACTIONS)}"}, 404)
            )
            return
        # On a thread of its own: while a route drains, the few threads of this port are for health and metrics.
        threading.Thread(target=_act, args=(run_folder, action, route_id, respond), name="action", daemon=True).start()

    paths.mount(["GET"], "/health", healthy, owner="management")
    paths.mount(["GET"], "/ready", healthy, owner="management")
    paths.mount(["GET"], "/metrics", metrics, owner="management")
    paths.mount(["GET"], "/status", everything, owner="management")
    paths.mount(["POST"], "/routes/{id}/{action}", control, owner="management")
    letters.mount(paths)


def _act(run_folder: Path, action: str, route_id: str, respond: Respond) -> None:
    try:
        told = ask_each(run_folder, {"op": "route", "action": action, "id": route_id}, ACTION_SECONDS)
    except Exception as failure:
        _log.exception("%s of %s failed", action, route_id)
        respond(_json({"route": route_id, "error": f"{type(failure).__name__}: {failure}"}, 500))
        return
    answers = [one for one in told.values() if one is not None]
    silent = [pid for pid, one in told.items() if one is None]
    if silent or not told:
        error = (
            f"no answer within {ACTION_SECONDS:g} s from {', '.join(f'worker {pid}' for pid in silent)}"
            if silent
            else "no worker is there to ask"
        )
        hint = "'esb status' tells where the route runs; ask again, which is harmless where it is done"
        respond(_json({"route": route_id, "workers": answers, "error": error, "hint": hint}, 504 if silent else 503))
        return
    status = 500 if any("error" in one for one in answers) else 200
    respond(_json({"route": route_id, "workers": answers}, status))


def _depths(context: RouteContext) -> dict[str, int]:
    broker = context.running_service("broker")
    if broker is None or broker.state != "connected":
        return {}
    return {queue: broker.depth(queue) for queue in broker.queues()}


def _json(value: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, [("Content-Type", "application/json")], json.dumps(value, default=str).encode() + b"\n")
