"""What references mean: ``#bean:x``, ``#class:package.module:Name(args)``, ``#type:...``, plain bean names, Java names of the table."""

from __future__ import annotations

import importlib
import re
import traceback
from typing import Any

from esb.component import Context
from esb.errors import NOWHERE, Position, ReferenceFault, UnknownName
from esb.javanames import STRATEGIES

_CALL = re.compile(r"(?P<name>[^(]+)(?:\((?P<arguments>.*)\))?\s*$", re.DOTALL)


def load_class(name: str, at: Position = NOWHERE) -> Any:
    """A class or function by its name: ``package.module:Name``, ``package.module.Name`` or a Java name of the table. Raises ReferenceFault."""
    target = STRATEGIES.get(name, name)
    module, _, attribute = target.partition(":") if ":" in target else target.rpartition(".")
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name and module.split(".")[0] != missing.name.split(".")[0]:
            raise ReferenceFault(
                f"{name!r} does not import: {missing}", at, f"install the package {missing.name!r}"
            ) from missing
        hint = "Java classes are known by a table only; write a Python one as 'package.module:Name'"
        raise ReferenceFault(f"there is no class {name!r}", at, hint) from missing
    except ValueError as missing:
        if module:
            raise ReferenceFault(f"{name!r} does not import: {_told(missing)}", at, "mend that file") from missing
        raise ReferenceFault(f"there is no {name!r}: {missing}", at, "write it as 'package.module:Name'") from missing
    except Exception as broken:  # a module may raise anything while it is imported
        raise ReferenceFault(f"{name!r} does not import: {_told(broken)}", at, "mend that file") from broken
    try:
        for part in attribute.split("."):
            found = getattr(found, part)
    except AttributeError as missing:
        raise ReferenceFault(f"there is no {name!r}: {missing}", at, "write it as 'package.module:Name'") from missing
    return found


def _told(error: Exception) -> str:
    """An error of somebody's module, with the place in it."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {error.msg}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}: {type(error).__name__}: {error}"


def resolve(context: Context, text: str, at: Position = NOWHERE, kind: str = "bean") -> Any:
    """What a reference names. Raises ReferenceFault or UnknownName at ``at``."""
    reference = text.strip()
    if reference.startswith("#class:"):
        return _instance(reference.removeprefix("#class:"), at)
    if reference.startswith("#type:"):
        return load_class(reference.removeprefix("#type:"), at)
    if reference.startswith("#valueAs("):
        type_name, _, value = reference.removeprefix("#valueAs(").partition("):")
        from esb.coerce import converter

        return converter(type_name)(value)
    name = reference.removeprefix("#bean:").removeprefix("#")
    for looked in dict.fromkeys((kind, "bean")):
        try:
            return context.lookup(looked, name)
        except UnknownName as unknown:
            error = unknown
    if name in STRATEGIES or ":" in name:
        return _instance(name, at)
    raise UnknownName("bean", name, error.known, at)


def _instance(text: str, at: Position) -> Any:
    parsed = _CALL.match(text)
    if not parsed:
        raise ReferenceFault(f"{text!r} is not the name of a class", at)
    made = load_class(parsed["name"].strip(), at)
    arguments = [_argument(part) for part in (parsed["arguments"] or "").split(",")] if parsed["arguments"] else []
    return made(*arguments) if isinstance(made, type) else made


def _argument(text: str) -> Any:
    plain = text.strip()
    if len(plain) >= 2 and plain[0] in "'\"" and plain[-1] == plain[0]:
        return plain[1:-1]
    if plain in {"true", "false"}:
        return plain == "true"
    return int(plain) if re.fullmatch(r"-?\d+", plain) else plain
