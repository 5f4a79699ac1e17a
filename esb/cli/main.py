"""The command ``esb``: one module a verb, imported when it is called, so that the shell prompt does not wait for what it does not need."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Any

import click

import esb
from esb.errors import ConfigError, EsbError, TransportError
from esb.registry import verbs

EXIT_FINDINGS = 1
EXIT_CONFIG = 78


class Verbs(click.Group):
    """Finds a verb ``foo-bar`` as ``esb.cli.foo_bar:command``, else among those that adapters bring (``adapters.foo.cli.foo_bar:command``)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self._own(), *verbs()})

    def _own(self) -> set[str]:
        import esb.cli

        found = pkgutil.iter_modules(esb.cli.__path__)
        return {
            module.name.replace("_", "-")
            for module in found
            if module.name != "main" and not module.name.startswith("_")
        }

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = cmd_name.replace("-", "_")
        module = f"esb.cli.{name}" if cmd_name in self._own() else verbs().get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from esb.errors import did_you_mean

            hint = did_you_mean(args[0], self.list_commands(ctx)) if args else ""
            raise click.UsageError(f"{error.message} {hint}".strip(), ctx) from None


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(esb.__version__, prog_name="esb")
@click.option(
    "-C", "--project", "folder", default=".", metavar="FOLDER", help="The project's folder; the current one by default."
)
@click.option("-i", "--instance", default="", metavar="NAME", help="The instance, of those in esb.yaml.")
@click.option(
    "-p",
    "--property",
    "properties",
    multiple=True,
    metavar="KEY=VALUE",
    help="Value of a placeholder; may be repeated.",
)
@click.pass_context
def cli(ctx: click.Context, folder: str, instance: str, properties: tuple[str, ...]) -> None:
    """An enterprise service bus that speaks Apache Camel's YAML route language.

    Exit codes: 0 fine, 1 findings or failure, 2 usage, 78 configuration.
    """
    pairs = (text.partition("=") for text in properties)
    ctx.obj = Options(folder, instance, {key: value for key, _, value in pairs})


class Options:
    """What is common to all verbs."""

    def __init__(self, folder: str, instance: str, properties: dict[str, str]) -> None:
        self.folder = folder
        self.instance = instance
        self.properties = properties

    def project(self, instance: str | None = None) -> Any:
        """The project, with the instance of the command line unless another is named. Raises ConfigErrors."""
        from esb.project import Project

        return Project.open(self.folder, self.instance if instance is None else instance, self.properties)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: errors of ours are told in one line each, without a traceback."""
    try:
        cli.main(arguments, standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(EXIT_FINDINGS)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_CONFIG)
    except (EsbError, TransportError) as error:
        click.echo(f"[{error.code}] {error}", err=True)
        sys.exit(EXIT_FINDINGS)


if __name__ == "__main__":
    main()
