"""The project's broker for verbs that look into it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from esb.broker.contract import Broker
from esb.broker.history import without_secrets
from esb.broker.open import open_broker
from esb.errors import ConfigError, NotConnected
from esb.project import Project
from esb.runtime.bus import load_routes, make_context

_PATIENCE = 10.0


@contextmanager
def opened(project: Project, seconds: float = _PATIENCE) -> Iterator[Broker]:
    """The broker, connected; closed afterwards. Raises NotConnected, saying what to look at."""
    url = project.broker_url
    scheme, _, rest = url.partition(":")
    if scheme == "memory":
        raise NotConnected("the project's broker is in the memory of 'esb run': nobody else can look into it")
    if scheme == "sqlite":
        path = rest.partition("?")[0].removeprefix("//")
        if not Path(path).exists():
            # Looking must not make it: an empty broker in a wrong place would answer that all is well.
            raise NotConnected(
                f"there is no broker at {rest}: the bus has not run yet with this esb.yaml, instance and environment"
            )
        from esb.broker.sqlite_store import Store

        Store(path).close()  # raises what the broker itself would only log, such as a file of a newer version
    with reached(project, url, seconds) as broker:
        yield broker


@contextmanager
def reached(project: Project, url: str, seconds: float = _PATIENCE) -> Iterator[Broker]:
    """A broker of a URL, connected and told of the project's queues; closed afterwards. Raises NotConnected."""
    broker = open_broker(url)
    broker.open()
    try:
        if not connected(broker, seconds):
            raise NotConnected(
                f"the broker at {without_secrets(url)} cannot be reached ({broker.state}) within {seconds:g} s; 'esb doctor' tells more"
            )
        if url != project.broker_url or url.startswith("amqp"):
            _declare(project, broker)
        yield broker
    finally:
        broker.close()


def _declare(project: Project, broker: Broker) -> None:
    """Tell the broker the queues that the project's routes consume from, and those of what fails there: over AMQP nobody can ask for a list."""
    context = make_context(
        project, {"broker": lambda _: broker}
    )  # never stopped: nothing is started in it, and the broker is not its own
    try:
        load_routes(project, context)
    except ConfigError as error:
        click.echo(f"{error}\nqueues are looked for by --queue only, since the routes cannot be read", err=True)
        return
    for route in context.routes.values():
        endpoint: Any = route.endpoint
        if endpoint.scheme == "bus":
            endpoint.declare_for_consumer()


def connected(broker: Broker, seconds: float) -> bool:
    """Wait until the broker is connected; whether it is. One that refuses publishers for now can still be looked into."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while broker.state not in {"connected", "blocked"}:
        if time.monotonic() > deadline:
            return False
        pause.wait(0.02)
    return True
