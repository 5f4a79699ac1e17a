"""What the options of an endpoint refer to: an idempotent repository, a filter."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from esb.component import Context
from esb.errors import EsbError, OptionError, Position, UnknownName
from esb.javanames import STRATEGIES
from esb.stores.contract import IdempotentRepository
from esb.stores.memory import MemoryIdempotentRepository

_REMEMBERED = 100_000
"""Names kept in memory. Camel keeps 1000, and reads a folder of more files with noop again and again."""


def repository(context: Context, written: str | None, at: Position) -> IdempotentRepository:
    """The repository that an endpoint names, or a new one in memory. Raises OptionError or UnknownName at ``at``."""
    if not written:
        return MemoryIdempotentRepository(_REMEMBERED)
    made = referenced(context, "idempotentRepository", written, at)
    if not isinstance(made, IdempotentRepository):
        raise OptionError(f"idempotentRepository {written!r} is no idempotent repository", at)
    return made


def referenced(context: Context, option: str, written: str, at: Position) -> Any:
    """What a reference names: ``#bean:x``, ``#x``, or ``#class:`` with a Java or Python name. Raises OptionError or UnknownName at ``at``."""
    if written.startswith("#class:"):
        found = _of_class(option, written.removeprefix("#class:").strip(), at)
    else:
        name = written.removeprefix("#bean:").removeprefix("#")
        try:
            found = context.lookup("bean", name)
        except UnknownName as error:
            raise UnknownName("bean", name, error.known, at) from error
    return found() if isinstance(found, type) else found


def _of_class(option: str, name: str, at: Position) -> Any:
    written = STRATEGIES.get(name, name)
    module, _, attribute = written.partition(":") if ":" in written else written.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise OptionError(f"{option}: there is no class {name!r}: {error}", at) from error


def state_folder(context: Context) -> Path:
    """Where a repository without a path of its own keeps its file."""
    try:
        folder: Path = context.service("project").state_folder
    except EsbError:
        folder = context.path("var")
    return folder
