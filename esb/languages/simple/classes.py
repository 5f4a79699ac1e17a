"""Java's names for the classes of values: for ``is``, ``${body.class.name}`` and ``${type:...}``."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from esb.coerce import Source, is_element
from esb.errors import ExpressionFailed
from esb.javanames import caught_by, java_name


@dataclass(frozen=True, slots=True)
class NamedClass:
    """A Java class as far as routes can ask about it."""

    name: str
    holds: Callable[[Any], bool]

    @property
    def simple_name(self) -> str:
        """Without the package."""
        return self.name.rsplit(".", 1)[-1]

    def __str__(self) -> str:
        return f"class {self.name}"


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_TESTS: Final[dict[str, Callable[[Any], bool]]] = {
    "java.lang.String": lambda value: isinstance(value, str),
    "java.lang.CharSequence": lambda value: isinstance(value, str),
    # A whole number is an Integer where it fits, as in Java's literals.
    "java.lang.Integer": lambda value: _whole(value) and -(1 << 31) <= value < 1 << 31,
    "java.lang.Long": lambda value: _whole(value) and not -(1 << 31) <= value < 1 << 31,
    "java.lang.Short": lambda _value: False,
    "java.lang.Byte": lambda _value: False,
    "java.lang.Float": lambda _value: False,
    "java.lang.Double": lambda value: isinstance(value, float),
    "java.lang.Boolean": lambda value: isinstance(value, bool),
    "java.lang.Number": lambda value: _whole(value) or isinstance(value, (float, decimal.Decimal)),
    "java.lang.Character": lambda _value: False,
    "java.io.Serializable": lambda value: isinstance(
        value, (str, bytes, int, float, decimal.Decimal, dt.date, list, dict)
    ),
    "java.lang.Comparable": lambda value: isinstance(value, (str, int, float, decimal.Decimal, dt.date)),
    "java.lang.Object": lambda value: value is not None,
    "java.lang.Iterable": lambda value: isinstance(value, (list, set)),
    "java.math.BigDecimal": lambda value: isinstance(value, decimal.Decimal),
    "java.math.BigInteger": lambda _value: False,
    "java.util.Collection": lambda value: isinstance(value, (list, set)),
    "java.util.List": lambda value: isinstance(value, list),
    "java.util.ArrayList": lambda value: isinstance(value, list),
    "java.util.Set": lambda value: isinstance(value, (set, frozenset)),
    "java.util.Map": lambda value: isinstance(value, Mapping),
    "java.util.HashMap": lambda value: isinstance(value, Mapping),
    "java.util.LinkedHashMap": lambda value: isinstance(value, Mapping),
    "java.util.Date": lambda value: isinstance(value, dt.datetime),
    "java.io.InputStream": lambda value: isinstance(value, Source) or hasattr(value, "read"),
    "java.io.File": lambda value: isinstance(value, Source),
    "org.w3c.dom.Node": is_element,
    "org.w3c.dom.Element": is_element,
    "org.w3c.dom.Document": is_element,
    "byte[]": lambda value: isinstance(value, (bytes, bytearray, memoryview)),
}
_PRIMITIVE: Final = frozenset({"int", "long", "short", "byte", "float", "double", "boolean", "char"})
_SHORT: Final = {
    name: f"java.lang.{name}"
    for name in ("String", "Integer", "Long", "Short", "Byte", "Float", "Double", "Boolean", "Character")
} | {"byte[]": "byte[]"}
"""The classes that Camel knows without their package."""


def named_class(name: str | None) -> NamedClass:
    """The class of a name: Java's, an exception's, or a Python one (``package.module:Name``). Raises ExpressionFailed if nobody knows it."""
    if name in _PRIMITIVE:
        return NamedClass(name, lambda _value: False)  # no object is of a primitive type
    full = _SHORT.get(name or "", name or "")
    if full in _TESTS:
        return NamedClass(full, _TESTS[full])
    if "." in full or ":" in full:
        caught = caught_by(full)
        if caught:
            return NamedClass(full, lambda value: isinstance(value, caught))
    raise ExpressionFailed(
        f"there is no class {name!r}: write a full name, such as java.util.List, or String, Integer, Boolean"
    )


def class_of(value: Any) -> NamedClass:
    """What Java would call the class of a value."""
    kind = type(value)
    if kind is int:
        small = -(1 << 31) <= value < 1 << 31
        return named_class("java.lang.Integer" if small else "java.lang.Long")
    for python, java in (
        (str, "java.lang.String"),
        (bool, "java.lang.Boolean"),
        (float, "java.lang.Double"),
        (bytes, "byte[]"),
        (list, "java.util.ArrayList"),
        (decimal.Decimal, "java.math.BigDecimal"),
        (dt.datetime, "java.util.Date"),
    ):
        if kind is python:
            return named_class(java)
    if isinstance(value, Mapping):
        return named_class("java.util.LinkedHashMap")
    name = java_name(kind)
    return NamedClass(name, lambda other: isinstance(other, kind))
