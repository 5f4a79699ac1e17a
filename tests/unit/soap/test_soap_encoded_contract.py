"""rpc/encoded messages: what is written says its types, and what partners send with references is read as if written out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from soap_contracts import document, load, schema

import esb.xml
from adapters.soap import encoded
from adapters.soap.messages import Contract, OperationCodec
from esb.errors import Malformed, ValidationFailed

TYPES = """<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>
<xs:complexType name="Line"><xs:sequence><xs:element name="sku" type="xs:string"/><xs:element name="quantity" type="xs:int"/>
</xs:sequence></xs:complexType>
<xs:complexType name="Lines"><xs:complexContent><xs:restriction base="soapenc:Array">
  <xs:attribute ref="soapenc:arrayType" wsdl:arrayType="Line[]"/></xs:restriction></xs:complexContent></xs:complexType>"""
PARTS = '<wsdl:part name="customer" type="xs:string"/><wsdl:part name="lines" type="t:Lines"/>'
ENVELOPE = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="urn:t" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
)
DATA = {"customer": "C1", "lines": [{"sku": "PEN", "quantity": 3}, {"sku": "INK", "quantity": 1}]}


@pytest.fixture
def codec(tmp_path: Path) -> OperationCodec:
    text = document(schema(TYPES, ""), {"Order": (PARTS, PARTS)}, style="rpc", use="encoded", body='namespace="urn:t"')
    contract = Contract(load(tmp_path, text))
    return contract.operation(contract.wsdl.ports[0].operations["Order"])


def read(codec: OperationCodec, *children: str) -> Any:
    nodes = esb.xml.parse(f"<x {ENVELOPE}>{''.join(children)}</x>")
    return codec.input.read(encoded.gathered(list(nodes)), "the request")


def test_types_and_array_sizes_stand_in_the_message(codec: OperationCodec) -> None:
    xml = codec.input.write(DATA, "the request").decode()
    assert 'encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"' in xml
    assert 'xsi:type="xsd:string">C1<' in xml.replace("xs:string", "xsd:string")
    assert 'arrayType="t:Line[2]"' in xml
    assert xml.count('xsi:type="t:Line"') == 2


def test_what_is_written_is_read_back(codec: OperationCodec) -> None:
    assert read(codec, codec.input.write(DATA, "the request").decode()) == DATA


def test_references_are_read_as_what_they_mean(codec: OperationCodec) -> None:
    told = read(
        codec,
        '<t:Order><customer xsi:type="xs:string">C1</customer><lines href="#a"/></t:Order>',
        '<multiRef id="a"><item href="#b"/><Item href="#b"/></multiRef>',
        '<multiRef id="b" xsi:type="t:Line"><sku>PEN</sku><quantity>3</quantity></multiRef>',
    )
    assert told == {"customer": "C1", "lines": [{"sku": "PEN", "quantity": 3}] * 2}


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ('<lines href="#none"/>', "leads nowhere"),
        ('<lines href="#a"/>', "refers to itself"),
    ],
)
def test_references_to_nothing_and_in_circles_are_refused(codec: OperationCodec, lines: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read(codec, f"<t:Order>{lines}</t:Order>", '<multiRef id="a"><item href="#a"/></multiRef>')


def test_references_that_multiply_are_refused_before_they_fill_the_memory(codec: OperationCodec) -> None:
    def referring(to: int) -> str:
        return f'<i href="#l{to}"/>' * 10

    levels = [f'<m id="l{n}">{referring(n + 1)}</m>' for n in range(9)]
    with pytest.raises(Malformed, match="too large"):
        read(codec, '<t:Order><lines href="#l0"/></t:Order>', *levels, '<m id="l9"/>')


LONG = "a" * (1 << 20)
REFERENCES = '<i href="#x"/>' * 100


@pytest.mark.parametrize("target", [f'<m id="x">{LONG}</m>', f'<m id="x" k="{LONG}"/>'])
def test_references_that_multiply_a_long_content_are_refused_too(target: str) -> None:
    nodes = esb.xml.parse(f"<x><r>{REFERENCES}</r>{target}</x>")
    with pytest.raises(Malformed, match="make its text too large"):
        encoded.gathered(list(nodes))


def test_what_is_referred_to_once_counts_as_the_messages_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "MAX_TEXT", 0)
    nodes = esb.xml.parse('<x><r><i href="#x"/><n k="v">plain</n></r><m id="x" k="v">long</m></x>')
    (told,) = encoded.gathered(list(nodes))
    assert [node.text for node in told] == ["long", "plain"]


def test_an_array_is_a_list_and_wrong_members_are_named(codec: OperationCodec) -> None:
    with pytest.raises(ValidationFailed, match=r"/Order/lines is a list, not str"):
        codec.input.write({"customer": "C1", "lines": "PEN"}, "the request")
    with pytest.raises(ValidationFailed, match=r"/Order/lines/item\[1\]/quantity .*not a whole number"):
        codec.input.write({"customer": "C1", "lines": [{"sku": "PEN", "quantity": "x"}]}, "the request")
