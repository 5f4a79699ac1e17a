"""Declaring on RabbitMQ, one after the other: a refusal closes the channel, so it must be clear whose it was."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker

from esb.broker.amqp_thread import IoThread
from esb.broker.headers import refused
from esb.errors import TransportError

log = logging.getLogger(__name__)

Answer = Callable[[TransportError | None], None]
_INVALID = 503  # an exchange type that the broker does not know costs the whole connection, not only the channel


class Declarable(Protocol):
    """One thing to declare."""

    @property
    def name(self) -> str:
        """The route's word for it."""

    @property
    def wire(self) -> str:
        """What tells it from all others; RabbitMQ's name for it, as a rule."""

    def send(self, channel: Any, declared: Any) -> None:
        """Send it; ``declared`` is called with the answer."""

    def refusal(self, reason: str) -> str:
        """A refusal in words, with the way out."""


class Remembered(Protocol):
    """What was declared, to be declared again on the next connection."""

    def all(self) -> Sequence[Declarable]:
        """Everything, in the order in which it must be declared."""


@dataclass(slots=True, eq=False)
class _Waiting:
    declaration: Declarable | None
    """None for somebody who only waits for what is before."""
    answer: Answer | None


class Declarer:
    """Everything on the I/O thread, but for ``faults``. ``on_settled`` is called whenever nothing is left to declare."""

    def __init__(self, thread: IoThread, topology: Remembered, on_settled: Callable[[], None]) -> None:
        self.faults: dict[str, TransportError] = {}
        """Wire name → why it was refused. Written here, read by any thread."""
        self._thread = thread
        self._topology = topology
        self._on_settled = on_settled
        self._connection: Any = None
        self._channel: Any = None
        self._hopeless: set[str] = set()
        """Wire names of what costs the connection: not declared again by itself, or there would be no connection for the others."""
        self._waiting: deque[_Waiting] = deque()
        self._current: _Waiting | None = None

    @property
    def settled(self) -> bool:
        """Whether the connection is up and everything remembered was declared or refused."""
        return self._connection is not None and self._current is None and not self._waiting

    def up(self, connection: Any) -> None:
        """A new connection: declare all that is remembered, then what waits besides."""
        self._connection = connection
        self.again()

    def again(self) -> None:
        """Declare everything again: something of it was deleted."""
        waiting = {id(each.declaration) for each in self._waiting}
        remembered = [
            _Waiting(each, None)
            for each in self._topology.all()
            if id(each) not in waiting and each.wire not in self._hopeless
        ]
        self._waiting.extendleft(reversed(remembered))
        self._next()

    def down(self) -> None:
        """The connection is lost: what was under way is declared again on the next one."""
        self._connection = self._channel = None
        if self._current is not None:
            self._waiting.appendleft(self._current)
            self._current = None

    def declare(self, declarations: Sequence[Declarable], answer: Answer) -> None:
        """Declare some things; ``answer`` is called once, after the last of them, with the first refusal."""
        if not declarations:
            # In turn, else what needs no declaration would overtake what waits for one.
            if self._current is None and not self._waiting:
                answer(None)
            else:
                self._waiting.append(_Waiting(None, answer))
            return
        failed: list[TransportError] = []

        def noted(error: TransportError | None) -> None:
            failed.extend([error] if error is not None else [])

        def last(error: TransportError | None) -> None:
            noted(error)
            answer(failed[0] if failed else None)

        self._waiting.extend(_Waiting(each, noted) for each in declarations[:-1])
        self._waiting.append(_Waiting(declarations[-1], last))
        self._next()

    def _next(self) -> None:
        if self._connection is None or self._current is not None:
            return
        while self._waiting and self._waiting[0].declaration is None:
            self._answer(self._waiting.popleft(), None)
        if not self._waiting:
            self._on_settled()
        elif self._channel is None:
            self._channel = self._connection.channel(on_open_callback=self._opened)
            self._channel.add_on_close_callback(self._closed)
        elif self._channel.is_open:
            self._send(self._waiting.popleft())

    def _send(self, waiting: _Waiting) -> None:
        self._current = waiting
        declaration = waiting.declaration
        assert declaration is not None
        try:
            declaration.send(self._channel, lambda _: self._declared(None))
        except Exception as exc:
            # pika checks what it sends: a name longer than 255 bytes, for example. Nothing was sent.
            self._declared(refused(declaration.refusal(f"{type(exc).__name__}: {exc}"), declaration.name))

    def _opened(self, channel: Any) -> None:
        if channel is self._channel:
            self._next()

    def _closed(self, channel: Any, reason: BaseException) -> None:
        if channel is not self._channel:
            return
        self._channel = None
        current = self._current
        if current is None or current.declaration is None:
            return
        if isinstance(reason, ConnectionClosedByBroker) and reason.reply_code == _INVALID:
            self._connection = None
            self._hopeless.add(current.declaration.wire)
        elif not isinstance(reason, ChannelClosedByBroker):
            return
        text = current.declaration.refusal(f"{reason.reply_code} {reason.reply_text}")
        error = refused(text, current.declaration.name)
        if current.declaration.wire not in self.faults:
            log.error("%s", text)
        self._declared(error)

    def _declared(self, error: TransportError | None) -> None:
        current, self._current = self._current, None
        if current is None or current.declaration is None:
            return
        if error is None:
            self.faults.pop(current.declaration.wire, None)
        else:
            self.faults[current.declaration.wire] = error
        self._answer(current, error)
        self._next()

    def _answer(self, waiting: _Waiting, error: TransportError | None) -> None:
        if waiting.answer is not None:
            try:
                waiting.answer(error)
            except Exception:
                log.exception("a caller who waited for a declaration failed")
