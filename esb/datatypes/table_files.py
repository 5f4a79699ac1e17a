"""Code tables from files: ``schemas/tables/NAME.yaml`` or ``NAME.csv``.

::

    entries: {DE: DEU, FR: FRA}                # two columns, key and value
    missing: error                             # or null, keep, {default: XXX}
    ---
    columns: [country, from, to, zone]         # or file: zones.csv (delimiter: ";")
    rows: [[DE, 1, 99, north], [DE, 100, 199, south]]
    key: country                               # one column or several; the first column by default
    value: zone                                # the second column by default
    range: {low: from, high: to, kind: decimal, ends: inclusive}
    case: ignore

A CSV alone has its columns in the first row. It is read with commas, or with semicolons if its first row has no comma; UTF-8.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from esb.datatypes.document import Findings, Part, Reader, open_document, shown
from esb.datatypes.paths import MISSING
from esb.datatypes.tables import KEEP, RANGE_KINDS, CodeTable, Range
from esb.errors import (
    NOWHERE,
    ConfigError,
    OptionError,
    Position,
    ProjectError,
    ReferenceFault,
    RouteSyntaxError,
    UnknownName,
)

_OPTIONS: Final = ("doc", "entries", "columns", "rows", "file", "delimiter", "key", "value", "missing", "case", "range")
FOLDER: Final = "tables"


class Tables:
    """The code tables of schema folders, found by name and read once. Thread-safe."""

    def __init__(self, roots: Sequence[Path], read: Reader | None = None) -> None:
        self.roots = tuple(Path(root) for root in roots)
        self._read = read
        self._known: dict[str, CodeTable] = {}
        self._lock = threading.Lock()

    def table(self, name: str, at: Position = NOWHERE) -> CodeTable:
        """The table of a name. Raises UnknownName with the nearest names, or what is wrong in its file."""
        with self._lock:
            if name not in self._known:
                files = self._files().get(name, [])
                if not files:
                    raise UnknownName("code table", name, self._files(), at)
                if len(files) > 1:
                    raise ProjectError(f"two files provide the code table {name!r}: {files[0]} and {files[1]}", at)
                self._known[name] = self._load(name, files[0])
            return self._known[name]

    def names(self) -> list[str]:
        """The names of all tables."""
        return sorted(self._files())

    def check(self) -> None:
        """Read every table and build the index of its own direction. Raises all findings."""
        findings = Findings()
        for name in self.names():
            with findings.collect():
                table = self.table(name)
                table.look_up(at=Position(table.file))
        findings.done()

    def _files(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for root in self.roots:
            folder = root / FOLDER
            declared = sorted(file for suffix in ("yaml", "yml") for file in folder.glob(f"*.{suffix}"))
            for file in declared:
                found.setdefault(file.stem, []).append(file)
            for file in sorted(folder.glob("*.csv")):
                if not any(other.stem == file.stem and self._uses(other, file) for other in declared):
                    found.setdefault(file.stem, []).append(file)
        return found

    def _uses(self, declared: Path, file: Path) -> bool:
        """Whether a table's YAML says that its rows are in the CSV beside it."""
        try:
            part = self._open(declared)
        except ConfigError:
            return False
        return isinstance(part.value, dict) and part.value.get("file") == file.name

    def _open(self, file: Path) -> Part:
        if self._read is None:
            raise ProjectError("these tables have no reader of YAML files", Position(str(file)))
        return open_document(file, self._read)

    def _load(self, name: str, file: Path) -> CodeTable:
        if file.suffix == ".csv":
            columns, rows, lines = read_csv(file)
            return _table(name, columns, rows, lines, Part({}, lambda _: Position(str(file), 1, 1)), str(file))
        part = self._open(file)
        part.allow(f"the table {name!r}", _OPTIONS)
        given = [key for key in ("entries", "rows", "file") if key in part]
        if len(given) != 1:
            raise OptionError("a table has either 'entries', 'rows' or 'file'", part.at)
        if given == ["entries"]:
            entries = part.part("entries").entries("'entries'")
            rows = [(key, entry.value) for key, entry in entries]
            return _table(name, ("key", "value"), rows, [entry.at.line for _, entry in entries], part, str(file))
        if given == ["file"]:
            columns, rows, lines = read_csv(file.parent / part.take("file", str), part)
            return _table(name, columns, rows, lines, part, str(file))
        return _table(name, *_listed(part), part, str(file))


