"""Messages in parts: the multipart reader and writer, MTOM and SOAP with Attachments through service and caller, and what is refused."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from soap_contracts import document, load, schema

from adapters.soap import binary, multipart, package
from adapters.soap.attachment import Attachment
from adapters.soap.binary import INCLUDE
from adapters.soap.client import SoapCaller
from adapters.soap.envelope import SoapFault
from adapters.soap.messages import Contract
from adapters.soap.multipart import Writer
from adapters.soap.server import SoapService
from adapters.soap.wire import Content, Wire
from esb.errors import Malformed, ValidationFailed
from esb.httpcall import Answer

FILES = (
    '<xs:element name="root"><xs:complexType><xs:sequence><xs:element name="name" type="xs:string"/>'
    '<xs:element name="data" type="xs:base64Binary" minOccurs="0" maxOccurs="9"/>'
    '<xs:element name="three" minOccurs="0"><xs:simpleType><xs:restriction base="xs:base64Binary"><xs:length value="3000"/>'
    '</xs:restriction></xs:simpleType></xs:element></xs:sequence><xs:attribute name="mark" type="xs:base64Binary"/></xs:complexType></xs:element>'
)
BIG = bytes(range(256)) * 40
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><root xmlns="urn:t"><name>n</name>{inner}</root>'
    "</e:Body></e:Envelope>"
)
XOP = '<data><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="{href}"/></data>'
TYPE = 'multipart/related; type="application/xop+xml"; boundary="b"; start="<root>"; start-info="text/xml"'


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    part = '<wsdl:part name="parameters" element="t:root"/>'
    folder: Path = tmp_path_factory.mktemp("files")
    return Contract(load(folder, document(schema(FILES), {"Echo": (part, part)})))


class Loop:
    """HTTP without a socket: hands the call to a service and answers with its own body, attachments included."""

    def __init__(self, service: SoapService) -> None:
        self.service = service
        self.sent: list[tuple[str, bytes]] = []
        self.answered: list[tuple[str, bytes]] = []
        self.asked: Any = None

    def call(self, method: str, url: str, headers: Any, body: Any, **_: Any) -> Answer:
        assert (method, url) == ("POST", "http://127.0.0.1:9/s")
        data = body if isinstance(body, bytes) else b"".join(body)
        if not isinstance(body, bytes):
            assert body.length == len(data)
        self.sent.append((headers["Content-Type"], data))
        self.asked = self.service.parse(headers["Content-Type"], headers["SOAPAction"], data)
        kind, answer = self.service.render(self.asked, Content(self.asked.body, None, self.asked.attachments))
        whole = answer if isinstance(answer, bytes) else answer.whole()
        self.answered.append((kind, whole))
        return Answer(200, "OK", (("Content-Type", kind),), whole)


def loop(contract: Contract, client: Wire, server: Wire | None = None) -> tuple[SoapCaller, Loop]:
    http = Loop(SoapService(contract, wire=server or Wire(attachments=True)))
    return SoapCaller(contract, http, wire=client), http  # type: ignore[arg-type]  # all of it that is used


def message(*parts: tuple[str, str, bytes], boundary: str = "b", end: str = "--") -> bytes:
    told = b"".join(
        f"--{boundary}\r\nContent-Type: {kind}\r\nContent-ID: <{name}>\r\n\r\n".encode() + data + b"\r\n"
        for name, kind, data in parts
    )
    return told + f"--{boundary}{end}\r\n".encode()


def root(inner: str = "") -> tuple[str, str, bytes]:
    return ("root", 'application/xop+xml; type="text/xml"', ENVELOPE.format(inner=inner).encode())


def test_binary_content_goes_apart_and_comes_back_as_bytes(contract: Contract) -> None:
    caller, http = loop(contract, Wire(mtom=True))
    reply = caller.call("Echo", {"name": "n", "data": [BIG, b"small"]})
    assert reply.body == {"name": "n", "data": [BIG, b"small"]}
    assert reply.attachments == {}
    for kind, data in (*http.sent, *http.answered):
        assert kind.startswith("multipart/related")
        assert BIG in data
        assert base64.b64encode(b"small") in data


def test_a_service_answers_in_the_form_of_the_request(contract: Contract) -> None:
    caller, http = loop(contract, Wire())
    caller.call("Echo", {"name": "n", "data": [BIG]})
    assert [kind for kind, _ in (*http.sent, *http.answered)] == ["text/xml; charset=utf-8"] * 2


def test_a_facet_of_length_is_held_against_the_real_content(contract: Contract) -> None:
    caller, http = loop(contract, Wire(mtom=True))
    assert caller.call("Echo", {"name": "n", "three": bytes(3000)}).body["three"] == bytes(3000)
    with pytest.raises(ValidationFailed, match="three"):
        caller.call("Echo", {"name": "n", "three": bytes(3001)})
    kind = http.sent[0][0]
    assert kind.startswith("multipart/related")
    forged = message(root(XOP.replace("data>", "three>").format(href="cid:a")), ("a", "x/y", bytes(2999)))
    with pytest.raises(SoapFault, match="three"):
        http.service.parse(TYPE, None, forged)


def test_binary_content_of_an_attribute_stays_text(contract: Contract) -> None:
    caller, _ = loop(contract, Wire(mtom=True))
    sent = {"name": "n", "mark": BIG, "data": [BIG]}
    assert caller.call("Echo", sent).body == sent


def test_attachments_go_beside_the_envelope_both_ways(contract: Contract) -> None:
    caller, http = loop(contract, Wire(attachments=True))
    sent = {"a@x": Attachment("scan.pdf", "application/pdf", BIG), "b": b"text"}
    reply = caller.call("Echo", {"name": "n"}, attachments=sent)
    assert {name: bytes(value) for name, value in reply.attachments.items()} == {"a@x": BIG, "b": b"text"}
    assert (reply.attachments["a@x"].name, reply.attachments["a@x"].content_type) == ("scan.pdf", "application/pdf")
    assert http.sent[0][0].partition(";")[0] == "multipart/related"
    assert 'type="text/xml"' in http.sent[0][0]


def test_attachments_stay_where_nobody_asked_to_send_them(contract: Contract) -> None:
    caller, http = loop(contract, Wire())
    caller.call("Echo", {"name": "n"}, attachments={"a": b"x"})
    assert http.sent[0][0] == "text/xml; charset=utf-8"


def test_data_may_refer_to_an_attachment(contract: Contract) -> None:
    caller, http = loop(contract, Wire(mtom=True), Wire(apart=True))
    reply = caller.call("Echo", {"name": "n", "data": [{"$attachment": "scan"}]}, attachments={"scan": BIG})
    assert list(http.asked.body["data"][0]) == ["$attachment"]
    assert bytes(http.asked.attachments[http.asked.body["data"][0]["$attachment"]]) == BIG
    assert reply.body["data"] == [BIG]


def test_a_reference_to_an_attachment_that_is_not_there_is_told(contract: Contract) -> None:
    caller, _ = loop(contract, Wire(mtom=True))
    with pytest.raises(ValidationFailed, match="no attachment 'scan'"):
        caller.call("Echo", {"name": "n", "data": [{"$attachment": "scan"}]})


def test_in_xml_bodies_the_references_stand_as_they_came(contract: Contract) -> None:
    caller, http = loop(contract, Wire(mtom=True), Wire(form="payload"))
    assert caller.call("Echo", {"name": "n", "data": [BIG]}).body["data"] == [BIG]
    [reference] = http.asked.body.iter(INCLUDE)
    assert multipart.content_id_of(reference.get("href")) in http.asked.attachments


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((root(XOP.format(href="cid:nowhere")),), "refers to no part"),
        ((root(XOP.format(href="cid:root")),), "refers to no part"),
        ((root(XOP.format(href="http://127.0.0.1/x")),), "refers to no part"),
        ((root(XOP.format(href="file:///etc/passwd")),), "refers to no part"),
        ((root(XOP.replace("<data>", "<data>x").format(href="cid:a")), ("a", "x/y", b"1")), "does not stand alone"),
        ((("other", "text/xml", b"<x/>"),), "no part 'root'"),
        ((root(), ("a", "x/y", b"1"), ("a", "x/y", b"2")), "two parts"),
        ((root(), ("root", "x/y", b"1")), "two parts"),
        ((root(), *((f"p{n}", "x/y", b"") for n in range(201))), "more than 200"),
        ((root(), ("a" * 9000, "x/y", b"1")), "more than 8192"),
    ],
)
def test_a_dishonest_package_is_refused(contract: Contract, parts: Sequence[Any], told: str) -> None:
    with pytest.raises(SoapFault, match=told):
        SoapService(contract).parse(TYPE, None, message(*parts))


@pytest.mark.parametrize("cut", [0, 10, 60, 200, -4, -12, -40])
def test_a_package_that_breaks_off_is_refused(contract: Contract, cut: int) -> None:
    whole = message(root(XOP.format(href="cid:a")), ("a", "x/y", b"12345"))
    assert SoapService(contract).parse(TYPE, None, whole).body["data"] == [b"12345"]
    with pytest.raises(SoapFault):
        SoapService(contract).parse(TYPE, None, whole[:cut])


def test_a_reference_outside_of_a_package_is_refused(contract: Contract) -> None:
    plain = ENVELOPE.format(inner=XOP.format(href="cid:a")).encode()
    with pytest.raises(SoapFault, match="data"):
        SoapService(contract).parse("text/xml", None, plain)


def test_what_a_part_says_is_no_reference_of_the_next_one(contract: Contract) -> None:
    include = XOP.format(href="cid:a").encode()
    asked = SoapService(contract).parse(TYPE, None, message(root(XOP.format(href="cid:a")), ("a", "text/xml", include)))
    assert asked.body["data"] == [include]


def test_a_part_that_is_referred_to_often_is_held_once(contract: Contract) -> None:
    asked = SoapService(contract).parse(TYPE, None, message(root(XOP.format(href="cid:a") * 9), ("a", "x/y", BIG)))
    first = asked.body["data"][0]
    assert all(each is first for each in asked.body["data"])


@pytest.fixture
def expanded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the base64 texts that were made, in their order."""
    lengths: list[int] = []
    plain = binary._base64

    def counting(value: Any) -> str:
        lengths.append(len(value))
        return plain(value)

    monkeypatch.setattr(binary, "_base64", counting)
    return lengths


