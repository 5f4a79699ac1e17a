"""The command line."""

from __future__ import annotations

from collections.abc import Iterator

import click

from esb.cli.main import cli
from tools.reference.markdown import block, code, inline, table
from tools.reference.markdown import page as whole

_ABOUT = """
``esb VERB``. Options of ``esb`` itself stand before the verb. Exit codes: 0 fine, 1 findings or failure, 2 usage, 78 configuration.
"""


def page() -> str:
    """All verbs."""
    context = click.Context(cli, info_name="esb")
    sections = ["## esb", *_told(cli, context)]
    for name, command, below in _verbs(cli, context):
        sections += [f"## {name}", *_told(command, below)]
    return whole("Command line", _ABOUT, sections)


def _verbs(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        below = click.Context(command, parent=context, info_name=name)
        yield below.command_path, command, below
        if isinstance(command, click.Group):
            yield from _verbs(command, below)


def _told(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(context))
    yield block("text", f"{context.command_path} {usage}".strip())
    yield inline("\n".join(line.strip() for line in (command.help or "").replace("\b", "").strip().splitlines()))
    rows = []
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and not parameter.hidden and "--help" not in parameter.opts:
            record = parameter.get_help_record(context)
            if record is not None:
                rows.append((code(record[0]), inline(record[1])))
    yield table(("option", "meaning"), rows)