def read_csv(file: Path, part: Part | None = None) -> tuple[tuple[str, ...], list[tuple[Any, ...]], list[int]]:
    """Columns, rows and their lines of a CSV file. Raises ConfigError with file and line."""
    delimiter = part.take("delimiter", str) if part else None
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            stream.seek(0)
            reader = csv.reader(
                stream, delimiter=delimiter or (";" if "," not in first and ";" in first else ","), strict=True
            )
            header = tuple(column.strip() for column in next(reader, []))
            rows, lines = [], []
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise RouteSyntaxError(
                        f"the row has {len(row)} values, the header {len(header)}",
                        Position(str(file), reader.line_num, 1),
                    )
                rows.append(tuple(row))
                lines.append(reader.line_num)
    except OSError as error:
        raise ReferenceFault(
            f"{file} cannot be read: {error.strerror}", part.at if part else Position(str(file))
        ) from error
    except (UnicodeDecodeError, csv.Error, TypeError) as error:
        raise RouteSyntaxError(f"this is no CSV in UTF-8: {error}", Position(str(file))) from error
    return header, rows, lines


def _listed(part: Part) -> tuple[tuple[str, ...], list[tuple[Any, ...]], list[int]]:
    items = part.part("rows").items("'rows'")
    columns = tuple(part.texts("columns"))
    if not columns and items and isinstance(items[0].value, dict):
        columns = tuple(items[0].value)
    if not columns:
        raise OptionError("'rows' that are lists need 'columns'", part.at)
    rows = []
    for item in items:
        if isinstance(item.value, dict):
            item.allow("a row", columns)
            rows.append(tuple(item.value.get(column) for column in columns))
        elif isinstance(item.value, list) and len(item.value) == len(columns):
            rows.append(tuple(item.value))
        else:
            raise OptionError(f"a row needs {len(columns)} values: {', '.join(columns)}", item.at)
    return columns, rows, [item.at.line for item in items]


def _table(  # noqa: PLR0917 - one call for each of three notations, in the order of reading
    name: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]], lines: list[int], part: Part, file: str
) -> CodeTable:
    if len(columns) < 2 or len(set(columns)) < len(columns):
        raise OptionError(f"the table {name!r} needs two or more columns of different names", part.at)
    bounds = _range(part, columns)
    ends = (bounds.low, bounds.high) if bounds else ()
    free = [column for column in columns if column not in ends]
    key = tuple(part.texts("key"))
    if not key:
        key = () if bounds else (free[0],)
    rest = [column for column in free if column not in key]
    value = part.take("value", str) or (rest[0] if rest else free[0])
    for column, option in (*((column, "key") for column in key), (value, "value")):
        if column not in columns:
            raise UnknownName(f"column of the table {name!r}", column, columns, part.at_key(option))
    case = part.take("case", str, "exact")
    if case not in ("exact", "ignore"):
        raise OptionError(f"'case' must be exact or ignore, not {shown(case)}", part.at_key("case"))
    return CodeTable(
        name=name,
        columns=columns,
        rows=tuple(rows),
        lines=tuple(lines),
        key=key,
        value=value,
        missing=missing_policy(part, "missing"),
        ignore_case=case == "ignore",
        range=bounds,
        file=file,
    )


def missing_policy(part: Part, key: str, default: Any = MISSING) -> Any:
    """``error``, ``null``, ``keep`` or ``{default: value}``: what a key gives that is not in the table."""
    if key not in part:
        return default
    given = part.part(key)
    if isinstance(given.value, dict):
        given.allow(f"{key!r}", ("default",))
        return given.value["default"] if "default" in given else MISSING
    if given.value is None or given.value == "null":
        return None
    if given.value not in ("error", "keep"):
        raise OptionError(f"{key!r} must be error, null, keep or {{default: ...}}, not {shown(given.value)}", given.at)
    return KEEP if given.value == "keep" else MISSING


def _range(part: Part, columns: tuple[str, ...]) -> Range | None:
    if "range" not in part:
        return None
    given = part.part("range")
    given.allow("'range'", ("low", "high", "kind", "ends"))
    low, high = given.need("low", str, "'range'"), given.need("high", str, "'range'")
    for column, key in ((low, "low"), (high, "high")):
        if column not in columns:
            raise UnknownName("column", column, columns, given.at_key(key))
    kind, ends = given.take("kind", str, "decimal"), given.take("ends", str, "inclusive")
    if kind not in RANGE_KINDS:
        raise UnknownName("kind of range", kind, RANGE_KINDS, given.at_key("kind"))
    if ends not in ("inclusive", "exclusive"):
        raise OptionError(f"'ends' must be inclusive or exclusive, not {shown(ends)}", given.at_key("ends"))
    return Range(low, high, kind, ends == "exclusive")
