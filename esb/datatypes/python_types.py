"""Types in Python modules of a schema folder: imported by name, and only when a name asks for it."""

from __future__ import annotations

import ast
import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from marshmallow import Schema

from esb.errors import NOWHERE, ConfigError, Position, ProjectError, ReferenceFault


def module_file(root: Path, module: str) -> Path | None:
    """The file of ``crm.sub`` in a schema folder: ``crm/sub.py`` or ``crm/sub/__init__.py``; None if there is none."""
    base = root.joinpath(*module.split("."))
    for file in (base.with_name(base.name + ".py"), base / "__init__.py"):
        if file.is_file():
            return file
    return None


def import_module(root: Path, module: str, at: Position = NOWHERE) -> ModuleType:
    """Import ``<folder>.<module>``. Raises ConfigError if it fails, ProjectError if another folder of that name has it."""
    file = module_file(root, module)
    name = f"{root.name}.{module}"
    if file is None:
        raise ReferenceFault(f"there is no module {name!r} in {root}", at)
    parent = str(root.resolve().parent)
    if parent not in sys.path:
        sys.path.append(parent)  # last: a project's folder must hide nothing that is installed
        importlib.invalidate_caches()
    try:
        found = importlib.import_module(name)
    except Exception as error:
        raise ReferenceFault(f"{name} cannot be imported: {_reason(error)}", _origin(error, file)) from error
    where = getattr(found, "__file__", None)
    if where is None or Path(where).resolve() != file.resolve():
        raise ProjectError(
            f"{name} was imported from {where}, not from {file}",
            at,
            f"another folder called {root.name!r} stands before it in Python's path; rename one",
        )
    return found


def python_type(root: Path, module: str, name: str, at: Position = NOWHERE) -> Schema | type[Schema] | None:
    """The schema class (or instance) under a name of a module; None if the module or the name is not there."""
    file = module_file(root, module)
    if file is None:
        return None
    value: Any = getattr(import_module(root, module, at), name, None)
    if value is None:
        return None
    if isinstance(value, Schema) or (isinstance(value, type) and issubclass(value, Schema)):
        return value
    raise ReferenceFault(f"{module}.{name} is a {type(value).__name__}, not a marshmallow schema", at, f"see {file}")


def class_names(file: Path) -> list[str]:
    """Names of the classes in a module that may be schemas, found by reading it: nothing is imported."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases]


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"


def _origin(error: Exception, file: Path) -> Position:
    """The line in the module that failed."""
    if isinstance(error, SyntaxError) and error.filename:
        return Position(error.filename, error.lineno or 0, error.offset or 0)
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file.resolve()
    ]
    return Position(str(file), lines[-1] or 0, 1) if lines else Position(str(file))
