"""``esb dlq``: messages that failed: list them, look at one, change it, send them back, take them along, throw them away."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from esb.broker.contract import Broker
from esb.broker.dead_letters import DeadLetter, Key, Result, data, discard, edit, replay
from esb.broker.selection import Chosen, Selection, chosen, one, queues, select
from esb.cli import _editing, _export
from esb.cli._broker import opened
from esb.cli._letter import kind, line, page
from esb.cli._selection import options, told_as_usage
from esb.cli._terminal import example, plural, progress, table
from esb.cli.main import EXIT_FINDINGS, Options
from esb.runtime.audit import person, record

_EXAMPLE = """\
esb dlq list --route erp-order
esb dlq show 01A1FDDB
esb dlq edit 01A1FDDB
esb dlq replay --queue orders.customs.dlq --all
esb dlq discard --older-than 30d --yes
"""


@click.group("dlq", epilog=example(_EXAMPLE))
def command() -> None:
    """Look at messages that could not be processed, send them back to where they came from, or throw them away.

    A dead letter could not be processed; an invalid message breaks its type. Both are kept as they were delivered, with their history. What is
    changed here is noted in audit.jsonl in the state folder.
    """


@command.command("list", epilog=example("esb dlq list --queue orders.dlq --error NotConnected"))
@options
@click.option("--limit", default=50, show_default=True, help="Most messages to list; the counts are of all.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def show_list(given: Options, /, *, selection: Selection, limit: int, as_json: bool) -> None:
    """List queues with failed messages, and the messages, oldest first."""
    shown: list[DeadLetter] = []
    count = 0

    def keep(letter: DeadLetter) -> None:
        nonlocal count
        count += 1
        if len(shown) < limit:
            shown.append(letter)

    with opened(given.project()) as broker, told_as_usage():
        found = queues(broker, selection)
        with progress("looking", sum(queue.depth for queue in found)) as looked:
            select(broker, selection, keep, looked)
    if as_json:
        told = {
            "queues": [asdict(queue) for queue in found],
            "selected": count,
            "messages": [data(letter, body=False) for letter in shown],
        }
        click.echo(json.dumps(told, indent=2, default=str))
        return
    filled = [(queue.name, queue.kind, queue.depth) for queue in found if queue.depth]
    if filled:
        click.echo(table(("QUEUE", "KIND", "MESSAGES"), filled))
    if not count:
        click.echo("no failed messages" if selection == Selection() else "no failed message is like that")
        return
    twice = Counter((each.queue, each.id) for each in shown)
    rows = [
        (
            str(each.key) if twice[each.queue, each.id] > 1 else each.id,
            each.queue,
            each.route or "-",
            each.attempts,
            each.failed_at[:19],
            f"{kind(each)}: {line(each.error)}",
        )
        for each in shown
    ]
    click.echo()
    click.echo(table(("ID", "QUEUE", "ROUTE", "TRIES", "FAILED (UTC)", "ERROR"), rows))
    if count > limit:
        click.echo(f"and {count - limit} more; raise --limit, or choose by --route, --error or --older-than")


@command.command("show", epilog=example("esb dlq show 01A1FDDB"))
@click.argument("named", metavar="[ID]", required=False)
@click.option("--id", "id", metavar="ID", help="Its id, or the beginning of it; the same as ID.")
@click.option("--queue", default="", metavar="NAME", help="On this queue.")
@click.option("--full", is_flag=True, help="The whole body, however long.")
@click.option("--json", "as_json", is_flag=True, help="As JSON; a body that is no text as base64.")
@click.pass_obj
def show(given: Options, /, *, named: str | None, id: str | None, queue: str, full: bool, as_json: bool) -> None:
    """Show one message: what was delivered, why it failed, where, and each attempt."""
    wanted = _named(named, id)
    with opened(given.project()) as broker, told_as_usage():
        letter = one(broker, wanted, queue)
    click.echo(json.dumps(data(letter, body=True), indent=2, default=str) if as_json else page(letter, full=full))


@command.command("edit", epilog=example("esb dlq edit 01A1FDDB --set country=NL --body-file order.json"))
@click.argument("named", metavar="[ID]", required=False)
@click.option("--id", "id", metavar="ID", help="Its id, or the beginning of it; the same as ID.")
@click.option("--queue", default="", metavar="NAME", help="On this queue.")
@click.option("--set", "headers", multiple=True, metavar="NAME=TEXT", help="Give it this header; may be repeated.")
@click.option("--unset", multiple=True, metavar="NAME", help="Take this header from it; may be repeated.")
@click.option(
    "--body-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Its new body.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def change(
    given: Options,
    /,
    *,
    named: str | None,
    id: str | None,
    queue: str,
    headers: tuple[str, ...],
    unset: tuple[str, ...],
    body_file: Path | None,
    as_json: bool,
) -> None:
    """Change the headers or the body of one message, which stays where it is: 'esb dlq replay' sends it back.

    Without --set, --unset and --body-file it is opened in your editor ($VISUAL or $EDITOR). Its id, its history and its place of origin stay; the
    message goes to the end of its queue.
    """
    wanted = _named(named, id)
    project = given.project()
    with opened(project) as broker, told_as_usage():
        letter = one(broker, wanted, queue)
        told = headers or unset or body_file is not None
        changed = _set(letter, headers, unset, body_file) if told else _by_editor(letter)
        if changed == letter:
            click.echo(json.dumps({"edited": 0}) if as_json else f"{letter.id} is as it was")
            return
        if not edit(broker, letter, changed, edited=f"by {person()}"):
            raise click.ClickException(
                f"{letter.id} is not on {letter.queue} any more, or not as it was shown; nothing was changed"
            )
    names = sorted(
        name
        for name in {*letter.headers, *changed.headers}
        if letter.headers.get(name) != changed.headers.get(name)
        or (name in letter.headers) != (name in changed.headers)
    )
    body = letter.body != changed.body
    record(project.state_folder, "dlq edit", person(), id=letter.id, queue=letter.queue, headers=names, body=body)
    click.echo(json.dumps({"edited": 1, "id": letter.id}) if as_json else f"{letter.id} is changed")


def _named(named: str | None, id: str | None) -> str:
    if bool(named) == bool(id):
        raise click.UsageError("name one message by its id, or the beginning of it: 'esb dlq list' shows them")
    return named or id or ""


def _set(letter: DeadLetter, given: tuple[str, ...], unset: tuple[str, ...], body: Path | None) -> DeadLetter:
    headers, content_type = dict(letter.headers), letter.content_type
    for name in unset:
        if headers.pop(name, None) is None:
            raise click.UsageError(f"--unset {name}: it has no such header")
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set {text}: write --set NAME=TEXT")
        if name.lower() == _editing.CONTENT_TYPE.lower():
            content_type = value or None
        else:
            headers |= _editing.changed(letter.headers, name, value)
    return replace(
        letter,
        headers=headers,
        content_type=content_type,
        body=letter.body if body is None else body.read_bytes(),
    )


def _by_editor(letter: DeadLetter) -> DeadLetter:
    text = _editing.written(letter)
    saved = click.edit(text, extension=".txt")
    if saved is None or saved == text:
        return letter
    headers, content_type, body = _editing.read(saved, letter)
    return replace(letter, headers=headers, content_type=content_type, body=body)


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
    Quarantined messages may kill the process that gets them: filters and --all leave them out, and say so. To mean them, name their queue
    (--queue quarantine) or one by its id.
    """
    project = given.project()
    with opened(project) as broker:
        meant = _choose(broker, selection)
        bodies = {}
        if body is not None:
            if meant.count != 1:
                raise click.UsageError(f"--body is for one message, and {meant.count} are chosen")
            bodies = {next(iter(meant.keys.values()))[0].id: body.read_bytes()}

        def run(queue: str, keys: Sequence[Key], tell: Callable[[int], None]) -> Result:
            return replay(broker, queue, keys, to=to, bodies=bodies, progress=tell)

        results = _each("replaying", meant.keys, run)
    done = sum(len(result.done) for result in results.values())
    failed = {id: why for result in results.values() for id, why in result.failed.items()}
    missing = [id for result in results.values() for id in result.missing]
    replayed = {queue: result.done for queue, result in results.items()}
    record(project.state_folder, "dlq replay", person(), to=to, edited=bool(bodies), replayed=replayed, failed=failed)
    if as_json:
        told = {"replayed": done, "failed": failed, "missing": missing, "leftOut": meant.left_out}
        click.echo(json.dumps(told, indent=2))
    else:
        for id, why in failed.items():
            click.echo(f"{id} stays: {why}", err=True)
        for id in missing:
            click.echo(f"{id} is not there any more", err=True)
        _tell_left_out(meant)
        click.echo(f"{plural(done, 'message')} replayed")
    sys.exit(EXIT_FINDINGS if failed or missing or not done else 0)


