"""Small contracts for the tests, written on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import esb.xml
from adapters.soap import wsdl
from adapters.soap.messages import BodyCodec, Contract
from adapters.soap.wsdl import Wsdl

NS = "urn:t"
ERP = Path(__file__).parents[3] / "schemas" / "erp" / "erp.wsdl"

DOCUMENT = """<wsdl:definitions name="T" targetNamespace="urn:t" xmlns:t="urn:t" xmlns:soap="http://schemas.xmlsoap.org/wsdl/{soap}/"
  xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/">
  <wsdl:types>{schemas}</wsdl:types>
  {messages}
  <wsdl:portType name="P">{abstract}</wsdl:portType>
  <wsdl:binding name="B" type="t:P">
    <soap:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>{concrete}
  </wsdl:binding>
  <wsdl:service name="S"><wsdl:port name="Port" binding="t:B"><soap:address location="http://127.0.0.1:9/s"/></wsdl:port></wsdl:service>
</wsdl:definitions>"""


def schema(text: str, attributes: str = 'elementFormDefault="qualified"') -> str:
    return f'<xs:schema targetNamespace="{NS}" xmlns="{NS}" {attributes}>{text}</xs:schema>'


def document(
    schemas: str,
    operations: dict[str, tuple[str, str]],
    *,
    style: str = "document",
    soap: str = "soap",
    use: str = "literal",
    body: str = "",
) -> str:
    """A WSDL whose operations have (input parts, output parts), each as ``wsdl:part`` elements."""
    messages = "".join(
        f'<wsdl:message name="{name}In">{given}</wsdl:message><wsdl:message name="{name}Out">{taken}</wsdl:message>'
        for name, (given, taken) in operations.items()
    )
    abstract = "".join(
        f'<wsdl:operation name="{name}"><wsdl:input message="t:{name}In"/><wsdl:output message="t:{name}Out"/></wsdl:operation>'
        for name in operations
    )
    concrete = "".join(
        f'<wsdl:operation name="{name}"><soap:operation soapAction="urn:t:{name}"/><wsdl:input><soap:body use="{use}" {body}/></wsdl:input>'
        f'<wsdl:output><soap:body use="{use}" {body}/></wsdl:output></wsdl:operation>'
        for name in operations
    )
    return DOCUMENT.format(
        schemas=schemas, messages=messages, abstract=abstract, concrete=concrete, style=style, soap=soap
    )


def load(folder: Path, text: str, name: str = "t.wsdl") -> Wsdl:
    path = folder / name
    path.write_text(text)
    return wsdl.load(path)


def echo(folder: Path, text: str, attributes: str = 'elementFormDefault="qualified"', more: str = "") -> BodyCodec:
    """The codec of the element ``root`` of a schema."""
    given = '<wsdl:part name="parameters" element="t:root"/>'
    contract = Contract(load(folder, document(schema(text, attributes) + more, {"Echo": (given, given)})))
    return contract.operation(contract.wsdl.ports[0].operations["Echo"]).input


def data_of(codec: BodyCodec, xml: str) -> Any:
    return codec.read([esb.xml.parse(xml)], "the message")


def there_and_back(codec: BodyCodec, data: Any) -> Any:
    return data_of(codec, codec.write(data, "the message").decode())
