"""Declared options: one declaration feeds the parser, the linter, the JSON Schema, the reference pages and redaction.

A :class:`Spec` is a part of a route file that has options: a step, a language, a data format, an endpoint, a `when` clause. Its options are class
attributes made with :func:`field`; the YAML name is the attribute's in camelCase. Instances hold converted values.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from esb.errors import NOWHERE, Position


class Kind(enum.Enum):
    """What an option holds, and so how its text is read."""

    TEXT = "string"
    INT = "integer"
    FLOAT = "number"
    BOOL = "boolean"
    DURATION = "duration"
    """Milliseconds as a number, or text such as ``5s``, ``1m30s``, ``200ms``, ``PT5S``; held as seconds (float)."""
    SIZE = "size"
    """Bytes as a number, or text such as ``10kb``, ``1mb``."""
    URI = "uri"
    """An endpoint's URI."""
    REF = "reference"
    """A bean by ``#bean:name``, ``#name``, ``#class:name`` or plain name; held as text and resolved by the builder."""
    NAMES = "list of strings"
    """A list, or a text with commas; held as a tuple."""
    MAP = "map"
    """Keys with scalar values, or nested maps and lists; held as a dict of plain values (parameters, properties)."""
    EXPRESSION = "expression"
    """``expression: {simple: ...}`` or, where ``inline`` is set, the language's key beside the other options; held as a LanguageSpec."""
    STEPS = "steps"
    """A list of steps; held as a tuple of StepSpecs."""
    SPEC = "object"
    """One Spec of the declared ``spec`` class (or None)."""
    SPECS = "list of objects"
    """A list of them; held as a tuple."""
    FORMAT = "data format"
    """A data format by its key beside the other options; held as a DataFormatSpec."""
    ANY = "any"
    """Any value, as plain Python data."""


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED: Final = _Required()


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One declared option."""

    kind: Kind
    default: Any = REQUIRED
    doc: str = ""
    example: str = ""
    enum: tuple[str, ...] = ()
    secret: bool = False
    since: str = "0.1"
    name: str = ""
    """Name in YAML and in URIs; from the attribute when empty."""
    spec: type[Spec] | None = None
    """For SPEC and SPECS: the class of the parts."""
    inline: bool = False
    """EXPRESSION and FORMAT: the language or format may stand beside the other options."""
    scalar: bool = False
    """A plain text in place of the whole map sets this option (``to: mock:a``)."""
    path: bool = False
    """An endpoint's option that stands in the path of its URI rather than in its parameters."""
    aliases: tuple[str, ...] = ()
    deprecated: str = ""
    """Why and what instead; empty if it is not deprecated."""
    raw: bool = False
    """Take the text as it is, with its blanks; placeholders are replaced all the same."""
    attribute: str = ""

    @property
    def required(self) -> bool:
        """Whether a route must give it."""
        return self.default is REQUIRED


def field(kind: Kind, default: Any = REQUIRED, **declared: Any) -> Any:
    """Declare an option as a class attribute; see :class:`Field` for the keywords. ``default`` missing means required."""
    return Field(kind, default, **declared)


def yaml_name(attribute: str) -> str:
    """``maximum_redeliveries`` -> ``maximumRedeliveries``."""
    head, *tail = attribute.strip("_").split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


