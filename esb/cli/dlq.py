"""``esb dlq``: messages that failed: list them, look at one, send them back, throw them away."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from esb.broker.contract import Broker
from esb.broker.dead_letters import DeadLetter, Result, discard, replay
from esb.cli._broker import opened
from esb.cli._selection import Selection, chosen_by_queue, options, queues, select, unambiguous
from esb.cli._terminal import example, plural, progress, table
from esb.cli.main import EXIT_FINDINGS, Options

_LONGEST = 4000
_EXAMPLE = """\
esb dlq list --route erp-order
esb dlq show --id 01A1FDDB
esb dlq replay --queue orders.customs.dlq --all
esb dlq discard --older-than 30d --yes
"""


@click.group("dlq", epilog=example(_EXAMPLE))
def command() -> None:
    """Look at messages that could not be processed, send them back to where they came from, or throw them away.

    A dead letter could not be processed; an invalid message breaks its type. Both are kept as they were delivered, with their history.
    """


@command.command("list", epilog=example("esb dlq list --queue orders.dlq --error NotConnected"))
@options
@click.option("--limit", default=50, show_default=True, help="Most messages to list; the counts are of all.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def show_list(given: Options, /, *, selection: Selection, limit: int, as_json: bool) -> None:
    """List queues with failed messages, and the messages, oldest first."""
    with opened(given.project()) as broker:
        found = queues(broker, selection)
        total = sum(queue.depth for queue in found)
        with progress("looking", total) as looked:
            chosen = list(select(broker, selection, looked))
    if as_json:
        told = {
            "queues": [asdict(queue) for queue in found],
            "selected": len(chosen),
            "messages": [_data(letter, body=False) for letter in chosen[:limit]],
        }
        click.echo(json.dumps(told, indent=2, default=str))
        return
    click.echo(table(("QUEUE", "KIND", "MESSAGES"), [(queue.name, queue.kind, queue.depth) for queue in found]))
    if not chosen:
        click.echo("no failed messages" if selection == Selection() else "no failed message is like that")
        return
    rows = [
        (one.id, one.queue, one.route or "-", one.attempts, one.failed_at[:19], f"{_kind(one)}: {_line(one.error)}")
        for one in chosen[:limit]
    ]
    click.echo()
    click.echo(table(("ID", "QUEUE", "ROUTE", "TRIES", "FAILED (UTC)", "ERROR"), rows))
    if len(chosen) > limit:
        click.echo(f"and {len(chosen) - limit} more; raise --limit, or choose by --route, --error or --older-than")


@command.command("show", epilog=example("esb dlq show --id 01A1FDDB"))
@click.option("--id", "id", required=True, metavar="ID", help="Its id, or the beginning of it.")
@click.option("--queue", default="", metavar="NAME", help="On this queue.")
@click.option("--full", is_flag=True, help="The whole body, however long.")
@click.option("--json", "as_json", is_flag=True, help="As JSON; a body that is no text as base64.")
@click.pass_obj
def show(given: Options, /, *, id: str, queue: str, full: bool, as_json: bool) -> None:
    """Show one message: what was delivered, why it failed, where, and how often it was tried."""
    with opened(given.project()) as broker:
        found = list(select(broker, Selection(ids=(id,), queue=queue)))
    unambiguous((id,), found)
    letter = next((one for one in found if one.id == id), found[0])
    click.echo(json.dumps(_data(letter, body=True), indent=2, default=str) if as_json else _page(letter, full=full))


@command.command("replay", epilog=example("esb dlq replay --route erp-order --error NotConnected"))
@options
@click.option("--to", default=None, metavar="QUEUE", help="Send to this queue rather than where each came from.")
@click.option(
    "--body",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="One message's new body, in place of its own.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def send_back(given: Options, /, *, selection: Selection, to: str | None, body: Path | None, as_json: bool) -> None:
    """Send messages back to the queue each came from.

    Each is removed here only after that queue has confirmed it, and keeps its id. What could not be sent stays where it is; exit code 1.
    """
    with opened(given.project()) as broker:
        chosen = _choose(broker, selection)
        count = sum(map(len, chosen.values()))
        bodies = {}
        if body is not None:
            if count != 1:
                raise click.UsageError(f"--body is for one message, and {count} are chosen")
            bodies = {next(iter(chosen.values()))[0]: body.read_bytes()}

        def run(queue: str, ids: list[str], tell: Callable[[int], None]) -> Result:
            return replay(broker, queue, ids, to=to, bodies=bodies, progress=tell)

        results = _each("replaying", chosen, run)
    done = sum(len(result.done) for result in results.values())
    failed = {id: why for result in results.values() for id, why in result.failed.items()}
    missing = [id for result in results.values() for id in result.missing]
    if as_json:
        click.echo(json.dumps({"replayed": done, "failed": failed, "missing": missing}, indent=2))
    else:
        for id, why in failed.items():
            click.echo(f"{id} stays: {why}", err=True)
        for id in missing:
            click.echo(f"{id} is not there any more", err=True)
        click.echo(f"{plural(done, 'message')} replayed")
    sys.exit(EXIT_FINDINGS if failed or missing or not done else 0)


@command.command("discard", epilog=example("esb dlq discard --queue orders.invalid --older-than 30d --yes"))
@options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def throw_away(given: Options, /, *, selection: Selection, yes: bool, as_json: bool) -> None:
    """Throw messages away for good."""
    with opened(given.project()) as broker:
        chosen = _choose(broker, selection)
        count = sum(map(len, chosen.values()))
        if count and not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(f"this would throw away {plural(count, 'message')}: say --yes")
            click.confirm(f"throw away {plural(count, 'message')}, for good?", abort=True, err=True)

        def run(queue: str, ids: list[str], tell: Callable[[int], None]) -> int:
            return discard(broker, queue, ids, progress=tell)

        done = sum(_each("discarding", chosen, run).values())
    click.echo(json.dumps({"discarded": done}) if as_json else f"{plural(done, 'message')} thrown away")
    sys.exit(0 if done else EXIT_FINDINGS)


def _choose(broker: Broker, selection: Selection) -> dict[str, list[str]]:
    if selection.empty:
        raise click.UsageError("say which messages: --id, --route, --error, --older-than, or --all")
    with progress("looking", sum(queue.depth for queue in queues(broker, selection))) as looked:
        return chosen_by_queue(broker, selection, looked)


def _each(
    title: str, chosen: dict[str, list[str]], run: Callable[[str, list[str], Callable[[int], None]], Any]
) -> dict[str, Any]:
    """The result of each queue, with one bar over all."""
    results = {}
    before = 0
    with progress(title, sum(map(len, chosen.values()))) as tell:
        for queue, ids in chosen.items():

            def told(done: int, before: int = before) -> None:
                tell(before + done)

            results[queue] = run(queue, ids, told)
            before += len(ids)
    return results


def _data(letter: DeadLetter, *, body: bool) -> dict[str, Any]:
    told = asdict(letter)
    content = told.pop("body")
    told["size"] = len(content)
    if body:
        try:
            told["body"] = content.decode()
        except UnicodeDecodeError:
            told["bodyBase64"] = base64.b64encode(content).decode()
    return told


def _page(letter: DeadLetter, *, full: bool) -> str:
    where = f"{letter.route or 'no route'}{f', step {letter.step}' if letter.step else ''}{f' at {letter.step_at}' if letter.step_at else ''}"
    lines = [
        f"id         {letter.id}",
        f"queue      {letter.queue}, came from {letter.origin or 'an unknown queue'}",
        f"failed     {letter.failed_at or 'at an unknown time'}, after {plural(letter.attempts, 'try').replace('trys', 'tries')}",
        f"where      {where}",
        f"error      {letter.error_class}: {letter.error}",
        *(f"           {entry.get('path', '')}: {entry.get('message', '')}" for entry in letter.report),
        "headers" if letter.headers else "headers    none",
        *(f"  {name}: {value}" for name, value in letter.headers.items()),
        f"body       {letter.content_type or 'of no stated type'}, {len(letter.body)} bytes",
    ]
    return "\n".join([*lines, _shown(letter.body, full=full)])


def _shown(body: bytes, *, full: bool) -> str:
    try:
        told = body.decode()
    except UnicodeDecodeError:
        return f"(no text; it begins with {body[:32].hex(' ')})"
    try:
        told = json.dumps(json.loads(told), indent=2, ensure_ascii=False)
    except ValueError:
        told = "".join(one if one.isprintable() or one in "\n\t" else f"\\x{ord(one):02x}" for one in told)
    return (
        told if full or len(told) <= _LONGEST else f"{told[:_LONGEST]}\n... ({len(told)} characters; --full shows all)"
    )


def _kind(letter: DeadLetter) -> str:
    return letter.error_class.rpartition(".")[2] or "unknown"


def _line(text: str) -> str:
    first = text.partition("\n")[0]
    return first if len(first) <= 100 else f"{first[:97]}..."
