"""What the options of an endpoint refer to: an idempotent repository, a filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from esb.component import Context
from esb.errors import EsbError, OptionError, Position, ReferenceFault
from esb.references import resolve
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
    """What a reference names (:func:`esb.references.resolve`), of a class an instance. Raises OptionError or UnknownName at ``at``."""
    try:
        found = resolve(context, written, at)
        return found() if isinstance(found, type) else found
    except ReferenceFault as error:
        raise OptionError(f"{option}: {error.message}", at, error.hint) from error


def state_folder(context: Context) -> Path:
    """Where a repository without a path of its own keeps its file."""
    try:
        folder: Path = context.service("project").state_folder
    except EsbError:
        folder = context.path("var")
    return folder
