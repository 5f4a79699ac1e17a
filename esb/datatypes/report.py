"""marshmallow's nested errors as a flat report: one entry a finding, with the path in the data, and never a secret."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from marshmallow import Schema, fields
from marshmallow.exceptions import SCHEMA

MAX_ENTRIES: Final = 1000
"""A hundred thousand bad items give a report that can still be read and stored."""
_MAX_VALUE: Final = 100
_MAX_KEY: Final = 60
_SECRET: Final = re.compile(r"(?i)passw|secret|token|api_?key|authorization|credential|^(pin|cvv|cvc|pwd|otp)$")

Entry = dict[str, Any]
Owner = Schema | fields.Field[Any] | None


def report(schema: Schema, errors: Any, value: Any) -> list[Entry]:
    """``[{"path": "lines.3.quantity", "message": "Not a valid integer.", "value": "x"}]``.

    The path is of the data as they came (data keys); it is empty for the whole. ``value`` is given for plain values of known fields that
    are not secret: a field is secret if its metadata say ``secret``, if it is ``load_only``, or if its name sounds like it.
    """
    found = _walk(errors, schema, value, (), secret=False)
    entries = list(itertools.islice(found, MAX_ENTRIES))
    more = sum(1 for _ in found)
    if more:
        entries.append({"path": "", "message": f"... and {more} more"})
    return entries


def is_secret(name: str, field: fields.Field[Any]) -> bool:
    """Whether a field's value must not be shown."""
    return bool(field.metadata.get("secret")) or field.load_only or _SECRET.search(name) is not None


def summary(name: str, entries: list[Entry]) -> str:
    """One line: how many findings, and the first three."""
    shown = "; ".join(
        f"{entry['path']}: {entry['message']}" if entry["path"] else entry["message"] for entry in entries[:3]
    )
    more = f"; and {len(entries) - 3} more" if len(entries) > 3 else ""
    return f"the data are not a valid {name}: {shown}{more}"


def _walk(errors: Any, owner: Owner, value: Any, path: tuple[str, ...], *, secret: bool) -> Iterator[Entry]:
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            if key == SCHEMA:
                yield from _walk(inner, None, None, path, secret=secret)
            elif isinstance(owner, fields.Mapping) and isinstance(inner, Mapping):
                yield from _of_map(inner, key, owner, value, path, secret=secret)
            else:
                child, hidden = _child(owner, key)
                yield from _walk(inner, child, _item(value, key), (*path, _text(key)), secret=secret or hidden)
    elif isinstance(errors, list):
        for inner in errors:
            yield from _walk(inner, owner, value, path, secret=secret)
    else:
        yield _entry(str(errors), owner, value, path, secret=secret)


def _of_map(
    errors: Mapping[str, Any], key: Any, owner: fields.Mapping[Any], value: Any, path: tuple[str, ...], *, secret: bool
) -> Iterator[Entry]:
    """Errors of one pair of a map field, which marshmallow keeps under ``key`` and ``value``."""
    here = (*path, _text(key))
    if "key" in errors:
        yield from _walk(errors["key"], None, None, here, secret=secret)
    if "value" in errors:
        hidden = secret or (owner.value_field is not None and is_secret(str(key), owner.value_field))
        yield from _walk(errors["value"], owner.value_field, _item(value, key), here, secret=hidden)


def _child(owner: Owner, key: Any) -> tuple[Owner, bool]:
    """What stands under a key of the errors, and whether it is secret."""
    if isinstance(owner, fields.Nested):
        owner = owner.schema
    if isinstance(owner, fields.List):
        return owner.inner, False
    if isinstance(owner, Schema):
        if isinstance(key, int):
            return owner, False
        for name, field in owner.fields.items():
            if (field.data_key if field.data_key is not None else name) == key:
                return field, is_secret(name, field) or is_secret(str(key), field)
    return None, False


def _entry(message: str, owner: Owner, value: Any, path: tuple[str, ...], *, secret: bool) -> Entry:
    entry: Entry = {"path": ".".join(path), "message": message}
    if secret and isinstance(value, str | int | float) and str(value) in message:
        entry["message"] = "Invalid value."  # a message of the schema's own that quotes the input
    if secret or not isinstance(owner, fields.Field):
        return entry
    if isinstance(value, str):
        entry["value"] = value if len(value) <= _MAX_VALUE else value[:_MAX_VALUE] + "..."
    elif isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 10**30):
        entry["value"] = value
    return entry


def _item(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return None


def _text(key: Any) -> str:
    text = str(key)
    return text if len(text) <= _MAX_KEY else text[:_MAX_KEY] + "..."