def test_one_part_in_many_places_of_a_wrong_message_does_not_become_many_texts(
    contract: Contract, expanded: list[int]
) -> None:
    inner = XOP.format(href="cid:a") * 5 + "<wrong/>"
    with pytest.raises(SoapFault, match=r"wrong.*; not measured with its parts in place"):
        SoapService(contract).parse(TYPE, None, message(root(inner), ("a", "x/y", bytes(300_000))))
    assert expanded == []


def test_a_small_part_in_several_places_is_still_measured(contract: Contract, expanded: list[int]) -> None:
    three = XOP.replace("data>", "three>").format(href="cid:a")
    parts = (root(XOP.format(href="cid:a") * 9 + three), ("a", "x/y", bytes(3000)))
    asked = SoapService(contract).parse(TYPE, None, message(*parts))
    assert (asked.body["three"], len(expanded)) == (bytes(3000), 10)


class Counted(bytes):
    """Bytes that count how often somebody looks for something in them."""

    looks = 0

    def find(self, *sought: Any) -> int:
        self.looks += 1
        return super().find(*sought)


@pytest.mark.parametrize("body", [b"-" * 100_000, b"\n-----" * 20_000, b"\n---x" * 20_000, b"\n--- \t" * 20_000 + b"x"])
def test_a_body_full_of_what_is_nearly_its_boundary_is_read_in_a_few_looks(body: bytes) -> None:
    data = Counted(body)
    with pytest.raises(Malformed):
        multipart.read('multipart/related; boundary="-"', data)
    assert data.looks < 500


