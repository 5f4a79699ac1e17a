"""Where fields stand in a fixed-width record or a CSV row: a schema's layout for the data formats."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema, fields

from esb.errors import OptionError

KEYS: Final = ("start", "width", "pad", "align", "column")
"""Options of a field in YAML, and keys of a marshmallow field's ``metadata``."""


@dataclass(frozen=True, slots=True)
class Place:
    """One field's place. ``key`` is its key in the dict that ``load`` takes and ``dump`` gives."""

    key: str
    start: int | None
    """First character, counted from 1; None where no widths are declared."""
    width: int | None
    pad: str
    align: str
    """``left`` or ``right``: on which side the value stands when it is shorter than the width."""
    column: str
    """Name in the header of a CSV file."""
    kind: str
    """Name of the marshmallow field's class, in lower case: string, integer, date ..."""


def layout(schema: Schema) -> tuple[Place, ...]:
    """The places in the order of the record. A field without ``start`` follows the one before it.

    Raises OptionError for widths that overlap, or that some fields have and others lack.
    """
    places: list[Place] = []
    following = 1
    for name, field in schema.fields.items():
        key = field.data_key if field.data_key is not None else name
        place = _place(key, field, following)
        if place.start is not None and place.width is not None:
            following = place.start + place.width
        places.append(place)
    wide = sorted((place for place in places if place.width is not None), key=lambda place: place.start or 0)
    if wide and len(wide) < len(places):
        lacking = next(place.key for place in places if place.width is None)
        raise OptionError(f"the field {lacking!r} has no 'width', though others have")
    for one, other in itertools.pairwise(wide):
        if (one.start or 0) + (one.width or 0) > (other.start or 0):
            raise OptionError(f"the field {other.key!r} begins at {other.start}, inside {one.key!r}")
    return tuple(wide or places)


def _place(key: str, field: fields.Field[Any], following: int) -> Place:
    given: Mapping[str, Any] = field.metadata
    number = isinstance(field, fields.Integer | fields.Float | fields.Decimal)
    width, start = given.get("width"), given.get("start")
    pad, align = given.get("pad", " "), given.get("align", "right" if number else "left")
    for name, value in (("width", width), ("start", start)):
        if value is not None and (type(value) is not int or value < 1):
            raise OptionError(f"the field {key!r}: {name!r} must be a whole number from 1, not {value!r}")
    if not isinstance(pad, str) or len(pad) != 1:
        raise OptionError(f"the field {key!r}: 'pad' must be one character, not {pad!r}")
    if align not in ("left", "right"):
        raise OptionError(f"the field {key!r}: 'align' must be left or right, not {align!r}")
    if start is not None and width is None:
        raise OptionError(f"the field {key!r} has a 'start' but no 'width'")
    if width is not None and start is None:
        start = following
    kind = type(field).__name__.lower()
    return Place(key, start, width, pad, align, str(given.get("column", key)), kind)


def column_keys(schema: Schema) -> dict[str, str]:
    """The data keys by the names that columns have in a CSV file's header, where they differ."""
    found = {}
    for name, field in schema.fields.items():
        column = field.metadata.get("column")
        if column is not None:
            found[str(column)] = field.data_key if field.data_key is not None else name
    return found
