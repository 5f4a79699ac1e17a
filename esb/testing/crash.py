"""Named places at which a process of the bus kills itself, as kill -9 would: ``ESB_CRASH_AT=NAME[:N] esb run``.

``N`` is the pass at which it happens, in each process that gets there; 1 by default. With ``ESB_CRASH_FUSE=FILE`` it happens once in all: the file is
made at that moment, and while it exists nothing happens, so that the worker that is started in place of the dead one lives.

The product's paths have no line of this: :func:`arm` wraps the function that stands behind a name, in the process that asked for it. Off, it costs
nothing. A place of one's own code is named by itself: ``before=package.module:Class.method``, ``after=package.module:function``.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from esb.errors import OptionError, UnknownName

SWITCH, FUSE = "ESB_CRASH_AT", "ESB_CRASH_FUSE"


Wrap = Callable[[Callable[..., Any], Callable[[], None]], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Point:
    """Where a process may die: ``wrap`` gets the function and what counts a pass, and gives what takes the function's place."""

    function: str
    doc: str
    wrap: Wrap


def _before(when: Callable[..., bool] = lambda *_, **__: True) -> Wrap:
    def wrap(function: Callable[..., Any], passed: Callable[[], None]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            if when(*arguments, **keywords):
                passed()
            return function(*arguments, **keywords)

        return call

    return wrap


def _after(when: Callable[..., bool] = lambda *_, **__: True) -> Wrap:
    def wrap(function: Callable[..., Any], passed: Callable[[], None]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            counts = when(*arguments, **keywords)
            result = function(*arguments, **keywords)
            if counts:
                passed()
            return result

        return call

    return wrap


def _each_statement(connect: Callable[..., Any], passed: Callable[[], None]) -> Callable[..., Any]:
    @wraps(connect)
    def call(*arguments: Any, **keywords: Any) -> Any:
        connection = connect(*arguments, **keywords)
        # SQLite calls this as a statement begins to run, with those of triggers too.
        connection.set_trace_callback(lambda _statement: passed() if connection.in_transaction else None)
        return connection

    return call


def _has_acks(subscription: Any) -> bool:
    return bool(subscription._acked)  # noqa: SLF001 -- whether there is anything to ack


_PUBLISHER = "esb.broker.amqp_publisher:Publisher"
_SUBSCRIPTION = "esb.broker.subscription:AmqpSubscription"
_STORE = "esb.broker.sqlite_store:Store"
_INBOX = "esb.stores.sqlite:SqliteIdempotentRepository"
_GROUPS = "esb.stores.sqlite:SqliteAggregationRepository"
_WRITING = "adapters.file.writing:Writing"
_TAKEN = "adapters.file.taken:Taken"

POINTS: Mapping[str, Point] = {
    "bus.receive": Point(
        "esb.components.bus.consumer:BusConsumer._run", "A delivery reached its route's thread.", _before()
    ),
    "amqp.receive": Point(f"{_SUBSCRIPTION}._deliver", "A message came from RabbitMQ; no route has it yet.", _after()),
    "amqp.before-publish": Point(f"{_PUBLISHER}._publish", "A message is about to be sent to RabbitMQ.", _before()),
    "amqp.after-publish": Point(f"{_PUBLISHER}._publish", "It was given to the connection; not confirmed.", _after()),
    "amqp.before-confirm": Point(f"{_PUBLISHER}._confirmed", "RabbitMQ's confirm came; nobody was told.", _before()),
    "amqp.after-confirm": Point(f"{_PUBLISHER}._confirmed", "Who waited for the confirm was told.", _after()),
    "amqp.before-ack": Point(
        f"{_SUBSCRIPTION}._send_acks", "The output is confirmed; the input's ack was not sent.", _before(_has_acks)
    ),
    "amqp.after-ack": Point(f"{_SUBSCRIPTION}._send_acks", "The ack was given to the connection.", _after(_has_acks)),
    "sqlite.statement": Point(
        "esb.broker.sqlite_store:connect", "Each statement of the embedded broker's transactions.", _each_statement
    ),
    "sqlite.before-commit": Point(f"{_STORE}.commit", "All of a transaction is done but its commit.", _before()),
    "sqlite.after-commit": Point(f"{_STORE}.commit", "The transaction is on disk; nobody was told.", _after()),
    "http.before-answer": Point(
        "adapters.rest.server:PlatformHttpConsumer._settled", "All sends are confirmed; no answer was given.", _before()
    ),
    "file.before-claim": Point(f"{_TAKEN}.begin", "A file is locked, not yet given its preMove name.", _before()),
    "file.after-claim": Point(f"{_TAKEN}.begin", "A file is claimed; its route has not run.", _after()),
    "file.before-move": Point(f"{_TAKEN}.finish", "A file's route is done; it was not moved.", _before()),
    "file.after-move": Point(f"{_TAKEN}.finish", "A file was moved.", _after()),
    "file.before-write": Point(
        f"{_WRITING}._fill", "A file to write was made, empty, under its temporary name.", _before()
    ),
    "file.before-place": Point(f"{_WRITING}._place", "It is written and synced; it has not its final name.", _before()),
    "file.after-place": Point(f"{_WRITING}._place", "It has its final name; the folder is not synced.", _after()),
    "inbox.after-begin": Point(f"{_INBOX}.begin", "A key is marked as started; the work is not done.", _after()),
    "inbox.before-complete": Point(f"{_INBOX}.complete", "The work is done; the key is not marked so.", _before()),
    "inbox.after-complete": Point(f"{_INBOX}.complete", "The key is done; the message is not settled.", _after()),
    "aggregate.before-put": Point(f"{_GROUPS}.put", "A message is to be kept in its group.", _before()),
    "aggregate.after-put": Point(f"{_GROUPS}.put", "It is kept; it is not settled.", _after()),
    "aggregate.after-complete": Point(f"{_GROUPS}.complete", "A group is closed; its result was not sent.", _after()),
    "aggregate.before-confirm": Point(f"{_GROUPS}.confirm", "A group's result was sent; the group is kept.", _before()),
}


def armed() -> str:
    """The place that the environment names; empty if none."""
    return os.environ.get(SWITCH, "")


def arm(switch: str | None = None) -> None:
    """Prepare this process, and those it forks, to die. Raises UnknownName for a place there is not, OptionError for a wrong number."""
    name, point, nth = parse(armed() if switch is None else switch)
    owner, last = target(point)
    function = vars(owner)[last]
    passed = _Countdown(name, nth).passed
    if isinstance(function, staticmethod):
        setattr(owner, last, staticmethod(point.wrap(function.__func__, passed)))
    else:
        setattr(owner, last, point.wrap(function, passed))


def target(point: Point) -> tuple[Any, str]:
    """The module or class that holds a point's function, and the function's name in it. Raises AttributeError or ImportError."""
    module, _, path = point.function.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, last = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    if last not in vars(owner):
        raise AttributeError(f"{point.function} is not there")
    return owner, last


def parse(switch: str) -> tuple[str, Point, int]:
    """Name, place and pass of ``NAME[:N]``."""
    name, colon, number = switch.rpartition(":")
    if not colon or not number.isdigit():
        name, number = switch, "1"
    if int(number) < 1:
        raise OptionError(f"{SWITCH}={switch}: passes are counted from 1")
    moment, equals, function = name.partition("=")
    if equals and moment in {"before", "after"} and ":" in function:
        return name, Point(function, "", _before() if moment == "before" else _after()), int(number)
    if name not in POINTS:
        raise UnknownName("crash point", name, POINTS, hint="or write before=package.module:function")
    return name, POINTS[name], int(number)


class _Countdown:
    """Counts the passes of this process; kills it at the wanted one."""

    def __init__(self, name: str, nth: int) -> None:
        self._name = name
        self._left = nth
        self._lock = threading.Lock()
        self._fuse = os.environ.get(FUSE, "")

    def passed(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0 and self._light():
                os.write(2, f"crash point {self._name}: process {os.getpid()} ends here\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)

    def _light(self) -> bool:
        if not self._fuse:
            return True
        try:
            os.close(os.open(self._fuse, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        return True
