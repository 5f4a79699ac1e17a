"""Schemas that libxml2 refuses though partners live with them: the types in question are let through unchecked, and the rest is checked as always.

Known of real contracts: content models that are not deterministic (Exchange Web Services), which other processors take.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import esb.xml
from adapters.soap.contract.closure import START
from adapters.soap.names import XSD
from esb.errors import ConfigError

Element = Any  # lxml's stubs do not know that it hands out text

MOST: Final = 100
"""Types that are let through at most; beyond that the schema is simply wrong."""
_AMBIGUOUS: Final = re.compile(
    r"(esb:/doc/\d+):(\d+): (?:complex type '([^']+)'|local complex type): The content model is not determinist"
)


def relaxed(documents: Mapping[str, bytes]) -> tuple[Mapping[str, bytes], list[str]]:
    """The documents as libxml2 takes them, and notes of what is not checked. Raises :class:`~esb.errors.ConfigError` if it does not take them."""
    made = dict(documents)
    notes: list[str] = []
    while True:
        try:
            esb.xml.schema(made, START)
        except ConfigError as exc:
            found = _AMBIGUOUS.search(exc.message)
            changed = _without_content(made[found[1]], found[3] or "", int(found[2])) if found is not None else None
            if found is None or changed is None or len(notes) >= MOST:
                raise
            made[found[1]], name = changed
            notes.append(f"the content of type {name} is not checked: its model is ambiguous (not deterministic)")
        else:
            return made, notes


def _without_content(document: bytes, name: str, line: int) -> tuple[bytes, str] | None:
    """The document with one type's content as anything at all."""
    root: Element = esb.xml.parse(document, max_bytes=1 << 30, huge=True)
    tag = f"{{{XSD}}}complexType"
    for node in root.iter(tag):
        if (node.get("name") == name) if name else (not node.get("name") and node.sourceline == line):
            called = name or f"{_owner(node)} (line {line})"
            for child in list(node):
                node.remove(child)
            node.append(
                esb.xml.parse(
                    f'<s:sequence xmlns:s="{XSD}"><s:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></s:sequence>'
                )
            )
            node.append(esb.xml.parse(f'<s:anyAttribute xmlns:s="{XSD}" processContents="lax"/>'))
            return esb.xml.serialize(root), called
    return None


def _owner(node: Element) -> str:
    parent = node.getparent()
    return f"of element {parent.get('name')}" if parent is not None and parent.get("name") else "without a name"
