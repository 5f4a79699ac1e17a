"""Compiled mappings: small callables of the current value and the root, and a slow second run that says which field failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from esb.datatypes.convert import Convert
from esb.datatypes.paths import MISSING, getter
from esb.errors import ConversionFailed, EsbError

Step = Callable[[Any, Any], Any]
"""Of the current value (an element, inside ``each``) and the root; MISSING where nothing is to be set."""
Failure = tuple[str, str]
"""Path in the target, and why."""


class ObjectPlan:
    """Builds a dict. ``fields`` are name, key and step; ``enter`` moves to another value first; ``optional`` leaves an empty one out."""

    __slots__ = ("enter", "fields", "optional", "pairs")

    def __init__(
        self, fields: Sequence[tuple[str, str, Step]], enter: Step | None = None, *, optional: bool = False
    ) -> None:
        self.fields = tuple(fields)
        self.pairs = tuple((key, step) for _, key, step in self.fields)
        self.enter = enter
        self.optional = optional

    def __call__(self, value: Any, root: Any) -> Any:
        if self.enter is not None:
            value = self.enter(value, root)
            if value is MISSING or value is None:
                return value
        made = {}
        for key, step in self.pairs:
            found = step(value, root)
            if found is not MISSING:
                made[key] = found
        return made if made or not self.optional else MISSING

    def explain(self, value: Any, root: Any, path: str) -> Iterator[Failure]:
        """Every field that fails on this value."""
        if self.enter is not None:
            value = self.enter(value, root)
            if value is MISSING or value is None:
                return
        for name, _, step in self.fields:
            yield from explain(step, value, root, f"{path}.{name}" if path else name)


class EachPlan:
    """Builds a list, one item for each of another list's that ``when`` lets through."""

    __slots__ = ("enter", "item", "when")

    def __init__(self, enter: Step, item: Step, when: Callable[[tuple[Any, Any]], bool] | None = None) -> None:
        self.enter = enter
        self.item = item
        self.when = when

    def _items(self, value: Any, root: Any) -> Any:
        items = self.enter(value, root)
        if items is MISSING or items is None:
            return items
        if not isinstance(items, list | tuple):
            raise ConversionFailed(f"a {type(items).__name__} is no list")
        return items if self.when is None else [item for item in items if self.when((item, root))]

    def __call__(self, value: Any, root: Any) -> Any:
        items = self._items(value, root)
        if items is MISSING or items is None:
            return items
        step = self.item
        return [made for made in (step(item, root) for item in items) if made is not MISSING]

    def explain(self, value: Any, root: Any, path: str) -> Iterator[Failure]:
        """Every item that fails, by its index in the source."""
        try:
            items = self._items(value, root)
        except Exception as error:
            yield path, why(error)
            return
        for index, item in enumerate(items if isinstance(items, list | tuple) else ()):
            yield from explain(self.item, item, root, f"{path}.{index}")


def explain(step: Step, value: Any, root: Any, path: str) -> Iterator[Failure]:
    """Run a step again to find what fails."""
    try:
        if isinstance(step, ObjectPlan | EachPlan):
            yield from step.explain(value, root, path)
        else:
            step(value, root)
    except Exception as error:
        yield path, why(error)


def why(error: Exception) -> str:
    """The reason of a failure. Texts of foreign exceptions often quote the value, which may be secret."""
    return str(error) if isinstance(error, EsbError) else f"fails with {type(error).__name__}"


class PathStep:
    """A path from the current value, or from the root."""

    __slots__ = ("from_root", "get", "keys")

    def __init__(self, keys: tuple[str, ...], *, from_root: bool = False) -> None:
        self.keys = keys
        self.from_root = from_root
        self.get = getter(keys)

    def __call__(self, value: Any, root: Any) -> Any:
        return self.get(root if self.from_root else value)


class Treated:
    """Conversions of what another step gives, if it gives something; one by one, where the path leads through a list."""

    __slots__ = ("converts", "many", "step")

    def __init__(self, step: Step, converts: Sequence[Convert], *, many: bool) -> None:
        self.step = step
        self.converts = tuple(converts)
        self.many = many

    def __call__(self, value: Any, root: Any) -> Any:
        found = self.step(value, root)
        if found is None or found is MISSING:
            return found
        return [self._converted(item) for item in found] if self.many else self._converted(found)

    def _converted(self, found: Any) -> Any:
        for convert in self.converts:
            if found is None or found is MISSING:
                return found
            found = convert(found)
        return found
