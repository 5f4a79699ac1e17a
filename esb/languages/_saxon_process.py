"""The process in which Saxon runs: requests come in on standard input, answers go out on standard output, each a length and JSON.

It is a program of its own, which imports nothing of the bus. Saxon is native code that ends its process when it fails badly, and that does not
survive a fork; here it takes nobody with it. It may reach nothing outside: no protocol is open to ``doc()``, ``collection()`` or
``unparsed-text()``; the environment, functions of other languages and the writing of files are shut off.
"""

from __future__ import annotations

import importlib
import json
import struct
import sys
from typing import Any

SHUT = {
    "http://saxon.sf.net/feature/allowedProtocols": "",
    "http://saxon.sf.net/feature/allow-external-functions": "off",
}
HEAD = struct.Struct(">I")
MOST_QUERIES = 1000
"""So many compiled queries are kept: queries are written in routes, so that there are never as many."""
WHOLE = frozenset({"integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger"})
FRACTIONAL = frozenset({"decimal", "double", "float"})
TYPES = "Q{http://www.w3.org/2001/XMLSchema}"


class Saxon:
    """One processor and the queries it has compiled."""

    def __init__(self) -> None:
        self.processor = importlib.import_module("saxonche").PySaxonProcessor(license=False)
        for name, value in SHUT.items():
            self.processor.set_configuration_property(name, value)
        self.queries: dict[str, Any] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """``{"items": [[kind, text], ...]}`` or ``{"fault": text}``."""
        try:
            return {"items": self.run(**request)}
        except Exception as error:  # whatever it is, the one who asked is told
            return {"fault": str(error) or type(error).__name__}

    def run(self, query: dict[str, Any], document: str | None, values: dict[str, Any]) -> list[tuple[str, str]]:
        key = json.dumps([query, document is None])  # a context once set cannot be taken away again
        compiled = self.queries.get(key)
        if compiled is None:
            if len(self.queries) >= MOST_QUERIES:
                self.queries.clear()
            compiled = self.queries[key] = self.compiled(**query)
        compiled.clear_parameters()
        for name, value in values.items():
            compiled.set_parameter(name, self.atomic(value))
        if document is not None:
            compiled.set_context(xdm_item=self.processor.parse_xml(xml_text=document))
        found = compiled.run_query_to_value() if query["xquery"] else compiled.evaluate(query["text"])
        return [] if found is None else [self.told(item) for item in found]

    def compiled(self, text: str, *, xquery: bool, namespaces: dict[str, str], variables: list[str]) -> Any:
        query = self.processor.new_xquery_processor() if xquery else self.processor.new_xpath_processor()
        for prefix, uri in namespaces.items():
            query.declare_namespace(prefix, uri)
        if xquery:
            query.set_query_content(text)
        else:
            query.set_caching(True)
            for name in variables:
                query.declare_variable(name)
        return query

    def atomic(self, value: Any) -> Any:
        if isinstance(value, bool):
            return self.processor.make_boolean_value(value)
        if isinstance(value, float):
            return self.processor.make_double_value(value)
        return self.processor.make_string_value(value)

    def told(self, item: Any) -> tuple[str, str]:
        """An item as its kind and its text: ``element``, ``boolean``, ``whole``, ``fractional``, or some kind of text."""
        if item.is_node:
            node = item.get_node_value()
            if node.node_kind_str not in {"element", "document"}:
                return "text", node.string_value
            writer = self.processor.new_xpath_processor()
            writer.set_context(xdm_item=node)
            return "element", writer.evaluate_single("serialize(.)").string_value
        if not item.is_atomic:
            raise ValueError(
                "the result holds a map, an array or a function: make a text of it, for example with serialize()"
            )
        kind = item.get_atomic_value().primitive_type_name.removeprefix(TYPES)
        kind = "whole" if kind in WHOLE else "fractional" if kind in FRACTIONAL else kind
        return kind, item.string_value


def main() -> None:
    """Answer until the input ends."""
    saxon = Saxon()
    read, write = sys.stdin.buffer, sys.stdout.buffer
    while head := read.read(HEAD.size):
        told = json.dumps(saxon.answer(json.loads(read.read(HEAD.unpack(head)[0])))).encode()
        write.write(HEAD.pack(len(told)) + told)
        write.flush()


if __name__ == "__main__":
    main()
