"""What the bus consists of, found by its own conventions: steps, languages, data formats, components."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TypeVar

from esb.component import Component
from esb.dataformat import DataFormatSpec
from esb.expression import LanguageSpec
from esb.fields import Spec
from esb.registry import steps
from esb.step import StepSpec

S = TypeVar("S", bound=Spec)


def all_steps() -> dict[str, type[StepSpec]]:
    """Steps by their key, sorted."""
    return dict(sorted(steps().items(), key=lambda pair: pair[0].lower()))


def all_languages() -> dict[str, type[LanguageSpec]]:
    """Languages by their key, sorted."""
    return _specs("esb.languages", LanguageSpec)


def all_formats() -> dict[str, type[DataFormatSpec]]:
    """Data formats by their key, sorted."""
    return _specs("esb.dataformats", DataFormatSpec)


def all_components() -> dict[str, type[Component]]:
    """Components by their first scheme, sorted: built-in ones and the adapters that come with the bus."""
    found: dict[str, type[Component]] = {}
    for package in ("esb.components", "adapters"):
        for module in _modules(package):
            for value in vars(module).values():
                own = isinstance(value, type) and f"{value.__module__}.".startswith(f"{module.__name__}.")
                if own and issubclass(value, Component) and value.schemes:
                    found[value.schemes[0]] = value
    return dict(sorted(found.items()))


def module_doc(cls: type) -> str:
    """The docstring of the module a class is defined in, without the part that is for programmers."""
    return (importlib.import_module(cls.__module__).__doc__ or "").strip()


def _specs(package: str, base: type[S]) -> dict[str, type[S]]:
    found = {
        value.name: value
        for module in _modules(package)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.name and value.__module__.startswith(package)
    }
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def _modules(package: str) -> Iterator[ModuleType]:
    for entry in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not entry.name.startswith("_"):
            yield importlib.import_module(f"{package}.{entry.name}")
