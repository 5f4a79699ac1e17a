"""Sending to an endpoint from a step: what the exchange knows of it, who waits, and the final send that need not wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from esb.component import PipelinedProducer, Producer
from esb.exchange import Exchange
from esb.program import Step
from esb.step import Builder
from esb.variables import receive, variable

TO_ENDPOINT: Final = "CamelToEndpoint"
Prepare = Callable[[Exchange], None]


def sending(
    builder: Builder,
    producer: Producer,
    uri: str,
    *,
    pattern: str | None = None,
    variable_send: str | None = None,
    variable_receive: str | None = None,
) -> Step:
    """The step that sends to a producer known now. ``uri`` is what the exchange remembers of it; ``pattern`` holds for this call alone."""
    prepare = prepared(builder, uri, variable_send)
    if variable_receive:
        return receiving(builder, producer.send, prepare, pattern, variable_receive)
    if builder.tail and not builder.in_try and isinstance(producer, PipelinedProducer):
        return _pipelined(producer.send_pipelined, producer.send, prepare, pattern, builder.late_failure())
    return waiting(producer.send, prepare, pattern, tail=builder.tail)


def prepared(builder: Builder, uri: str, variable_send: str | None) -> Prepare:
    """Note where the message goes, and take the body from a variable if asked."""
    if not variable_send:

        def note(exchange: Exchange) -> None:
            exchange.properties[TO_ENDPOINT] = uri

        return note
    source = variable(variable_send, builder.context)

    def note_and_take(exchange: Exchange) -> None:
        exchange.properties[TO_ENDPOINT] = uri
        exchange.message.body = source.get(exchange)

    return note_and_take


def waiting(send: Callable[[Exchange], None], prepare: Prepare, pattern: str | None, *, tail: bool) -> Step:
    """Send and wait for the effect. A called route may pipeline its own final send only if nothing follows here."""
    if tail and not pattern:

        def send_last(exchange: Exchange) -> None:
            prepare(exchange)
            send(exchange)

        return send_last

    def send_and_wait(exchange: Exchange) -> None:
        prepare(exchange)
        before = exchange.pattern
        if pattern:
            exchange.pattern = pattern
        exchange.waits += 1
        try:
            send(exchange)
        finally:
            exchange.waits -= 1
            exchange.pattern = before

    return send_and_wait


def receiving(
    builder: Builder, send: Callable[[Exchange], None], prepare: Prepare, pattern: str | None, name: str
) -> Step:
    """Send, and put the reply into a variable: body and headers stay as they were. A reply that ended the route stays the message."""
    context = builder.context
    send_and_wait = waiting(send, prepare, pattern, tail=False)

    def send_and_receive(exchange: Exchange) -> None:
        body, headers = exchange.message.body, exchange.message.headers.copy()
        send_and_wait(exchange)
        if exchange.halted:
            return
        receive(name, context, exchange, exchange.message)
        exchange.message.body, exchange.message.headers = body, headers

    return send_and_receive


def _pipelined(
    send_pipelined: Callable[[Exchange, Callable[[Exception | None], None]], None],
    send: Callable[[Exchange], None],
    prepare: Prepare,
    pattern: str | None,
    late_failure: Callable[[Exchange, Exception], None],
) -> Step:
    """Hand the message over and go: the unit stays open until the outcome is known. Where somebody waits for the result, send and wait."""
    wait_for_it = waiting(send, prepare, pattern, tail=True)

    def send_without_waiting(exchange: Exchange) -> None:
        unit = exchange.unit
        if unit is None or exchange.waits:
            wait_for_it(exchange)
            return
        prepare(exchange)
        before = exchange.pattern
        if pattern:
            exchange.pattern = pattern

        def done(error: Exception | None) -> None:
            exchange.pattern = before
            if error is None:
                unit.release()
            else:
                late_failure(exchange, error)

        unit.hold()
        try:
            send_pipelined(exchange, done)
        except Exception:
            unit.release()  # it was not handed over: the failure is this step's, now
            exchange.pattern = before
            raise

    return send_without_waiting


def with_parameters(uri: str, parameters: dict[str, Any] | None) -> str:
    """A URI with further parameters written behind it as they are, for one that is evaluated first."""
    if not parameters:
        return uri
    pairs = "&".join(
        f"{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in parameters.items()
    )
    return f"{uri}{'&' if '?' in uri else '?'}{pairs}"
