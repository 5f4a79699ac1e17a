"""WS-Security from both ends of our own: what is declared is sent, what is not met is refused, and only what was verified is handed on."""

from __future__ import annotations

import copy
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from soap_contracts import document, load, schema

import esb.xml
from adapters.soap import envelope
from adapters.soap.client import SoapCaller
from adapters.soap.envelope import SoapFault
from adapters.soap.messages import Contract
from adapters.soap.security import Security
from adapters.soap.security.guard import Guard
from adapters.soap.security.names import DS, ID, SECURITY, WSSE, WSU, XENC
from adapters.soap.security.refusal import Refused
from adapters.soap.security.seal import Seal
from adapters.soap.security.wspolicy import demands
from adapters.soap.server import SoapService
from adapters.soap.wire import Content, Wire
from esb.errors import ConfigError, Malformed, Position, RemoteFault
from esb.httpcall import Answer
from tests.integration import soap_keys

AT = Position("routes/x.yaml", 1, 1)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
BODY = f"{{{SOAP}}}Body"
HEADER = f"{{{SOAP}}}Header"
MESSAGE = (
    f'<e:Envelope xmlns:e="{SOAP}" xmlns:u="urn:t"><e:Header><u:note>n</u:note></e:Header>'
    "<e:Body><u:root xmlns='urn:t'><u:pay>1 &amp; <b/></u:pay></u:root></e:Body></e:Envelope>"
).encode()

