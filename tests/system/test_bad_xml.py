"""Bad XML and bad SOAP: to the ERP's service, and to the CMS's path that takes XML."""

import time
from collections.abc import Mapping

import pytest
from lxml import etree

from routes.demo.deployment import Deployment
from tests.system.faults import eventually
from tests.system.talk import send
from tests.system.witness import Canary

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SALES = "urn:example:erp:sales"
CREATE, GET = f"{SALES}:CreateSalesOrder", f"{SALES}:GetSalesOrder"
TEXT_XML = "text/xml; charset=utf-8"

LINE = '<line><sku>PEN-1</sku><quantity>1</quantity><unitPrice currency="EUR">1.00</unitPrice></line>'
ORDER = f'<CreateSalesOrder xmlns="{SALES}"><orderId>EVIL</orderId><customer>C1</customer>{LINE}</CreateSalesOrder>'


def envelope(body: str = ORDER, head: str = "", before: str = "") -> str:
    return f'{before}<s:Envelope xmlns:s="{SOAP}">{head}<s:Body>{body}</s:Body></s:Envelope>'


def call(bus: Deployment, text: str | bytes, action: str | None = CREATE, kind: str = TEXT_XML) -> tuple[int, str]:
    headers = {"Content-Type": kind} | ({} if action is None else {"SOAPAction": f'"{action}"'})
    status, _, told = send(bus, "erp", "/erp/sales", text, headers=headers)
    return status, told


def fault(told: str) -> tuple[str, str]:
    """The code and the words of the answer's fault."""
    root = etree.fromstring(told.encode())
    [found] = root.iterfind(f".//{{{SOAP}}}Fault")
    return found.findtext("faultcode", ""), found.findtext("faultstring", "")


def entities(canary: Canary) -> Mapping[str, str]:
    """DOCTYPEs that reach out, by what they do."""
    file, url = canary.file.as_uri(), canary.url
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    return {
        "an entity of a file": f'<!DOCTYPE a [<!ENTITY x SYSTEM "{file}">]>',
        "an entity of a server": f'<!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]>',
        "a parameter entity": f'<!DOCTYPE a [<!ENTITY % p SYSTEM "{url}"> %p; <!ENTITY x "y">]>',
        "a DTD of a server": f'<!DOCTYPE a SYSTEM "{url}">',
        "a DTD of a file": f'<!DOCTYPE a PUBLIC "p" "{file}">',
        "an entity bomb": f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}<!ENTITY x "&l8;">]>',
        "a large entity many times": f'<!DOCTYPE a [<!ENTITY x "{"x" * 50_000}">]>',
        "an empty DOCTYPE": "<!DOCTYPE a>",
        "a DOCTYPE behind a comment": "<?xml version='1.0'?><!-- > --><!DOCTYPE a [<!ENTITY x 'y'>]>",
    }


KINDS = [
    "an entity of a file",
    "an entity of a server",
    "a parameter entity",
    "a DTD of a server",
    "a DTD of a file",
    "an entity bomb",
    "a large entity many times",
    "an empty DOCTYPE",
    "a DOCTYPE behind a comment",
]


@pytest.mark.parametrize("kind", KINDS)
def test_soap_with_a_doctype_is_a_fault_and_reaches_out_to_nothing(
    bus: Deployment, refused: None, canary: Canary, kind: str
) -> None:
    text = envelope(ORDER.replace("EVIL", "&x;" * 1000), before=entities(canary)[kind])
    status, told = call(bus, text)
    assert status == 500
    code, words = fault(told)
    assert code.endswith(":Client")
    assert "DOCTYPE" in words
    assert canary.secret not in told


@pytest.mark.parametrize("kind", KINDS)
def test_xml_with_a_doctype_is_a_bad_request_and_reaches_out_to_nothing(
    bus: Deployment, refused: None, canary: Canary, kind: str
) -> None:
    text = f"{entities(canary)[kind]}<banner><headline>{'&x;' * 1000}</headline></banner>"
    status, _, told = send(
        bus, "cms", "/cms/banners/EVIL", text, method="PUT", headers={"Content-Type": "application/xml"}
    )
    assert status == 400
    assert "DOCTYPE" in told
    assert canary.secret not in told
    assert "EVIL" not in bus.table("cms", "banners")


