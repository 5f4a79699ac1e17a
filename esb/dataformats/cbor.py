"""``cbor``: values as CBOR, by Jackson's rules as Camel configures it (Camel's page "CBOR"; RFC 8949)."""

from __future__ import annotations

from typing import Any

from esb.coerce import octets
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._cbor import decode, encode
from esb.dataformats._typed import data_type, fitting
from esb.exchange import Exchange
from esb.fields import Kind, field


class Cbor(DataFormatSpec):
    """CBOR. Decimals are written with all their digits, as decimal fractions (tag 4), and kept so for a data type."""

    name = "cbor"
    unmarshal_type = field(
        Kind.TEXT,
        None,
        aliases=("unmarshalTypeName",),
        doc="Data type that the value is held against.",
        example="crm.Order",
    )
    use_list = field(Kind.BOOL, False, doc="The data hold a list.")
    allow_unmarshall_type = field(Kind.BOOL, False, doc="Accepted without effect: a header must not choose the type.")
    allow_jms_type = field(Kind.BOOL, False, doc="As allowUnmarshallType.")
    collection_type = field(Kind.TEXT, None, doc="Java only, accepted without effect.")
    enable_features = field(Kind.NAMES, (), doc="Java only, accepted without effect.")
    disable_features = field(Kind.NAMES, (), doc="Java only, accepted without effect.")
    object_mapper = field(Kind.REF, None, doc="Java only, accepted without effect.")
    use_default_object_mapper = field(Kind.BOOL, True, doc="Java only, accepted without effect.")
    pretty_print = field(Kind.BOOL, False, doc="Without effect: these bytes are not for people.")

    def build(self, context: Context) -> DataFormat:
        return CborFormat(self, data_type(context, self.unmarshal_type, self.at))


class CborFormat:
    """Stateless after construction."""

    def __init__(self, spec: Cbor, kind: Any | None) -> None:
        self._kind = kind
        self._use_list = spec.use_list
        self._fits = fitting(spec.unmarshal_type, use_list=spec.use_list)

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        if self._kind is not None:
            value = [self._kind.dump(item) for item in value] if isinstance(value, list) else self._kind.dump(value)
        return encode(value)

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        value = self._fits(decode(octets(data), typed=self._kind is not None))
        if self._kind is None:
            return value
        return [self._kind.load(item) for item in value] if self._use_list else self._kind.load(value)
