"""Mappings from one data type to another: ``schemas/mappings/*.yaml``.

::

    mappings:
      - from: crm.Order
        to: erp.SalesOrder
        fields:
          number: orderId
          customer.name: {field: buyer.name, clean: upper}
          country: {field: country, lookup: {table: countries, from: iso2, to: iso3, default: XXX}}
          items: {each: {from: lines, fields: {sku: sku, quantity: {field: qty, as: integer}}}}
      - {from: crm.Person, to: oa.Contact, python: "schemas.mappings.people:contact"}

Fields' notation: esb.datatypes.mapping_fields. A mapping takes and gives loaded values (what ``DataType.load`` gives), under the fields'
names. Its outcome goes through the target type's ``load``, unless ``validate: false``.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from esb.datatypes.catalogue import Catalogue
from esb.datatypes.datatype import DataType
from esb.datatypes.document import Findings, Part, Reader, open_document
from esb.datatypes.mapping_fields import CompileExpression, Scope, parse_fields
from esb.datatypes.plan_code import compile_plan
from esb.datatypes.plans import Step, explain, why
from esb.datatypes.suggest import Suggestion, suggest
from esb.datatypes.table_files import Tables
from esb.errors import (
    NOWHERE,
    ConfigError,
    OptionError,
    Position,
    ProjectError,
    ReferenceFault,
    UnknownName,
    ValidationFailed,
    did_you_mean,
)

FOLDER: Final = "mappings"
_OPTIONS: Final = ("from", "to", "doc", "fields", "python", "validate")


class Mapping:
    """A compiled mapping, called with a value. Immutable and thread-safe."""

    def __init__(
        self, source: DataType, target: DataType, step: Step, spec: dict[str, Any], at: Position = NOWHERE
    ) -> None:
        self.source = source
        self.target = target
        self.at = at
        self._step = step
        self._run = compile_plan(step)
        self._spec = spec
        self._check: Callable[[Any], Any] | None = None
        if spec.get("validate", True):
            # A function gives the target's own values: they go out and in again, as YAML's results go in.
            self._check = self._out_and_in if "python" in spec else target.load

    def __repr__(self) -> str:
        return f"<Mapping {self.name}>"

    @property
    def name(self) -> str:
        """``crm.Order -> erp.SalesOrder``."""
        return pair(self.source.name, self.target.name)

    @property
    def validates(self) -> bool:
        """Whether the outcome is held against the target type."""
        return self._check is not None

    def __call__(self, value: Any) -> Any:
        """The target type's value. Raises ValidationFailed, with a report by target fields, if a field cannot be made or is not valid."""
        try:
            made = self._run(value, value)
        except Exception as error:
            raise self._failed(error, value) from error
        if self._check is None:
            return made
        try:
            return self._check(made)
        except ValidationFailed as error:
            raise ValidationFailed(f"{self.name}: {error}", error.report) from None  # it says all, and holds the data

    def describe(self) -> dict[str, Any]:
        """The mapping as written."""
        return dict(self._spec)

    def _out_and_in(self, made: Any) -> Any:
        return self.target.load(self.target.dump(made))

    def _failed(self, error: Exception, value: Any) -> ValidationFailed:
        found = list(explain(self._step, value, value, "")) or [("", why(error))]
        report = [{"path": path, "message": message} for path, message in found]
        shown = "; ".join(f"{path}: {message}" if path else message for path, message in found[:3])
        return ValidationFailed(f"{self.name}: {shown}", report)


@dataclass(slots=True)
class _Entry:
    """One mapping of a file, compiled when it is first wanted."""

    source: str
    target: str
    part: Part
    root: Path
    mapping: Mapping | None = None


