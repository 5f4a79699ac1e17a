"""Text of a generated function, written line by line, with the objects it names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any


class Deviation(Exception):
    """The data are not on the happy path."""


class Source:
    """Lines at the current depth, and a namespace of bound objects. Used by one thread while generating."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {}
        self._bound: dict[int, str] = {}
        self._lines: list[str] = []
        self._depth = 0
        self._names = 0

    @property
    def text(self) -> str:
        """What has been written."""
        return "\n".join(self._lines) + "\n"

    def line(self, text: str) -> None:
        """One line at the current depth."""
        self._lines.append("    " * self._depth + text)

    @contextlib.contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines below a head such as ``if x:``; a block that stays empty gets ``pass``."""
        self.line(head)
        self._depth += 1
        before = len(self._lines)
        yield
        if len(self._lines) == before:
            self.line("pass")
        self._depth -= 1

    def name(self, prefix: str = "v") -> str:
        """A name not used before."""
        self._names += 1
        return f"{prefix}{self._names}"

    def bind(self, value: Any, prefix: str = "C") -> str:
        """The name under which the generated function finds this very object."""
        known = self._bound.get(id(value))
        if known is None:
            known = self._bound[id(value)] = self.name(prefix)
            self.namespace[known] = value  # also keeps the object alive, so that its id stays its own
        return known

    def function(self, name: str, title: str) -> Callable[..., Any]:
        """Compile what has been written and give the function of that name."""
        code = compile(self.text, f"<{title}>", "exec")
        # The text is made of our own templates; from schemas come only literals by repr() and objects by name.
        exec(code, self.namespace)  # noqa: S102
        made: Callable[..., Any] = self.namespace[name]
        return made
