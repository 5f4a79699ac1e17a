"""Rows S10 to S16 of the security matrix through the real server with two workers: signatures turned against us, replays, packages, leaks.

S1 to S9 are in tests/system/test_bad_xml.py, and the poisoned WSDLs of S7 in tests/unit/soap.
"""

from __future__ import annotations

import base64
import copy
import gzip
import http.client
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import soap_keys
from soap_peers import ROOT

import esb.xml
from adapters.soap.security import Security
from adapters.soap.security.names import DS, ID, SECURITY, WSSE, WSU
from adapters.soap.security.seal import Seal
from esb.errors import Position
from esb.testing.process import BusProcess

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SALES = "urn:example:erp:sales"
TEXT_XML = "text/xml; charset=utf-8"
LINE = '<line><sku>PEN-1</sku><quantity>1</quantity><unitPrice currency="EUR">1.00</unitPrice></line>'
ORDER = f'<CreateSalesOrder xmlns="{SALES}"><orderId>A1</orderId><customer>{{}}</customer>{LINE}</CreateSalesOrder>'
ENVELOPE = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{{}}</s:Body></s:Envelope>'
HEADER, BODY = f"{{{SOAP}}}Header", f"{{{SOAP}}}Body"
XOP = '<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="{}"/>'

ROUTES = """
- beans:
    - name: signed
      type: adapters.soap.security:Security
      properties: {expect: {timestamp: true, signature: {trust: keys/them.crt}}}
    - name: user
      type: adapters.soap.security:Security
      properties: {expect: {timestamp: true, usernameToken: {users: {partner: s3cret}}}}
    - name: clear
      type: adapters.soap.security:Security
      properties: {expect: {usernameToken: {type: text, users: {partner: s3cret}}}}
"""
SERVE = """
- route:
    id: {name}
    from:
      uri: soap:erp.wsdl
      parameters: {{path: /{name}{options}}}
      steps:
        - choice:
            when:
              - simple: "${{body[customer]}} == 'CRASH'"
                steps:
                  - setBody: {{python: "open('/nowhere/secret.sql')"}}
        - setBody: {{python: "{{'salesOrderNumber': body['orderId'], 'status': 'CREATED'}}"}}
"""
FILES = """
- route:
    id: files
    from:
      uri: soap:files.wsdl
      parameters: {path: /files, maxBody: 2mb}
      steps:
        - setBody: {python: "{'size': len(body['content']), 'sha256': b'x'}"}
"""


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusProcess]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "keys").mkdir()
    soap_keys.write(folder / "keys")
    shutil.copy(ROOT / "schemas" / "erp" / "erp.wsdl", folder)
    shutil.copy(ROOT / "tests" / "integration" / "soap_cxf" / "files.wsdl", folder)
    served = "".join(
        SERVE.format(name=name, options=f', security: "#{name}"' if name != "open" else "")
        for name in ("open", "signed", "user", "clear")
    )
    with BusProcess(folder, routes=ROUTES + served + FILES, settings="workers: 2\n") as process:
        yield process.start()
        assert process.running