SIGN = {"key": "us.key", "certificate": "us.crt"}
ENCRYPT = {"certificate": "them.crt"}
TRUST = {"trust": "us.crt"}
DECRYPT = {"key": "them.key"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return soap_keys.write(tmp_path_factory.mktemp("keys"))


def policy(send: Any = None, expect: Any = None) -> Security:
    bean = Security()
    bean.send, bean.expect = send, expect
    return bean


def seal(keys: Path, **send: Any) -> Seal:
    return policy(send=send).seal(keys.__truediv__, AT)


def guard(keys: Path, **expect: Any) -> Guard:
    return policy(expect=expect).guard(keys.__truediv__, AT)


def opened(guarding: Guard, data: bytes, **how: Any) -> Any:
    return guarding.open(esb.xml.parse(data), **how)


def body_of(root: Any) -> bytes:
    return esb.xml.serialize(root.find(BODY)[0])


def refused(guarding: Guard, data: bytes, **how: Any) -> str:
    with pytest.raises(Refused) as caught:
        opened(guarding, data, **how)
    return caught.value.subcode.rpartition("}")[2]


# -- what is declared arrives --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["token", "thumbprint", "issuerSerial", "keyIdentifier"])
@pytest.mark.parametrize("algorithm", ["rsa-sha256", "rsa-sha512"])
def test_a_signature_proves_who_sent_it(keys: Path, reference: str, algorithm: str) -> None:
    sent = seal(keys, timestamp=True, signature={**SIGN, "reference": reference, "algorithm": algorithm}).close(MESSAGE)
    verified = opened(guard(keys, timestamp=True, signature=TRUST), sent)
    assert verified.facts == {"subject": "CN=us"}
    assert b"1 &amp; " in body_of(verified.root)


def test_a_key_on_a_curve_signs_too(keys: Path) -> None:
    sent = seal(keys, signature={"key": "ec.key", "certificate": "ec.crt", "algorithm": "ecdsa-sha256"}).close(MESSAGE)
    assert opened(guard(keys, signature={"trust": "ec.crt"}), sent).facts == {"subject": "CN=ec"}


def test_an_authority_vouches_for_those_it_issued(keys: Path) -> None:
    sent = seal(keys, signature={"key": "issued.key", "certificate": "issued.crt"}).close(MESSAGE)
    assert opened(guard(keys, signature={"trust": "ca.crt"}), sent).facts == {"subject": "CN=issued"}
    assert opened(guard(keys, signature={"trust": "ca.crt", "subjects": ["CN=issued"]}), sent).certificate is not None
    assert refused(guard(keys, signature={"trust": "ca.crt", "subjects": ["CN=other"]}), sent) == "FailedAuthentication"


@pytest.mark.parametrize("order", ["signThenEncrypt", "encryptThenSign"])
@pytest.mark.parametrize("cipher", ["aes128-gcm", "aes256-gcm", "aes256-cbc"])
@pytest.mark.parametrize("transport", ["rsa-oaep-mgf1p", "rsa-oaep"])
def test_signed_and_encrypted_in_either_order(keys: Path, order: str, cipher: str, transport: str) -> None:
    sent = seal(
        keys,
        order=order,
        timestamp=True,
        signature=SIGN,
        encryption={**ENCRYPT, "cipher": cipher, "keyTransport": transport},
    ).close(MESSAGE)
    assert b"u:pay" not in sent
    allowed = ["rsa-sha256", "sha256", cipher, transport]
    guarding = guard(keys, timestamp=True, signature=TRUST, encryption=DECRYPT, algorithms=allowed)
    assert body_of(opened(guarding, sent).root).startswith(b"<u:root")


def test_the_signature_the_user_and_header_blocks_are_encrypted_where_declared(keys: Path) -> None:
    parts = ["body", "signature", "usernameToken", "{urn:t}note"]
    user = {"username": "bus", "password": "pw", "type": "text"}
    sent = seal(
        keys,
        usernameToken=user,
        signature={**SIGN, "parts": ["body", "usernameToken", "{urn:t}note"]},
        encryption={**ENCRYPT, "parts": parts},
    ).close(MESSAGE)
    for hidden in (b"SignatureValue", b">pw<", b"u:note", b"u:pay"):
        assert hidden not in sent
    guarding = guard(
        keys,
        usernameToken={"users": {"bus": "pw"}, "type": "text"},
        signature={**TRUST, "parts": ["body", "usernameToken", "{urn:t}note"]},
        encryption={**DECRYPT, "parts": parts},
    )
    verified = opened(guarding, sent)
    assert (verified.username, verified.uncovered) == ("bus", [])
    assert verified.root[0][0].text == "n"


def test_prefixes_survive_decryption_so_that_signatures_hold(keys: Path) -> None:
    twice = (
        f'<e:Envelope xmlns:e="{SOAP}" xmlns="urn:t" xmlns:u="urn:t" xmlns:w="urn:t"><e:Body><w:root kind="u:x"><u:pay xmlns:v="urn:t" v:a="1"/>'
        "</w:root></e:Body></e:Envelope>"
    ).encode()
    sent = seal(keys, signature=SIGN, encryption=ENCRYPT).close(twice)
    verified = opened(guard(keys, signature=TRUST, encryption=DECRYPT), sent)
    assert b"<w:root" in body_of(verified.root)
    assert b'v:a="1"' in body_of(verified.root)


@pytest.mark.parametrize("kind", ["digest", "text"])
def test_a_user_is_known_by_his_password(keys: Path, kind: str) -> None:
    sent = seal(keys, usernameToken={"username": "bus", "password": "p&<w", "type": kind}).close(MESSAGE)
    guarding = guard(keys, usernameToken={"users": {"bus": "p&<w"}, "type": kind})
    assert opened(guarding, sent).facts == {"username": "bus"}
    assert refused(guarding, sent) == "FailedAuthentication", "a replay"


def test_a_bean_may_know_the_passwords(keys: Path) -> None:
    class Users:
        def password(self, username: str) -> str | None:
            return "pw" if username == "bus" else None

    sent = seal(keys, usernameToken={"username": "bus", "password": "pw"}).close(MESSAGE)
    assert opened(guard(keys, usernameToken={"users": Users()}), sent).username == "bus"


def test_a_saml_token_is_passed_on(keys: Path) -> None:
    token = (
        '<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a"><s:Issuer>idp</s:Issuer></s:Assertion>'
    )
    sent = seal(keys, samlToken=True, signature={**SIGN, "parts": ["body", "samlToken"]}).close(
        MESSAGE, assertion=token
    )
    guarding = guard(keys, samlToken=True, signature={**TRUST, "parts": ["body", "samlToken"]})
    assert "<s:Issuer>idp</s:Issuer>" in opened(guarding, sent).facts["saml"]


def test_an_answer_is_encrypted_for_who_signed_the_request(keys: Path) -> None:
    request = seal(keys, signature=SIGN).close(MESSAGE)
    requester = opened(guard(keys, signature=TRUST), request).certificate
    answer = seal(keys, encryption={"certificate": "requester"}).close(MESSAGE, requester=requester)
    assert b"pay" in body_of(opened(guard(keys, encryption={"key": "us.key"}), answer).root)


# -- what is declared and not met is refused ----------------------------------------------------------------------------------


EXPECTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"timestamp": True}, {}),
    ({"signature": TRUST}, {"timestamp": True}),
    ({"encryption": DECRYPT}, {"signature": SIGN}),
    ({"usernameToken": {"users": {"a": "b"}}}, {"timestamp": True}),
    ({"samlToken": True}, {"timestamp": True}),
    ({"signature": {**TRUST, "parts": ["body", "{urn:t}note"]}}, {"signature": SIGN}),
    ({"signature": {**TRUST, "parts": ["body", "{urn:t}other"]}}, {"signature": SIGN}),
    ({"signature": TRUST, "timestamp": True}, {"timestamp": True, "signature": {**SIGN, "parts": ["body"]}}),
    ({"encryption": {**DECRYPT, "parts": ["body", "{urn:t}note"]}}, {"encryption": ENCRYPT}),
]


