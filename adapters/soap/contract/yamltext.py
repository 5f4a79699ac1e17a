"""YAML as people write it: short maps on one line, texts in quotes only where they need them."""

from __future__ import annotations

import json
import re
from typing import Any, Final

WIDTH: Final = 120
_PLAIN: Final = re.compile(r"[A-Za-z_/$@][A-Za-z0-9_./$@+-]*(?: [A-Za-z0-9_./+-]+)*")
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def scalar(value: Any) -> str:
    """One value."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not value.startswith("@")
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def block(value: Any, indent: int = 0) -> str:
    """A value over several lines, as far as it does not fit on one. Ends without a line break."""
    return "\n".join(_lines(value, indent))


def _lines(value: Any, indent: int) -> list[str]:
    pad = " " * indent
    if isinstance(value, dict) and value:
        told = []
        for key, item in value.items():
            told += _entry(f"{pad}{scalar(key)}:", item, indent + 2)
        return told
    if isinstance(value, list) and value:
        told = []
        for item in value:
            inner = _lines(item, indent + 2) if _needs_lines(item, indent + 2) else [pad + "  " + flow(item)]
            told += [f"{pad}- {inner[0].lstrip()}", *inner[1:]]
        return told
    return [pad + flow(value)]


def _entry(head: str, item: Any, indent: int) -> list[str]:
    if _needs_lines(item, len(head)):
        return [head, *_lines(item, indent)]
    return [f"{head} {flow(item)}"]


def _needs_lines(item: Any, before: int) -> bool:
    return isinstance(item, (dict, list)) and bool(item) and (before + len(flow(item)) > WIDTH)