@command.command("discard", epilog=example("esb dlq discard --queue orders.invalid --older-than 30d --yes"))
@options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def throw_away(given: Options, /, *, selection: Selection, yes: bool, as_json: bool) -> None:
    """Throw messages away for good.

    Quarantined messages (which may kill the process that works on them) are left out by filters and --all, which say so. To mean them, name their
    queue (--queue quarantine) or one by its id.
    """
    project = given.project()
    with opened(project) as broker:
        meant = _choose(broker, selection)
        if not as_json:
            _tell_left_out(meant)
        if meant.count and not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(f"this would throw away {plural(meant.count, 'message')}: say --yes")
            click.confirm(f"throw away {plural(meant.count, 'message')}, for good?", abort=True, err=True)

        def run(queue: str, keys: Sequence[Key], tell: Callable[[int], None]) -> int:
            return discard(broker, queue, keys, progress=tell)

        done = sum(_each("discarding", meant.keys, run).values())
    record(project.state_folder, "dlq discard", person(), discarded=meant.ids)
    told = {"discarded": done, "leftOut": meant.left_out}
    click.echo(json.dumps(told) if as_json else f"{plural(done, 'message')} thrown away")
    sys.exit(0 if done else EXIT_FINDINGS)


@command.command("export", epilog=example("esb dlq export --queue orders.dlq --all --to failed.jsonl"))
@options
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file ending in .jsonl (a message a line), or a folder (a file for each, its body beside it).",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def take_along(given: Options, /, *, selection: Selection, to: Path, as_json: bool) -> None:
    """Write messages with bodies, headers and history to a file or a folder; they stay where they are."""
    project = given.project()
    with opened(project) as broker, told_as_usage():
        if selection.empty and not selection.queue:
            raise click.UsageError("say which messages: --queue, --id, --route, --error, an age, --header, or --all")
        with (
            progress("writing", sum(queue.depth for queue in queues(broker, selection))) as looked,
            _export.into(to) as write,
        ):
            select(broker, selection, write, looked)
            done = write.count
    record(project.state_folder, "dlq export", person(), to=to.resolve(), exported=done)
    click.echo(json.dumps({"exported": done}) if as_json else f"{plural(done, 'message')} written to {to}")


def _choose(broker: Broker, selection: Selection) -> Chosen:
    if selection.empty:
        raise click.UsageError(
            "say which messages: --id, --route, --error, --older-than, --newer-than, --header, or --all"
        )
    with told_as_usage(), progress("looking", sum(queue.depth for queue in queues(broker, selection))) as looked:
        return chosen(broker, selection, looked)


def _tell_left_out(meant: Chosen) -> None:
    for queue, count in meant.left_out.items():
        click.echo(
            f"{plural(count, 'message')} on {queue} left out, for they may kill the process that gets them; "
            f"look at them ('esb dlq list --queue {queue}'), and say --queue {queue} to mean them",
            err=True,
        )


def _each(
    title: str, meant: Mapping[str, Sequence[Key]], run: Callable[[str, Sequence[Key], Callable[[int], None]], Any]
) -> dict[str, Any]:
    """The result of each queue, with one bar over all."""
    results = {}
    before = 0
    with progress(title, sum(map(len, meant.values()))) as tell:
        for queue, keys in meant.items():

            def told(done: int, before: int = before) -> None:
                tell(before + done)

            results[queue] = run(queue, keys, told)
            before += len(keys)
    return results
