"""WS-Addressing: what a caller sends and checks, what a service demands, refuses and answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from soap_contracts import document, load, schema

import esb.xml
from adapters.soap.addressing import ANONYMOUS, NONE, WSA, WSA_2004, actions_of
from adapters.soap.client import SoapCaller
from adapters.soap.envelope import SoapFault
from adapters.soap.messages import Contract
from adapters.soap.server import SoapService
from adapters.soap.wire import Content, Wire
from esb.errors import Malformed
from esb.httpcall import Answer

ROOT = '<xs:element name="root" type="xs:string"/>'
MESSAGE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="{uri}">'
    '<e:Header>{header}</e:Header><e:Body><root xmlns="urn:t">x</root></e:Body></e:Envelope>'
)
GOOD = "<a:Action>urn:t:Echo</a:Action><a:MessageID>urn:m:1</a:MessageID>"


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    part = '<wsdl:part name="parameters" element="t:root"/>'
    folder: Path = tmp_path_factory.mktemp("wsa")
    return Contract(load(folder, document(schema(ROOT), {"Echo": (part, part)})))


def asked(contract: Contract, header: str, *, demand: bool | None = None, uri: str = WSA) -> Any:
    service = SoapService(contract, wire=Wire(addressing=demand))
    return service, service.parse("text/xml", None, MESSAGE.format(uri=uri, header=header).encode())


def headers_of(envelope: bytes) -> dict[str, str]:
    root: Any = esb.xml.parse(envelope)
    return {str(block.tag): "".join(block.itertext()) for block in root[0]}


@pytest.mark.parametrize("uri", [WSA, WSA_2004])
def test_an_answer_names_its_request_in_the_request_s_dialect(contract: Contract, uri: str) -> None:
    service, request = asked(contract, GOOD, uri=uri)
    told = headers_of(service.render(request, Content("y"))[1])
    assert told[f"{{{uri}}}RelatesTo"] == "urn:m:1"
    assert told[f"{{{uri}}}Action"] == "urn:t:P:EchoResponse"
    assert told[f"{{{uri}}}To"] == ANONYMOUS[uri]


def test_who_does_not_use_addressing_is_answered_without(contract: Contract) -> None:
    service, request = asked(contract, "")
    assert b"Header" not in service.render(request, Content("y"))[1]


def test_a_fault_names_its_request_too(contract: Contract) -> None:
    service, request = asked(contract, GOOD)
    _, _, data = service.fault(service.failure(request, "broken"))
    assert headers_of(data)[f"{{{WSA}}}RelatesTo"] == "urn:m:1"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("", "MessageAddressingHeaderRequired"),
        ("<a:MessageID>urn:m:1</a:MessageID>", "MessageAddressingHeaderRequired"),
        ("<a:Action>urn:t:Echo</a:Action>", "MessageAddressingHeaderRequired"),
        (GOOD.replace("Echo", "Other"), "ActionNotSupported"),
        (GOOD + "<a:MessageID>urn:m:2</a:MessageID>", "InvalidAddressingHeader"),
        (GOOD + "<a:Action>urn:t:Echo</a:Action>", "InvalidAddressingHeader"),
        (GOOD + "<a:ReplyTo/>", "InvalidAddressingHeader"),
        (GOOD + f'<w:MessageID xmlns:w="{WSA_2004}">1</w:MessageID>', "InvalidAddressingHeader"),
    ],
)
def test_what_addressing_demands_is_demanded(contract: Contract, header: str, name: str) -> None:
    with pytest.raises(SoapFault) as caught:
        asked(contract, header, demand=True)
    assert caught.value.subcode == f"{{{WSA}}}{name}"


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/internal", "http://evil.example/", "file:///etc/passwd", "x"])
@pytest.mark.parametrize("name", ["ReplyTo", "FaultTo"])
def test_answers_are_sent_nowhere_else(contract: Contract, name: str, address: str) -> None:
    with pytest.raises(SoapFault) as caught:
        asked(contract, GOOD + f"<a:{name}><a:Address>{address}</a:Address></a:{name}>")
    assert caught.value.subcode == f"{{{WSA}}}OnlyAnonymousAddressSupported"


def test_the_fault_says_its_name_in_both_versions(contract: Contract) -> None:
    with pytest.raises(SoapFault) as caught:
        asked(contract, "", demand=True)
    for soap, where in (("1.1", "faultcode"), ("1.2", "{http://www.w3.org/2003/05/soap-envelope}Subcode")):
        caught.value.soap = soap
        fault: Any = esb.xml.parse(SoapService(contract).fault(caught.value)[2])
        [code] = fault.iter(where)
        assert "".join(code.itertext()) == "f:MessageAddressingHeaderRequired"


def test_a_sender_may_want_no_answer(contract: Contract) -> None:
    _, request = asked(contract, GOOD + f"<a:ReplyTo><a:Address>{NONE}</a:Address></a:ReplyTo>")
    assert request.addressing.silent


def test_blocks_that_must_be_understood_are_where_addressing_is_known(contract: Contract) -> None:
    header = GOOD.replace("<a:Action>", '<a:Action e:mustUnderstand="1">')
    assert asked(contract, header)[1].body == "x"
    with pytest.raises(SoapFault) as caught:
        asked(contract, header, demand=False)
    assert caught.value.fault_code == "MustUnderstand"


def call(contract: Contract, reply: Callable[[dict[str, str]], str]) -> dict[str, str]:
    seen: dict[str, str] = {}

    class Http:
        def call(self, _method: str, _url: str, _headers: Any, body: bytes, **_: Any) -> Answer:
            seen.update(headers_of(body))
            return Answer(
                200, "OK", (("Content-Type", "text/xml"),), MESSAGE.format(uri=WSA, header=reply(seen)).encode()
            )

    SoapCaller(contract, Http(), wire=Wire(addressing=True)).call("Echo", "x")  # type: ignore[arg-type]  # all of it that is used
    return seen


def test_a_caller_says_what_it_asks_and_takes_the_answer_to_it(contract: Contract) -> None:
    sent = call(contract, lambda seen: f"<a:RelatesTo>{seen[f'{{{WSA}}}MessageID']}</a:RelatesTo>")
    assert sent[f"{{{WSA}}}Action"] == "urn:t:Echo"
    assert sent[f"{{{WSA}}}To"] == "http://127.0.0.1:9/s"
    assert sent[f"{{{WSA}}}ReplyTo"] == ANONYMOUS[WSA]
    assert sent[f"{{{WSA}}}MessageID"].startswith("urn:uuid:")


def test_the_answer_to_another_request_is_refused(contract: Contract) -> None:
    with pytest.raises(Malformed, match="another request"):
        call(contract, lambda _: "<a:RelatesTo>urn:m:9</a:RelatesTo>")


def test_answers_may_insist_on_addressing_being_understood(contract: Contract) -> None:
    call(contract, lambda _: '<a:Action e:mustUnderstand="1">urn:t:P:EchoResponse</a:Action>')


def test_the_wsdl_s_own_actions_go_first(tmp_path: Path) -> None:
    part = '<wsdl:part name="parameters" element="t:root"/>'
    text = document(schema(ROOT), {"Echo": (part, part), "Other": (part, part)}).replace(
        '<wsdl:input message="t:EchoIn"/>',
        '<wsdl:input message="t:EchoIn" xmlns:w="http://www.w3.org/2007/05/addressing/metadata" w:Action="urn:x"/>',
    )
    wsdl = load(tmp_path, text)
    found = actions_of(wsdl, wsdl.ports[0])
    assert (found["Echo"].input, found["Other"].input) == ("urn:x", "urn:t:Other")
