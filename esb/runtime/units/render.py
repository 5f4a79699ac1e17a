"""Unit files from the templates beside this module."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import jinja2

from esb.project import Project
from esb.runtime.units.needs import Needs, needs_of

_HOMES = ("/home", "/root", "/run/user")


def instance_needs(project: Project, instances: Sequence[Project]) -> list[Needs]:
    """What the project itself and each of its instances need. The project's own routes run as the instance of its name."""
    taken = {one.instance for one in instances}
    name = project.name if project.name not in taken else "main"
    return [needs_of(project, name), *(needs_of(one, one.instance) for one in instances)]


def unit_files(
    folder: Path,
    needs: Sequence[Needs],
    *,
    system: bool = True,
    user: str = "esb",
    group: str = "esb",
    executable: str = "",
    credentials: str = "/etc/esb/credentials",
) -> dict[str, str]:
    """All unit files by their path below systemd's folder. ``folder`` is the project's; ``system`` False makes units of a user's own systemd."""
    esb = executable or esb_command()
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=False,  # noqa: S701 -- unit files are no HTML
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"percent": _percent, "word": _word, "quoted": _quoted}
    values = {
        "project": str(folder),
        "esb": esb,
        "system": system,
        "user": user,
        "group": group,
        "credentials": credentials,
        # A project or an interpreter in somebody's home must be readable.
        "protect_home": "read-only"
        if any(_at_home(path) for path in (str(folder), esb, sys.prefix, sys.base_prefix))
        else "yes",
    }
    files = {
        name: environment.get_template(name).render(values) for name in ("esb@.service", "esb.target", "esb.slice")
    }
    template = environment.get_template("needs.conf")
    for one in needs:
        files[f"esb@{one.name}.service.d/needs.conf"] = template.render(values, needs=one)
    return files


def esb_command() -> str:
    """The command ``esb`` of this installation."""
    beside = Path(sys.executable).parent / "esb"
    return str(beside) if beside.exists() else "/usr/bin/esb"


def _template(name: str) -> str:
    return resources.files("esb.runtime.units").joinpath(f"{name}.in").read_text(encoding="utf-8")


def _percent(text: str) -> str:
    """For a line that is one value: only percent signs, which begin systemd's specifiers, mean something there."""
    return text.replace("%", "%%")


def _word(text: str) -> str:
    """A word of a command line: blanks separate these, and what C escapes is read as in C."""
    return _percent(text).replace("\\", "\\\\").replace(" ", "\\x20")


def _quoted(text: str) -> str:
    """A word of a list, where a blank cannot be written as in C: in quotes if it needs them."""
    if not set(text) & {" ", "\t", '"', "'", "\\"}:
        return _percent(text)
    escaped = _percent(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _at_home(path: str) -> bool:
    return any(Path(path).is_relative_to(home) for home in _HOMES)
