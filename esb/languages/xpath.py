"""The language ``xpath``: XPath 1.0 on XML text and elements, XPath 3.1 with ``saxon: true`` and the extra ``xquery``.

Options, functions, variables and results are those of Camel 4.17 (its page "XPath", and the oracle's cases under ``languages/xpath``); the engine
is libxml2 through lxml, the parser that of :mod:`esb.xml`. Paths are checked when the route is loaded and compiled once in each thread.
"""

from __future__ import annotations

import copy
import math
import re
import threading
from collections.abc import Callable
from typing import Any, Final

from esb.coerce import Source, Textual, is_element, octets, result_converter, text, type_names
from esb.errors import ConversionFailed, OptionError, RouteSyntaxError, UnknownName
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Predicate, Scope
from esb.fields import Kind, Spec, field
from esb.javanames import RuntimeCamelException
from esb.languages import _saxon, _xpath
from esb.languages._resource import resource_text
from esb.languages._source import reader
from esb.variables import variable

_IN: Final = "http://camel.apache.org/xml/in/"
_OUT: Final = "http://camel.apache.org/xml/out/"
_FUNCTION: Final = "http://camel.apache.org/xml/function/"
_CAMEL: Final = {"in": _IN, "out": _OUT, "function": _FUNCTION}
_VARIABLE: Final = re.compile(r"\$([A-Za-z_][\w.\-]*)")
_KEY: Final = re.compile(r"[\w.\-]+")
_EXACT: Final = 1 << 53
_NUMBERS: Final = frozenset(
    {"int", "integer", "long", "short", "byte", "double", "float", "number", "bigdecimal", "biginteger", "decimal"}
)


class InvalidXPathException(RuntimeCamelException):
    """A path that cannot be evaluated on this message, or whose result is not what was asked for."""


class NodeList(list[Any], Textual):
    """What a path found: elements, and the texts of attributes and text nodes. Its text is the elements' XML and those texts."""

    def as_text(self) -> str:
        return "".join(_xml(node).decode() if is_element(node) else node for node in self)


class Namespace(Spec):
    """A prefix and the namespace it stands for."""

    key = field(Kind.TEXT, doc="The prefix.", example="o")
    value = field(Kind.TEXT, doc="The namespace's URI.", example="urn:orders")


class XPath(LanguageSpec):
    """``/order/line[sku = $wanted]``: the nodes found; with ``resultType`` the first one's text, number or truth."""

    name = "xpath"

    result_q_name = field(
        Kind.TEXT, "NODESET", name="resultQName", doc="What the result is: NUMBER, STRING, BOOLEAN, NODE or NODESET."
    )
    namespace = field(Kind.SPECS, (), spec=Namespace, doc="Prefixes that stand in the path.")
    source = field(
        Kind.TEXT, None, doc="header:name, property:name, variable:name or a variable's name instead of the body."
    )
    saxon = field(
        Kind.BOOL,
        False,
        doc="XPath 3.1 by Saxon, with the extra ``xquery``. There are no functions of Camel then: a header is ``$name``.",
    )
    document_type = field(Kind.TEXT, None, doc="Java's class of the document; there is one kind here.")
    factory_ref = field(Kind.TEXT, None, doc="Java's factory; not used here.")
    object_model = field(Kind.TEXT, None, doc="Java's object model; not used here.")
    log_namespaces = field(Kind.BOOL, False, doc="Not used here.")
    thread_safety = field(Kind.BOOL, True, doc="Always so here.")
    pre_compile = field(Kind.BOOL, True, doc="Always so here.")

    def compile(self, scope: Scope) -> Expression:
        wanted: str = self.result_type.strip().rsplit(".", 1)[-1].lower() if self.result_type else ""
        return self._compiled(scope, self._finish(wanted))

    def compile_predicate(self, scope: Scope) -> Predicate:
        return self._compiled(scope, _xpath.as_boolean)

    def _compiled(self, scope: Scope, finish: Callable[[Any], Any]) -> Expression:
        path = resource_text(self.text, scope, self.at)
        if self.saxon and _saxon.available():
            return self._by_saxon(path, scope, finish)
        namespaces = {**_CAMEL, **{one.key: one.value for one in self.namespace}}
        try:
            reading = _xpath.read_path(path, namespaces)
        except _xpath.BadPath as error:
            if self.saxon:
                _saxon.need("saxon: true", self.at)
            raise RouteSyntaxError(f"the XPath {path!r} cannot be read: {error}", self.at) from None
        engine = _Engine(path, reading, namespaces, _Functions(self, scope, reading))
        engine.check(self)
        read = reader(self.source, scope)  # type: ignore[arg-type]  # every scope is a context, which holds the variables
        given = {plain: _named(name, scope) for plain, name in reading.variables.items()}

        def evaluate(exchange: Exchange) -> Any:
            source = read(exchange)
            document = _nothing() if source is None else document_of(source)
            variables = {plain: get(exchange) for plain, get in given.items()}
            try:
                found = engine.run(document, exchange, variables)
                return finish(
                    [node for node in found if node is not document]
                    if source is None and isinstance(found, list)
                    else found
                )
            except ConversionFailed:
                raise
            except Exception as error:
                raise InvalidXPathException(f"xpath {path!r}: {error}") from error

        return evaluate

    def _by_saxon(self, path: str, scope: Scope, finish: Callable[[Any], Any]) -> Expression:
        given = {name: _named(name, scope) for name in _VARIABLE.findall(path)}
        prefixes = {one.key: one.value for one in self.namespace}
        query = _saxon.Query(path, xquery=False, namespaces=prefixes, variables=frozenset(given))
        try:
            query.check()
        except _saxon.SaxonFault as fault:
            hint = "in Saxon's paths a header is a variable, $name" if ":header(" in path else ""
            raise RouteSyntaxError(f"the XPath {path!r} cannot be read: {fault}", self.at, hint) from None
        read = reader(self.source, scope)  # type: ignore[arg-type]  # every scope is a context, which holds the variables

        def evaluate(exchange: Exchange) -> Any:
            held = read(exchange)
            document = _nothing() if held is None else document_of(held)
            values = {name: _scalar(get(exchange)) for name, get in given.items()}
            try:
                return finish(_whole_result(query.run(_xml(document).decode(), values)))
            except ConversionFailed:
                raise
            except Exception as error:
                raise InvalidXPathException(f"xpath {path!r}: {error}") from error

        return evaluate

    def _finish(self, wanted: str) -> Callable[[Any], Any]:
        """From what libxml2 gives to what the route asked for. A result type says more than ``resultQName``."""
        if not wanted:
            return _BY_QNAME.get(self.result_q_name.upper(), _nodes)
        if wanted in {"string", "str", "text", "charsequence"}:
            return _xpath.as_string
        if wanted in {"boolean", "bool"}:
            return _xpath.as_boolean
        if wanted in {"nodelist", "list", "collection", "iterable", "object"}:
            return _nodes
        if wanted in {"node", "element", "document"}:
            return _first
        if wanted in {"byte[]", "bytes", "inputstream"}:
            return _bytes
        try:
            convert = result_converter(self.result_type)
        except KeyError:
            raise UnknownName("type", self.result_type, type_names(), self.at) from None
        if wanted in _NUMBERS:
            fractional = wanted in {"double", "float", "number"}
            return lambda value: _finite_or_not(_xpath.as_number(value), convert, fractional=fractional)
        return lambda value: convert(_nodes(value))


