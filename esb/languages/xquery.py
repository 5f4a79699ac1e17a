"""The language ``xquery``: XQuery 3.1 on XML text and elements, with the extra ``xquery`` (Saxon-HE).

Options, variables and results are those of Camel 4.17 (its page "XQuery", and the oracle's cases under ``languages/xquery``). A query may ask for
``$in.body``, ``$in.headers.name`` and exchange properties by their names, each declared ``external``. It cannot read files, the network or the
environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from esb.coerce import is_element, text
from esb.errors import ConversionFailed, RouteSyntaxError
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Predicate, Scope
from esb.fields import Kind, field
from esb.javanames import RuntimeCamelException
from esb.languages import _saxon
from esb.languages._resource import resource_text
from esb.languages._source import reader
from esb.languages.xpath import Namespace, document_of

_EXTERNAL: Final = re.compile(r"declare\s+variable\s+\$([\w.\-]+)[^;:{]*\sexternal\b")
_TEXTS: Final = frozenset({"string", "str", "text"})
_NODES: Final = frozenset({"", "object", "node", "element"})


class RuntimeExpressionException(RuntimeCamelException):
    """A query that failed on this message, or whose result is not what was asked for."""


class XQuery(LanguageSpec):
    """``<skus>{//sku}</skus>``: the element that the query makes; with ``resultType: String`` the text of all it finds."""

    name = "xquery"

    namespace = field(Kind.SPECS, (), spec=Namespace, doc="Prefixes that stand in the query.")
    source = field(
        Kind.TEXT, None, doc="header:name, property:name, variable:name or a variable's name instead of the body."
    )
    configuration_ref = field(Kind.TEXT, None, doc="Java's configuration of Saxon; not used here.")

    def compile(self, scope: Scope) -> Expression:
        wanted = (self.result_type or "").strip().rsplit(".", 1)[-1].lower()
        if wanted in _TEXTS:
            return self._compiled(scope, _as_text)
        if wanted in _NODES:
            return self._compiled(scope, _as_element)
        raise RouteSyntaxError(
            f"xquery gives an element or text, no {self.result_type}",
            self.at,
            "write resultType: String, and convert the text where it is used",
        )

    def compile_predicate(self, scope: Scope) -> Predicate:
        return self._compiled(scope, _as_truth)

    def _compiled(self, scope: Scope, finish: Callable[[list[Any]], Any]) -> Callable[[Exchange], Any]:
        _saxon.need("xquery", self.at)
        source = resource_text(self.text, scope, self.at)
        names = frozenset(_EXTERNAL.findall(source))
        namespaces = {one.key: one.value for one in self.namespace}
        query = _saxon.Query(source, xquery=True, namespaces=namespaces, variables=names)
        try:
            query.check()
        except _saxon.SaxonFault as fault:
            raise RouteSyntaxError(f"the XQuery {_short(source)} cannot be read: {fault}", self.at) from None
        read = reader(self.source, scope)  # type: ignore[arg-type]  # every scope is a context, which holds the variables
        given = {name: _variable(name) for name in names}

        def evaluate(exchange: Exchange) -> Any:
            held = read(exchange)
            document = None if held is None else _xml(document_of(held))
            values = {name: value for name, get in given.items() if (value := get(exchange)) is not None}
            try:
                return finish(query.run(document, values))
            except (_saxon.SaxonFault, ConversionFailed) as fault:
                raise RuntimeExpressionException(f"xquery {_short(source)}: {fault}") from fault

        return evaluate


def _short(source: str) -> str:
    told = " ".join(source.split())
    return repr(told if len(told) <= 60 else told[:57] + "...")


def _xml(root: Any) -> str:
    from lxml import etree

    return str(etree.tostring(root, encoding="unicode", with_tail=False))


def _variable(name: str) -> Expression:
    """What Camel gives a query under a name: texts, since it gives no others."""
    if name in {"in.body", "out.body"}:
        return lambda exchange: text(exchange.message.body)
    for prefix in ("in.headers.", "out.headers."):
        if name.startswith(prefix):
            header = name.removeprefix(prefix)
            return lambda exchange: text(exchange.message.headers.get(header))
    return lambda exchange: text(exchange.properties.get(name))


def _as_text(items: list[Any]) -> str:
    return "".join("".join(item.itertext()) if is_element(item) else text(item) or "" for item in items)


def _as_element(items: list[Any]) -> Any:
    if len(items) == 1 and is_element(items[0]):
        return items[0]
    if not items:
        return ""
    raise ConversionFailed(
        "the query gives something else than one element: put an element around it, or name resultType: String"
    )


def _as_truth(items: list[Any]) -> bool:
    """Camel's rule: a truth value is itself, anything else is true, nothing is false."""
    return items[0] if len(items) == 1 and isinstance(items[0], bool) else bool(items)
