"""``esb reload``: have a running instance take the files as they are now."""

from __future__ import annotations

import json
import signal
import sys

import click

from esb.cli._running import called, master, tell, wait_until
from esb.cli._terminal import example, plural, progress
from esb.cli.check import check
from esb.cli.main import EXIT_CONFIG, EXIT_FINDINGS, Options


@click.command("reload", epilog=example("esb -i crm reload"))
@click.option(
    "--timeout",
    type=float,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the new workers.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(options: Options, /, *, timeout: float, as_json: bool) -> None:
    """Check the files, and have the instance take them: new workers first, then the old ones drain.

    With a finding nothing is touched and the exit code is 78.
    """
    project = options.project()
    folder, pid = master(project)
    findings, _ = check(options)
    if findings:
        if as_json:
            click.echo(json.dumps({"reloaded": False, "findings": [str(one) for one in findings]}, indent=2))
        else:
            for finding in findings:
                click.echo(str(finding), err=True)
            click.echo(f"{plural(len(findings), 'finding')}: {called(project)} goes on as it was", err=True)
        sys.exit(EXIT_CONFIG)
    before = {file.name for file in folder.glob("ready-*")}

    def renewed() -> bool:
        now = {file.name for file in folder.glob("ready-*")}
        return bool(now) and not now & before

    tell(pid, signal.SIGHUP)
    with progress(f"reloading {called(project)}", int(timeout)) as told:
        done = wait_until(renewed, timeout, told)
    if as_json:
        click.echo(json.dumps({"reloaded": done, "findings": []}))
    elif done:
        click.echo(f"{called(project)} runs the files as they are now")
    else:
        click.echo(f"{called(project)} did not replace its workers within {timeout:g} s; its log says why", err=True)
    sys.exit(0 if done else EXIT_FINDINGS)