def post(
    bus: BusProcess, path: str, body: bytes, kind: str = TEXT_XML, more: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", bus.port, timeout=120)
    try:
        connection.request("POST", path, body, {"Content-Type": kind, **(more or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def sealed(bus: BusProcess, customer: str = "C1", **send: Any) -> bytes:
    bean = Security()
    bean.send = send
    seal: Seal = bean.seal((bus.folder / "keys").__truediv__, Position("test"))
    return seal.close(ENVELOPE.format(ORDER.format(customer)).encode())


def signed(bus: BusProcess) -> Any:
    sign = {"key": "them.key", "certificate": "them.crt"}
    return esb.xml.parse(sealed(bus, timestamp=True, signature=sign))


def user(bus: BusProcess, password: str = "s3cret") -> bytes:
    return sealed(bus, timestamp=True, usernameToken={"username": "partner", "password": password})


def moved(root: Any) -> None:
    body = root.find(BODY)
    forged = copy.deepcopy(body)
    del forged.attrib[ID]
    forged[0][1].text = "EVIL"
    root.replace(body, forged)
    wrapper = root.find(HEADER).makeelement("{urn:x}Wrapper")
    root.find(HEADER).append(wrapper)
    wrapper.append(body)


def same_id(root: Any) -> None:
    moved(root)
    root.find(BODY).set(ID, root.find(HEADER)[-1][0].get(ID))


def id_elsewhere(root: Any) -> None:
    name = root.find(BODY).get(ID)
    moved(root)
    root.find(BODY).set("ID", name)


def second_security(root: Any) -> None:
    root.find(HEADER).append(copy.deepcopy(root.find(HEADER).find(SECURITY)))


def unsigned(root: Any) -> None:
    security = root.find(HEADER).find(SECURITY)
    security.remove(security.find(f"{{{DS}}}Signature"))


def sha1(root: Any) -> None:
    next(root.iter(f"{{{DS}}}SignatureMethod")).set("Algorithm", f"{DS}rsa-sha1")


def hmac(root: Any) -> None:
    next(root.iter(f"{{{DS}}}SignatureMethod")).set("Algorithm", f"{DS}hmac-sha1")


def xslt(root: Any) -> None:
    next(root.iter(f"{{{DS}}}Transform")).set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")


def outside(root: Any) -> None:
    next(root.iter(f"{{{DS}}}Reference")).set("URI", "file:///etc/passwd")


def no_references(root: Any) -> None:
    info = next(root.iter(f"{{{DS}}}SignedInfo"))
    for reference in info.findall(f"{{{DS}}}Reference"):
        info.remove(reference)


def only_the_body(root: Any) -> None:
    info = next(root.iter(f"{{{DS}}}SignedInfo"))
    info.remove(info.findall(f"{{{DS}}}Reference")[1])


def later(root: Any) -> None:
    created = next(root.iter(f"{{{WSU}}}Created"))
    created.text = created.text.replace("20", "21", 1)


ATTACKS: list[Callable[[Any], None]] = [
    *(moved, same_id, id_elsewhere, second_security),
    *(unsigned, sha1, hmac, xslt, outside, no_references, only_the_body, later),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.__name__)
def test_a_signature_turned_against_us_is_refused(bus: BusProcess, attack: Callable[[Any], None]) -> None:
    root = signed(bus)
    attack(root)
    status, told = post(bus, "/signed", esb.xml.serialize(root))
    assert (status, "Fault" in told) == (500, True)
    assert "A1" not in told
    assert "etc/passwd" not in told


def test_a_sound_signature_is_taken(bus: BusProcess) -> None:
    assert post(bus, "/signed", esb.xml.serialize(signed(bus)))[0] == 200


@pytest.mark.parametrize("path", ["/user", "/signed"])
def test_of_one_message_sent_many_times_at_once_to_all_workers_one_is_taken(bus: BusProcess, path: str) -> None:
    message = user(bus) if path == "/user" else esb.xml.serialize(signed(bus))
    with ThreadPoolExecutor(12) as pool:
        statuses = Counter(status for status, _ in pool.map(lambda _: post(bus, path, message), range(36)))
    assert statuses == {200: 1, 500: 35}


@pytest.mark.parametrize(
    "change",
    [
        lambda data: re.sub(rb"(<wsu:Created>)20", rb"\g<1>19", data),
        lambda data: re.sub(rb"(<wsu:Created>)20", rb"\g<1>29", data),
        lambda data: re.sub(rb"<wsse:Nonce.*?</wsse:Nonce>", b"", data),
        lambda data: re.sub(rb"<wsu:Timestamp.*?</wsu:Timestamp>", b"", data),
        lambda data: data.replace(b"PasswordDigest", b"PasswordText"),
        lambda data: data.replace(b">partner<", b">nobody<"),
    ],
)
def test_a_user_s_token_that_is_stale_or_changed_is_refused(bus: BusProcess, change: Callable[[bytes], bytes]) -> None:
    assert post(bus, "/user", user(bus))[0] == 200
    status, told = post(bus, "/user", change(user(bus)))
    assert (status, "Fault" in told) == (500, True)


def test_a_password_in_clear_is_refused_without_tls(bus: BusProcess) -> None:
    token = {"username": "partner", "password": "s3cret", "type": "text"}
    status, told = post(bus, "/clear", sealed(bus, usernameToken=token))
    assert (status, "FailedAuthentication" in told) == (500, True)


def test_the_unknown_user_and_the_wrong_password_read_the_same(bus: BusProcess) -> None:
    one = post(bus, "/user", user(bus, "wrong"))
    other = post(bus, "/user", user(bus).replace(b">partner<", b">nobody<"))
    assert one == other


def package(*parts: tuple[str, str, bytes]) -> bytes:
    told = b"".join(
        f"--b\r\nContent-Type: {kind}\r\nContent-ID: <{name}>\r\n\r\n".encode() + data + b"\r\n"
        for name, kind, data in parts
    )
    return told + b"--b--\r\n"


def root(content: str) -> tuple[str, str, bytes]:
    store = f'<Store xmlns="urn:example:files"><name>a</name><content>{content}</content></Store>'
    return "root", 'application/xop+xml; type="text/xml"', ENVELOPE.format(store).encode()


PACKAGES = {
    "a part that is not there": package(root(XOP.format("cid:none"))),
    "itself": package(root(XOP.format("cid:root"))),
    "a file": package(root(XOP.format("file:///etc/passwd"))),
    "a reference within a reference": package(
        root(XOP.format("cid:a").replace("/>", ">" + XOP.format("cid:a") + "</i:Include>"))
    ),
    "10,000 parts": package(root(XOP.format("cid:a")), *((f"a{n}", "x/y", b"") for n in range(10_000))),
    "a huge head": package(root(XOP.format("cid:a")), ("a", "x/y" + "y" * 100_000, b"1")),
    "two of one name": package(root(XOP.format("cid:a")), ("a", "x/y", b"1"), ("a", "x/y", b"2")),
    "no end": package(root(XOP.format("cid:a")), ("a", "x/y", b"1"))[:-6],
    "nothing": b"",
    "another start": package(("other", "text/xml", b"<x/>"), ("a", "x/y", b"1")),
}


@pytest.mark.parametrize("data", PACKAGES.values(), ids=PACKAGES)
def test_a_dishonest_package_is_refused(bus: BusProcess, data: bytes) -> None:
    kind = 'multipart/related; type="application/xop+xml"; boundary=b; start="<root>"; start-info="text/xml"'
    status, told = post(bus, "/files", data, kind)
    assert (status, "Fault" in told) == (500, True)
    assert "root:" not in told


def test_an_honest_package_is_taken(bus: BusProcess) -> None:
    kind = 'multipart/related; type="application/xop+xml"; boundary=b; start="<root>"; start-info="text/xml"'
    status, told = post(bus, "/files", package(root(XOP.format("cid:a")), ("a", "x/y", bytes(100_000))), kind)
    assert (status, ">100000<" in told) == (200, True)


def test_a_package_beyond_the_limit_is_refused(bus: BusProcess) -> None:
    kind = 'multipart/related; type="application/xop+xml"; boundary=b; start="<root>"; start-info="text/xml"'
    assert post(bus, "/files", package(root(XOP.format("cid:a")), ("a", "x/y", bytes(3_000_000))), kind)[0] == 413


GOOD = ENVELOPE.format(ORDER.format("C1"))
BLOCKS = GOOD.replace("<s:Body>", f"<s:Header>{'<x/>' * 300_000}</s:Header><s:Body>")
NAMESPACES = GOOD.replace("<s:Body>", "<s:Body " + " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(5000)) + ">")
GZIPPED = {"Content-Encoding": "gzip"}
TEXTS: dict[str, tuple[bytes, str, dict[str, str]]] = {
    "UTF-7 by the header": (GOOD.encode("utf-7"), "text/xml; charset=utf-7", {}),
    "UTF-7 by itself": (b'<?xml version="1.0" encoding="utf-7"?>' + GOOD.encode("utf-7"), "text/xml", {}),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), TEXT_XML, {}),
    "UTF-8 that calls itself UTF-16": (GOOD.encode(), "text/xml; charset=utf-16", {}),
    "an encoding that is none": (GOOD.encode(), "text/xml; charset=nonsense", {}),
    "a codec that is no encoding": (GOOD.encode(), "text/xml; charset=rot13", {}),
    "octets that are none": (GOOD.replace("C1", "\xff").encode("latin-1"), TEXT_XML, {}),
    "a bomb of zeros": (gzip.compress(bytes(50_000_000)), TEXT_XML, GZIPPED),
    "a packed message": (gzip.compress(GOOD.encode()), TEXT_XML, GZIPPED),
    "300,000 header blocks that nobody knows": (
        BLOCKS.replace("<x/>", '<x s:mustUnderstand="1"/>', 1).encode(),
        TEXT_XML,
        {},
    ),
    "5,000 namespaces": (NAMESPACES.encode(), TEXT_XML, {}),
    "another action": (GOOD.encode(), TEXT_XML, {"SOAPAction": '"urn:example:erp:sales/GetSalesOrder"'}),
    "the action of nobody": (GOOD.encode(), TEXT_XML, {"SOAPAction": "urn:evil"}),
    "an entity": (GOOD.replace("C1", "&xxe;").encode(), TEXT_XML, {}),
    "a document type": (b'<!DOCTYPE s [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>' + GOOD.encode(), TEXT_XML, {}),
    "XInclude for a customer": (
        GOOD.replace("C1", '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>').encode(),
        TEXT_XML,
        {},
    ),
    "an xop:Include without a package": (GOOD.replace("C1", XOP.format("cid:a")).encode(), TEXT_XML, {}),
}


@pytest.mark.parametrize("case", TEXTS.values(), ids=TEXTS)
def test_a_message_that_plays_tricks_with_its_text_is_refused(
    bus: BusProcess, case: tuple[bytes, str, dict[str, str]]
) -> None:
    data, kind, more = case
    status, told = post(bus, "/open", data, kind, more)
    assert status in {400, 413, 415, 500}
    assert "salesOrderNumber" not in told
    assert "root:" not in told
    assert post(bus, "/open", GOOD.encode())[0] == 200


@pytest.mark.parametrize(
    "place",
    [
        f"{{{WSSE}}}BinarySecurityToken",
        f"{{{DS}}}SignatureValue",
        f"{{{DS}}}DigestValue",
    ],
)
def test_a_signature_whose_values_lie_in_other_parts_is_checked_as_any(bus: BusProcess, place: str) -> None:
    """Some stacks send the octets of tokens and signatures beside the envelope; a wrong one is a wrong one there, too."""
    kind = 'multipart/related; type="application/xop+xml"; boundary=b; start="<root>"; start-info="text/xml"'

    def sent(change: bytes) -> tuple[int, str]:
        root = signed(bus)
        node = next(root.iter(place))
        value = base64.b64decode(node.text)
        node.text = None
        node.append(esb.xml.parse(XOP.format("cid:a")))
        whole = ("root", 'application/xop+xml; type="text/xml"', esb.xml.serialize(root))
        return post(bus, "/signed", package(whole, ("a", "x/y", change + value[len(change) :])), kind)

    assert sent(b"")[0] == 200
    assert sent(b"\0\1\2\3")[0] == 500


def test_what_fails_inside_is_told_by_a_number_and_nothing_else(bus: BusProcess) -> None:
    status, told = post(bus, "/open", ENVELOPE.format(ORDER.format("CRASH")).encode())
    assert status == 500
    assert "the request could not be processed; exchange" in told
    for inside in ("Traceback", "nowhere", "secret", "python", "open(", str(bus.folder), "Error"):
        assert inside not in told
