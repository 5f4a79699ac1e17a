"""Reading a case of the oracle: YAML of the 1.2 core schema, and the routes scalar for scalar as they were written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class CoreLoader(yaml.CSafeLoader):
    """YAML 1.2's core schema: ``yes``, ``on`` and ``1:30`` are text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- PyYAML's own way to say it


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)


def _int(loader: CoreLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


def _float(loader: CoreLoader, node: yaml.ScalarNode) -> float:
    return float(str(loader.construct_scalar(node)).replace(".inf", "inf").replace(".nan", "nan"))


CoreLoader.add_constructor("tag:yaml.org,2002:int", _int)
CoreLoader.add_constructor("tag:yaml.org,2002:float", _float)


@dataclass(frozen=True)
class Case:
    """A case and what Camel did with it. ``name`` is its path below the folder of cases, ``area`` the first part of that."""

    name: str
    document: dict[str, Any]
    routes: str
    golden: dict[str, Any]

    @property
    def area(self) -> str:
        return self.name.partition("/")[0]


def load_case(path: Path, root: Path) -> Case:
    text = path.read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=CoreLoader)
    routes = document["routesText"] if "routesText" in document else _routes_of(text)
    golden = json.loads(path.with_suffix("").with_suffix(".golden.json").read_text(encoding="utf-8"))
    return Case(path.relative_to(root).with_suffix("").as_posix(), document, routes, golden)


def _routes_of(text: str) -> str:
    root = yaml.compose(text, Loader=CoreLoader)
    for key, value in root.value if root is not None else ():
        if key.value == "routes":
            told: str = yaml.serialize(value, Dumper=yaml.CSafeDumper, width=100_000, allow_unicode=True)
            return told
    return "[]"


def find_cases(root: Path) -> list[Path]:
    """All cases below a folder that have a golden beside them, in order of their names."""
    return sorted(path for path in root.rglob("*.yaml") if path.with_suffix("").with_suffix(".golden.json").exists())
