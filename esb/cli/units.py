"""``esb units``: the project's instances as services of systemd."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click

from esb.cli._terminal import example
from esb.cli.main import Options
from esb.errors import ProjectError
from esb.project import Project

_SYSTEM = Path("/etc/systemd/system")


_EXAMPLE = """\
esb units show
sudo esb units install
sudo systemctl enable --now esb.target esb@crm
"""


@click.group("units", epilog=example(_EXAMPLE))
def command() -> None:
    """Run the project's instances as services of systemd: hardened, watched, restarted, with their secrets."""


def _options(function: Any) -> Any:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="As JSON: the text of each file by its path."),
        click.option(
            "--credentials",
            default="/etc/esb/credentials",
            show_default=True,
            metavar="FOLDER",
            help="Where secrets are, one a file.",
        ),
        click.option(
            "--executable", default="", metavar="PATH", help="The esb command; that of this installation by default."
        ),
        click.option(
            "--user",
            default="esb",
            show_default=True,
            metavar="NAME",
            help="Who the services run as; the group has the same name.",
        ),
        click.option(
            "--user-dir",
            type=click.Path(path_type=Path),
            metavar="FOLDER",
            help="Make units of a user's own systemd (~/.config/systemd/user).",
        ),
    ):
        function = option(function)
    return function


@command.command("show")
@_options
@click.pass_obj
def show(options: Options, /, *, user_dir: Path | None, as_json: bool, **values: str) -> None:
    """Print the unit files, and install nothing."""
    files, _ = _files(options, user_dir, values)
    if as_json:
        click.echo(json.dumps(files, indent=2))
        return
    for name, text in files.items():
        click.secho(f"# ---- {name}", bold=True)
        click.echo(text)


@command.command("install")
@_options
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), default=_SYSTEM, show_default=True, help="Where the units go."
)
@click.pass_obj
def install(options: Options, /, *, user_dir: Path | None, folder: Path, as_json: bool, **values: str) -> None:
    """Write the unit files; those of an earlier install are written anew, drop-ins of your own stay."""
    files, needs = _files(options, user_dir, values)
    folder = user_dir.expanduser() if user_dir else folder
    written = []
    for name, text in files.items():
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ProjectError(
                f"cannot write {target}: {error.strerror}",
                hint="run it with sudo, or name another folder with --dir or --user-dir",
            ) from error
        written.append(str(target))
    warnings = [warning for one in needs for warning in one.warnings]
    if as_json:
        click.echo(
            json.dumps({"written": written, "warnings": warnings, "instances": [one.name for one in needs]}, indent=2)
        )
        return
    for name in written:
        click.echo(f"wrote {name}")
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(_next(needs, values["user"], values["credentials"], user_units=user_dir is not None))


def _files(options: Options, user_dir: Path | None, values: dict[str, str]) -> tuple[dict[str, str], list[Any]]:
    from esb.runtime.units.render import instance_needs, unit_files

    project: Project = options.project("")
    instances = [options.project(name) for name in project.instances if options.instance in {"", name}]
    needs = instance_needs(project, instances)
    if options.instance:
        needs = [one for one in needs if one.instance == options.instance]
    files = unit_files(
        project.folder,
        needs,
        system=user_dir is None,
        user=values["user"],
        group=values["user"],
        executable=values["executable"],
        credentials=values["credentials"],
    )
    return files, needs


def _next(needs: list[Any], user: str, credentials: str, *, user_units: bool) -> str:
    """What is left to do, as commands."""
    control = "systemctl --user" if user_units else "systemctl"
    lines = ["", "next:"]
    if not user_units:
        lines.append(f"  id {user} || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin {user}")
    folders = sorted({path for one in needs for path, _ in one.writes})
    owner = "" if user_units else f" -o {user} -g {user}"
    if folders:
        lines.append(f"  install -d{owner} {shlex.join(folders)}")
    lines += [
        f"  install -D -m 0600 SECRET {shlex.quote(f'{credentials}/{name}')}"
        for name in sorted({name for one in needs for name in one.credentials})
    ]
    lines.append(
        f"  {control} daemon-reload && {control} enable --now esb.target {' '.join(f'esb@{one.name}' for one in needs)}"
    )
    return "\n".join(lines)
