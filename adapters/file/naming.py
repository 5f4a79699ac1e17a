"""Options that name files: expressions, folders that stand for ``folder/name``, and the names of done files."""

from __future__ import annotations

import os
from collections.abc import Callable

from adapters.file.errors import Refused, shown
from adapters.file.found import Found
from esb.coerce import text
from esb.component import Context
from esb.errors import OptionError, Position
from esb.exchange import Exchange
from esb.expression import Expression, Predicate

Target = Callable[[Exchange, Found], str]
"""Where a file goes: an absolute path."""


def compiled(context: Context, expression: str, at: Position) -> Expression:
    """An expression in simple."""
    return context.language("simple")(at, expression=expression).compile(context)


def predicate(context: Context, expression: str, at: Position) -> Predicate:
    """A predicate in simple."""
    return context.language("simple")(at, expression=expression).compile_predicate(context)


def dynamic(written: str) -> bool:
    """Whether an option holds functions of simple."""
    return "${" in written or "$simple{" in written


def target(context: Context, written: str, base: str, at: Position) -> Target:
    """Where ``move`` and its kin put a file.

    A plain text is a folder, below the one the file is in unless it is absolute. An expression gives a name: with a folder in it, it is below the
    endpoint's folder ``base``; without one the file stays where it is. ``..`` is obeyed only where the option itself has it, never from data.
    """
    if not dynamic(written):
        folder = written.rstrip("/") or "/"
        return lambda _, found: os.path.normpath(f"{_joined(_folder(found.path), folder)}/{found.only_name}")
    evaluate = compiled(context, written, at)
    climbs = ".." in written

    def name(exchange: Exchange, found: Found) -> str:
        bound = exchange.derive()
        bound.message.headers.update(found.headers())
        told = text(evaluate(bound)) or ""
        parts = told.split("/")
        if not parts[-1] or "\0" in told or (".." in parts and not climbs):
            raise Refused(
                f"{written!r} gives {shown(told)!r} for the file {shown(found.name)}: that is no file's name here"
            )
        if told.startswith(found.shown_folder + "/"):
            told = told[len(found.shown_folder) + 1 :]
            return os.path.normpath(f"{base}/{told}")
        if len(parts) == 1:
            return f"{_folder(found.path)}/{told}"
        return os.path.normpath(_joined(base, told))

    return name


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _joined(base: str, name: str) -> str:
    return name if name.startswith("/") else f"{base}/{name}"


_DONE = (
    ("file:name.noext", True),
    ("file:onlyname.noext", True),
    ("file:name", False),
    ("file:onlyname", False),
)


def done_name(written: str, at: Position) -> Callable[[str], str]:
    """The name of the done file beside a file of that name. Only ``${file:name}`` and ``${file:name.noext}`` may stand in it, as in Camel."""
    pattern = written.replace("$simple{", "${")
    for function, _ in _DONE:
        pattern = pattern.replace(f"${{{function}}}", f"\0{function}\0")
    if "${" in pattern:
        raise OptionError(
            f"doneFileName {written!r} has a function that is not supported there",
            at,
            "use ${file:name}, ${file:name.noext} or a fixed name",
        )

    def name(only_name: str) -> str:
        done = pattern
        stem = only_name.rpartition(".")[0] or only_name
        for function, without_extension in _DONE:
            done = done.replace(f"\0{function}\0", stem if without_extension else only_name)
        return done

    return name


def done_marks(written: str) -> Callable[[str], bool]:
    """Whether a name is that of a done file, which is no input itself."""
    if not dynamic(written):
        return lambda name: name == written
    pattern = written.replace("$simple{", "${")
    prefix, _, rest = pattern.partition("${")
    suffix = rest.partition("}")[2]
    return lambda name: name.startswith(prefix) and name.endswith(suffix)