class _Functions:
    """The functions that Camel adds to XPath. They look at the exchange that the calling thread evaluates for."""

    def __init__(self, spec: XPath, scope: Scope, reading: _xpath.Reading) -> None:
        self.scope = scope
        self.current = threading.local()
        self.simple: dict[str, Expression] = {}
        self.keys = {literal for name, literal in reading.calls if name == "function:properties"}
        for name, literal in reading.calls:
            if name == "function:simple":
                if literal is None:
                    raise OptionError(
                        "function:simple takes one text in quotes", spec.at, "data is never read as simple"
                    )
                self.simple[literal] = scope.language("simple")(spec.at, expression=literal).compile(scope)

    def extensions(self) -> dict[tuple[str, str], Callable[..., Any]]:
        return {
            **_xpath.FUNCTIONS,
            (_IN, "body"): lambda _: text(self.current.exchange.message.body) or "",
            (_IN, "header"): self._header,
            # There is one message here: what Camel's `out` would be is not there yet.
            (_OUT, "body"): lambda _: [],
            (_OUT, "header"): lambda _context, _name: [],
            (_FUNCTION, "properties"): self._property,
            (_FUNCTION, "simple"): lambda _, source: text(self.simple[str(source)](self.current.exchange)) or "",
        }

    def _property(self, _context: Any, key: Any) -> str:
        name = _xpath.as_string(key)
        # One that comes with the message may choose a property, never a function of the placeholders (env:, credential:), as in simple.
        if name not in self.keys and not _KEY.fullmatch(name):
            raise InvalidXPathException(f"there is no property {name[:60]!r}")
        return self.scope.resolve("{{" + name + "}}")

    def _header(self, _context: Any, name: Any) -> Any:
        value = self.current.exchange.message.headers.get(_xpath.as_string(name))
        return [] if value is None else _plain(value)  # nothing is no node, and empty where a text is asked for