def test_lines_that_only_begin_like_the_boundary_belong_to_their_part() -> None:
    lines = b"--bb\n--b-\n--b--x\r\n --b\n--b \t x\n"
    related = multipart.read("multipart/related; boundary=b", b"--b\r\n\r\n" + lines + b"\r\n--b-- \t\r\n--b")
    assert bytes(related.root) == lines


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ('multipart/related; boundary="uuid:1/2"', message(root(), boundary="uuid:1/2")),
        ("multipart/related; boundary=b", b"\r\n" + message(root())),
        ("multipart/related; boundary=b", b"a preamble\r\n" + message(root()) + b"an epilogue"),
        ("multipart/related; boundary=b", message(root()).replace(b"\r\n", b"\n")),
        ("multipart/related; boundary=b", message(root()).replace(b"--b\r\n", b"--b  \r\n")),
        ('Multipart/Related; Boundary="b"; start="<root>"', message(("x", "a/b", b"--bb\r\n"), root())),
        ("multipart/related; boundary=b", message(root()).removesuffix(b"\r\n")),
    ],
)
def test_what_honest_senders_differ_in_is_taken(contract: Contract, content_type: str, data: bytes) -> None:
    assert SoapService(contract).parse(content_type, None, data).body == {"name": "n"}


@given(st.lists(st.binary(max_size=200), max_size=5), st.text(max_size=20))
def test_parts_are_read_as_they_were_written(contents: list[bytes], name: str) -> None:
    sent = [(f"{number}@x", Attachment(name, "a/b", data)) for number, data in enumerate(contents)]
    writer = Writer(b"<root/>", "text/xml", sent, 'type="text/xml"')
    related = multipart.read(writer.content_type, writer.whole())
    assert bytes(related.root) == b"<root/>"
    assert [bytes(part) for part in related.parts.values()] == contents


@given(st.binary(max_size=300), st.sampled_from(["b", "-", "--", "\n"]))
def test_any_bytes_are_a_message_or_malformed(data: bytes, boundary: str) -> None:
    for whole in (data, b"--b\r\n" + data, message(root()) + data, b"--b\r\n\r\n" + data + b"\r\n--b--"):
        try:
            package.unpack(f"multipart/related; boundary={boundary}", whole)
        except Malformed:
            continue


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("base64", b"aGVs\r\nbG8="), ("quoted-printable", b"hel=6Co"), ("7bit", b"hello"), ("", b"hello")],
)
def test_transfer_encodings_are_undone(encoding: str, data: bytes) -> None:
    whole = b"--b\r\nContent-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + data + b"\r\n--b--"
    assert bytes(multipart.read("multipart/related; boundary=b", whole).root) == b"hello"
