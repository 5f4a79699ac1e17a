"""The management port: health, metrics, status and control, for all workers of the instance by whichever worker answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from esb.context import RouteContext
from esb.httphost import HttpRequest, HttpResponse, Respond
from esb.runtime.control import ask_all
from esb.runtime.deadletters import DeadLetterPaths
from esb.runtime.metrics import exposition
from esb.runtime.paths import Paths
from esb.runtime.status import failed_messages, health, merged

_ACTIONS = ("start", "stop", "suspend", "resume")


def mount_management(paths: Paths, context: RouteContext, run_folder: Path, letters: DeadLetterPaths) -> None:
    """Put the management paths on their own listener.

    ``GET /health`` (200 up or degraded, 503 down), ``GET /ready``, ``GET /metrics``, ``GET /status``, ``POST /routes/{id}/{action}``.

    Failed messages: ``GET /dead-letters`` (filters ``queue``, ``route``, ``error``, ``id``, ``header=NAME=TEXT``, ``olderThan``, ``newerThan``,
    ``limit``), ``GET /dead-letters/{queue}/{id}`` with the body, ``PATCH`` there with ``headers``, ``body`` and ``contentType``,
    ``POST /dead-letters/replay`` and ``POST /dead-letters/discard`` with the filters (or ``all``) as JSON: answered with 202 and the path of a job,
    ``GET /jobs/{id}``.
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
        answers = ask_all(run_folder, {"op": "route", "action": action, "id": route_id})
        respond(
            _json({"route": route_id, "workers": answers}, 200 if all("error" not in one for one in answers) else 500)
        )

    paths.mount(["GET"], "/health", healthy, owner="management")
    paths.mount(["GET"], "/ready", healthy, owner="management")
    paths.mount(["GET"], "/metrics", metrics, owner="management")
    paths.mount(["GET"], "/status", everything, owner="management")
    paths.mount(["POST"], "/routes/{id}/{action}", control, owner="management")
    letters.mount(paths)


def _depths(context: RouteContext) -> dict[str, int]:
    broker = context.running_service("broker")
    if broker is None or broker.state != "connected":
        return {}
    return {queue: broker.depth(queue) for queue in broker.queues()}


def _json(value: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, [("Content-Type", "application/json")], json.dumps(value, default=str).encode() + b"\n")
