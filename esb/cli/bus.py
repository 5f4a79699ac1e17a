"""``esb bus``: the project's durable channels as a whole."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from esb.broker.contract import Broker
from esb.broker.history import without_secrets
from esb.broker.move import Moved, declare, move
from esb.cli._broker import opened, reached
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

    The bus must be stopped. Each message is removed here only after the other broker has confirmed it; its id, headers, age and attempts are kept.
    Run it again if it was interrupted: what is on the other side already is not sent twice. Messages that wait for a redelivery are due at once
    there. Then name the other broker in esb.yaml. Exit code 1 if something stays.
    """
    project = given.project()
    if ask_all(project.run_folder, {"op": "status"}):
        raise click.ClickException("the bus is running; stop it first ('esb stop'): it works on what is to be moved")
    if to == (origin or project.broker_url):
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