class Spec:
    """A part of a route file with declared options. Immutable after parsing; ``at`` is where it stands."""

    name: ClassVar[str] = ""
    """Name in YAML; empty for parts that have none of their own."""
    fields: ClassVar[dict[str, Field]] = {}
    """Options by their YAML name, inherited ones first."""
    lenient: ClassVar[bool] = False
    """Unknown options are kept in ``extra`` (an HTTP endpoint's query) instead of refused."""
    one_of: ClassVar[tuple[str, ...]] = ()
    """Attributes of which one must be given, the last one where there are several."""

    at: Position
    extra: dict[str, Any]
    places: Mapping[str, Position] = {}
    """Where the values stand, by attribute; for findings."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        fields = dict(cls.fields)
        for attribute, declared in list(vars(cls).items()):
            if isinstance(declared, Field):
                name = declared.name or yaml_name(attribute)
                fields[name] = dataclasses.replace(declared, name=name, attribute=attribute)
        cls.fields = fields

    def __init__(self, at: Position = NOWHERE, extra: dict[str, Any] | None = None, **values: Any) -> None:
        """Set every option: given by attribute name in ``values``, or its default. Raises TypeError for a missing required one."""
        self.at = at
        self.extra = extra or {}
        for declared in self.fields.values():
            if declared.attribute in values:
                value = values.pop(declared.attribute)
            elif declared.required:
                raise TypeError(f"{type(self).__name__} needs {declared.name!r}")
            else:
                value = declared.default
            setattr(self, declared.attribute, value)
        if values:
            raise TypeError(f"{type(self).__name__} has no option {', '.join(values)}")

    def where(self, attribute: str) -> Position:
        """Where an option's value stands; the whole part's position if it was not written."""
        return self.places.get(attribute, self.at)


_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONG_UNITS: Final = {
    long: unit
    for unit, longs in {
        "ms": ("millis", "msec"),
        "s": ("sec", "secs", "second", "seconds"),
        "m": ("min", "mins", "minute", "minutes"),
        "h": ("hour", "hours"),
        "d": ("day", "days"),
    }.items()
    for long in longs
}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\s*")
_SIZES: Final = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}


def seconds(text: str) -> float:
    """A duration in Camel's forms: a bare number is milliseconds; ``1m30s``, ``500ms``; ISO 8601 ``PT5S``. Raises ValueError."""
    plain = text.strip()
    if re.fullmatch(r"-?\d+", plain):
        return int(plain) / 1000
    folded = plain.lower().removeprefix("pt")
    total, at = 0.0, 0
    while at < len(folded):
        part = _PART.match(folded, at)
        unit = part and _UNITS.get(_LONG_UNITS.get(part[2], part[2]))
        if not part or not unit:
            raise ValueError(f"{text!r} is not a duration: write milliseconds, or 500ms, 5s, 1m30s, 2h")
        total += float(part[1]) * unit
        at = part.end()
    if not folded:
        raise ValueError("a duration is missing: write milliseconds, or 500ms, 5s, 1m30s, 2h")
    return total


def byte_count(text: str) -> int:
    """A size in bytes: ``4096``, ``64kb``, ``10mb``. Raises ValueError."""
    part = re.fullmatch(r"(\d+)\s*([a-z]*)", text.strip().lower())
    if not part or part[2] not in _SIZES:
        raise ValueError(f"{text!r} is not a size: write bytes, or 64kb, 10mb, 1gb")
    return int(part[1]) * _SIZES[part[2]]


def truth(text: str) -> bool:
    """``true`` or ``false`` in any case. Raises ValueError."""
    folded = text.strip().lower()
    if folded not in {"true", "false"}:
        raise ValueError(f"{text!r} is neither true nor false")
    return folded == "true"


def names(text: str) -> tuple[str, ...]:
    """A text with commas as a tuple."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def convert(declared: Field, text: str) -> Any:
    """The value of a scalar option given as text. Raises ValueError with what is allowed."""
    if declared.enum:
        for choice in declared.enum:
            if choice.lower() == text.strip().lower():
                return choice
        raise ValueError(f"{text!r} is not one of {', '.join(declared.enum)}")
    match declared.kind:
        case Kind.INT:
            try:
                return int(text.strip().replace("_", "x"))  # 1_000 is Python's, not YAML's
            except ValueError:
                raise ValueError(f"{text!r} is not a whole number") from None
        case Kind.FLOAT:
            try:
                return float(text)
            except ValueError:
                raise ValueError(f"{text!r} is not a number") from None
        case Kind.BOOL:
            return truth(text)
        case Kind.DURATION:
            return seconds(text)
        case Kind.SIZE:
            return byte_count(text)
        case Kind.NAMES:
            return names(text)
        case _:
            return text


def redacted(spec: Spec, shown: Sequence[str] | None = None) -> dict[str, Any]:
    """The options that differ from their defaults, secrets as ``***``: for descriptions and logs."""
    told: dict[str, Any] = {}
    for name, declared in spec.fields.items():
        value = getattr(spec, declared.attribute)
        if value == declared.default or (shown is not None and name not in shown):
            continue
        told[name] = "***" if declared.secret else value
    return told
