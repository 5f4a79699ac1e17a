"""Operations with one name, as Axis 1 and old .NET services have them: the input's name tells them apart, and in messages what is in the Body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from soap_contracts import load, schema

from adapters.soap.addressing import actions_of
from adapters.soap.envelope import SoapFault
from adapters.soap.messages import Contract
from adapters.soap.server import SoapService
from adapters.soap.wsdl import Wsdl
from esb.errors import UnknownName

HEAD = """<wsdl:definitions name="T" targetNamespace="urn:t" xmlns:t="urn:t" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema"><wsdl:types>{schemas}</wsdl:types>"""
SERVICE = '<wsdl:service name="S"><wsdl:port name="Port" binding="t:B"><soap:address location="http://127.0.0.1:9/s"/></wsdl:port></wsdl:service>'


def contract(folder: Path, messages: dict[str, str], *, style: str, bound: bool = True, schemas: str = "") -> Wsdl:
    """A port type with an operation ``get`` for each message; ``bound``: the binding names its inputs."""
    told = HEAD.format(schemas=schemas)
    told += "".join(f'<wsdl:message name="{name}">{parts}</wsdl:message>' for name, parts in messages.items())
    told += '<wsdl:message name="Out"/><wsdl:portType name="P">'
    told += "".join(
        f'<wsdl:operation name="get"><wsdl:input name="{name}" message="t:{name}"/><wsdl:output message="t:Out"/></wsdl:operation>'
        for name in messages
    )
    body = '<soap:body use="literal" namespace="urn:t"/>' if style == "rpc" else '<soap:body use="literal"/>'
    told += f'</wsdl:portType><wsdl:binding name="B" type="t:P"><soap:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>'
    told += "".join(
        f'<wsdl:operation name="get"><soap:operation soapAction=""/><wsdl:input{f" name={name!r}" if bound else ""}>{body}</wsdl:input>'
        f"<wsdl:output>{body}</wsdl:output></wsdl:operation>"
        for name in messages
    )
    return load(folder, f"{told}</wsdl:binding>{SERVICE}</wsdl:definitions>")


RPC = {
    "byId": '<wsdl:part name="id" type="xs:int"/>',
    "byName": '<wsdl:part name="id" type="xs:int"/><wsdl:part name="name" type="xs:string"/>',
    "all": "",
}
ELEMENTS = schema('<xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:string"/>')
DOCUMENT = {"byA": '<wsdl:part name="p" element="t:a"/>', "byB": '<wsdl:part name="p" element="t:b"/>'}


def asked(service: SoapService, body: str) -> tuple[str, Any]:
    message = f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{body}</e:Body></e:Envelope>'
    request = service.parse("text/xml", '""', message.encode())
    return request.operation, request.body


@pytest.mark.parametrize("bound", [True, False])
def test_the_first_of_several_has_the_name_and_the_others_that_of_their_input_with_it(
    tmp_path: Path, bound: bool
) -> None:
    found = contract(tmp_path, RPC, style="rpc", bound=bound)
    assert list(found.ports[0].operations) == ["get", "get#byName", "get#all"]
    assert [len(each.input.parts) for each in found.ports[0].operations.values()] == [1, 2, 0]
    assert "operation get is overloaded: another one is called get#byName" in found.notes


def test_the_parts_of_an_rpc_message_tell_which_one_is_meant(tmp_path: Path) -> None:
    service = SoapService(Contract(contract(tmp_path, RPC, style="rpc")))
    assert asked(service, '<t:get xmlns:t="urn:t"><id>1</id></t:get>') == ("get", {"id": 1})
    both = '<t:get xmlns:t="urn:t"><id>1</id><name>x</name></t:get>'
    assert asked(service, both) == ("get#byName", {"id": 1, "name": "x"})
    assert asked(service, '<t:get xmlns:t="urn:t"/>') == ("get#all", {})


def test_parts_that_none_of_them_has_are_refused(tmp_path: Path) -> None:
    service = SoapService(Contract(contract(tmp_path, RPC, style="rpc")))
    with pytest.raises(SoapFault, match="cannot be told apart"):
        asked(service, '<t:get xmlns:t="urn:t"><other>1</other></t:get>')


def test_each_of_them_is_held_against_its_own_parts(tmp_path: Path) -> None:
    found = Contract(contract(tmp_path, RPC, style="rpc"))
    with pytest.raises(SoapFault, match="/get/id"):
        asked(SoapService(found), '<t:get xmlns:t="urn:t"><id>one</id><name>x</name></t:get>')


def test_the_element_of_a_document_message_tells_which_one_is_meant(tmp_path: Path) -> None:
    service = SoapService(Contract(contract(tmp_path, DOCUMENT, style="document", schemas=ELEMENTS)))
    assert asked(service, '<t:a xmlns:t="urn:t">1</t:a>') == ("get", 1)
    assert asked(service, '<t:b xmlns:t="urn:t">x</t:b>') == ("get#byB", "x")


def test_a_name_that_is_none_of_them_comes_with_those_that_are(tmp_path: Path) -> None:
    found = contract(tmp_path, RPC, style="rpc")
    with pytest.raises(UnknownName, match="get#byName"):
        found.port(operation="get#byNam")


def test_each_has_an_action_of_its_own_in_ws_addressing(tmp_path: Path) -> None:
    found = contract(tmp_path, RPC, style="rpc")
    actions = actions_of(found, found.ports[0])
    assert {name: each.input for name, each in actions.items()} == {
        "get": "urn:t:P:byId",
        "get#byName": "urn:t:P:byName",
        "get#all": "urn:t:P:all",
    }
