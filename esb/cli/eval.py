"""``esb eval``: try an expression on a message."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from esb.cli._message import body_options, message_of, shown
from esb.cli._terminal import example
from esb.cli.main import EXIT_FINDINGS, Options
from esb.errors import NOWHERE, ConfigError
from esb.runtime.bus import make_context

_EXAMPLE = """\
esb eval simple '${body} is for ${header.name}' --body hello -H name=Ann
esb eval jsonpath '$.lines[*].sku' --file order.json
esb eval simple '${header.total} > 100' -H total=120 --predicate
"""


@click.command("eval", epilog=example(_EXAMPLE))
@click.argument("language")
@click.argument("expression")
@body_options
@click.option(
    "--predicate", is_flag=True, help="As a condition: prints true or false, and exits with 1 if it is false."
)
@click.option("--json", "as_json", is_flag=True, help="The result as JSON, with its type.")
@click.pass_obj
def command(
    options: Options,
    /,
    *,
    language: str,
    expression: str,
    body: str | None,
    file: Path | None,
    headers: tuple[str, ...],
    predicate: bool,
    as_json: bool,
) -> None:
    """Evaluate EXPRESSION in LANGUAGE (simple, jsonpath, xpath, jq, python ...) on a message made of the options."""
    context = make_context(options.project())
    try:
        spec = context.language(language)(NOWHERE, expression=context.resolve(expression))
        exchange = message_of(body, file, headers)
        result = spec.compile_predicate(context)(exchange) if predicate else spec.compile(context)(exchange)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    finally:
        context.stop(0)
    if as_json:
        click.echo(
            json.dumps({"type": type(result).__name__, "value": result}, indent=2, default=shown, ensure_ascii=False)
        )
    else:
        click.echo(shown(result))
    sys.exit(EXIT_FINDINGS if predicate and not result else 0)
