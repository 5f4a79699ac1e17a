"""``esb wsdl``: contracts compiled, shown, sampled, imported, played and compared."""

from __future__ import annotations

import importlib
from typing import Final

import click

_VERBS: Final = {
    "compile": "compiling",
    "show": "showing",
    "sample": "sampling",
    "import": "importing",
    "mock": "mocking",
    "diff": "comparing",
}


class Verbs(click.Group):
    """Each in a module of its own, imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _ = ctx
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _ = ctx
        if cmd_name not in _VERBS:
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{_VERBS[cmd_name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from esb.errors import did_you_mean

            hint = did_you_mean(args[0], list(_VERBS)) if args else ""
            raise click.UsageError(f"{error.message} {hint}".strip(), ctx) from None


_EXAMPLE: Final = """\b
Example:
  esb wsdl compile schemas/erp.wsdl
  esb wsdl import schemas/erp.wsdl
  esb check && esb test"""


@click.command(cls=Verbs, epilog=_EXAMPLE)
def command() -> None:
    """From a WSDL file to a running, tested integration: compile, show, sample, import, mock and compare contracts."""
