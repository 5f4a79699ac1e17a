"""One connection to RabbitMQ that comes back: hosts in turn, a growing pause with jitter, and a word in the log when it goes and comes."""

from __future__ import annotations

import logging
import random
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

import pika
from pika.exceptions import (
    AMQPError,
    AMQPHeartbeatTimeout,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from esb.broker.amqp_fast import FastConnection, usable
from esb.broker.amqp_thread import IoThread
from esb.broker.amqp_url import Address

log = logging.getLogger(__name__)

# pika logs every failed attempt several times, with stacks; this module says it once.
logging.getLogger("pika").setLevel(logging.CRITICAL)


class Link:
    """Everything on the I/O thread. ``on_up`` gets the open connection; ``on_down`` is called when an open one is lost."""

    def __init__(
        self, thread: IoThread, address: Address, name: str, on_up: Callable[[Any], None], on_down: Callable[[], None]
    ) -> None:
        self.connection: Any = None
        self._thread = thread
        self._address = address
        self._name = name
        self._on_up = on_up
        self._on_down = on_down
        self._attempt = 0
        self._failures = 0
        self._current: Any = None
        if address.options.frames == "fast" and usable():
            self._made = partial(FastConnection, thread)
        else:
            self._made = partial(_pika_connection, thread)
        self._trying = False
        self._heard = -1
        self._silent = 0.0
        self._closed: Callable[[], None] | None = None

    @property
    def up(self) -> bool:
        """Whether the connection is open."""
        return self.connection is not None

    def connect(self) -> None:
        """Start trying, until :meth:`close`."""
        if self._closed is not None:
            return
        attempt = self._attempt
        self._attempt += 1
        self._trying = True
        try:
            # In the try: certificates are read anew for each attempt, so that renewed ones are taken up, and a missing one is told.
            parameters = self._address.parameters(attempt, self._name)
            self._current = self._made(
                parameters,
                on_open_callback=self._opened,
                on_open_error_callback=self._failed,
                on_close_callback=self._lost,
            )
        except Exception as exc:
            self._failed(None, exc)

    def close(self, closed: Callable[[], None]) -> None:
        """Close for good; ``closed`` is called when it is done."""
        self._closed = closed
        if self.connection is None or not self.connection.is_open:
            if not self._trying:  # an attempt that is under way has an open socket: it ends first, and soon, either way
                closed()
        else:
            self.connection.close()

    def drop(self) -> None:
        """Take the connection for lost, whatever it thinks itself."""
        connection, self._current = self._current, None
        self._trying = False
        if connection is not None:
            try:
                if connection.is_open:
                    connection.close()
            except Exception:
                log.debug("closing a broken connection failed", exc_info=True)
        if self.connection is not None:
            self.connection = None
            self._on_down()
        self._retry()

    def listen(self, since: float) -> None:
        """Called every ``since`` seconds: give up a connection on which nothing was heard for two heartbeats, as AMQP has it.

        pika itself looks in windows of a heartbeat and 5 s, from one fixed moment to the next, and so needs up to two of them. Time is counted in
        calls: a process that stood still has heard nothing either, and what waits in the socket is to be read first.
        """
        connection = self.connection
        if connection is None:
            self._silent = 0.0
            return
        heard = connection.bytes_received
        self._silent = self._silent + since if heard == self._heard else 0.0
        self._heard = heard
        heartbeat = connection.params.heartbeat  # as agreed with the broker; 0 for none
        if heartbeat and self._silent + since >= 2 * heartbeat:
            self._silent = 0.0
            # As pika's own check does: there is nobody to say goodbye to.
            connection._terminate_stream(  # noqa: SLF001 - see above
                AMQPHeartbeatTimeout(f"nothing was heard for two heartbeats of {heartbeat} s")
            )

    def _opened(self, connection: Any) -> None:
        if connection is not self._current:
            connection.close()
            return
        self._trying = False
        if self._closed is not None:
            connection.close()
            return
        self.connection = connection
        log.log(
            logging.WARNING if self._failures else logging.INFO,
            "connected to RabbitMQ at %s:%d (%s)",
            connection.params.host,
            connection.params.port,
            self._name,
        )
        self._failures = 0
        self._on_up(connection)

    def _failed(self, connection: Any, error: BaseException) -> None:
        if connection is not None and connection is not self._current:
            return
        self._trying = False
        if self._closed is not None:
            self._closed()
            return
        if self._failures == 0:
            log.error(
                "RabbitMQ at %s cannot be reached (%s): %s; trying again until it can",
                self._address,
                self._name,
                explained(error),
            )
        self._failures += 1
        self._retry()

    def _lost(self, connection: Any, reason: BaseException) -> None:
        if connection is not self._current:
            return
        if self.connection is not None:
            self.connection = None
            self._on_down()
        if self._closed is not None:
            self._closed()
            return
        log.error("lost the connection to RabbitMQ at %s (%s): %s", self._address, self._name, explained(reason))
        self._failures += 1
        self._retry()

    def _retry(self) -> None:
        if self._closed is not None:
            return
        longest = min(0.1 * 2 ** min(self._failures, 10), self._address.options.reconnect)
        # Jitter, so that all processes do not come back to a restarted broker in the same moment.
        self._thread.later(longest * random.uniform(0.5, 1.0), partial(Link.connect, self))  # noqa: S311 - no secret


def _pika_connection(thread: IoThread, *args: Any, **keywords: Any) -> pika.SelectConnection:
    return pika.SelectConnection(*args, custom_ioloop=thread.loop, **keywords)


def explained(error: BaseException) -> str:
    """A connection error in words, with the way out where one is known."""
    if isinstance(error, ProbableAuthenticationError):
        return "the login was refused; check user and password in the broker URL"
    if isinstance(error, ProbableAccessDeniedError):
        return (
            "the login has no access to the virtual host; check its name in the broker URL and the user's permissions"
        )
    if isinstance(error, ConnectionClosedByBroker):
        return f"closed by the broker: {error.reply_code} {error.reply_text}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not trusted: {error.verify_message}; check caFile and the host in the broker URL"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}; check caFile, certFile and keyFile in the broker URL, and that the port speaks TLS"
    cause: BaseException = error
    while isinstance(cause, AMQPError) and cause.args and isinstance(cause.args[0], BaseException):
        cause = cause.args[0]
    for attribute in ("exceptions", "exception"):  # pika nests what happened in its connection workflow
        inner = getattr(cause, attribute, None)
        inner = inner[-1] if isinstance(inner, list | tuple) and inner else inner
        if isinstance(inner, BaseException):
            return explained(inner)
    return f"{type(cause).__name__}: {cause}".rstrip(": ")
