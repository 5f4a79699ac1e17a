"""``esb stop``: stop a running instance, after it has finished what it has in hand."""

from __future__ import annotations

import json
import signal
import sys

import click

from esb.cli._running import alive, called, master, tell, wait_until
from esb.cli._terminal import example, progress
from esb.cli.main import EXIT_FINDINGS, Options


@click.command("stop", epilog=example("esb -i crm stop"))
@click.option(
    "--timeout",
    type=float,
    default=None,
    metavar="SECONDS",
    help="How long to wait; by default as long as it may drain.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(options: Options, /, *, timeout: float | None, as_json: bool) -> None:
    """Stop the instance: it takes nothing new, finishes what it has in hand, and ends. Exit code 1 if it still runs after the time."""
    project = options.project()
    _, pid = master(project)
    seconds = timeout if timeout is not None else project.drain + 15
    tell(pid, signal.SIGTERM)
    with progress(f"draining {called(project)}", int(seconds)) as told:
        stopped = wait_until(lambda: not alive(pid), seconds, told)
    words = "stopped" if stopped else f"still running after {seconds:g} s"
    click.echo(
        json.dumps({"pid": pid, "stopped": stopped}) if as_json else f"{called(project)} {'is ' * (not stopped)}{words}"
    )
    sys.exit(0 if stopped else EXIT_FINDINGS)
