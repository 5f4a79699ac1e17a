"""``mock:name``: records what it gets, for tests and for ``esb test`` (Camel's mock component)."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esb.coerce import is_element
from esb.component import Component, Context, Endpoint, Producer
from esb.exchange import Exchange, Headers
from esb.fields import Kind, field

log = logging.getLogger("esb.mock")


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it was when the mock received it; later steps of its route change nothing here."""

    body: Any
    headers: Headers
    properties: dict[str, Any]
    variables: dict[str, Any]
    exchange_id: str


class MockEndpoint(Endpoint):
    """Options of ``mock:``, and what a test asks it. All endpoints of one name share what was received. Thread-safe."""

    component: MockComponent

    name = field(Kind.TEXT, path=True, doc="Name of the mock.", example="result")
    expected_count = field(Kind.INT, -1, doc="Number of messages that it must have got; -1 for any.")
    retain_first = field(Kind.INT, -1, doc="Keep only the first messages; all are counted.")
    retain_last = field(Kind.INT, -1, doc="Keep only the last messages; all are counted.")
    result_wait_time = field(
        Kind.DURATION, 10.0, doc="How long an assertion waits for messages. 0 is Camel's default of 10 s."
    )
    result_minimum_wait_time = field(Kind.DURATION, 0.0, doc="How long an assertion waits at least.")
    assert_period = field(Kind.DURATION, 0.0, doc="Time for which an assertion must stay true, to catch late messages.")
    sleep_for_empty_test = field(Kind.DURATION, 0.0, doc="How long an assertion of no messages waits.")
    report_group = field(Kind.INT, 0, doc="Log the throughput after each group of this size.")
    log = field(Kind.BOOL, False, doc="Log each message when it comes.")
    fail_fast = field(Kind.BOOL, True, doc="Whether an assertion that waits fails at the first message too many.")
    copy_on_exchange = field(Kind.BOOL, True, doc="Accepted: what is received is always copied.")

    def producer(self) -> MockProducer:
        return MockProducer(self)

    def prepare(self) -> None:
        self.record = self.component.record(self)
        if self.expected_count >= 0:
            self.record.expect(count=self.expected_count)

    @property
    def base_uri(self) -> str:
        """The URI without its options."""
        return f"mock:{self.name}"

    @property
    def received(self) -> list[Received]:
        """What was received and retained so far, in order (a copy)."""
        return self.record.retained()

    @property
    def count(self) -> int:
        """How many messages were received, retained or not."""
        return self.record.count

    def expect(
        self,
        *,
        count: int | None = None,
        at_least: int | None = None,
        bodies: Sequence[Any] | None = None,
        bodies_in_any_order: Sequence[Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> None:
        """What :meth:`assert_satisfied` shall find. ``headers`` must be on every message. Bodies compare by ``==``; giving them sets the count."""
        self.record.expect(
            count=count,
            at_least=at_least,
            bodies=bodies,
            bodies_in_any_order=bodies_in_any_order,
            headers=headers,
        )

    def assert_satisfied(self, timeout: float | None = None) -> None:
        """Wait until what was expected has come. Raises AssertionError that says what is missing or too much."""
        self.record.assert_satisfied(self.result_wait_time or 10.0 if timeout is None else timeout, self)

    def wait(self, count: int, timeout: float = 10.0) -> bool:
        """Wait for a number of messages; whether they came."""
        return self.record.wait(lambda: self.record.count >= count, timeout)

    def answer(self, answer: Callable[[Exchange], None] | None) -> None:
        """Call this with each exchange after it was recorded: set a reply, raise a failure. For tests that play the partner."""
        self.record.answer = answer

    def reset(self) -> None:
        """Forget messages, expectations and the answer."""
        self.record.reset()


class Record:
    """What one mock got and what it was told to expect. Thread-safe."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._changed = threading.Condition()
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        with self._changed:
            self.count = 0
            self.answer: Callable[[Exchange], None] | None = None
            self._messages: list[Received] = []
            self._checks: list[Callable[[], str]] = []
            self._at_most: int | None = None
            self._group_began = time.monotonic()

    def retained(self) -> list[Received]:
        """The messages that are kept."""
        with self._changed:
            return list(self._messages)

    def add(self, received: Received, first: int, last: int) -> None:
        """Record a message; ``first`` and ``last`` limit what is kept (-1: everything)."""
        with self._changed:
            self.count += 1
            if first < 0 or len(self._messages) < first or last >= 0:
                self._messages.append(received)
            if last >= 0:
                kept = max(first, 0)
                # The first ones stay, of the others the last ones.
                del self._messages[kept : max(len(self._messages) - last, kept)]
            self._changed.notify_all()

    def wait(self, satisfied: Callable[[], bool], timeout: float) -> bool:
        """Wait for a condition on this record."""
        with self._changed:
            return self._changed.wait_for(satisfied, timeout)

    def expect(
        self,
        *,
        count: int | None = None,
        at_least: int | None = None,
        bodies: Sequence[Any] | None = None,
        bodies_in_any_order: Sequence[Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> None:
        """Add expectations; see :meth:`MockEndpoint.expect`."""
        wanted = bodies if bodies is not None else bodies_in_any_order
        if count is None and wanted is not None:
            count = len(wanted)
        with self._changed:
            if count is not None:
                self._at_most = count
                self._checks.append(lambda: _count_differs(self.count, count))
            if at_least is not None:
                self._checks.append(
                    lambda: (
                        f"received {self.count} messages, expected at least {at_least}" if self.count < at_least else ""
                    )
                )
            if bodies is not None:
                self._checks.append(lambda: _bodies_differ(self._messages, bodies))
            if bodies_in_any_order is not None:
                self._checks.append(lambda: _bodies_missing(self._messages, bodies_in_any_order))
            for name, value in (headers or {}).items():
                self._checks.append(lambda name=name, value=value: _header_differs(self._messages, name, value))  # type: ignore[misc]

    def _unsatisfied(self) -> str:
        return next((found for check in self._checks if (found := check())), "")

    def assert_satisfied(self, timeout: float, endpoint: MockEndpoint) -> None:
        """See :meth:`MockEndpoint.assert_satisfied`."""
        with self._changed:
            if endpoint.result_minimum_wait_time:
                self._changed.wait_for(lambda: False, endpoint.result_minimum_wait_time)
            if self._at_most == 0 and endpoint.sleep_for_empty_test:
                self._changed.wait_for(lambda: self.count > 0, endpoint.sleep_for_empty_test)
            self._changed.wait_for(
                lambda: not self._unsatisfied() or (endpoint.fail_fast and self._too_many()), timeout
            )
            if not self._unsatisfied() and endpoint.assert_period:
                self._changed.wait_for(lambda: bool(self._unsatisfied()), endpoint.assert_period)
            found = self._unsatisfied()
        if found:
            raise AssertionError(f"mock:{self.name} {found}")

    def _too_many(self) -> bool:
        return self._at_most is not None and self.count > self._at_most

    def report(self, group: int) -> None:
        """Log the throughput after each group."""
        if self.count % group == 0:
            now = time.monotonic()
            spent, self._group_began = now - self._group_began, now
            log.info("mock:%s received %d messages; the last %d took %.3f s", self.name, self.count, group, spent)


class MockProducer(Producer):
    """Records. Thread-safe."""

    def __init__(self, endpoint: MockEndpoint) -> None:
        self._endpoint = endpoint

    def send(self, exchange: Exchange) -> None:
        """Record a copy of the message, then give the answer, if a test set one."""
        endpoint, record = self._endpoint, self._endpoint.record
        received = Received(
            _kept(exchange),
            exchange.message.headers.copy(),
            dict(exchange.properties),
            dict(exchange.variables),
            exchange.id,
        )
        record.add(received, endpoint.retain_first, endpoint.retain_last)
        for listener in endpoint.component.listeners:
            listener(endpoint, received)
        if endpoint.report_group:
            record.report(endpoint.report_group)
        if endpoint.log:
            log.info("%s received message %d of exchange %s", endpoint.base_uri, record.count, exchange.id)
        if record.answer is not None:
            record.answer(exchange)


class MockComponent(Component):
    """Holds the mocks of a context."""

    schemes = ("mock",)
    endpoint_class = MockEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.endpoints: dict[str, MockEndpoint] = {}
        """The first endpoint made of each name, by its URI without options (``mock:result``)."""
        self.listeners: list[Callable[[MockEndpoint, Received], None]] = []
        """Called with every message, also those that are not retained, in the sender's thread."""
        self._records: dict[str, Record] = {}
        self._lock = threading.Lock()

    def record(self, endpoint: MockEndpoint) -> Record:
        """The record of an endpoint's name; endpoints of one name share it, whatever their options."""
        with self._lock:
            self.endpoints.setdefault(endpoint.base_uri, endpoint)
            return self._records.setdefault(endpoint.name, Record(endpoint.name))


def _kept(exchange: Exchange) -> Any:
    body = exchange.message.body
    if hasattr(body, "read"):
        # Whoever comes later in the route reads it as well.
        body = exchange.message.body = body.read()
    if isinstance(body, (dict, list, set, bytearray)) or is_element(body):
        try:
            return copy.deepcopy(body)
        except Exception:  # something inside cannot be copied; then it is shared
            return copy.copy(body)
    return body


def _count_differs(count: int, expected: int) -> str:
    return f"received {count} messages, expected {expected}" if count != expected else ""


def _bodies_differ(messages: Sequence[Received], expected: Sequence[Any]) -> str:
    for number, (message, body) in enumerate(zip(messages, expected, strict=False), start=1):
        if message.body != body:
            return f"received {message.body!r} as message {number}, expected {body!r}"
    return ""


def _bodies_missing(messages: Sequence[Received], expected: Sequence[Any]) -> str:
    left = [message.body for message in messages]
    for body in expected:
        if body not in left:
            return f"did not receive {body!r}; received {left!r} besides"
        left.remove(body)
    return ""


def _header_differs(messages: Sequence[Received], name: str, value: Any) -> str:
    for number, message in enumerate(messages, start=1):
        if message.headers.get(name) != value:
            return f"received {message.headers.get(name)!r} in header {name} of message {number}, expected {value!r}"
    return ""
