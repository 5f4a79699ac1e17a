"""``jacksonXml``: XML to maps and back without a schema, as Jackson does: attributes and elements are entries, repeated elements a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape

from esb.coerce import octets, text
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._typed import data_type
from esb.errors import ConversionFailed, Malformed
from esb.exchange import Exchange
from esb.fields import Kind, field

_INSTANCE: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_MISSING: Final = object()
_NIL: Final = f"{_INSTANCE}nil"
_IMPOSSIBLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class JacksonXml(DataFormatSpec):
    """XML as maps."""

    name = "jacksonXml"
    unmarshal_type = field(
        Kind.TEXT, None, aliases=("unmarshalTypeName",), doc="Data type that the value is held against."
    )
    root_name = field(
        Kind.TEXT, None, doc="Name of the root element when writing; Jackson's is the Java class.", example="order"
    )
    use_list = field(Kind.BOOL, False)
    pretty_print = field(Kind.BOOL, False)
    include = field(Kind.TEXT, None, enum=("ALWAYS", "NON_NULL", "NON_EMPTY"))
    content_type_header = field(Kind.BOOL, True)
    enable_features = field(Kind.NAMES, ())
    disable_features = field(Kind.NAMES, ())
    allow_unmarshall_type = field(Kind.BOOL, False)
    allow_jms_type = field(Kind.BOOL, False)
    collection_type = field(Kind.TEXT, None)
    json_view = field(Kind.TEXT, None)
    module_class_names = field(Kind.TEXT, None)
    module_refs = field(Kind.TEXT, None)
    xml_mapper = field(Kind.REF, None)
    enable_jaxb_annotation_module = field(Kind.BOOL, False, name="enableJaxbAnnotationModule")
    timezone = field(Kind.TEXT, None)
    max_string_length = field(Kind.INT, None)

    def build(self, context: Context) -> DataFormat:
        return XmlFormat(self, data_type(context, self.unmarshal_type, self.at))


class XmlFormat:
    """Parses through the safe parser only: no DTD, no entities, bounded depth. Stateless after construction."""

    def __init__(self, spec: Any, kind: Any | None) -> None:
        self._spec = spec
        self._kind = kind
        features = getattr(spec, "enable_features", ())
        self._line = "\n" if spec.pretty_print or "INDENT_OUTPUT" in features else ""
        self._sort = "ORDER_MAP_ENTRIES_BY_KEYS" in features
        self._keep = {"NON_NULL": _not_null, "NON_EMPTY": _not_empty}.get(spec.include or "", _all)

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        from esb.xml import parse

        root = data if hasattr(data, "iterchildren") else parse(octets(data))
        value = _read(root)
        if isinstance(value, str):
            value = {"": value} if value else {}
        if self._spec.use_list:
            if not isinstance(value, dict):
                raise Malformed("the document holds no list of elements")
            value = [item for entry in value.values() for item in (entry if isinstance(entry, list) else [entry])]
            if any(not isinstance(item, dict) for item in value):
                raise Malformed("the document is no list of maps")
        return value if self._kind is None else self._kind.load(value)

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        if self._kind is not None:
            value = self._kind.dump(value)
        if hasattr(value, "iterchildren"):
            return octets(value)
        root = self._spec.root_name or _java_class(value)
        if isinstance(value, list):
            value = {"item": value}
        elif not isinstance(value, (Mapping, str, bytes, bool, int, float, Decimal, type(None))):
            raise ConversionFailed(f"a {type(value).__name__} cannot be written as XML: a map or a list can")
        told = "".join(_write(root, value, self._keep, self._line, sort=self._sort))
        if self._spec.content_type_header:
            exchange.message.headers["Content-Type"] = "application/xml"
        return (told + self._line).encode()


def _all(_value: Any) -> bool:
    return True


def _not_null(value: Any) -> bool:
    return value is not None


def _not_empty(value: Any) -> bool:
    return value is not None and value not in ("", [], {})


def _java_class(value: Any) -> str:
    """The class that Jackson names the root element after."""
    if value is None:
        return "null"
    if isinstance(value, (list, Mapping)):
        return "ArrayList" if isinstance(value, list) else "LinkedHashMap"
    if isinstance(value, (str, bytes)):
        return "String"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer" if -(2**31) <= value < 2**31 else "Long"
    return "Double" if isinstance(value, float) else "BigDecimal"


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _read(element: Any) -> Any:
    """A map; the text of an element that has neither attributes nor children; None for one that says it is nil."""
    if element.get(_NIL) in {"true", "1"}:
        return None
    entries: dict[str, Any] = {}
    for name, value in element.attrib.items():
        if not name.startswith(_INSTANCE):
            _add(entries, _local(name), value)
    texts = [element.text]
    for child in element:
        texts.append(child.tail)
        if isinstance(child.tag, str):
            _add(entries, _local(child.tag), _read(child))
    if not entries:
        return element.text or ""
    for told in texts:
        if told and told.strip():
            _add(entries, "", told.strip())
    return entries


def _add(entries: dict[str, Any], name: str, value: Any) -> None:
    """A name that comes again makes a list."""
    before = entries.get(name, _MISSING)
    if before is _MISSING:
        entries[name] = value
    elif isinstance(before, list):  # ours: no element or attribute reads as a list
        before.append(value)
    else:
        entries[name] = [before, value]


def _write(name: str, value: Any, keep: Callable[[Any], bool], line: str, *, sort: bool = False) -> list[str]:
    if isinstance(value, list):
        return [part for item in value for part in _write(name, item, keep, line, sort=sort)]
    if value is None:
        return [f"<{name}/>"]
    if isinstance(value, Mapping):
        inner = line + "  " if line else ""
        parts: list[str] = []
        for key in sorted(value, key=str) if sort else value:
            item = value[key]
            if not keep(item):
                continue
            for one in _flat(item):
                parts += [inner, *_write(_name(key), one, keep, inner, sort=sort)]
        return [f"<{name}>", *parts, line, f"</{name}>"] if parts else [f"<{name}/>"]
    return [f"<{name}>{_text(value)}</{name}>"]


def _flat(value: Any) -> list[Any]:
    """The elements that a value becomes: lists in lists lose their bounds, as Jackson writes them."""
    if not isinstance(value, list):
        return [value]
    return [one for item in value for one in _flat(item)]


def _text(value: Any) -> str:
    told = text(value) or ""
    if _IMPOSSIBLE.search(told):
        raise ConversionFailed("the text holds control characters, which cannot stand in XML")
    return escape(told, {"\r": "&#xd;"}).replace("&gt;", ">")


def _name(key: Any) -> str:
    """A key as an element's name. Raises ConversionFailed for what XML does not take, so that a key never becomes markup."""
    told = str(key)
    if (
        not told
        or not (told[0].isalpha() or told[0] == "_")
        or any(not (one.isalnum() or one in "_-.") for one in told)
    ):
        raise ConversionFailed(f"{told!r} cannot be the name of an XML element")
    return told