class MappingSet:
    """The mappings of a project's schema folders. Thread-safe.

    ``compile_expression(language, text)`` gives a function of a body. Files are read when a mapping is first wanted; :meth:`check` compiles all.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        catalogue: Catalogue,
        read: Reader,
        compile_expression: CompileExpression | None = None,
        tables: Tables | None = None,
    ) -> None:
        self.roots = tuple(Path(root) for root in roots)
        self.catalogue = catalogue
        self.tables = tables or Tables(self.roots, read)
        self._read = read
        self._compile_expression = compile_expression
        self._entries: dict[tuple[str, str], _Entry] | None = None
        self._lock = threading.RLock()

    def find(self, from_type: str, to_type: str, at: Position = NOWHERE) -> Mapping:
        """The mapping of two types. Raises UnknownName with the nearest pairs, or what is wrong with it (ConfigErrors)."""
        with self._lock:
            entries = self._index()
            entry = entries.get((from_type, to_type))
            if entry is None:
                for name in (from_type, to_type):
                    self.catalogue.schema(name, at)  # a slip in a type's name is told as that
                known = [pair(*key) for key in entries]
                hint = did_you_mean(pair(from_type, to_type), known) or "declare it in a file of schemas/mappings"
                raise UnknownName("mapping", pair(from_type, to_type), known, at, hint)
            if entry.mapping is None:
                entry.mapping = self._compile(entry)
            return entry.mapping

    def pairs(self) -> list[tuple[str, str]]:
        """Source and target of every mapping."""
        with self._lock:
            return sorted(self._index())

    def check(self) -> None:
        """Compile every mapping and index every table. Raises all findings."""
        findings = Findings()
        with findings.collect():
            for key in self.pairs():
                with findings.collect():
                    self.find(*key)
        with findings.collect():
            self.tables.check()
        findings.done()

    def suggest(self, from_type: str, to_type: str) -> list[Suggestion]:
        """A proposal for a mapping that is still to be written: see esb.datatypes.suggest."""
        return suggest(self.catalogue.type(from_type).schema, self.catalogue.type(to_type).schema)

    def _index(self) -> dict[tuple[str, str], _Entry]:
        if self._entries is None:
            findings = Findings()
            entries: dict[tuple[str, str], _Entry] = {}
            for root in self.roots:
                for file in sorted(file for suffix in ("yaml", "yml") for file in (root / FOLDER).rglob(f"*.{suffix}")):
                    with findings.collect():
                        self._read_file(root, file, entries, findings)
            findings.done()
            self._entries = entries
        return self._entries

    def _read_file(self, root: Path, file: Path, entries: dict[tuple[str, str], _Entry], findings: Findings) -> None:
        top = open_document(file, self._read)
        if "from" in top:
            items = [top]
        else:
            top.allow("a document of mappings", ("mappings",))
            items = top.part("mappings").items("'mappings'") if "mappings" in top else []
        for item in items:
            with findings.collect():
                item.allow("a mapping", _OPTIONS)
                key = (item.need("from", str, "a mapping"), item.need("to", str, "a mapping"))
                if key in entries:
                    raise ProjectError(
                        f"the mapping {pair(*key)} is also at {entries[key].part.at}", item.at, "remove one"
                    )
                entries[key] = _Entry(*key, item, root)

    def _compile(self, entry: _Entry) -> Mapping:
        part, findings = entry.part, Findings()
        types: list[DataType] = []
        for key in ("from", "to"):
            with findings.collect():
                types.append(self.catalogue.type(part.value[key], part.at_key(key)))
        findings.done()
        source, target = types
        validate = part.take("validate", bool, default=True)
        if ("fields" in part) == ("python" in part):
            raise OptionError(
                f"the mapping {pair(entry.source, entry.target)} needs either 'fields' or 'python'", part.at
            )
        if "python" in part:
            function = self._function(entry)
            return Mapping(source, target, lambda value, _: function(value), part.value, part.at)
        scope = Scope(source.schema, source.schema, self.tables, self._compile_expression, outside=validate)
        plan = parse_fields(part.part("fields"), scope, target.schema, target.name)
        return Mapping(source, target, plan, part.value, part.at)

    def _function(self, entry: _Entry) -> Callable[[Any], Any]:
        text, at = entry.part.take("python", str), entry.part.at_key("python")
        module, colon, name = text.partition(":")
        if not colon or not module or not name:
            raise OptionError(f"{text!r} names no function", at, "write package.module:function")
        parent = str(entry.root.resolve().parent)
        if parent not in sys.path:
            sys.path.append(parent)  # as for the types of this folder
            importlib.invalidate_caches()
        try:
            found = getattr(importlib.import_module(module), name)
        except AttributeError as error:
            raise ReferenceFault(f"the module {module!r} has no {name!r}", at) from error
        except ConfigError:
            raise
        except Exception as error:
            raise ReferenceFault(f"{module!r} cannot be imported: {type(error).__name__}: {error}", at) from error
        if not callable(found):
            raise ReferenceFault(f"{text!r} is a {type(found).__name__}, not a function", at)
        function: Callable[[Any], Any] = found
        return function


def pair(source: str, target: str) -> str:
    """How a mapping is named in messages."""
    return f"{source} -> {target}"