@pytest.mark.parametrize(("expect", "send"), EXPECTED)
def test_what_is_declared_and_not_there_is_refused(keys: Path, expect: Any, send: Any) -> None:
    assert refused(guard(keys, **expect), seal(keys, **send).close(MESSAGE)) == "InvalidSecurity"
    assert refused(guard(keys, **expect), MESSAGE) == "InvalidSecurity"


@pytest.mark.parametrize("who", ["stranger", "old", "issued"])
def test_a_certificate_that_is_not_trusted_signs_nothing(keys: Path, who: str) -> None:
    sent = seal(keys, signature={"key": f"{who}.key", "certificate": f"{who}.crt"}).close(MESSAGE)
    trust = "old.crt" if who == "old" else "us.crt"
    assert refused(guard(keys, signature={"trust": trust}), sent) == "FailedAuthentication"


def test_what_is_encrypted_for_another_is_refused_with_one_and_the_same_fault(keys: Path) -> None:
    sent = seal(keys, encryption={"certificate": "stranger.crt"}).close(MESSAGE)
    assert refused(guard(keys, encryption=DECRYPT), sent) == "FailedCheck"
    spoilt = re.sub(rb"(<xenc:CipherValue>)....", rb"\1AAAA", seal(keys, encryption=ENCRYPT).close(MESSAGE))
    assert refused(guard(keys, encryption=DECRYPT), spoilt) == "FailedCheck"


@pytest.mark.parametrize(("offset", "good"), [(0, True), (-300, True), (-700, False), (50, True), (120, False)])
def test_a_timestamp_is_of_now(keys: Path, offset: int, good: bool) -> None:
    now = dt.datetime.now(dt.UTC)
    sent = seal(keys, timestamp={"ttl": "10m"}).close(MESSAGE, now=now + dt.timedelta(seconds=offset))
    guarding = guard(keys, timestamp={"ttl": "10m", "skew": "1m"})
    if good:
        opened(guarding, sent, now=now)
    else:
        assert refused(guarding, sent, now=now) == "MessageExpired"


@pytest.mark.parametrize(
    "stamp",
    [
        "<u:Created>2026-01-01T00:00:00</u:Created>",
        "<u:Created>yesterday</u:Created>",
        "<u:Created>2026-13-41T00:00:00Z</u:Created>",
        "<u:Expires>2026-01-01T00:00:00Z</u:Expires>",
        "",
        "<u:Created>2026-01-01T00:00:00Z</u:Created><u:Created>2999-01-01T00:00:00Z</u:Created>",
        "<u:Created>2026-01-02T00:00:00Z</u:Created><u:Expires>2026-01-01T00:00:00Z</u:Expires>",
    ],
)
def test_a_timestamp_that_is_none_is_refused(keys: Path, stamp: str) -> None:
    header = f'<s:Security xmlns:s="{WSSE}" xmlns:u="{WSU}"><u:Timestamp>{stamp}</u:Timestamp></s:Security>'
    data = MESSAGE.replace(b"<u:note>", header.encode() + b"<u:note>")
    assert refused(guard(keys, timestamp=True), data) == "InvalidSecurity"


def test_a_signed_message_is_good_for_once(keys: Path) -> None:
    sent = seal(keys, timestamp=True, signature=SIGN).close(MESSAGE)
    guarding = guard(keys, timestamp=True, signature=TRUST)
    opened(guarding, sent)
    assert refused(guarding, sent) == "FailedAuthentication"


