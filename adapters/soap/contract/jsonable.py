"""Data of messages as JSON text that routes read back: numbers with their digits, dates and times as XML Schema writes them, bytes as base64."""

from __future__ import annotations

import base64
import datetime as dt
import json
from decimal import Decimal
from typing import Any


def jsonable(value: Any) -> Any:
    """The value in types that JSON has. A Decimal is a number where a float has its digits, otherwise text."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, Decimal):
        if not value.is_finite():
            return str(value)
        if value == value.to_integral_value() and abs(value) < 2**53:
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if isinstance(value, (dt.datetime, dt.time)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    return value


def text(value: Any) -> str:
    """Indented JSON."""
    return json.dumps(jsonable(value), indent=2, ensure_ascii=False)


def indented(xml: bytes) -> str:
    """XML for people."""
    from lxml import etree

    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True))
    etree.cleanup_namespaces(root)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")
