"""Finds data types by name in a project's schema folders.

``crm.Customer`` is the class ``Customer`` of ``schemas/crm.py``, or declared in ``schemas/crm.yaml``; ``crm.sub.Type`` is in ``schemas/crm/sub``.
The folder is a namespace package: a module is imported as ``schemas.crm``, when a name asks for it and never by scanning.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from marshmallow import Schema
from marshmallow.exceptions import MarshmallowError

from esb.datatypes.datatype import DataType
from esb.datatypes.declare import declare
from esb.datatypes.document import Findings, Part, Reader, open_document
from esb.datatypes.paths import resolve
from esb.datatypes.python_types import class_names, module_file, python_type
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

_NAME: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_SUFFIXES: Final = (".yaml", ".yml")
_OTHERS: Final = frozenset({"mappings", "tables"})
"""Folders of the schema folder that hold no types."""

SchemaLike = Schema | type[Schema]


@dataclass(slots=True)
class _Document:
    """A YAML file that has been read."""

    types: dict[str, type[Schema]] = field(default_factory=dict)
    error: ConfigError | None = None


class Catalogue:
    """Thread-safe; finds a type once and remembers it. ``read`` reads a YAML file: see esb.datatypes.document.

    Types may also be put in by :meth:`bind` (made from a WSDL, an OpenAPI document, in a test).
    """

    def __init__(self, roots: Sequence[Path] = (), read: Reader | None = None) -> None:
        self.roots = tuple(Path(root) for root in roots)
        self._read = read
        self._lock = threading.RLock()
        self._types: dict[str, DataType] = {}
        self._bound: dict[str, SchemaLike] = {}
        self._documents: dict[Path, _Document] = {}

    def type(self, name: str, at: Position = NOWHERE) -> DataType:
        """The type of a name. Raises UnknownName with the nearest names, or the ConfigErrors of the file that declares it."""
        known = self._types.get(name)
        if known is not None:
            return known
        with self._lock:
            if name not in self._types:
                schema = self.schema(name, at)
                try:
                    self._types[name] = DataType(name, schema)
                except ConfigError:
                    raise
                except (
                    MarshmallowError,
                    ValueError,
                    TypeError,
                    NameError,
                ) as error:  # a nested schema that is not there or not possible
                    raise ReferenceFault(f"the type {name!r} is not possible: {error}", at) from error
            return self._types[name]

    def schema(self, name: str, at: Position = NOWHERE) -> SchemaLike:
        """The schema of a name, not compiled. Raises as :meth:`type`."""
        with self._lock:
            if name in self._bound:
                return self._bound[name]
            if not _NAME.fullmatch(name):
                raise OptionError(
                    f"{name!r} is no name of a data type", at, "write the module and the type, such as crm.Customer"
                )
            found = list(self._providers(name, at))
            if not found:
                raise UnknownName("data type", name, self.names(), at)
            if len(found) > 1:
                raise ProjectError(
                    f"two places provide the data type {name!r}: {found[0][0]} and {found[1][0]}", at, "remove one"
                )
            return found[0][1]

    def bind(self, name: str, schema: SchemaLike) -> None:
        """Provide a type that is in no file. Raises ProjectError if the name is taken by another."""
        with self._lock:
            if self._bound.setdefault(name, schema) is not schema:
                raise ProjectError(f"a data type {name!r} is already there")

    def names(self) -> list[str]:
        """All names that can be known without importing: declared ones, classes of modules, bound ones. Files with errors are skipped."""
        with self._lock:
            names = set(self._bound)
            for root, file in self._files(".py"):
                names.update(f"{_module(root, file)}.{name}" for name in class_names(file))
            for suffix in _SUFFIXES:
                for root, file in self._files(suffix):
                    try:
                        declared = open_document(file, self._reader()).value
                    except (ConfigError, ValueError):
                        continue
                    types = declared.get("types") if isinstance(declared, dict) else None
                    names.update(f"{_module(root, file)}.{name}" for name in types or ())
            return sorted(names)

    def check(self) -> None:
        """Read every declared type and raise all findings. Nothing of Python is imported that no declaration names."""
        findings = Findings()
        with self._lock:
            for suffix in _SUFFIXES:
                for root, file in self._files(suffix):
                    with findings.collect():
                        self._document(file, _module(root, file))
        findings.done()

    def _files(self, suffix: str) -> Iterator[tuple[Path, Path]]:
        for root in self.roots:
            for file in sorted(root.rglob(f"*{suffix}")):
                inside = file.relative_to(root).parts
                if inside[0] not in _OTHERS and not any(part.startswith((".", "__")) for part in inside[:-1]):
                    yield root, file

    def _providers(self, name: str, at: Position) -> Iterator[tuple[Path, SchemaLike]]:
        module, _, type_name = name.rpartition(".")
        for root in self.roots:
            made = python_type(root, module, type_name, at)
            if made is not None:
                yield module_file(root, module) or root, made
            base = root.joinpath(*module.split("."))
            for suffix in _SUFFIXES:
                file = base.with_name(base.name + suffix)
                if file.is_file():
                    declared = self._document(file, module).types.get(type_name)
                    if declared is not None:
                        yield file, declared

    def _reader(self) -> Reader:
        if self._read is None:
            raise ProjectError("this catalogue has no reader of YAML files")
        return self._read

    def _document(self, file: Path, module: str) -> _Document:
        """The types of a file, read once. Raises its findings, each time."""
        known = self._documents.get(file)
        if known is None:
            known = self._documents[file] = _Document()
            try:
                self._load(known, file, module)
            except ConfigError as error:
                known.error = error
        if known.error is not None:
            raise known.error
        return known

    def _load(self, document: _Document, file: Path, module: str) -> None:
        top = open_document(file, self._reader())
        if not isinstance(top.value, dict):
            raise RouteSyntaxError("a document of types is a map", top.at, "begin with 'types:'")
        if "types" not in top:
            return  # another kind of document: an OpenAPI contract, a list of codes
        findings = Findings()
        references: list[tuple[str, Position]] = []

        def reference(part: Part) -> Callable[[], SchemaLike]:
            name = part.value if isinstance(part.value, str) and "." in part.value else f"{module}.{part.value}"
            references.append((name, part.at))
            return lambda: self.schema(name, part.at)

        with findings.collect():
            top.allow("a document of types", ("types",))
        for name, part in top.part("types").entries("'types'"):
            with findings.collect():
                if not _NAME.fullmatch(f"x.{name}"):
                    raise OptionError(f"a type cannot be called {name!r}", part.at)
                document.types[name] = declare(name, part, reference)
        # Only now, since types may refer to each other, across files too.
        own = [f"{module}.{name}" for name in top.value["types"]]
        for name, at in references:
            if name not in own:  # one of its own that is wrong has its findings already
                with findings.collect():
                    self.schema(name, at)
        if not findings.errors:
            for declared in document.types.values():
                self._check_rules(declared, findings)
        findings.done()

    def _check_rules(self, declared: Any, findings: Findings) -> None:
        for rule in declared.rules:
            for path, at in rule.paths:
                with findings.collect():
                    resolve(declared(), path, at)


def _module(root: Path, file: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
