"""``xml``: as ``jacksonXml``, with the name of the root element given by the route."""

from __future__ import annotations

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._typed import data_type
from esb.dataformats.jackson_xml import XmlFormat
from esb.fields import Kind, field


class Xml(DataFormatSpec):
    """XML as maps, held against a data type where one is named."""

    name = "xml"
    unmarshal_type = field(Kind.TEXT, None, doc="Data type that the value is held against.", example="cms.Article")
    root_name = field(Kind.TEXT, "root", doc="Name of the root element when writing.", example="article")
    use_list = field(Kind.BOOL, False, doc="The document is a list of elements.")
    pretty_print = field(Kind.BOOL, False, doc="Write it for people.")
    include = field(Kind.TEXT, None, enum=("ALWAYS", "NON_NULL", "NON_EMPTY"), doc="Leave out nulls, or empty values.")
    content_type_header = field(Kind.BOOL, True, doc="Whether Content-Type is set.")

    def build(self, context: Context) -> DataFormat:
        return XmlFormat(self, data_type(context, self.unmarshal_type, self.at))
