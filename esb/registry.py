"""Names to things: kind + name -> class or object, found lazily, one registry a context.

Order: what the context bound itself; the convention (scheme ``foo-bar`` is ``esb.components.foo_bar``, else ``adapters.foo_bar``; a language or data
format is a module of its package); the alias table; entry points of other distributions (``esb.components`` ...). Two providers of one name
are an error naming both, never "last wins".
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
import re
import threading
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from esb.errors import ProjectError, UnknownName
from esb.fields import Spec

_PACKAGES: Final = {
    "component": ("esb.components", "adapters"),
    "language": ("esb.languages",),
    "dataformat": ("esb.dataformats",),
    "step": ("esb.eip",),
}
_ALIASES: Final = {
    ("component", "http"): "rest",
    ("component", "https"): "rest",
    ("component", "platform-http"): "rest",
    ("component", "cxf"): "soap",
    ("component", "spring-rabbitmq"): "rabbitmq",
    ("component", "quartz"): "cron",
    ("component", "class"): "bean",
    ("language", "csimple"): "simple",
}
"""Names served by a module that is called otherwise."""


def _module_name(name: str) -> str:
    """``foo-bar`` and ``fooBar`` -> ``foo_bar``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def _provided(module: ModuleType, kind: str) -> Iterator[tuple[str, Any]]:
    """What a module provides of a kind: classes defined there (or below it) that carry a name or schemes."""
    for value in vars(module).values():
        own = isinstance(value, type) and f"{value.__module__}.".startswith(f"{module.__name__}.")
        if not own:
            continue
        if kind == "component":
            for scheme in getattr(value, "schemes", ()):
                yield scheme, value
        elif issubclass(value, Spec) and value.name and hasattr(value, _MARKS[kind]):
            yield value.name, value


_MARKS: Final = {"step": "build", "language": "compile", "dataformat": "build"}


class Registry:
    """Thread-safe; looks a name up once and remembers it."""

    def __init__(self) -> None:
        self._bound: dict[tuple[str, str], Any] = {}
        self._lock = threading.RLock()

    def bind(self, kind: str, name: str, value: Any) -> None:
        """Register a thing; the first one of a name wins, as among Camel's beans."""
        with self._lock:
            self._bound.setdefault((kind, name), value)

    def unbind(self, kind: str, name: str) -> None:
        """Forget a bound thing. Idempotent."""
        with self._lock:
            self._bound.pop((kind, name), None)

    def find(self, kind: str, name: str) -> Any | None:
        """The thing of that name, or None. Raises ProjectError if its module does not import or two provide it."""
        with self._lock:
            if (kind, name) in self._bound:
                return self._bound[kind, name]
            found = _by_convention(kind, name) if kind in _PACKAGES else None
            if found is None and kind in _PACKAGES:
                found = _by_entry_point(kind, name)
            if found is not None:
                self._bound[kind, name] = found
            return found

    def lookup(self, kind: str, name: str) -> Any:
        """As :meth:`find`, but raises UnknownName with the nearest known names."""
        found = self.find(kind, name)
        if found is None:
            raise UnknownName(kind, name, self.names(kind))
        return found

    def names(self, kind: str) -> list[str]:
        """All names of a kind that can be known without importing: bound ones, modules by convention, aliases, entry points."""
        names = {name for known, name in self._bound if known == kind}
        names.update(alias for (known, alias) in _ALIASES if known == kind)
        if kind == "step":
            names.update(steps())
        else:
            for package in _PACKAGES.get(kind, ()):
                names.update(
                    module.replace("_", "-") if kind == "component" else module for module in _modules(package)
                )
        names.update(entry.name for entry in entry_points(group=f"esb.{kind}s"))
        return sorted(names)


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even its package
        return False


def verbs() -> dict[str, str]:
    """Verbs of the command line that adapters bring, with their modules: ``adapters.foo`` has them in its folder ``cli``. Nothing is imported."""
    found: dict[str, str] = {}
    for place in _places("adapters"):
        for folder in sorted(Path(place).glob("*/cli")):
            for module in pkgutil.iter_modules([str(folder)]):
                if not module.name.startswith("_"):
                    name, provider = module.name.replace("_", "-"), f"adapters.{folder.parent.name}.cli.{module.name}"
                    if found.setdefault(name, provider) != provider:
                        raise ProjectError(f"the verb {name!r} is provided twice, by {found[name]} and {provider}")
    return found


def _places(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if package == "adapters":  # an editable install's entry cannot be listed; what comes with the bus lies beside it
        places.append(str(Path(__file__).resolve().parent.parent / "adapters"))
    return list(dict.fromkeys(places))


def _modules(package: str) -> list[str]:
    found = pkgutil.iter_modules(_places(package))
    return list(dict.fromkeys(module.name for module in found if not module.name.startswith("_")))


def _by_convention(kind: str, name: str) -> Any | None:
    if kind == "step":
        return steps().get(name)
    module_name = _ALIASES.get((kind, name)) or name
    providers: dict[str, Any] = {}
    for package in _PACKAGES[kind]:
        if not _exists(f"{package}.{_module_name(module_name)}"):
            continue
        module = _import(f"{package}.{_module_name(module_name)}", name)
        provided = dict(_provided(module, kind))
        found = provided.get(name) or (provided.get(module_name) if kind == "language" else None)
        if found is not None:
            providers[module.__name__] = found
    if len(providers) > 1:
        raise ProjectError(
            f"{kind} {name!r} is provided twice, by {' and '.join(providers)}", hint="rename one of them"
        )
    return next(iter(providers.values()), None)


def _by_entry_point(kind: str, name: str) -> Any | None:
    found = list(entry_points(group=f"esb.{kind}s", name=name))
    if len(found) > 1:
        raise ProjectError(f"{kind} {name!r} is provided twice, by {' and '.join(entry.value for entry in found)}")
    return found[0].load() if found else None


def _import(module: str, wanted: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        raise ProjectError(
            f"{wanted!r} needs the package {missing.name!r}, which is not installed",
            hint=f"install it, or the extra that brings it (pip install 'esb[{wanted}]')",
        ) from missing


@functools.cache
def steps() -> dict[str, Any]:
    """All steps by their YAML name. Imports every module of ``esb.eip``: they are small, and the linter needs the full vocabulary."""
    found: dict[str, Any] = {}
    for name in _modules("esb.eip"):
        for key, provided in _provided(importlib.import_module(f"esb.eip.{name}"), "step"):
            if key in found:
                raise ProjectError(
                    f"step {key!r} is provided twice, by {found[key].__module__} and {provided.__module__}"
                )
            found[key] = provided
    return found
