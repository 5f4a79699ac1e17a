"""Schema folders for tests: texts of files below a fresh folder, read as the bus reads them."""

import itertools
from pathlib import Path
from typing import Any

from esb.datatypes.catalogue import Catalogue
from esb.datatypes.document import Loaded, from_nodes
from esb.dsl.nodes import to_python
from esb.dsl.reader import read

_NUMBERS = itertools.count()


def read_document(file: Path) -> Loaded:
    return from_nodes(read(file), to_python)


def schema_folder(tmp_path: Path, files: dict[str, str]) -> Path:
    """A schema folder of a name of its own: modules are remembered by Python under that name."""
    root = tmp_path / f"schemas{next(_NUMBERS)}"
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def catalogue(tmp_path: Path, files: dict[str, str]) -> Catalogue:
    return Catalogue([schema_folder(tmp_path, files)], read_document)


def one_type(tmp_path: Path, fields: str, more: str = "") -> Any:
    """The type ``crm.T`` with these fields, one a line."""
    lines = "".join(f"      {line}\n" for line in fields.strip().splitlines())
    return catalogue(tmp_path, {"crm.yaml": f"types:\n  T:\n    fields:\n{lines}{more}"}).type("crm.T")
