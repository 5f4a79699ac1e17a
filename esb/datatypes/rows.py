"""Rows of large files, validated as they stream: good ones as the type's values, bad ones with line, field and reason.

Nothing is kept: memory does not grow with the file. A good row of five columns takes 1-3 us (tests/benchmarks/test_schema_compile.py);
a bad one is done again by marshmallow, which says why, and takes 50.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from marshmallow.constants import RAISE

from esb.datatypes.compile import compile_rows
from esb.datatypes.datatype import DataType
from esb.datatypes.layout import column_keys
from esb.errors import Malformed


@dataclasses.dataclass(slots=True)
class Good:
    """A valid row: the type's values."""

    row: Any


@dataclasses.dataclass(slots=True)
class Bad:
    """An invalid row: where, and the first finding; ``report`` has all of them. ``raw`` is the row as it came, secrets included."""

    line: int
    field: str
    reason: str
    raw: Any
    report: list[dict[str, Any]] = dataclasses.field(default_factory=list)


Line = Callable[[], int]


def check_rows(
    datatype: DataType, rows: Iterable[Mapping[str, Any]], *, first_line: int = 2, line: Line | None = None
) -> Iterator[Good | Bad]:
    """Validate dicts by data key. ``line`` tells the line of the row just read (a csv reader's ``line_num``); else rows are counted.

    Rows are taken one by one, as the caller asks for them. Errors of the iterator itself go through.
    """
    load = datatype.raw_load
    number = first_line - 1
    for row in rows:
        number += 1
        try:
            value = load(row)
        except Exception as error:
            yield _bad(datatype, error, row, line() if line else number)
            continue
        yield Good(value)


def check_records(
    datatype: DataType,
    header: Sequence[str],
    records: Iterable[Sequence[Any]],
    *,
    first_line: int = 2,
    line: Line | None = None,
) -> Iterator[Good | Bad]:
    """Validate sequences in the order of a header: faster, for no dict is made. The header has columns' names or data keys.

    Raises Malformed at once if the header does not fit the type, since then no row could. A record with too few or too many values is bad.
    """
    named = column_keys(datatype.schema)
    keys = [named.get(name, name) for name in header]
    _check_header(datatype, header, keys)
    return _records(datatype, keys, records, first_line=first_line, line=line)


def _records(
    datatype: DataType,
    keys: list[str],
    records: Iterable[Sequence[Any]],
    *,
    first_line: int,
    line: Line | None,
) -> Iterator[Good | Bad]:
    load = compile_rows(datatype.schema, keys) or (
        lambda record: datatype.raw_load(dict(zip(keys, record, strict=True)))
    )
    number = first_line - 1
    for record in records:
        number += 1
        try:
            value = load(record)
        except Exception:
            yield _again(datatype, keys, record, line() if line else number)
            continue
        yield Good(value)


def _again(datatype: DataType, keys: list[str], record: Sequence[Any], number: int) -> Good | Bad:
    """A record off the happy path, asked of marshmallow: bad, or good in an unusual way."""
    if len(record) != len(keys):
        reason = f"The row has {len(record)} values, the header {len(keys)}."
        return Bad(number, "", reason, record, [{"path": "", "message": reason}])
    row = dict(zip(keys, record, strict=True))
    try:
        return Good(datatype.raw_load(row))
    except Exception as error:
        return _bad(datatype, error, row, number)


def _bad(datatype: DataType, error: Exception, row: Any, number: int) -> Bad:
    report = datatype.errors(error, row)
    return Bad(number, report[0]["path"], report[0]["message"], row, report)


def _check_header(datatype: DataType, header: Sequence[str], keys: list[str]) -> None:
    schema = datatype.schema
    known = {
        declared.data_key if declared.data_key is not None else name: declared
        for name, declared in schema.load_fields.items()
    }
    found = []
    if schema.unknown == RAISE:
        found += [(name, "Unknown column.") for name, key in zip(header, keys, strict=True) if key not in known]
    found += [(name, "The column is there twice.") for name in dict.fromkeys(header) if list(header).count(name) > 1]
    found += [(key, "Missing column.") for key, declared in known.items() if declared.required and key not in keys]
    if found:
        report = [{"path": path, "message": message} for path, message in found]
        shown = "; ".join(f"{path}: {message}" for path, message in found[:5])
        raise Malformed(f"the header does not fit {datatype.name}: {shown}", report)
