"""``esb status``: what the running instances do."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from esb.cli._running import ask
from esb.cli._terminal import example, plural, table
from esb.cli.main import EXIT_FINDINGS, Options


@click.command("status", epilog=example("esb status\nesb -i crm status --json"))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(options: Options, /, *, as_json: bool) -> None:
    """Show the health, workers and routes of all instances of the project that run, or of the one named with -i.

    Exit code 0 if all that run are up (and at least one runs; with -i, that one), 1 otherwise.
    """
    from esb.runtime.status import health

    first = options.project()
    names = [options.instance] if options.instance else ["", *first.instances]
    told: dict[str, dict[str, Any]] = {}
    for name in names:
        status = ask(options.project(name))
        if status is None:
            told[name] = {"health": "not running", "reasons": []}
            continue
        word, reasons = health(status)
        told[name] = {"health": word, "reasons": reasons, **status}
    if as_json:
        click.echo(json.dumps({name or first.name: one for name, one in told.items()}, indent=2, default=str))
    else:
        for name, one in told.items():
            click.echo(_page(name or first.name, one))
    words = [one["health"] for one in told.values() if one["health"] != "not running"]
    sys.exit(0 if words and all(word == "up" for word in words) else EXIT_FINDINGS)


def _page(name: str, told: dict[str, Any]) -> str:
    if told["health"] == "not running":
        return f"{name}: not running"
    workers = told["workers"]
    began = min((worker["began"] for worker in workers), default=time.time())
    memory = sum(worker["memory"] for worker in workers) / (1 << 20)
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(began))
    lines = [f"{name}: {told['health']}, {plural(len(workers), 'worker')}, {memory:.0f} MB, since {since}"]
    lines += [f"  {reason}" for reason in told["reasons"]]
    failed: dict[str, int] = told.get("failed_messages", {})
    if failed:
        queues = ", ".join(f"{count} on {queue}" for queue, count in sorted(failed.items()))
        lines.append(f"  {plural(sum(failed.values()), 'failed message')}: {queues}; 'esb dlq list' shows them")
    rows = [
        (
            id,
            one["status"],
            one["completed"],
            one["failed"],
            one["inflight"],
            (one["last_error"] or "-").partition("\n")[0][:80],
        )
        for id, one in sorted(told["routes"].items())
    ]
    told_rows = table(("ROUTE", "STATUS", "DONE", "FAILED", "NOW", "LAST ERROR"), rows)
    return "\n".join([*lines, *(f"  {line}" for line in told_rows.splitlines())])