USER = {"username": "bus", "password": "pw"}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda data: data.replace(b">bus<", b">bos<"), "FailedAuthentication"),
        (lambda data: re.sub(rb"(<wsse:Password[^>]*>)..", rb"\1xx", data), "FailedAuthentication"),
        (lambda data: data.replace(b"PasswordDigest", b"PasswordText"), "FailedAuthentication"),
        (lambda data: re.sub(rb"<wsse:Nonce.*?</wsse:Nonce>", b"", data), "InvalidSecurityToken"),
        (lambda data: re.sub(rb"<wsu:Created.*?</wsu:Created>", b"", data), "InvalidSecurityToken"),
        (lambda data: re.sub(rb"<wsse:Password.*?</wsse:Password>", b"", data), "InvalidSecurityToken"),
        (lambda data: re.sub(rb"(<wsse:Nonce[^>]*>)[^<]*", rb"\1", data), "InvalidSecurityToken"),
        (lambda data: re.sub(rb"(<wsse:Nonce[^>]*>)[^<]*", rb"\1AAAA", data), "InvalidSecurityToken"),
        (
            lambda data: re.sub(rb"(<wsse:Username>)", rb"\1x</wsse:Username><wsse:Username>", data),
            "InvalidSecurityToken",
        ),
        (lambda data: re.sub(rb"(<wsse:UsernameToken.*</wsse:UsernameToken>)", rb"\1\1", data), "InvalidSecurity"),
        (lambda data: re.sub(rb"(<wsu:Created>)20", rb"\g<1>19", data), "MessageExpired"),
    ],
)
def test_a_username_token_that_is_changed_is_refused(keys: Path, change: Callable[[bytes], bytes], name: str) -> None:
    data = change(seal(keys, usernameToken=USER).close(MESSAGE))
    assert refused(guard(keys, usernameToken={"users": {"bus": "pw"}}), data) == name


def test_the_digest_of_an_empty_password_opens_nothing(keys: Path) -> None:
    data = seal(keys, usernameToken={"username": "bus", "password": " "}).close(MESSAGE)
    assert refused(guard(keys, usernameToken={"users": {"bus": ""}}), data) == "FailedAuthentication"


def test_a_password_in_clear_needs_tls(keys: Path) -> None:
    data = seal(keys, usernameToken={**USER, "type": "text"}).close(MESSAGE)
    expect = {"users": {"bus": "pw"}, "type": "text"}
    assert refused(guard(keys, usernameToken=expect), data, secure=False) == "FailedAuthentication"
    assert opened(guard(keys, usernameToken={**expect, "overHttp": True}), data, secure=False).username == "bus"


# -- signature wrapping and its kin (S10, S11) --------------------------------------------------------------------------------


def signed(keys: Path) -> Any:
    return esb.xml.parse(seal(keys, timestamp=True, signature=SIGN).close(MESSAGE))


def moved_body(root: Any) -> None:
    """The signed Body under a wrapper in the header, a forged one in its place."""
    body = root.find(BODY)
    forged = copy.deepcopy(body)
    del forged.attrib[ID]
    forged[0][0].text = "9999"
    root.replace(body, forged)
    wrapper = root.find(HEADER).makeelement("{urn:x}Wrapper")
    root.find(HEADER).append(wrapper)
    wrapper.append(body)


def moved_into_security(root: Any) -> None:
    moved_body(root)
    header = root.find(HEADER)
    header.find(SECURITY).append(header[-1][0])


def as_header_block(root: Any) -> None:
    moved_body(root)
    header = root.find(HEADER)
    header.append(header[-1][0])


def with_the_id(root: Any) -> None:
    """A second element with the Body's id."""
    moved_body(root)
    root.find(BODY).set(ID, root.find(HEADER)[-1][0].get(ID))


def with_the_id_unqualified(root: Any) -> None:
    name = root.find(BODY).get(ID)
    moved_body(root)
    root.find(BODY).set("Id", name)


def with_the_id_of_another_namespace(root: Any) -> None:
    name = root.find(BODY).get(ID)
    moved_body(root)
    root.find(BODY).set("{http://www.w3.org/XML/1998/namespace}id", name)


def two_bodies(root: Any) -> None:
    forged = copy.deepcopy(root.find(BODY))
    del forged.attrib[ID]
    root.insert(1, forged)


def two_security_headers(root: Any) -> None:
    header = root.find(HEADER)
    header.append(copy.deepcopy(header.find(SECURITY)))


