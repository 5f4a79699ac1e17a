"""``esb send``: send one message to an endpoint."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from esb.broker.contract import Broker
from esb.cli._broker import connected
from esb.cli._message import body_options, message_of, shown
from esb.cli._terminal import example
from esb.cli.main import EXIT_FINDINGS, Options
from esb.errors import NotConnected
from esb.exchange import IN_ONLY, IN_OUT
from esb.runtime.bus import load_routes, make_context

_EXAMPLE = """\
esb send bus:orders --file order.json -H orderId=A1
esb send 'rabbitmq:orders?routingKey=new' --file order.json
esb send direct:accept --body '{"orderId": "A1"}'
esb send http://127.0.0.1:8080/orders --file order.json -H Content-Type=application/json
"""
_CALLED = ("direct", "kamelet")
_QUEUES = ("bus", "rabbitmq", "spring-rabbitmq")
"""Who takes a message from there answers nobody."""


@click.command("send", epilog=example(_EXAMPLE))
@click.argument("endpoint")
@body_options
@click.option("--json", "as_json", is_flag=True, help="The reply as JSON.")
@click.pass_obj
def command(
    options: Options, /, *, endpoint: str, body: str | None, file: Path | None, headers: tuple[str, ...], as_json: bool
) -> None:
    """Send one message to ENDPOINT and print the reply.

    To direct: the project's routes are run here, with the project's own broker and partners; no other source is started. To bus: the running bus
    takes it up. Exit code 1 if it failed.
    """
    project = options.project()
    project.state_folder  # noqa: B018 -- made on first use, and the embedded broker is in it
    context = make_context(project)
    scheme = endpoint.partition(":")[0]
    try:
        if scheme in (*_CALLED, *_QUEUES[1:]):  # for rabbitmq, the beans that say where it is
            load_routes(project, context)
        if scheme in _CALLED:
            for route in context.routes.values():
                route.auto_startup = route.endpoint.scheme in _CALLED
            context.start()
        if scheme == "bus":
            broker: Broker = context.service("broker")
            if not connected(broker, 10.0):
                raise NotConnected(f"the project's broker cannot be reached ({broker.state}); 'esb doctor' tells more")
        exchange = message_of(body, file, headers, pattern=IN_ONLY if scheme in _QUEUES else IN_OUT)
        context.send(context.resolve(endpoint), exchange)
    finally:
        context.stop(5.0)
    error = exchange.error
    if as_json:
        told = {
            "error": f"{type(error).__name__}: {error}" if error is not None else None,
            "headers": exchange.message.headers,
            "body": exchange.message.body,
        }
        click.echo(json.dumps(told, indent=2, default=shown, ensure_ascii=False))
    elif error is not None:
        click.echo(f"failed: {type(error).__name__}: {error}", err=True)
    elif scheme in _QUEUES:
        click.echo(f"sent as {exchange.id}")
    else:
        click.echo(shown(exchange.message.body))
    sys.exit(EXIT_FINDINGS if error is not None else 0)
