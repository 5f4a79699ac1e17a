"""The one place that builds XML parsers and schemas.

Messages have no DTD: a DOCTYPE is refused before the parser sees the text, so that there are no entities to expand and no files to read
(OWASP XML security; CVE-2026-41066 is what a parser of one's own gets wrong). Nothing is ever fetched: no network, no external
schema locations, no XInclude, no stylesheets. Comments and processing instructions are dropped and the text around them joined, so that
everybody reads the same text (``ad<!-- -->min``).

lxml is imported when the first document comes.
"""

from __future__ import annotations

import codecs
import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from esb.errors import ConfigError, Malformed

if TYPE_CHECKING:
    from lxml import etree

    Element = etree._Element  # noqa: SLF001 -- lxml has no public name for it

MAX_BYTES: Final = 32 << 20
"""Default cap of a document. One text node may have 10 MB and elements nest 256 deep (libxml2's own limits) unless ``huge`` is asked for."""
MAX_ATTRIBUTES: Final = 1000
"""Of one element."""
MAX_NAMESPACES: Final = 100
"""Declared on one element."""

_ENCODINGS: Final = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso8859-1", "iso8859-15", "cp1252", "cp1250"}
)
"""What real senders use. Others (UTF-7, EBCDIC, UTF-32) hide markup from byte-wise filters and are refused."""

# DOCTYPE stands only between the declaration and the root element; scanning just that part leaves the text of CDATA sections alone.
_DOCTYPE: Final = re.compile(rb"\s*+(?:<\?(?:[^?]|\?(?!>))*+\?>\s*+|<!--(?:[^-]|-(?!->))*+-->\s*+)*+<!DOCTYPE")
_DECLARED: Final = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

_threads = threading.local()


def parse(data: bytes | str, *, encoding: str = "", max_bytes: int = MAX_BYTES, huge: bool = False) -> Element:
    """The root element of a document.

    ``encoding`` (an HTTP charset) wins over the one the document declares, as RFC 7303 says; a text is taken as it is. ``huge`` lifts libxml2's
    limits on text length and depth for input that is trusted, never the refusal of a DOCTYPE. Raises :class:`~esb.errors.Malformed` for anything that
    is not well-formed or breaks a cap; the message names line and column and never quotes the document. Thread-safe: a parser a thread.
    """
    octets = _utf8(data, encoding, max_bytes)
    if _DOCTYPE.match(octets):
        raise Malformed("the XML document has a DOCTYPE, which is refused (no DTD, no entities): send it without")
    from lxml import etree

    try:
        root: Element = etree.fromstring(octets, _parser(huge=huge))
    except etree.XMLSyntaxError as exc:
        raise Malformed(f"not well-formed XML: {_reason(exc)}") from None  # the cause holds the document's text
    except ValueError as exc:
        raise Malformed(f"not well-formed XML: {exc}") from None
    if root.getroottree().docinfo.internalDTD is not None:  # the second wall, should the scan above ever miss one
        raise Malformed("the XML document has a DOCTYPE, which is refused (no DTD, no entities): send it without")
    if octets.count(b"=") > MAX_ATTRIBUTES:
        _refuse_crowded(root, octets)
    return root


def serialize(root: Element, *, declaration: bool = False) -> bytes:
    """The element as UTF-8, without what stands around it."""
    from lxml import etree

    return etree.tostring(root, encoding="utf-8", xml_declaration=declaration, with_tail=False)


def schema(documents: Mapping[str, bytes], start: str) -> etree.XMLSchema:
    """An XML Schema 1.0 validator from a closed set of documents; imports and includes find only the keys of ``documents``.

    Raises :class:`~esb.errors.ConfigError` with libxml2's reason. One thread at a time may validate with it (its error log is shared).
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True
    )
    missing: list[str] = []
    parser.resolvers.add(_closed_resolver(documents, missing))
    try:
        return etree.XMLSchema(etree.fromstring(documents[start], parser, base_url=start))
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError) as exc:
        if missing:
            raise ConfigError(
                f"the XML Schema imports {missing[0]!r}, which is not there; nothing is fetched from elsewhere"
            ) from exc
        raise ConfigError(f"the XML Schema does not compile: {_first_error(exc)}") from exc


def _utf8(data: bytes | str, encoding: str, max_bytes: int) -> bytes:
    """The document as UTF-8: libxml2 never converts, so that both of us read the same characters."""
    if isinstance(data, str):
        data, encoding = data.encode("utf-8", "surrogatepass"), "utf-8"
    if len(data) > max_bytes:
        raise Malformed(f"the XML document has {len(data)} bytes; at most {max_bytes} are accepted")
    for mark, marked in _BOMS:
        if data.startswith(mark):
            encoding = marked
    if not encoding:
        declared = _DECLARED.match(data[:200])
        encoding = declared[1].decode("ascii") if declared else "utf-8"
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        name = ""
    if name == "utf-8":
        return data
    if name.removesuffix("-sig") not in _ENCODINGS:
        raise Malformed(f"the XML document is in encoding {encoding[:40]!r}, which is not accepted: send UTF-8")
    try:
        return data.decode(name).encode("utf-8")
    except UnicodeError:
        raise Malformed(f"the XML document is not the {name} it claims to be") from None


def _parser(*, huge: bool) -> etree.XMLParser:
    name = "huge" if huge else "parser"
    parser: etree.XMLParser | None = getattr(_threads, name, None)
    if parser is None:
        from lxml import etree

        options: dict[str, Any] = {"collect_ids": False}
        parser = etree.XMLParser(
            encoding="utf-8",  # overrides the document's own claim: it is UTF-8 by now
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            attribute_defaults=False,
            remove_comments=True,
            remove_pis=True,
            huge_tree=huge,
            **options,
        )
        setattr(_threads, name, parser)
    return parser


def _refuse_crowded(root: Element, octets: bytes) -> None:
    """Elements with thousands of attributes stall what comes after the parser; libxml2 itself does not mind them."""
    from lxml import etree

    if etree.XPath(f"boolean(//*[count(@*) > {MAX_ATTRIBUTES}])")(root):
        raise Malformed(f"an XML element has more than {MAX_ATTRIBUTES} attributes")
    if octets.count(b"xmlns") <= MAX_NAMESPACES:
        return
    declared = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "start")):
        declared = declared + 1 if event == "start-ns" else 0
        if declared > MAX_NAMESPACES:
            raise Malformed(f"an XML element declares more than {MAX_NAMESPACES} namespaces")


def _reason(exc: etree.XMLSyntaxError) -> str:
    """What libxml2 says, without what it quotes beyond the first line."""
    if exc.msg is None:
        return "the document is empty"
    return str(exc.msg).splitlines()[0]


def _first_error(exc: etree.LxmlError) -> str:
    for entry in exc.error_log:  # type: ignore[attr-defined]  # the stubs do not know that it can be walked
        where = f"{entry.filename}:{entry.line}: " if entry.filename else ""
        return f"{where}{entry.message}"
    return str(exc)


def _closed_resolver(documents: Mapping[str, bytes], missing: list[str]) -> etree.Resolver:
    from lxml import etree

    class Closed(etree.Resolver):
        def resolve(self, system_url: str, _public_id: str, context: Any) -> Any:  # type: ignore[override]  # stubs lack the context
            if system_url in documents:
                return self.resolve_string(documents[system_url], context, base_url=system_url)
            missing.append(system_url)
            # An empty document rather than None, which would let lxml open the file or the address.
            return self.resolve_string("", context, base_url=system_url)

    return Closed()