def test_what_a_document_refers_to_is_not_fetched(bus: Deployment, refused: None, canary: Canary) -> None:
    instance = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    inclusion = f'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{canary.url}" parse="text"/>'
    status, told = call(bus, envelope(ORDER.replace("EVIL", inclusion)))
    assert (status, canary.secret in told) == (500, False)
    wrong = ORDER.replace("<quantity>1<", "<quantity>x<")
    for text in (
        envelope(
            wrong.replace(
                "<CreateSalesOrder ", f'<CreateSalesOrder {instance} i:schemaLocation="{SALES} {canary.url}" '
            )
        ),
        envelope(wrong, before=f'<?xml-stylesheet type="text/xsl" href="{canary.url}"?>'),
    ):
        assert call(bus, text)[0] == 500


HOSTILE = {
    "nested 100,000 deep": "<a>" * 100_000 + "</a>" * 100_000,
    "nested and never closed": "<a>" * 100_000,
    "100,000 attributes": "<a " + " ".join(f'b{n}="1"' for n in range(100_000)) + "/>",
    "100,000 namespaces": "<a " + " ".join(f'xmlns:b{n}="u{n}"' for n in range(100_000)) + "/>",
    "a name of 1 MB": f"<{'a' * 1_000_000}/>",
    "control characters": "<a>\x01</a>",
    "a NUL": "<a>\x00</a>",
    "an undeclared entity": "<a>&nbsp;</a>",
    "an undeclared prefix": "<p:a/>",
    "an attribute twice": '<a b="1" b="2"/>',
    "truncated": "<a><b",
    "JSON": '{"a": 1}',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_xml_is_refused_at_once(bus: Deployment, refused: None, text: str) -> None:
    began = time.monotonic()
    status, told = call(bus, envelope(text))
    assert (status, fault(told)[0]) == (500, "soapenv:Client")
    status, _, told = send(
        bus, "cms", "/cms/banners/EVIL", text, method="PUT", headers={"Content-Type": "application/xml"}
    )
    assert (status, "XML" in told) == (400, True)
    assert time.monotonic() - began < 5
    assert "EVIL" not in bus.table("cms", "banners")


@pytest.mark.parametrize("encoding", ["utf-7", "utf-32", "cp037", "no-such"])
def test_an_encoding_that_hides_markup_is_refused(bus: Deployment, refused: None, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{envelope()}'
    status, told = call(bus, text, kind="text/xml")
    assert (status, fault(told)[0]) == (500, "soapenv:Client")


def test_octets_that_are_no_text_are_refused(bus: Deployment, refused: None) -> None:
    status, told = call(bus, envelope().replace("C1", "C\udcff").encode("utf-8", "surrogateescape"))
    assert (status, fault(told)[0]) == (500, "soapenv:Client")


def test_very_many_equal_elements_are_read_in_time(bus: Deployment, refused: None) -> None:
    text = "<a>" + "<b/>" * 500_000 + "<c></a>"
    began = time.monotonic()
    status, _, _ = send(
        bus, "cms", "/cms/banners/EVIL", text, method="PUT", headers={"Content-Type": "application/xml"}
    )
    assert status == 400
    text = "<a>" + "<b/>" * 500_000 + "</a>"
    assert (
        send(bus, "cms", "/cms/banners/MANY", text, method="PUT", headers={"Content-Type": "application/xml"})[0] < 500
    )
    assert time.monotonic() - began < 15


WRONG = {
    "another element": (envelope('<Other xmlns="urn:x"/>'), CREATE, "belongs to no operation"),
    "the response's element": (
        envelope(f'<CreateSalesOrderResponse xmlns="{SALES}"/>'),
        CREATE,
        "belongs to no operation",
    ),
    "the element without its namespace": (envelope("<CreateSalesOrder/>"), CREATE, "belongs to no operation"),
    "two children": (envelope(ORDER + ORDER), CREATE, "2 children"),
    "an empty body": (envelope(""), CREATE, "is empty"),
    "text in the body": (envelope("EVIL"), CREATE, "text between"),
    "no body": (f'<s:Envelope xmlns:s="{SOAP}"/>', CREATE, "Body"),
    "two bodies": (envelope().replace("</s:Envelope>", f"<s:Body>{ORDER}</s:Body></s:Envelope>"), CREATE, "Body"),
    "no envelope": (ORDER, CREATE, "not a SOAP Envelope"),
    "a page": ("<html/>", CREATE, "not a SOAP Envelope"),
    "nothing": ("", CREATE, "XML"),
    "another operation's action": (envelope(), GET, "SOAPAction"),
    "an unknown action": (envelope(), "urn:evil", "SOAPAction"),
    "an unknown element": (envelope(ORDER.replace("<customer>", "<admin>1</admin><customer>")), CREATE, "admin"),
    "a missing element": (envelope(ORDER.replace("<customer>C1</customer>", "")), CREATE, "not expected"),
    "a wrong value": (envelope(ORDER.replace("<quantity>1<", "<quantity>many<")), CREATE, "quantity"),
    "an unknown attribute": (envelope(ORDER.replace("<customer>", '<customer admin="1">')), CREATE, "admin"),
}


@pytest.mark.parametrize(("text", "action", "word"), WRONG.values(), ids=WRONG)
def test_a_wrong_request_is_the_clients_fault(
    bus: Deployment, refused: None, text: str, action: str, word: str
) -> None:
    status, told = call(bus, text, action)
    code, words = fault(told)
    assert (status, code) == (500, "soapenv:Client")
    assert word in words
    assert "Traceback" not in told
    assert str(bus.state) not in told


def test_a_header_that_must_be_understood_and_is_not_is_a_fault_of_its_own(bus: Deployment, refused: None) -> None:
    head = '<s:Header><w xmlns="urn:x" s:mustUnderstand="1"/></s:Header>'
    assert fault(call(bus, envelope(head=head))[1])[0] == "soapenv:MustUnderstand"


def test_another_version_of_soap_is_a_fault_of_its_own(bus: Deployment, refused: None) -> None:
    for name in ("http://www.w3.org/2003/05/soap-envelope", "urn:soap-9"):
        text = envelope().replace(SOAP, name)
        assert fault(call(bus, text, kind="text/xml")[1])[0] == "soapenv:VersionMismatch"


def test_a_reply_address_is_not_called(bus: Deployment, refused: None, canary: Canary) -> None:
    addressing = "http://www.w3.org/2005/08/addressing"
    addresses = "".join(f"<w:{name}><w:Address>{canary.url}</w:Address></w:{name}>" for name in ("ReplyTo", "FaultTo"))
    head = f'<s:Header xmlns:w="{addressing}">{addresses}</s:Header>'
    assert call(bus, envelope(ORDER.replace("C1", "BLOCKED1"), head=head))[0] == 500


def test_json_is_no_soap(bus: Deployment, refused: None) -> None:
    assert call(bus, "{}", kind="application/json")[0] == 415


def test_comments_do_not_hide_a_part_of_a_value(bus: Deployment, unharmed: None) -> None:
    status, told = call(bus, envelope(ORDER.replace("EVIL", "SO<!-- x -->AP<?pi y?>-1")))
    assert (status, "SO-SOAP-1" in told) == (200, True)
    eventually(lambda: "SOAP-1" in bus.table("erp", "orders"), "everybody reads the same value")


def test_a_business_fault_says_no_more_than_it_declares(bus: Deployment, refused: None) -> None:
    status, told = call(bus, envelope(ORDER.replace("C1", "BLOCKED1")))
    assert status == 500
    assert "CUSTOMER_BLOCKED" in told
    assert "routes/beans" not in told