class _Engine:
    """A path compiled in each thread that uses it: libxml2's compiled paths take one caller at a time."""

    def __init__(self, path: str, reading: _xpath.Reading, namespaces: dict[str, str], functions: _Functions) -> None:
        self.reading = reading
        self.whole = path.strip() in {".", "/"}
        self.namespaces = {**namespaces, **_xpath.NAMESPACES}
        self.functions = functions
        self.threads = threading.local()

    def check(self, spec: XPath) -> None:
        """Compile once to see whether it can be. Raises RouteSyntaxError."""
        from lxml import etree

        try:
            self._compile()
        except etree.XPathSyntaxError as error:
            raise RouteSyntaxError(f"the XPath {spec.text!r} cannot be read: {error}", spec.at) from None

    def run(self, root: Any, exchange: Exchange, variables: dict[str, Any]) -> Any:
        if self.whole:
            return [root]  # lxml has no object for the document itself
        self.functions.current.exchange = exchange
        tree = root.getroottree() if hasattr(root, "getroottree") else root
        compiled = getattr(self.threads, "compiled", None)
        if compiled is None:
            compiled = self.threads.compiled = self._compile()
        return compiled(tree, **variables)

    def _compile(self) -> Any:
        from lxml import etree

        return etree.XPath(
            self.reading.text,
            namespaces=self.namespaces,
            extensions=self.functions.extensions(),
            regexp=False,
            smart_strings=False,
        )


def _whole_result(items: list[Any]) -> Any:
    """A single string, number or truth value as itself, all else as a list of nodes, of which texts and numbers mean the first one."""
    if len(items) == 1 and not is_element(items[0]) and not isinstance(items[0], str):
        return float(items[0]) if type(items[0]) is int and abs(items[0]) < _EXACT else items[0]
    return [item if is_element(item) or isinstance(item, str) else _xpath.as_string(item) for item in items]


def _scalar(value: Any) -> Any:
    return _xpath.as_string(value) if isinstance(value, list) else value


def _named(name: str, scope: Scope) -> Callable[[Exchange], Any]:
    """A variable of a path: a header, else an exchange property, else a variable; empty text if there is none."""
    prefix, colon, plain = name.rpartition(":")
    holder: Any = scope
    own = variable(name, holder)
    if colon:
        if prefix != "in":
            return lambda _: ""
        if plain == "body":
            return lambda exchange: _plain(exchange.message.body)
        return lambda exchange: _plain(exchange.message.headers.get(plain))

    def find(exchange: Exchange) -> Any:
        value = exchange.message.headers.get(name)
        if value is None:
            value = exchange.properties.get(name)
        return _plain(own.get(exchange) if value is None else value)

    return find


def _plain(value: Any) -> Any:
    """A value that XPath can hold."""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if is_element(value):
        return [value]
    return text(value) or ""


def document_of(value: Any) -> Any:
    """The XML to search: an element as it is, text and bytes parsed. Raises ConversionFailed for anything else."""
    if isinstance(value, NodeList) and len(value) == 1:
        value = value[0]
    if is_element(value):
        return _as_root(value.getroot() if hasattr(value, "getroot") else value)
    if not isinstance(value, (str, bytes, bytearray, memoryview, Source)) and not hasattr(value, "read"):
        raise ConversionFailed(f"a {type(value).__name__} is no XML document: xpath reads XML text and elements")
    from esb.xml import parse

    try:
        return parse(value if isinstance(value, str) else octets(value))
    except Exception as error:
        raise ConversionFailed(f"the text is no XML document: {error}") from error


def _nothing() -> Any:
    """What stands for a document where there is none: no path finds anything in it, as in Camel."""
    from lxml import etree

    return etree.Element("{urn:esb:xpath}nothing")


def _as_root(element: Any) -> Any:
    """The element as a document of its own: a part of a split is one for its paths, whatever it was cut from."""
    if element.getparent() is None:
        return element
    root = copy.deepcopy(element)
    root.tail = None
    return root


def _nodes(value: Any) -> NodeList:
    if not isinstance(value, list):
        kind = {bool: "a truth value", float: "a number"}.get(type(value), "a text")
        raise InvalidXPathException(
            f"the path gives {kind} and no nodes: name a resultType (String, Integer, Boolean) for it"
        )
    return NodeList(value)


def _first(value: Any) -> Any:
    nodes = _nodes(value)
    return nodes[0] if nodes else None


def _bytes(value: Any) -> bytes | None:
    node = _first(value) if isinstance(value, list) else _xpath.as_string(value)
    return None if node is None else _xml(node) if is_element(node) else str(node).encode()


def _xml(element: Any) -> bytes:
    from lxml import etree

    return bytes(etree.tostring(element, encoding="utf-8", with_tail=False))


def _finite_or_not(value: float, convert: Callable[[Any], Any], *, fractional: bool) -> Any:
    """What is no number is NaN as a double, and nothing as a whole number."""
    return value if fractional and math.isnan(value) else convert(_finite(value))


def _finite(value: float) -> float | int | None:
    if math.isnan(value):
        return None
    return int(value) if not math.isinf(value) and value == int(value) else value


_BY_QNAME: Final[dict[str, Callable[[Any], Any]]] = {
    "NUMBER": _xpath.as_number,
    "STRING": _xpath.as_string,
    "BOOLEAN": _xpath.as_boolean,
    "NODE": _first,
    "NODESET": _nodes,
}
