"""Failed messages through the management port: list, look, change, send back, throw away. As ``esb dlq``, in the same words.

What is quarantined is sent back or thrown away only where its queue or its id is named; a job tells how many its filters left out (``leftOut``).
Replaying and discarding may take minutes: they are jobs, answered with 202 and a path at which any worker tells how far the job is. What is changed
is noted in audit.jsonl.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from esb.broker.contract import Broker
from esb.broker.dead_letters import DeadLetter, Key, data, discard, edit, replay
from esb.broker.selection import Selection, chosen, one, queues, select
from esb.edge import is_control
from esb.errors import ConfigError, EsbError, OptionError, TransportError
from esb.fields import seconds
from esb.httphost import HttpRequest, HttpResponse, Respond
from esb.runtime.audit import record
from esb.runtime.control import ask_all
from esb.runtime.paths import Paths

_log = logging.getLogger("esb.management")

_FILTERS: Final = {"id", "queue", "route", "error", "olderThan", "newerThan", "header", "all"}
_KEPT: Final = 50
"""Jobs that are still told of after their end."""

Answer = Callable[[HttpRequest], HttpResponse]


class DeadLetterPaths:
    """One worker's paths. ``broker`` gives the worker's broker, or None while there is none."""

    def __init__(self, broker: Callable[[], Broker | None], run_folder: Path, state_folder: Path) -> None:
        self._broker = broker
        self._run_folder = run_folder
        self._state_folder = state_folder
        self._jobs: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def mount(self, paths: Paths) -> None:
        """Put them on the management listener; :func:`esb.runtime.management.mount_management` says what they are."""
        for method, path, answer in (
            ("GET", "/dead-letters", self._list),
            ("GET", "/dead-letters/{queue}/{id}", self._show),
            ("PATCH", "/dead-letters/{queue}/{id}", self._edit),
            ("POST", "/dead-letters/replay", self._replay),
            ("POST", "/dead-letters/discard", self._discard),
            ("GET", "/jobs/{id}", self._job),
        ):
            paths.mount([method], path, _guarded(answer), owner="management")

    def job(self, id: str) -> dict[str, Any]:
        """What this worker knows of a job; empty if it is not its own."""
        with self._lock:
            return dict(self._jobs.get(id, {}))

    def _list(self, request: HttpRequest) -> HttpResponse:
        asked = parse_qsl(request.query, keep_blank_values=True)
        limit = next((_number(value) for name, value in asked if name == "limit"), 50)
        selection = _from_query([pair for pair in asked if pair[0] != "limit"])
        broker = self._connected()
        shown: list[dict[str, Any]] = []
        count = 0

        def keep(letter: DeadLetter) -> None:
            nonlocal count
            count += 1
            if len(shown) < limit:
                shown.append(data(letter, body=False))

        found = [asdict(queue) for queue in queues(broker, selection)]
        select(broker, selection, keep)
        return _json({"queues": found, "selected": count, "messages": shown})

    def _show(self, request: HttpRequest) -> HttpResponse:
        return _json(data(self._one(request), body=True))

    def _edit(self, request: HttpRequest) -> HttpResponse:
        asked = _object(request, {"headers", "body", "bodyBase64", "contentType"})
        letter = self._one(request)
        changed = _changed(letter, asked)
        by = _by(request)
        if not edit(self._connected(), letter, changed, edited=f"by {by}"):
            return _json({"error": f"{letter.id} is not on {letter.queue} any more, or not as it was"}, 404)
        names = sorted(asked.get("headers") or {})
        body = letter.body != changed.body
        record(self._state_folder, "dlq edit", by, id=letter.id, queue=letter.queue, headers=names, body=body)
        return _json({"edited": letter.id})

    def _one(self, request: HttpRequest) -> DeadLetter:
        return one(self._connected(), request.path_parameters["id"], request.path_parameters["queue"])

    def _replay(self, request: HttpRequest) -> HttpResponse:
        asked = _object(request, _FILTERS | {"to"})
        to = asked.pop("to", None)
        if to is not None and not isinstance(to, str):
            raise OptionError(f"'to' is {to!r}, not the name of a queue")

        def run(broker: Broker, queue: str, keys: Sequence[Key], tell: Callable[[int], None]) -> dict[str, Any]:
            done = replay(broker, queue, keys, to=to, progress=tell)
            return {"done": len(done.done), "failed": done.failed, "missing": done.missing}

        return self._start("replay", _by(request), _from_object(asked), run)

    def _discard(self, request: HttpRequest) -> HttpResponse:
        def run(broker: Broker, queue: str, keys: Sequence[Key], tell: Callable[[int], None]) -> dict[str, Any]:
            return {"done": discard(broker, queue, keys, progress=tell)}

        return self._start("discard", _by(request), _from_object(_object(request, _FILTERS)), run)

    def _start(
        self,
        action: str,
        by: str,
        selection: Selection,
        run: Callable[[Broker, str, Sequence[Key], Callable[[int], None]], dict[str, Any]],
    ) -> HttpResponse:
        broker = self._connected()
        meant = chosen(broker, selection)
        id = f"{os.getpid()}-{next(self._numbers)}"
        job: dict[str, Any] = {
            "job": id,
            "action": action,
            "state": "running",
            "total": meant.count,
            "done": 0,
            "leftOut": meant.left_out,
        }
        with self._lock:
            over = [key for key, other in self._jobs.items() if other["state"] != "running"]
            for key in over[: max(0, len(self._jobs) - _KEPT)]:
                del self._jobs[key]
            self._jobs[id] = job

        def work() -> None:
            before = 0
            results = {}
            try:
                for queue, keys in meant.keys.items():

                    def tell(done: int, before: int = before) -> None:
                        job["done"] = before + done

                    results[queue] = run(broker, queue, keys, tell)
                    before += len(keys)
                state = "done"
            except Exception as error:
                _log.exception("the job %s %s failed", action, id)
                state = "failed"
                job["error"] = f"{type(error).__name__}: {error}"
            job["queues"] = results
            job["done"] = sum(one["done"] for one in results.values())
            record(self._state_folder, f"dlq {action}", by, meant=meant.ids, results=results, state=state)
            job["state"] = state  # last: who sees it over finds all of it

        threading.Thread(target=work, name=f"dlq-{action}", daemon=True).start()
        return _json(dict(job) | {"path": f"/jobs/{id}"}, 202)

    def _job(self, request: HttpRequest) -> HttpResponse:
        id = request.path_parameters["id"]
        told = self.job(id) or next(
            (one for one in ask_all(self._run_folder, {"op": "job", "id": id}) if one.get("job")), {}
        )
        return (
            _json(told)
            if told
            else _json({"error": f"there is no job {id}: it ended long ago, or its worker has"}, 404)
        )

    def _connected(self) -> Broker:
        broker = self._broker()
        if broker is None:
            raise _Unavailable("no route of this instance uses the broker")
        if broker.state not in {"connected", "blocked"}:
            raise _Unavailable(f"the broker is {broker.state}")
        return broker


class _Unavailable(Exception):
    """There is no broker to ask just now."""


def _guarded(answer: Answer) -> Callable[[HttpRequest, Respond], None]:
    def handle(request: HttpRequest, respond: Respond) -> None:
        # A page in somebody's browser may send a form anywhere; not this type, without being asked first whether it may.
        if request.method != "GET" and (request.header("content-type") or "").partition(";")[0] != "application/json":
            respond(_json({"error": "send application/json"}, 415))
            return
        try:
            respond(answer(request))
        except ConfigError as error:
            respond(_json({"error": error.message, "hint": error.hint}, 400))
        except (_Unavailable, TransportError, EsbError) as error:
            respond(_json({"error": str(error)}, 503))

    return handle


def _by(request: HttpRequest) -> str:
    return f"management from {request.client or 'this host'}"


def _object(request: HttpRequest, known: set[str]) -> dict[str, Any]:
    try:
        asked = json.loads(request.body or b"{}")
    except ValueError as error:
        raise OptionError(f"the body is no JSON: {error}") from error
    if not isinstance(asked, dict):
        raise OptionError("the body is no JSON object", hint='such as {"queue": "orders.dlq", "all": true}')
    unknown = sorted(set(asked) - known)
    if unknown:
        raise OptionError(f"unknown {', '.join(unknown)}", hint=f"there are {', '.join(sorted(known))}")
    return asked


def _from_query(pairs: list[tuple[str, str]]) -> Selection:
    asked: dict[str, Any] = {}
    for name, value in pairs:
        if name not in _FILTERS:
            raise OptionError(f"unknown {name}", hint=f"there are limit, {', '.join(sorted(_FILTERS))}")
        if name in {"id", "header"}:
            asked.setdefault(name, []).append(value)
        else:
            asked[name] = value if name != "all" else value in {"", "true", "1"}
    return _from_object(asked)


def _from_object(asked: dict[str, Any]) -> Selection:
    return Selection(
        ids=tuple(_texts(asked, "id")),
        queue=_text(asked, "queue"),
        route=_text(asked, "route"),
        error=_text(asked, "error"),
        older_than=_age(asked, "olderThan"),
        newer_than=_age(asked, "newerThan"),
        headers=tuple(_header(text) for text in _texts(asked, "header")),
        everything=asked.get("all") is True,
    )


def _header(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name, value if equals else None


def _texts(asked: dict[str, Any], name: str) -> list[str]:
    value = asked.get(name, [])
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in values):
        raise OptionError(f"{name!r} is {value!r}, not a text or a list of them")
    return values


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str):
        raise OptionError(f"{name!r} is {value!r}, not a text")
    return value


def _age(asked: dict[str, Any], name: str) -> float | None:
    if name not in asked:
        return None
    try:
        return seconds(asked[name])
    except (ValueError, TypeError) as error:
        raise OptionError(f"{name!r} is {asked[name]!r}: {error}", hint="such as 30m, 2h, 1d") from error


def _number(text: str) -> int:
    try:
        return max(0, int(text))
    except ValueError:
        raise OptionError(f"limit is {text!r}, not a number") from None


def _changed(letter: DeadLetter, asked: dict[str, Any]) -> DeadLetter:
    """The message with the headers that are given (null takes one away), the body and the content type."""
    headers = dict(letter.headers)
    given = asked.get("headers") or {}
    if not isinstance(given, dict):
        raise OptionError("'headers' is no object", hint='such as {"country": "NL", "old": null}')
    for name, value in given.items():
        if is_control(name):
            raise OptionError(f"header {name} is the bus's own", hint="give it another name")
        if value is None:
            headers.pop(name, None)
        elif isinstance(value, str | bool | int | float):
            headers[name] = value
        else:
            raise OptionError(f"header {name} is {value!r}, not a text, number or truth value")
    body = letter.body
    if "body" in asked:
        body = _text(asked, "body").encode()
    elif "bodyBase64" in asked:
        try:
            body = base64.b64decode(_text(asked, "bodyBase64"), validate=True)
        except binascii.Error as error:
            raise OptionError(f"'bodyBase64' is not base64: {error}") from error
    content_type = (_text(asked, "contentType") or None) if "contentType" in asked else letter.content_type
    return replace(letter, headers=headers, body=body, content_type=content_type)


def _json(value: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, [("Content-Type", "application/json")], json.dumps(value, default=str).encode() + b"\n")
