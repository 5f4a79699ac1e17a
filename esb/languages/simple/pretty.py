"""JSON and XML as Camel indents them for people (``prettyBody``, ``pretty``)."""

from __future__ import annotations

import decimal
import json
import re
from typing import Any, Final
from xml.sax.saxutils import escape

_DECLARATION: Final = re.compile(r"<\?xml\s+version=(['\"])(.*?)\1(?:\s+encoding=(['\"])(.*?)\3)?[^>]*\?>")


class _Pairs(list[tuple[str, Any]]):
    """An object's members as they stand: a name may come twice."""


def prettified(told: str | None) -> str | None:
    """JSON or XML with indentation; any other text as it is. What looks like JSON and is none gives nothing, as in Camel."""
    if told is None or told[:1] + told[-1:] not in {"{}", "[]", "<>"}:
        return told
    if told[0] == "<":
        return _pretty_xml(told)
    try:
        return pretty_json(json.loads(told, parse_float=decimal.Decimal, object_pairs_hook=_Pairs)) + "\n"
    except (ValueError, RecursionError):
        return None


def pretty_json(value: Any, level: int = 0) -> str:
    """In the form of Camel's own JSON writer: tabs, a line even for what is empty, escaped slashes."""
    if isinstance(value, dict):
        value = _Pairs(value.items())
    if not isinstance(value, list):
        return str(value) if isinstance(value, decimal.Decimal) else _scalar(value)
    inside = "\n" + "\t" * (level + 1)
    if isinstance(value, _Pairs):
        parts = [f"{_scalar(key)}: {pretty_json(item, level + 1)}" for key, item in value]
        opening, closing = "{}"
    else:
        parts = [pretty_json(item, level + 1) for item in value]
        opening, closing = "[]"
    return opening + inside + f",{inside}".join(parts) + "\n" + "\t" * level + closing


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("/", "\\/")


def _pretty_xml(told: str) -> str:
    from esb.errors import Malformed
    from esb.xml import parse

    if "<!DOCTYPE" in told:
        return told
    try:
        root = parse(re.sub(r">\s+<", "><", told))
    except Malformed:
        return told
    declared = _DECLARATION.match(told)
    lines = []
    if declared:
        encoding = f' encoding="{declared[4]}"' if declared[4] else ""
        lines.append(f'<?xml version="{declared[2]}"{encoding}?>')
    _element(root, "", lines)
    return "\n".join(lines)


def _element(element: Any, indent: str, lines: list[str]) -> None:
    """Each tag and each text on a line of its own. Camel drops the text of the root and text behind a tag: here they stay."""
    name = _name(element, element.tag)
    lines.append(f"{indent}<{name}{_attributes(element)}>")
    deeper = indent + "  "
    if element.text:
        lines.append(deeper + escape(element.text))
    for child in element:
        _element(child, deeper, lines)
        if child.tail and child.tail.strip():
            lines.append(deeper + escape(child.tail))
    lines.append(f"{indent}</{name}>")


def _name(element: Any, tag: str, *, attribute: bool = False) -> str:
    namespace, brace, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    if not brace:
        return local
    if namespace == "http://www.w3.org/XML/1998/namespace":
        return f"xml:{local}"
    fitting = [prefix for prefix, uri in element.nsmap.items() if uri == namespace]
    prefix = element.prefix if not attribute else next((one for one in fitting if one), None)
    return f"{prefix}:{local}" if prefix else local


def _attributes(element: Any) -> str:
    parent = element.getparent()
    known = {} if parent is None else parent.nsmap
    told = [
        (f"xmlns:{prefix}" if prefix else "xmlns", uri)
        for prefix, uri in element.nsmap.items()
        if known.get(prefix) != uri
    ]
    told += [(_name(element, key, attribute=True), value) for key, value in element.attrib.items()]
    return "".join(f' {key}="{escape(value, _QUOTES)}"' for key, value in told)


_QUOTES: Final = {'"': "&quot;", "\n": "&#10;"}