def timestamp_of_another(root: Any) -> None:
    security = root.find(HEADER).find(SECURITY)
    old = security.find(f"{{{WSU}}}Timestamp")
    fresh = copy.deepcopy(old)
    fresh.set(ID, "fresh")
    security.remove(old)
    wrapper = security.makeelement("{urn:x}Wrapper")
    root.find(HEADER).append(wrapper)
    wrapper.append(old)
    security.append(fresh)


def changed_body(root: Any) -> None:
    root.find(BODY)[0][0].text = "9999"


def added_to_body(root: Any) -> None:
    root.find(BODY).append(copy.deepcopy(root.find(BODY)[0]))


def no_references(root: Any) -> None:
    info = next(root.iter(f"{{{DS}}}SignedInfo"))
    for reference in info.findall(f"{{{DS}}}Reference"):
        info.remove(reference)


def outside_reference(root: Any) -> None:
    next(root.iter(f"{{{DS}}}Reference")).set("URI", "http://127.0.0.1/x")


def whole_document(root: Any) -> None:
    next(root.iter(f"{{{DS}}}Reference")).set("URI", "")


def algorithm(tag: str, uri: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        next(root.iter(f"{{{DS}}}{tag}")).set("Algorithm", uri)

    change.__name__ = uri.rpartition("/")[2]
    return change


ATTACKS: list[Callable[[Any], None]] = [
    moved_body,
    moved_into_security,
    as_header_block,
    with_the_id,
    with_the_id_unqualified,
    with_the_id_of_another_namespace,
    two_bodies,
    two_security_headers,
    timestamp_of_another,
    changed_body,
    added_to_body,
    no_references,
    outside_reference,
    whole_document,
    algorithm("SignatureMethod", f"{DS}hmac-sha1"),
    algorithm("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
    algorithm("SignatureMethod", f"{DS}rsa-sha1"),
    algorithm("SignatureMethod", "urn:none"),
    algorithm("DigestMethod", f"{DS}sha1"),
    algorithm("Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
    algorithm("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
    algorithm("Transform", f"{DS}enveloped-signature"),
    algorithm("CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.__name__)
def test_a_signature_that_is_turned_against_us_is_refused(keys: Path, attack: Callable[[Any], None]) -> None:
    root = signed(keys)
    attack(root)
    guarding, data = guard(keys, timestamp=True, signature=TRUST), esb.xml.serialize(root)
    with pytest.raises(SoapFault):
        guarding.open(envelope.parse(data).root)


def test_the_token_of_a_trusted_certificate_does_not_vouch_for_a_stranger_s_signature(keys: Path) -> None:
    theirs = esb.xml.parse(seal(keys, signature={"key": "stranger.key", "certificate": "stranger.crt"}).close(MESSAGE))
    token = f"{{{WSSE}}}BinarySecurityToken"
    next(theirs.iter(token)).text = next(signed(keys).iter(token)).text
    assert refused(guard(keys, signature=TRUST), esb.xml.serialize(theirs)) == "FailedCheck"


def test_header_blocks_that_nobody_signed_are_not_handed_on(keys: Path) -> None:
    sent = seal(keys, signature=SIGN).close(MESSAGE)
    [dropped] = opened(guard(keys, signature=TRUST), sent).uncovered
    assert dropped.tag == "{urn:t}note"
    assert opened(guard(keys, signature=TRUST, unsignedHeaders=True), sent).uncovered == []
    covered = seal(keys, signature={**SIGN, "parts": ["body", "{urn:t}note"]}).close(MESSAGE)
    assert opened(guard(keys, signature=TRUST), covered).uncovered == []


def test_ciphertext_in_a_place_that_nobody_reads_is_refused(keys: Path) -> None:
    root = esb.xml.parse(seal(keys, encryption=ENCRYPT).close(MESSAGE))
    data = next(root.iter(f"{{{XENC}}}EncryptedData"))
    wrapper = root.find(HEADER).makeelement("{urn:x}Wrapper")
    root.find(HEADER).append(wrapper)
    wrapper.append(data)
    assert refused(guard(keys, encryption=DECRYPT), esb.xml.serialize(root)) == "InvalidSecurity"


def test_a_policy_takes_no_algorithm_that_it_does_not_list(keys: Path) -> None:
    sent = seal(keys, signature={**SIGN, "algorithm": "rsa-sha1", "digest": "sha1"}).close(MESSAGE)
    assert refused(guard(keys, signature=TRUST), sent) == "UnsupportedAlgorithm"
    assert opened(guard(keys, signature=TRUST, algorithms=["rsa-sha1", "sha1"]), sent).certificate is not None
    cbc = seal(keys, encryption={**ENCRYPT, "cipher": "aes256-cbc"}).close(MESSAGE)
    assert refused(guard(keys, encryption=DECRYPT), cbc) == "UnsupportedAlgorithm"


# -- declarations ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("send", "expect", "told"),
    [
        ({"timestmap": True}, None, "timestamp"),
        ({"signature": True}, None, "'key' and 'certificate'"),
        ({"signature": {"key": "us.key", "certificate": "them.crt"}}, None, "not that of the key"),
        ({"signature": {"key": "nowhere", "certificate": "us.crt"}}, None, "cannot be read"),
        ({"signature": {**SIGN, "algorithm": "rsa-md5"}}, None, "rsa-md5"),
        ({"signature": {**SIGN, "algorithm": "ecdsa-sha256"}}, None, "another kind of key"),
        ({"signature": {**SIGN, "parts": ["timestamp"]}}, None, "not declared"),
        ({"signature": {**SIGN, "parts": ["bdy"]}}, None, "body"),
        ({"usernameToken": {"username": "x"}}, None, "'password'"),
        ({"encryption": {"certificate": "us.key"}}, None, "no PEM certificate"),
        (None, {"signature": True}, "'trust'"),
        (None, {"usernameToken": True}, "'users'"),
        (None, {"usernameToken": {"users": 3}}, "password"),
        (None, {"encryption": {"key": "us.crt"}}, "no PEM key"),
        (None, {"algorithms": ["md5"]}, "md5"),
        (None, {"timestamp": {"ttl": "soon"}}, "ttl"),
    ],
)
def test_a_policy_that_cannot_work_is_told_when_it_is_read(keys: Path, send: Any, expect: Any, told: str) -> None:
    declared = policy(send, expect)
    read = declared.seal if send is not None else declared.guard
    with pytest.raises(ConfigError, match=re.escape(told)):
        read(keys.__truediv__, AT)


# -- through service and caller -------------------------------------------------------------------------------------------------

ROOT = '<xs:element name="root" type="xs:string"/>'


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    part = '<wsdl:part name="parameters" element="t:root"/>'
    return Contract(load(tmp_path_factory.mktemp("wss"), document(schema(ROOT), {"Echo": (part, part)})))


def talk(contract: Contract, client: Wire, server: Wire, answer: Callable[[bytes], bytes] = lambda data: data) -> Any:
    service = SoapService(contract, wire=server)

    class Http:
        def call(self, _method: str, _url: str, headers: Any, body: bytes, **_: Any) -> Answer:
            try:
                asked = service.parse(headers["Content-Type"], headers["SOAPAction"], body, secure=False)
                kind, data = service.render(asked, Content(asked.body + "!"))
                status = 200
            except SoapFault as fault:
                status, kind, data = service.fault(fault)
            assert isinstance(data, bytes)
            return Answer(status, "", (("Content-Type", kind),), answer(data))

    return SoapCaller(contract, Http(), wire=client).call("Echo", "x").body  # type: ignore[arg-type]  # all of it that is used


def test_a_secured_operation_is_called_and_answered(contract: Contract, keys: Path) -> None:
    ours = {"seal": seal(keys, timestamp=True, signature=SIGN, encryption=ENCRYPT)}
    theirs = {"guard": guard(keys, timestamp=True, signature=TRUST, encryption=DECRYPT)}
    back = {"seal": seal(keys, timestamp=True, signature={"key": "them.key", "certificate": "them.crt"})}
    checked = {"guard": guard(keys, timestamp=True, signature={"trust": "them.crt"})}
    client, server = Wire(**ours, **checked), Wire(**theirs, **back)
    assert talk(contract, client, server) == "x!"
    with pytest.raises(Malformed, match="security of the answer"):
        talk(contract, client, server, lambda data: data.replace(b"x!", b"y!"))
    with pytest.raises(Malformed, match="no Security header"):
        talk(contract, client, Wire(**theirs))


def test_a_refusal_names_its_kind_and_not_its_reason(contract: Contract, keys: Path) -> None:
    client = Wire(seal=seal(keys, timestamp=True), guard=guard(keys, timestamp=True))
    with pytest.raises(RemoteFault, match="what is required here") as caught:
        talk(contract, client, Wire(guard=guard(keys, timestamp=True, signature=TRUST)))
    assert caught.value.fault_code == "InvalidSecurity"
    assert "signature covers" not in str(caught.value)


def test_a_security_header_is_not_understood_where_none_is_declared(contract: Contract, keys: Path) -> None:
    with pytest.raises(RemoteFault) as caught:
        talk(contract, Wire(seal=seal(keys, timestamp=True)), Wire())
    assert caught.value.fault_code == "MustUnderstand"


def test_a_password_in_clear_is_not_sent_without_tls(contract: Contract, keys: Path) -> None:
    user = {**USER, "type": "text"}
    with pytest.raises(ConfigError, match="overHttp"):
        talk(contract, Wire(seal=seal(keys, usernameToken=user)), Wire())
    expect = guard(keys, usernameToken={"users": {"bus": "pw"}, "type": "text", "overHttp": True})
    assert talk(contract, Wire(seal=seal(keys, usernameToken={**user, "overHttp": True})), Wire(guard=expect)) == "x!"


# -- what the WSDL says by itself -------------------------------------------------------------------------------------------------

POLICY = """<wsp:Policy wsu:Id="{name}" xmlns:wsp="http://www.w3.org/ns/ws-policy" xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
  xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"><wsp:ExactlyOne><wsp:All>{inner}</wsp:All></wsp:ExactlyOne></wsp:Policy>"""
BINDING = "<sp:AsymmetricBinding><wsp:Policy><sp:IncludeTimestamp/></wsp:Policy></sp:AsymmetricBinding><sp:SignedParts><sp:Body/></sp:SignedParts>"
USER_TOKEN = "<sp:SupportingTokens><wsp:Policy><sp:UsernameToken/></wsp:Policy></sp:SupportingTokens>"
OPTIONAL = '<sp:SupportingTokens wsp:Optional="true"><wsp:Policy><sp:UsernameToken/></wsp:Policy></sp:SupportingTokens>'
REFERENCE = '<wsp:PolicyReference xmlns:wsp="http://www.w3.org/ns/ws-policy" URI="#{}"/>'


def with_policies(folder: Path, **policies: str) -> Contract:
    """A contract whose binding refers to all of them; ``request`` only at the input."""
    part = '<wsdl:part name="parameters" element="t:root"/>'
    text = document(schema(ROOT), {"Echo": (part, part)})
    for name, inner in policies.items():
        text = text.replace("<wsdl:types>", POLICY.format(name=name, inner=inner) + "<wsdl:types>")
        if name == "request":
            text = text.replace("<wsdl:input><soap:body", "<wsdl:input>" + REFERENCE.format(name) + "<soap:body")
        else:
            text = text.replace("<soap:binding", REFERENCE.format(name) + "<soap:binding")
    return Contract(load(folder, text))


@pytest.mark.parametrize(
    ("policies", "request_needs", "answer_needs"),
    [
        ({}, set(), set()),
        ({"all": BINDING}, {"timestamp", "signature"}, {"timestamp", "signature"}),
        (
            {"all": BINDING, "request": USER_TOKEN},
            {"timestamp", "signature", "usernameToken"},
            {"timestamp", "signature"},
        ),
        ({"request": "<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>"}, {"encryption"}, set()),
        ({"all": OPTIONAL}, set(), set()),
    ],
)
def test_the_policies_of_a_binding_are_read(
    tmp_path: Path, policies: Any, request_needs: Any, answer_needs: Any
) -> None:
    wsdl = with_policies(tmp_path, **policies).wsdl
    assert demands(wsdl, wsdl.ports[0]) == (request_needs, answer_needs)


def test_a_declaration_that_forgets_what_the_wsdl_demands_is_told(tmp_path: Path, keys: Path) -> None:
    wsdl = with_policies(tmp_path, all=BINDING).wsdl
    sign = {key: str(keys / value) for key, value in SIGN.items()}
    trust = {"trust": str(keys / "us.crt")}
    whole = policy({"timestamp": True, "signature": sign}, {"timestamp": True, "signature": trust})
    whole.check(wsdl, wsdl.ports[0], AT, serving=False)
    half = policy({"timestamp": True}, {"timestamp": True, "signature": trust})
    with pytest.raises(ConfigError, match="demands signature"):
        half.check(wsdl, wsdl.ports[0], AT, serving=False)
