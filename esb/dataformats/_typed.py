"""What formats with ``unmarshalType`` share: finding the data type, and rows of large files held against it one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from esb.component import Context
from esb.errors import Malformed, Position, ValidationFailed

_FOREIGN = ("java.", "javax.", "jakarta.", "com.", "org.", "net.")


def data_type(context: Context, name: str | None, at: Position) -> Any | None:
    """The data type of that name; None where none is named, or a Java class that means plain values. Raises UnknownName at ``at``."""
    if not name or name.startswith(_FOREIGN) or name in {"Map", "List", "Object"}:
        return None
    return context.service("datatypes").type(name, at)


def fitting(name: str | None, *, use_list: bool = False) -> Callable[[Any], Any]:
    """Holds a value that was read to the shape that a Java class asks for: a map, a list, a text. Raises Malformed for another."""
    plain = "" if name is None else name.rpartition(".")[2]
    wanted: type = object
    if use_list or plain in {"List", "ArrayList", "Collection"}:
        wanted = list
    elif plain.endswith("Map"):
        wanted = dict

    def fit(value: Any) -> Any:
        if value is not None and not isinstance(value, wanted):
            told = "a list" if isinstance(value, list) else "a map" if isinstance(value, dict) else type(value).__name__
            raise Malformed(f"the body is {told} where {'a list' if wanted is list else 'a map'} is expected")
        return value

    return fit


SURPLUS: Final = "_surplus"
"""Where a row has what is beyond its fields: it is bad whatever the type says of unknown ones, since its values may be shifted."""


def typed_rows(
    rows: Iterable[tuple[int, dict[str, Any]]], kind: Any, bad_rows: str, *, width: int | None = None
) -> Iterator[Any]:
    """Rows as the type loads them, lazily. ``width``: the number of fields of each, if a row with fewer is bad.

    A bad one fails the whole (``fail``), is left out (``skip``), or stands in its place as
    ``{"rejected": {"line", "field", "reason", "raw"}}`` (``mark``), so that a route can put it aside and go on.
    """
    load = kind.raw_load
    for line, row in rows:
        try:
            if SURPLUS in row or (width is not None and len(row) < width):
                raise _Misfit
            value = load(row)
        except Exception as error:
            report = kind.errors(error, row) if error.__class__ is not _Misfit else [_misfit(row, width)]
            if bad_rows == "fail":
                told = "; ".join(f"{one['path']}: {one['message']}" for one in report[:3])
                raise ValidationFailed(
                    f"line {line} is not a valid {kind.name}: {told}", [dict(one, line=line) for one in report]
                ) from error
            if bad_rows == "mark":
                reasons = "; ".join(f"{one['path']}: {one['message']}" for one in report[:10])
                yield {"rejected": {"line": line, "field": report[0]["path"], "reason": reasons, "raw": row}}
        else:
            yield value


class _Misfit(Exception):
    """A row of another number of values than the others have."""


def _misfit(row: dict[str, Any], width: int | None) -> dict[str, Any]:
    if SURPLUS in row:
        return {"path": SURPLUS, "message": f"There is more than the type has fields for: {row[SURPLUS]!r}."}
    return {"path": "", "message": f"The row has {len(row)} values, the header {width}."}
