"""The ``lookup`` of a mapped field: ``lookup: countries``, or a map with table, columns, direction and what a missing key gives."""

from __future__ import annotations

from typing import Any

from esb.datatypes.convert import Convert
from esb.datatypes.document import Part
from esb.datatypes.paths import MISSING
from esb.datatypes.table_files import Tables, missing_policy
from esb.datatypes.tables import KEEP, CodeTable
from esb.errors import ConversionFailed, OptionError

_OPTIONS = ("table", "key", "from", "to", "reverse", "first", "default", "missing")


def parse_lookup(part: Part, tables: Tables) -> Convert:
    """A function from a key (a list, for several columns) to its value. Raises ConfigError: an unknown table or column, keys not unique."""
    if isinstance(part.value, str):
        table = tables.table(part.value, part.at)
        return _function(table, part, (), "", table.missing)
    part.allow("'lookup'", _OPTIONS)
    name = part.need("table", str, "'lookup'")
    table = tables.table(name, part.at_key("table"))
    key, value = tuple(part.texts("from")), part.take("to", str, "")
    if part.take("reverse", bool, default=False):
        if key or value or len(table.key) != 1 or table.range is not None:
            raise OptionError(
                f"the table {name!r} cannot be read in reverse",
                part.at_key("reverse"),
                "name the columns with 'from' and 'to'",
            )
        key, value = (table.value,), table.key[0]
    if "default" in part and "missing" in part:
        raise OptionError("a lookup has either 'default' or 'missing'", part.at_key("missing"))
    missing = part.value["default"] if "default" in part else missing_policy(part, "missing", table.missing)
    return _function(table, part, key, value, missing)


def _function(table: CodeTable, part: Part, key: tuple[str, ...], value: str, missing: Any) -> Convert:
    first = part.take("first", bool, default=False) if isinstance(part.value, dict) else False
    find = table.look_up(key, value, first=first, at=part.at)
    parts = _parts(table, key)
    name = table.name

    def convert(given: Any) -> Any:
        if (len(given) if isinstance(given, list) else 1) != parts:
            raise ConversionFailed(f"the table {name!r} needs {parts} keys")
        found = find(given)
        if found is not MISSING:
            return found
        if missing is MISSING:
            raise ConversionFailed(f"the table {name!r} has no {_shown(given)}")
        return given if missing is KEEP else missing

    return convert


def _parts(table: CodeTable, key: tuple[str, ...]) -> int:
    names = key or table.key
    return len(names) + (1 if table.range is not None and names == table.key else 0)


def _shown(given: Any) -> str:
    text = ", ".join(map(repr, given)) if isinstance(given, list) else repr(given)
    return text if len(text) <= 60 else text[:57] + "..."
