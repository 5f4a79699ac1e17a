"""``yaml``: values as YAML text, by the rules of SnakeYAML as Camel configures it, without its ways to make objects."""

from __future__ import annotations

from typing import Any

from esb.coerce import octets
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._typed import data_type
from esb.errors import Malformed
from esb.exchange import Exchange
from esb.fields import Kind, field


class Yaml(DataFormatSpec):
    """YAML."""

    name = "yaml"
    library = field(Kind.TEXT, "SnakeYAML", enum=("SnakeYAML",), doc="Accepted for Camel's sake.")
    unmarshal_type = field(
        Kind.TEXT,
        None,
        aliases=("unmarshalTypeName",),
        doc="Data type that the value is held against.",
        example="crm.Order",
    )
    pretty_flow = field(Kind.BOOL, False, doc="Write short lists and maps over several lines too.")
    max_aliases_for_collections = field(Kind.INT, 50, doc="Most aliases of lists and maps in a text that is read.")
    allow_any_type = field(Kind.BOOL, False, doc="Accepted without effect: a message must not make objects.")
    allow_recursive_keys = field(Kind.BOOL, False, doc="Accepted without effect.")
    type_filter = field(Kind.ANY, None, doc="Accepted without effect: no tag makes an object.")
    constructor = field(Kind.REF, None, doc="Java only, accepted without effect.")
    dumper_options = field(Kind.REF, None, doc="Java only, accepted without effect.")
    representer = field(Kind.REF, None, doc="Java only, accepted without effect.")
    resolver = field(Kind.REF, None, doc="Java only, accepted without effect.")
    use_application_context_class_loader = field(Kind.BOOL, True, doc="Java only, accepted without effect.")

    def build(self, context: Context) -> DataFormat:
        return YamlFormat(self, data_type(context, self.unmarshal_type, self.at))


class YamlFormat:
    """Reads by a bounded scan and writes in SnakeYAML's form. Stateless after construction."""

    def __init__(self, spec: Yaml, kind: Any | None) -> None:
        self._max_aliases = spec.max_aliases_for_collections
        self._pretty_flow = spec.pretty_flow
        self._kind = kind

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        from esb.dataformats._yaml_writer import write

        if self._kind is not None:
            value = [self._kind.dump(item) for item in value] if isinstance(value, list) else self._kind.dump(value)
        return write(value, pretty_flow=self._pretty_flow).encode("utf-8", "surrogatepass")

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        from esb.dataformats._yaml_reader import read

        try:
            source = data if isinstance(data, str) else octets(data).decode()
        except UnicodeDecodeError as error:
            raise Malformed(f"the YAML text is not UTF-8: {error.reason} at byte {error.start}") from error
        # A data type reads dates from their text.
        value = read(source, max_aliases=self._max_aliases, texts=self._kind is not None)
        if self._kind is None:
            return value
        return [self._kind.load(item) for item in value] if isinstance(value, list) else self._kind.load(value)
