"""What Axis 1.4 sends, as it was recorded, and rpc contracts whose names clash, as Axis makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from soap_contracts import document, load, schema

import esb.xml
from adapters.soap.encoded import gathered
from adapters.soap.leniency import unqualify
from adapters.soap.messages import Contract, OperationCodec
from esb.errors import ValidationFailed

ENCODED = 'encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" namespace="urn:t"'
NAMESPACES = (
    'xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="urn:t"'
)


def with_faults(text: str, operation: str, *faults: str, namespace: str = "") -> str:
    """A WSDL whose operation has faults with parts that have a type and no element."""
    for name in faults:
        text = text.replace(
            "<wsdl:portType",
            f'<wsdl:message name="{name}"><wsdl:part name="fault" type="t:{name}"/></wsdl:message><wsdl:portType',
        )
    abstract = "".join(f'<wsdl:fault name="{name}" message="t:{name}"/>' for name in faults)
    bound = "".join(
        f'<wsdl:fault name="{name}"><soap:fault name="{name}" use="literal" {namespace}/></wsdl:fault>'
        for name in faults
    )
    text = text.replace(
        f'<wsdl:output message="t:{operation}Out"/>', f'<wsdl:output message="t:{operation}Out"/>{abstract}'
    )
    return text.replace("</wsdl:output></wsdl:operation>", f"</wsdl:output>{bound}</wsdl:operation>")


BAD = (
    '<xs:complexType name="Bad"><xs:sequence><xs:element name="code" type="xs:int"/></xs:sequence></xs:complexType>'
    '<xs:complexType name="Worse"><xs:sequence><xs:element name="code" type="xs:int"/></xs:sequence></xs:complexType>'
)


def failing(folder: Path, *faults: str, use: str = "literal", namespace: str = 'namespace="urn:t"') -> OperationCodec:
    body = ENCODED if use == "encoded" else 'namespace="urn:t"'
    text = document(schema(BAD, ""), {"Run": ("", "")}, style="rpc", use=use, body=body)
    contract = Contract(load(folder, with_faults(text, "Run", *faults, namespace=namespace)))
    return contract.operation(contract.wsdl.ports[0].operations["Run"])


def detail(xml: str) -> list[Any]:
    return list(esb.xml.parse(f"<detail {NAMESPACES}>{xml}</detail>"))


def test_a_fault_with_a_type_and_no_element_is_data(tmp_path: Path) -> None:
    faults = failing(tmp_path, "Bad").faults
    assert faults.read(detail("<t:fault><code>7</code></t:fault>")) == {"fault": {"code": 7}}


@pytest.mark.parametrize("entry", ["<t:fault><t:code>7</t:code></t:fault>", "<fault><code>7</code></fault>"])
def test_the_namespace_of_such_a_fault_does_not_matter(tmp_path: Path, entry: str) -> None:
    faults = failing(tmp_path, "Bad", namespace="").faults
    assert faults.read(detail(entry)) == {"fault": {"code": 7}}


def test_what_does_not_fit_such_a_fault_comes_as_text(tmp_path: Path) -> None:
    told = failing(tmp_path, "Bad").faults.read(detail("<t:fault><code>x</code></t:fault>"))
    assert "<code>x</code>" in told["fault"]


def test_such_a_fault_is_written_and_read_back(tmp_path: Path) -> None:
    faults = failing(tmp_path, "Bad").faults
    written = faults.write({"Bad": {"code": 7}})
    assert b'xmlns:t="urn:t"' in written
    assert faults.read(detail(written.decode())) == {"fault": {"code": 7}}


def test_such_a_fault_names_its_type_where_the_encoding_is_used(tmp_path: Path) -> None:
    written = failing(tmp_path, "Bad", use="encoded").faults.write({"fault": {"code": 7}})
    assert b'xsi:type="t:Bad"' in written
    assert b'xsi:type="xs:int">7</code>' in written


def test_of_two_faults_with_one_name_the_type_in_the_message_tells(tmp_path: Path) -> None:
    faults = failing(tmp_path, "Bad", "Worse", use="encoded").faults
    assert b'xsi:type="t:Worse"' in faults.write({"Worse": {"code": 7}})
    assert faults.read(detail('<t:fault xsi:type="t:Worse"><code xsi:type="xsd:int">7</code></t:fault>')) == {
        "fault": {"code": 7}
    }


GRID = (
    '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/><xs:complexType name="Grid"><xs:complexContent>'
    '<xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="xs:int[][]"/></xs:restriction>'
    "</xs:complexContent></xs:complexType>"
)
RECORDED = f"""<e:Body {NAMESPACES}><t:Run><grid soapenc:arrayType="xsd:int[][2]" xsi:type="soapenc:Array">
<grid soapenc:arrayType="xsd:int[2]" xsi:type="soapenc:Array"><grid href="#id0"/><grid href="#id1"/></grid>
<grid soapenc:arrayType="xsd:int[1]" xsi:type="soapenc:Array"><grid href="#id1"/></grid></grid></t:Run>
<multiRef id="id1" soapenc:root="0" xsi:type="xsd:int">1</multiRef><multiRef id="id0" soapenc:root="0" xsi:type="xsd:int">0</multiRef></e:Body>"""


def test_an_array_of_arrays_is_a_list_of_lists(tmp_path: Path) -> None:
    part = '<wsdl:part name="grid" type="t:Grid"/>'
    text = document(schema(GRID, ""), {"Run": (part, part)}, style="rpc", use="encoded", body=ENCODED)
    contract = Contract(load(tmp_path, text))
    codec = contract.operation(contract.wsdl.ports[0].operations["Run"]).input
    assert codec.read(list(gathered(list(esb.xml.parse(RECORDED)))), "x") == {"grid": [[0, 1], [1]]}
    written = codec.write({"grid": [[0, 1], [1]]}, "x")
    assert b':int[][2]"' in written
    assert b':int[1]"' in written
    assert codec.read([esb.xml.parse(written)], "x") == {"grid": [[0, 1], [1]]}


def test_an_operation_whose_answer_axis_2_calls_null_has_none(tmp_path: Path) -> None:
    part = '<wsdl:part name="x" type="xs:int"/>'
    text = document("", {"Run": (part, part)}, style="rpc", body='namespace="urn:t"')
    loaded = load(tmp_path, text.replace('message="t:RunOut"', 'message="t:null"'))
    operation = loaded.ports[0].operations["Run"]
    assert (operation.output, operation.unusable) == (None, "")


def test_parts_may_have_another_namespace_than_the_wrapper_if_that_is_asked_for(tmp_path: Path) -> None:
    part = '<wsdl:part name="x" type="xs:int"/>'
    contract = Contract(load(tmp_path, document("", {"Run": (part, part)}, style="rpc", body='namespace="urn:t"')))
    codec = contract.operation(contract.wsdl.ports[0].operations["Run"]).output
    assert codec is not None
    node = esb.xml.parse('<t:RunResponse xmlns:t="urn:t" xmlns:p="http://p"><p:x>1</p:x></t:RunResponse>')
    unqualify(node, lambda: codec.check([node], "x"), codec.parts)
    assert codec.read([node], "x") == {"x": 1}


def test_an_rpc_wrapper_with_the_name_of_an_element_is_checked_as_the_wrapper(tmp_path: Path) -> None:
    part = '<wsdl:part name="x" type="xs:int"/>'
    text = document(
        schema('<xs:element name="Run" type="xs:date"/>'), {"Run": (part, part)}, style="rpc", body='namespace="urn:t"'
    )
    loaded = load(tmp_path, text)
    assert loaded.notes == ()
    contract = Contract(loaded)
    codec = contract.operation(loaded.ports[0].operations["Run"]).input
    assert codec.read([esb.xml.parse('<t:Run xmlns:t="urn:t"><x>1</x></t:Run>')], "x") == {"x": 1}
    assert b"<x>1</x></t:Run>" in codec.write({"x": 1}, "x")
    with pytest.raises(ValidationFailed, match="/Run/x"):
        codec.read([esb.xml.parse('<t:Run xmlns:t="urn:t"><x>one</x></t:Run>')], "x")


def test_two_port_types_may_have_one_rpc_operation_with_other_parts(tmp_path: Path) -> None:
    part = '<wsdl:part name="x" type="xs:int"/>'
    first = document("", {"Run": (part, part)}, style="rpc", body='namespace="urn:t"')
    second = first.replace('name="x" type="xs:int"', 'name="y" type="xs:date"')
    for name in ("P", "t:P", "B", "t:B", "S", "Port", "RunIn", "t:RunIn", "RunOut", "t:RunOut"):
        second = second.replace(f'"{name}"', f'"{name}2"')
    added = second.partition("</wsdl:types>")[2]
    contract = Contract(load(tmp_path, first.replace("</wsdl:definitions>", added)))
    one, two = (contract.operation(port.operations["Run"]).input for port in contract.wsdl.ports)
    assert one.read([esb.xml.parse('<t:Run xmlns:t="urn:t"><x>1</x></t:Run>')], "x") == {"x": 1}
    assert str(two.read([esb.xml.parse('<t:Run xmlns:t="urn:t"><y>2026-01-01</y></t:Run>')], "x")["y"]) == "2026-01-01"
    with pytest.raises(ValidationFailed, match="/Run/x"):
        two.read([esb.xml.parse('<t:Run xmlns:t="urn:t"><x>1</x></t:Run>')], "x")
