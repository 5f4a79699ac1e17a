"""``esb bus``: the project's durable channels as a whole."""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import click

from esb.broker.contract import Broker
from esb.broker.history import without_secrets
from esb.broker.move import Moved, declare, move
from esb.broker.sqlite_owner import is_open
from esb.cli._broker import opened, reached
from esb.cli._running import called, run_folders, running
from esb.cli._terminal import example, plural, progress, table
from esb.cli.main import EXIT_FINDINGS, Options
from esb.project import Project
from esb.runtime.audit import person, record
from esb.runtime.control import ask_all

_EXAMPLE = "esb stop && esb bus move --to amqp://bus:secret@rabbit.example/sales"


@click.group("bus", epilog=example(_EXAMPLE))
def command() -> None:
    """Work on the project's durable channels as a whole."""


@command.command("move", epilog=example(_EXAMPLE))
@click.option("--to", "to", required=True, metavar="URL", help="The broker to move to: amqp://… or sqlite:PATH.")
@click.option("--from", "origin", default="", metavar="URL", help="The broker to move from; the project's by default.")
@click.option("--queue", "only", multiple=True, metavar="NAME", help="Only this queue; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Say what would be moved, and move nothing.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def migrate(given: Options, /, *, to: str, origin: str, only: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Move all messages of the project's broker to another one, such as from the embedded broker to RabbitMQ.

    The bus must be stopped, and with it every instance of the project on that broker. Each message is removed here only after the other broker
    has confirmed it; its id, headers, age and attempts are kept. Run it again if it was interrupted: what is on the other side already is not
    sent twice. Messages that wait for a redelivery are due at once there. Then name the other broker in esb.yaml. Exit code 1 if something stays.
    """
    project = given.project()
    url = origin or project.broker_url
    _refuse_if_running(given, project, url)
    if _same(to, url):
        raise click.UsageError("--to is the broker that the messages are on already")
    with reached(project, origin) if origin else opened(project) as source:
        waiting = _waiting(source, only)
        if dry_run:
            _tell([Moved(queue) for queue in waiting], waiting, as_json=as_json)
            return
        results = []
        with reached(project, to) as target, progress("moving", sum(waiting.values())) as tell:
            for queue in waiting:
                declare(target, queue)
            before = 0
            for queue, count in waiting.items():

                def told(done: int, before: int = before) -> None:
                    tell(before + done)

                if count:
                    results.append(move(source, target, queue, told))
                before += count
        left = _waiting(source, only)
    _record(project, to, results)
    _tell(results, left, as_json=as_json)
    if any(left.values()):
        sys.exit(EXIT_FINDINGS)


def _refuse_if_running(given: Options, project: Project, url: str) -> None:
    """Whoever works on the broker would work on what is on its way: this instance, or another one of the project on the same broker."""
    others = (given.project(name) for name in ("", *project.instances) if name != project.instance)
    for one in [project, *(other for other in others if _same(other.broker_url, url))]:
        if running(one) or any(_used(folder) for folder in run_folders(one)):
            stop = f"esb -i {one.instance} stop" if one.instance else "esb stop"
            raise click.ClickException(
                f"{called(one)} is running; stop it first ('{stop}'): it works on what is to be moved"
            )
    # The file itself knows best: a service's state is in a folder of systemd's, and another project may name the same file.
    kind, _, rest = url.partition(":")
    if kind == "sqlite" and is_open(_path(rest)):
        raise click.ClickException(
            f"a process has {_path(rest)} open; stop it first: a running bus works on what is to be moved"
        )


def _used(folder: Path) -> bool:
    # One that we may not look into is a service's: systemd removes the folder when it stops the service.
    return not os.access(folder, os.R_OK | os.X_OK) or bool(ask_all(folder, {"op": "status"}))


def _same(one: str, other: str) -> bool:
    """Whether two URLs name the same messages, however they spell the place, and whatever they say of user and options."""
    (kind, _, rest), (other_kind, _, other_rest) = one.partition(":"), other.partition(":")
    if kind == other_kind == "sqlite":
        return Path(_path(rest)).resolve() == Path(_path(other_rest)).resolve()
    if {kind, other_kind} <= {"amqp", "amqps"}:
        from esb.broker.amqp_url import parse

        left, right = parse(one), parse(other)
        if (left.vhost, left.options.namespace) != (right.vhost, right.options.namespace):
            return False
        ports = left.tls == right.tls  # else they differ at one and the same broker too
        return not _addresses(left.hosts, ports=ports).isdisjoint(_addresses(right.hosts, ports=ports))
    return one == other


def _path(rest: str) -> str:
    return rest.partition("?")[0].removeprefix("//")


def _addresses(hosts: tuple[tuple[str, int], ...], *, ports: bool) -> set[tuple[str, int]]:
    found = {(host, port * ports) for host, port in hosts}
    for host, port in hosts:
        with suppress(OSError):
            found |= {(str(told[4][0]), port * ports) for told in socket.getaddrinfo(host, port)}
    return found


def _waiting(source: Broker, only: tuple[str, ...]) -> dict[str, int]:
    known = source.queues()
    missing = sorted(set(only) - set(known))
    if missing:
        raise click.UsageError(f"the broker has no queue {', '.join(missing)}; it has {', '.join(known) or 'none'}")
    return {queue: source.depth(queue) for queue in (only or known)}


def _record(project: Project, to: str, results: list[Moved]) -> None:
    counts = {one.queue: one.moved for one in results}
    record(project.state_folder, "bus move", person(), to=without_secrets(to), moved=counts)


def _tell(results: list[Moved], left: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"queues": [asdict(one) for one in results], "left": left}, indent=2))
        return
    found = {one.queue: one for one in results}
    rows = [
        (queue, found[queue].moved if queue in found else 0, found[queue].there if queue in found else 0, count)
        for queue, count in left.items()
    ]
    click.echo(table(("QUEUE", "MOVED", "THERE BEFORE", "LEFT"), rows))
    for one in results:
        for id, why in one.failed.items():
            click.echo(f"{id} on {one.queue} stays: {why}", err=True)
    click.echo(f"{plural(sum(one.moved for one in results), 'message')} moved")
