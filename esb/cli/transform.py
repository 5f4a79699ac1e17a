"""``esb transform``: try a mapping between two data types on a document."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from esb.cli._message import body_options, message_of
from esb.cli._terminal import example
from esb.cli.main import EXIT_FINDINGS, Options
from esb.context import RouteContext
from esb.errors import ConfigError, ConfigErrors, ValidationFailed
from esb.runtime.bus import make_context

_READ = '{{unmarshal: {{json: {{unmarshalType: "{source}"}}}}}}'
_MAP = '{{transformDataType: {{fromType: "{source}", toType: "{target}"}}}}'
_WRITE = '{{marshal: {{json: {{unmarshalType: "{target}"}}}}}}'

_EXAMPLE = """\
esb transform crm.Order erp.SalesOrder --file order.json
esb transform crm.Order --file order.json                 # only held against its type
"""


@click.command("transform", epilog=example(_EXAMPLE))
@click.argument("source")
@click.argument("target", required=False)
@body_options
@click.option("--json", "as_json", is_flag=True, help="Result or report as JSON in one object.")
@click.pass_obj
def command(
    options: Options,
    /,
    *,
    source: str,
    target: str | None,
    body: str | None,
    file: Path | None,
    headers: tuple[str, ...],
    as_json: bool,
) -> None:
    """Read a JSON document as data type SOURCE, map it to TARGET, and print it as the routes would. Exit code 1 if it is not valid.

    Without TARGET it is only held against its type, and printed as that writes it.
    """
    steps = [_READ, *([_MAP] if target else []), _WRITE]
    route = f"- from: {{{{uri: 'direct:esb-transform', steps: [{', '.join(steps)}]}}}}"
    context: RouteContext = make_context(options.project())
    try:
        context.load(route.format(source=source, target=target or source))
        context.start()
        exchange = context.send("direct:esb-transform", message_of(body, file, headers))
    except ConfigError as wrong:  # at a place in the route above, which nobody wrote
        first = wrong.findings[0] if isinstance(wrong, ConfigErrors) else wrong
        raise click.UsageError(f"{first.message}; {first.hint}" if first.hint else first.message) from wrong
    finally:
        context.stop(0)
    error = exchange.error
    if error is None:
        result = json.loads(exchange.message.body)
        click.echo(json.dumps({"result": result, "error": None} if as_json else result, indent=2, ensure_ascii=False))
        return
    report: list[dict[str, Any]] = error.report if isinstance(error, ValidationFailed) else []
    if as_json:
        click.echo(json.dumps({"result": None, "error": str(error), "report": report}, indent=2, default=str))
    else:
        told = str(error).partition(": ")[0] if report else str(error)  # the report says the rest
        click.echo(f"{type(error).__name__}: {told}", err=True)
        for entry in report:
            click.echo(f"  {entry.get('path', '')}: {entry.get('message', '')}", err=True)
    sys.exit(EXIT_FINDINGS)
