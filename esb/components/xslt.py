"""``xslt:file:sheet.xsl``: transforms XML by a stylesheet, XSLT 1.0 (Camel's xslt component).

The stylesheet is the route author's, and compiled once at load. The document is anybody's: while it is transformed nothing can be read, written or
fetched, whatever ``document()`` or an extension is asked for.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, Final

from esb.coerce import is_element, octets, text
from esb.component import Component, Endpoint, Producer
from esb.components._resources import resource_path, unreadable
from esb.errors import ConfigError, ConversionFailed, Malformed, StepFailed
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.languages._source import reader
from esb.xml import parse

_NAME: Final = re.compile(r"[A-Za-z_][\w.-]*")
_DECLARATION: Final = re.compile(r"\s*<\?xml\s[^>]*\?>\s*")


class XsltEndpoint(Endpoint):
    """Options of ``xslt:``. Exchange properties and headers are the stylesheet's parameters, as text; a header goes first."""

    resource = field(
        Kind.TEXT,
        path=True,
        doc="The stylesheet: file:PATH, or a path below the project.",
        example="file:maps/order.xsl",
    )
    source = field(
        Kind.TEXT,
        None,
        doc="What is transformed in place of the body: header:NAME, property:NAME, or variable:NAME, which NAME alone means too.",
        example="header:order",
    )
    output = field(Kind.TEXT, "string", enum=("string", "bytes", "DOM"), doc="What the result is to be.")
    fail_on_null_body = field(Kind.BOOL, True, doc="Whether no body is an error; otherwise it is an empty document.")
    content_cache = field(Kind.BOOL, True, doc="Accepted: the stylesheet is compiled once, at load.")
    allow_stax = field(Kind.BOOL, True, name="allowStAX", doc="Java only, accepted without effect.")
    transformer_cache_size = field(Kind.INT, 0, doc="Java only, accepted without effect.")
    use_json_body = field(Kind.BOOL, False, doc="Java only, accepted without effect.")

    def prepare(self) -> None:
        try:
            source = resource_path(self, self.resource, "stylesheet").read_bytes()
        except OSError as error:
            raise unreadable(self, self.resource, error) from error
        self.transform = _compiled(source, self.resource, self)
        self.read = reader(self.source, self.context)

    def producer(self) -> XsltProducer:
        return XsltProducer(self)


def _compiled(source: bytes, name: str, endpoint: Endpoint) -> Any:
    from lxml import etree

    access: Any = etree.XSLTAccessControl  # the stubs know no arguments
    nothing = access(read_file=False, write_file=False, create_dir=False, read_network=False, write_network=False)
    try:
        return etree.XSLT(parse(source), access_control=nothing)
    except (Malformed, etree.XSLTParseError) as error:
        raise ConfigError(f"xslt: {name} is no stylesheet: {error}", endpoint.at) from error


class XsltComponent(Component):
    """Has no state."""

    schemes = ("xslt",)
    endpoint_class = XsltEndpoint


class XsltProducer(Producer):
    """Transforms. Thread-safe: each message has a copy of the compiled stylesheet's state."""

    def __init__(self, endpoint: XsltEndpoint) -> None:
        self._endpoint = endpoint

    def send(self, exchange: Exchange) -> None:
        """Transform the body, or what ``source`` names.

        Raises Malformed for what is no XML, ConversionFailed for nothing, RuntimeCamelException for a header that is not there, StepFailed if the
        stylesheet gives up.
        """
        from lxml import etree

        # An XSLT object keeps its last errors, so threads do not share one; the compiled rules inside are shared.
        transform = copy.copy(self._endpoint.transform)
        document = self._document(exchange)
        try:
            result = transform(document, **_parameters(exchange.properties, exchange.headers))
        except etree.XSLTError as error:
            raise StepFailed(f"{self._endpoint.uri}: {error}") from error
        exchange.message.body = self._output(result)

    def _output(self, result: Any) -> Any:
        if self._endpoint.output == "DOM":
            return result.getroot()
        written = _as_camel_writes_it(str(result))
        return written.encode() if self._endpoint.output == "bytes" else written

    def _document(self, exchange: Exchange) -> Any:
        body = self._endpoint.read(exchange)
        if is_element(body):
            return body
        if body is None:
            if self._endpoint.fail_on_null_body:
                raise ConversionFailed(f"{self._endpoint.uri}: there is no body to transform")
            return parse("<empty/>")
        return parse(octets(body))


def _as_camel_writes_it(written: str) -> str:
    """With the encoding in the declaration and without a line end after it and in the end; a text output has no declaration and stays."""
    declaration = _DECLARATION.match(written)
    if declaration is None:
        return written.removesuffix("\n") if written.lstrip().startswith("<") else written
    standalone = ' standalone="yes"' if "standalone" in declaration[0] else ""
    body = written[declaration.end() :].removesuffix("\n")
    return f'<?xml version="1.0" encoding="UTF-8"{standalone}?>{body}'


def _parameters(*maps: Mapping[str, Any]) -> dict[str, Any]:
    from lxml import etree

    found = {}
    for values in maps:
        for name, value in values.items():
            told = text(value) if _NAME.fullmatch(name) and isinstance(value, (str, bytes, int, float)) else None
            if told is not None:
                found[name] = etree.XSLT.strparam(told)
    return found
