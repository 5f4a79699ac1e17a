"""``esb run``: run an instance of a project until it is told to stop."""

from __future__ import annotations

import os
import sys

import click

from esb.cli._terminal import example
from esb.cli.check import check
from esb.cli.main import EXIT_CONFIG, Options


@click.command("run", epilog=example("esb run\nesb -i crm -p poll=500 run --log-format json"))
@click.option("--log-level", default="INFO", show_default=True, help="DEBUG, INFO, WARNING or ERROR.")
@click.option(
    "--log-format",
    type=click.Choice(["auto", "json", "plain"]),
    default="auto",
    help="JSON lines, or plain ones at a terminal.",
)
@click.pass_obj
def command(options: Options, log_level: str, log_format: str) -> None:
    """Run the project's routes, serve HTTP, and stop cleanly on SIGTERM; SIGHUP reloads the routes.

    With an error in any file nothing is started and the exit code is 78.
    """
    from esb.runtime.logs import configure

    if sys.stdout.isatty() and log_format == "auto":
        log_format = "plain"
    configure(log_level.upper(), as_json=log_format != "plain", instance=options.instance)
    findings = _findings(options)
    if findings:
        for finding in findings:
            click.echo(finding, err=True)
        sys.exit(EXIT_CONFIG)
    from esb.runtime.arbiter import Application

    if os.environ.get("ESB_CRASH_AT"):  # fault tests: see esb.testing.crash
        from esb.testing.crash import arm

        arm()
    Application(options.folder, options.instance, options.properties).run()


def _findings(options: Options) -> list[str]:
    """What is wrong, found in a child process: loading imports a project's own code, and the master must stay clean for forking."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            findings = [str(finding) for finding in check(options)[0]]
            os.write(writer, "\x00".join(findings).encode()[:60000])
            code = 0
        except BaseException as error:  # a child must end here, whatever happens
            os.write(writer, f"checking failed: {type(error).__name__}: {error}".encode())
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        text = told.read().decode()
    _, status = os.waitpid(child, 0)
    findings = [part for part in text.split("\x00") if part]
    if not findings and os.waitstatus_to_exitcode(status) != 0:
        findings = [f"checking the project ended with status {os.waitstatus_to_exitcode(status)}"]
    return findings
