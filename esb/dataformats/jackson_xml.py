"""``jacksonXml``: XML to maps and back without a schema, as Jackson does: attributes and elements are entries, repeated elements a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from esb.coerce import octets, text
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._typed import data_type
from esb.errors import ConversionFailed, Malformed
from esb.exchange import Exchange
from esb.fields import Kind, field


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

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        from esb.xml import parse

        root = data if hasattr(data, "iterchildren") else parse(octets(data))
        value = _read(root)
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
        root = self._spec.root_name or ("ArrayList" if isinstance(value, list) else "LinkedHashMap")
        include = self._spec.include or "ALWAYS"
        if isinstance(value, list):
            value = {"item": value}
        elif not isinstance(value, Mapping):
            raise ConversionFailed(f"a {type(value).__name__} cannot be written as XML: a map or a list can")
        told = "".join(_write(root, value, include, "\n" if self._spec.pretty_print else ""))
        if self._spec.content_type_header:
            exchange.message.headers["Content-Type"] = "application/xml"
        return (told + ("\n" if self._spec.pretty_print else "")).encode()


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _read(element: Any) -> Any:
    entries: dict[str, Any] = {
        _local(name): value for name, value in element.attrib.items() if "XMLSchema-instance" not in name
    }
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name, value = _local(child.tag), _read(child)
        if name in entries:
            before = entries[name]
            if isinstance(before, list):  # ours: no element or attribute reads as a list
                before.append(value)
            else:
                entries[name] = [before, value]
        else:
            entries[name] = value
    if not entries:
        return element.text or ""
    own = (element.text or "").strip()
    if own:
        entries[""] = own
    return entries


def _write(name: str, value: Any, include: str, line: str) -> list[str]:
    if isinstance(value, list):
        return [part for item in value for part in _write(name, item, include, line)]
    if value is None:
        return [f"<{name}/>"]
    if isinstance(value, Mapping):
        inner = line + "  " if line else ""
        parts = [f"<{name}>"]
        for key, item in value.items():
            if (include != "ALWAYS" and item is None) or (include == "NON_EMPTY" and item in ("", [], {})):
                continue
            items = item if isinstance(item, list) else [item]
            for one in items:
                parts += [inner, *_write(_name(key), one, include, inner)]
        return [*parts, line, f"</{name}>"]
    return [f"<{name}>{escape(text(value) or '').replace('&gt;', '>')}</{name}>"]


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
