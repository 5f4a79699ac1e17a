"""What an adversary with the public certificates, and with messages that he has listened to, tries on the verifier."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

import esb.xml
from adapters.soap import envelope
from adapters.soap.envelope import SoapFault
from adapters.soap.security import Security
from adapters.soap.security.encryption import encrypt, secret_for, wrap_key
from adapters.soap.security.guard import Guard
from adapters.soap.security.keys import load_certificates
from adapters.soap.security.names import DS, ENCRYPTED_HEADER, ID, SECURITY, TIMESTAMP, TOKEN, WSSE, WSU, XENC
from adapters.soap.security.references import _same_name, key_info
from adapters.soap.security.refusal import Refused
from adapters.soap.security.seal import Seal
from adapters.soap.security.signature import _make
from esb.errors import ConfigError, Position
from tests.integration import soap_keys

AT = Position("routes/x.yaml", 1, 1)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
BODY, HEADER, SIGNATURE = f"{{{SOAP}}}Body", f"{{{SOAP}}}Header", f"{{{DS}}}Signature"
NOTE = "{urn:t}note"
MESSAGE = (
    f'<e:Envelope xmlns:e="{SOAP}" xmlns:u="urn:t"><e:Header><u:note>ours</u:note></e:Header>'
    "<e:Body><u:pay>1</u:pay></e:Body></e:Envelope>"
).encode()
SIGN = {"key": "us.key", "certificate": "us.crt"}
TRUST = {"trust": "us.crt"}
CURVE = {"key": "ec.key", "certificate": "ec.crt", "algorithm": "ecdsa-sha256"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return soap_keys.write(tmp_path_factory.mktemp("keys"))


def seal(keys: Path, **send: Any) -> Seal:
    bean = Security()
    bean.send = send
    return bean.seal(keys.__truediv__, AT)


def guard(keys: Path, **expect: Any) -> Guard:
    bean = Security()
    bean.expect = expect
    return bean.guard(keys.__truediv__, AT)


def refused(guarding: Guard, data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        guarding.open(envelope.parse(data).root)
    return caught.value.subcode.rpartition("}")[2]


def parsed(data: bytes) -> Any:
    return esb.xml.parse(data)


def changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    root = esb.xml.parse(data)
    change(root)
    return esb.xml.serialize(root)


# -- one message, twice -----------------------------------------------------------------------------------------------------------


def test_a_second_signature_of_the_same_words_is_a_replay(keys: Path) -> None:
    """With curves (r, n - s) is as good as (r, s), and whoever has the one can write the other."""
    sent = seal(keys, timestamp=True, signature=CURVE).close(MESSAGE)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

    def other(root: Any) -> None:
        value = next(root.iter(f"{{{DS}}}SignatureValue"))
        raw = base64.b64decode(value.text)
        flipped = order - int.from_bytes(raw[32:], "big")
        value.text = base64.b64encode(raw[:32] + flipped.to_bytes(32, "big")).decode()

    guarding = guard(keys, timestamp=True, signature={"trust": "ec.crt"})
    guarding.open(esb.xml.parse(sent))
    assert refused(guarding, changed(sent, other)) == "FailedAuthentication"


def test_a_token_replayed_with_its_nonce_written_otherwise_is_a_replay(keys: Path) -> None:
    sent = seal(keys, usernameToken={"username": "bus", "password": "pw"}).close(MESSAGE)
    guarding = guard(keys, usernameToken={"users": {"bus": "pw"}})
    guarding.open(esb.xml.parse(sent))
    for again in (
        re.sub(rb"(<wsse:Nonce[^>]*>)", rb"\1 ", sent),
        re.sub(rb"(<wsu:Created>)([^<]*)", rb"\1\n\2 ", sent),
        re.sub(rb"(<wsse:Username>)", rb"\1 ", sent),
    ):
        assert refused(guarding, again) == "FailedAuthentication"


# -- octets that are no base64, times that are none, certificates that cannot be read -----------------------------------------


@pytest.mark.parametrize("tag", [f"{{{DS}}}SignatureValue", f"{{{DS}}}DigestValue", TOKEN])
@pytest.mark.parametrize("text", ["é", "", "====", "A", "\u2028"])
def test_a_value_that_is_no_base64_is_refused_in_a_signature(keys: Path, tag: str, text: str) -> None:
    sent = seal(keys, timestamp=True, signature=SIGN).close(MESSAGE)
    told = changed(sent, lambda root: setattr(next(root.iter(tag)), "text", text))
    assert refused(guard(keys, timestamp=True, signature=TRUST), told) in {
        "InvalidSecurity",
        "InvalidSecurityToken",
        "FailedCheck",
    }


@pytest.mark.parametrize("text", ["é", "", "====", "A"])
def test_a_value_that_is_no_base64_is_refused_in_ciphers_and_nonces(keys: Path, text: str) -> None:
    sent = seal(keys, encryption={"certificate": "them.crt"}).close(MESSAGE)
    for which in (0, 1):  # the key, and the data

        def change(root: Any, which: int = which) -> None:
            list(root.iter(f"{{{XENC}}}CipherValue"))[which].text = text

        assert refused(guard(keys, encryption={"key": "them.key"}), changed(sent, change)) == "FailedCheck"
    user = seal(keys, usernameToken={"username": "bus", "password": "pw"}).close(MESSAGE)
    told = changed(user, lambda root: setattr(next(root.iter(f"{{{WSSE}}}Nonce")), "text", text))
    assert refused(guard(keys, usernameToken={"users": {"bus": "pw"}}), told) == "InvalidSecurityToken"


@pytest.mark.parametrize("created", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_ends_of_the_calendar_are_refused(keys: Path, created: str) -> None:
    for send, expect in (
        ({"timestamp": True}, {"timestamp": True}),
        ({"usernameToken": {"username": "bus", "password": "pw"}}, {"usernameToken": {"users": {"bus": "pw"}}}),
    ):
        told = re.sub(rb"<wsu:Created>[^<]*", b"<wsu:Created>" + created.encode(), seal(keys, **send).close(MESSAGE))
        assert refused(guard(keys, **expect), told) == "InvalidSecurity"


def test_a_certificate_that_cannot_be_read_to_its_end_is_refused(keys: Path) -> None:
    key = load_pem_private_key((keys / "us.key").read_bytes(), None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "us")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())  # type: ignore[arg-type]  # an RSA key
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
    twins = [x509.UnrecognizedExtension(ObjectIdentifier(f"1.2.3.{n}"), b"x") for n in (4, 5)]
    for twin in twins:
        builder = builder.add_extension(twin, critical=False)
    made = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type]  # as above
    odd = made.public_bytes(Encoding.DER).replace(b"\x06\x03\x2a\x03\x05", b"\x06\x03\x2a\x03\x04")
    sent = seal(keys, signature=SIGN).close(MESSAGE)
    token = base64.b64encode(odd).decode()
    told = changed(sent, lambda root: setattr(next(root.iter(TOKEN)), "text", token))
    assert refused(guard(keys, signature=TRUST), told) == "InvalidSecurityToken"


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.text('CNO=,+#\\"<> ;ué0.', max_size=20)))
def test_no_issuer_s_name_breaks_the_reader(text: str) -> None:
    key = soap_keys.rsa_key("us")
    assert _same_name(text, _certificate(key)) in {True, False}


def _certificate(key: Any, made: list[Any] = []) -> Any:  # noqa: B006 -- made once for all examples
    if not made:
        made.append(soap_keys.certificate("us", key))
    return made[0]


# -- ciphers turned against the signature -----------------------------------------------------------------------------------------


def test_ciphertext_that_becomes_several_header_blocks_moves_no_block_under_a_signature(keys: Path) -> None:
    """After the signature is checked an encrypted header block vanishes, and a forged block comes to stand where the signed one was."""
    sent = seal(keys, signature={**SIGN, "parts": ["body", NOTE]}, encryption={"certificate": "them.crt"}).close(
        MESSAGE
    )

    def forge(root: Any) -> None:
        header, security = root.find(HEADER), root.find(HEADER).find(SECURITY)
        header.insert(0, header.makeelement(ENCRYPTED_HEADER))
        holder = header[0]
        partner = load_certificates(keys / "them.crt", AT)[0]
        secret = secret_for("aes256-gcm")
        key = wrap_key(secret, partner, key_info(partner, "thumbprint"), "rsa-oaep-mgf1p")
        encrypt(holder, secret, "aes256-gcm", key, content=True)
        security.append(key)
        forged = copy.deepcopy(header.find(NOTE))
        forged.text = "EVIL"
        del forged.attrib[ID]
        header.insert(header.index(header.find(NOTE)) + 1, forged)

    guarding = guard(keys, signature=TRUST, encryption={"key": "them.key"})
    assert [block.tag for block in guarding.open(esb.xml.parse(sent)).uncovered] == []
    assert refused(guarding, changed(changed(sent, blocks_behind), forge)) == "InvalidSecurity"


def blocks_behind(root: Any) -> None:
    """The Security header first: then no place within it moves."""
    header = root.find(HEADER)
    header.insert(0, header.find(SECURITY))


def test_a_key_that_was_seen_with_new_data_opens_nothing(keys: Path) -> None:
    """The wrapped key of another message is put before data that the adversary encrypts: he does not know what is in it."""
    one = parsed(seal(keys, encryption={"certificate": "them.crt"}).close(MESSAGE))
    other = parsed(seal(keys, encryption={"certificate": "them.crt"}).close(MESSAGE))
    theirs = next(one.iter(f"{{{XENC}}}EncryptedData"))
    ours = next(other.iter(f"{{{XENC}}}EncryptedData"))
    theirs.find(f"{{{XENC}}}CipherData")[0].text = ours.find(f"{{{XENC}}}CipherData")[0].text
    assert refused(guard(keys, encryption={"key": "them.key"}), esb.xml.serialize(one)) == "FailedCheck"


def test_every_spoilt_octet_of_a_cipher_reads_the_same(keys: Path) -> None:
    """No oracle: padding, decoding, well-formedness and the signature inside fail with the same code and the same words."""
    allowed = ["rsa-sha256", "sha256", "aes256-cbc", "rsa-oaep-mgf1p"]
    guarding = guard(keys, signature=TRUST, encryption={"key": "them.key"}, algorithms=allowed)
    sent = seal(keys, signature=SIGN, encryption={"certificate": "them.crt", "cipher": "aes256-cbc"}).close(MESSAGE)
    values = [node.text for node in parsed(sent).iter(f"{{{XENC}}}CipherValue")]
    words = set()
    for which, value in enumerate(values):
        raw = base64.b64decode(value)
        for at in range(0, len(raw), max(1, len(raw) // 24)):
            spoilt = base64.b64encode(raw[:at] + bytes([raw[at] ^ 0x41]) + raw[at + 1 :]).decode()

            def change(root: Any, which: int = which, spoilt: str = spoilt) -> None:
                list(root.iter(f"{{{XENC}}}CipherValue"))[which].text = spoilt

            with pytest.raises(Refused) as caught:
                guarding.open(esb.xml.parse(changed(sent, change)))
            words.add((caught.value.subcode, str(caught.value)))
    assert len(words) == 1


def test_the_work_that_one_message_can_ask_for_is_bounded(keys: Path) -> None:
    partner = load_certificates(keys / "them.crt", AT)[0]

    def crowd(root: Any) -> None:
        security = root.find(HEADER).find(SECURITY)
        for _ in range(30):
            security.append(wrap_key(b"x" * 32, partner, key_info(partner, "thumbprint"), "rsa-oaep-mgf1p"))

    sent = seal(keys, encryption={"certificate": "them.crt"}).close(MESSAGE)
    assert refused(guard(keys, encryption={"key": "them.key"}), changed(sent, crowd)) == "InvalidSecurity"


def test_a_signature_that_covers_one_element_many_times_is_refused(keys: Path) -> None:
    root = parsed(seal(keys, signature=SIGN).close(MESSAGE))
    info = next(root.iter(f"{{{DS}}}SignedInfo"))
    info.append(copy.deepcopy(info[-1]))
    resigned(root, info, keys)
    assert refused(guard(keys, signature=TRUST), esb.xml.serialize(root)) == "InvalidSecurity"


def resigned(root: Any, info: Any, keys: Path) -> None:
    from adapters.soap.security.canonical import canonical

    key = load_pem_private_key((keys / "us.key").read_bytes(), None)
    value = base64.b64encode(_make(key, "rsa-sha256", canonical(info))).decode()
    next(root.iter(f"{{{DS}}}SignatureValue")).text = value


# -- whose key it is ---------------------------------------------------------------------------------------------------------------


def test_the_name_of_a_trusted_signer_on_a_stranger_s_certificate_is_worth_nothing(keys: Path) -> None:
    key = soap_keys.rsa_key("stranger")
    (keys / "faked.crt").write_bytes(soap_keys.certificate("us", key).public_bytes(Encoding.PEM))
    for reference in ("token", "issuerSerial", "thumbprint", "keyIdentifier"):
        sent = seal(keys, signature={"key": "stranger.key", "certificate": "faked.crt", "reference": reference}).close(
            MESSAGE
        )
        told = refused(guard(keys, signature={**TRUST, "subjects": ["CN=us"]}), sent)
        assert told in {"FailedAuthentication", "SecurityTokenUnavailable"}


def test_a_certificate_that_was_issued_is_no_authority(keys: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    made = soap_keys.certificate("end", key, issuer="issued", issuer_key=soap_keys.rsa_key("issued"))
    soap_keys._put(keys, "end", key, made)
    sent = seal(keys, signature={**CURVE, "key": "end.key", "certificate": "end.crt"}).close(MESSAGE)
    (keys / "both.crt").write_bytes((keys / "ca.crt").read_bytes() + (keys / "issued.crt").read_bytes())
    assert refused(guard(keys, signature={"trust": "both.crt"}), sent) == "FailedAuthentication"


@pytest.mark.parametrize(
    "info",
    [
        "<ds:KeyValue xmlns:ds='{ds}'/>",
        "<ds:RetrievalMethod xmlns:ds='{ds}' URI='http://127.0.0.1:1/key'/>",
        "<ds:KeyName xmlns:ds='{ds}'>us</ds:KeyName>",
        "<w:SecurityTokenReference xmlns:w='{wsse}'><w:Reference URI='http://127.0.0.1:1/key'/></w:SecurityTokenReference>",
        "<w:SecurityTokenReference xmlns:w='{wsse}'><w:Embedded/></w:SecurityTokenReference>",
        "<w:SecurityTokenReference xmlns:w='{wsse}'/>",
    ],
)
def test_a_key_that_the_message_brings_or_fetches_is_not_taken(keys: Path, info: str) -> None:
    def change(root: Any) -> None:
        node = next(root.iter(f"{{{DS}}}KeyInfo"))
        del node[:]
        node.append(esb.xml.parse(info.format(ds=DS, wsse=WSSE)))

    sent = seal(keys, signature=SIGN).close(MESSAGE)
    assert refused(guard(keys, signature=TRUST), changed(sent, change)) in {
        "InvalidSecurity",
        "SecurityTokenUnavailable",
    }


# -- the shapes of signature wrapping that are not in test_soap_security.py -----------------------------------------------------


def wrapped_in_object(root: Any) -> None:
    """The signed Body in an Object of the Signature."""
    body, signature = root.find(BODY), next(root.iter(SIGNATURE))
    forged = _forged(body)
    root.replace(body, forged)
    holder = signature.makeelement(f"{{{DS}}}Object")
    holder.append(body)
    signature.append(holder)


def wrapped_in_itself(root: Any) -> None:
    """The signed Body within the forged one."""
    body = root.find(BODY)
    forged = _forged(body)
    root.replace(body, forged)
    forged.append(body)


def signed_timestamp_in_a_stranger_s_header(root: Any) -> None:
    security = root.find(HEADER).find(SECURITY)
    stamp = security.find(TIMESTAMP)
    fresh = copy.deepcopy(stamp)
    fresh.set(ID, "other")
    security.replace(stamp, fresh)
    other = security.makeelement(SECURITY)
    other.set(f"{{{SOAP}}}actor", "urn:somebody")
    other.append(stamp)
    root.find(HEADER).append(other)


def signed_security_in_a_stranger_s_header(root: Any) -> None:
    """All that is signed moves to a header for somebody else; ours is empty."""
    security = root.find(HEADER).find(SECURITY)
    security.set(f"{{{SOAP}}}actor", "urn:somebody")
    root.find(HEADER).append(security.makeelement(SECURITY))


def token_reference_to_the_body(root: Any) -> None:
    next(root.iter(f"{{{WSSE}}}Reference")).set("URI", "#" + root.find(BODY).get(ID))


def token_elsewhere(root: Any) -> None:
    token = next(root.iter(TOKEN))
    wrapper = root.find(HEADER).makeelement("{urn:x}Wrapper")
    root.find(HEADER).append(wrapper)
    wrapper.append(token)


def id_with_entity_like_name(root: Any) -> None:
    """The id of the signed Body, once more in another case of the attribute's name."""
    body = root.find(BODY)
    forged = _forged(body)
    forged.set("iD", body.get(ID))
    root.replace(body, forged)
    root.find(HEADER).append(body)


def xml_id(root: Any) -> None:
    body = root.find(BODY)
    forged = _forged(body)
    forged.set("{http://www.w3.org/XML/1998/namespace}id", body.get(ID))
    root.replace(body, forged)
    root.find(HEADER).append(body)


def header_after_the_body(root: Any) -> None:
    body = root.find(BODY)
    root.insert(0, _forged(body))


def two_headers(root: Any) -> None:
    root.insert(0, copy.deepcopy(root.find(HEADER)))


def xpointer(root: Any) -> None:
    reference = next(root.iter(f"{{{DS}}}Reference"))
    reference.set("URI", f"#xpointer(id('{reference.get('URI')[1:]}'))")


def body_of_another_namespace(root: Any) -> None:
    body = root.find(BODY)
    forged = root.makeelement("{http://www.w3.org/2003/05/soap-envelope}Body")
    forged.append(copy.deepcopy(body[0]))
    root.append(forged)


def _forged(body: Any) -> Any:
    forged = copy.deepcopy(body)
    del forged.attrib[ID]
    forged[0].text = "1000000"
    return forged


SHAPES: list[Callable[[Any], None]] = [
    wrapped_in_object,
    wrapped_in_itself,
    signed_timestamp_in_a_stranger_s_header,
    signed_security_in_a_stranger_s_header,
    token_reference_to_the_body,
    token_elsewhere,
    id_with_entity_like_name,
    xml_id,
    header_after_the_body,
    two_headers,
    xpointer,
    body_of_another_namespace,
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda each: each.__name__)
def test_a_wrapped_message_is_refused(keys: Path, shape: Callable[[Any], None]) -> None:
    sent = seal(keys, timestamp=True, signature=SIGN).close(MESSAGE)
    with pytest.raises(SoapFault):
        guard(keys, timestamp=True, signature=TRUST).open(envelope.parse(changed(sent, shape)).root)


# -- text that two readers read differently ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [b"<!-- -->", b"<?x y?>"])
def test_a_comment_in_a_name_changes_nothing_that_is_read(keys: Path, between: bytes) -> None:
    """The comment is not in what is signed, so it may be there; the name is the whole of it for everybody."""
    user = {"username": "admin-not", "password": "pw"}
    sent = seal(keys, usernameToken=user, signature={**SIGN, "parts": ["body", "usernameToken"]}).close(MESSAGE)
    guarding = guard(keys, usernameToken={"users": {"admin": "pw", "admin-not": "pw"}}, signature=TRUST)
    found = guarding.open(esb.xml.parse(sent.replace(b"admin-not", b"admin" + between + b"-not")))
    assert found.username == "admin-not"


@pytest.mark.parametrize(
    "data",
    [
        MESSAGE.decode().replace("<e:Envelope", "<!DOCTYPE e [<!ENTITY x 'y'>]><e:Envelope").encode(),
        MESSAGE.replace(b">1<", b">&x;<"),
        b'<?xml version="1.0" encoding="UTF-7"?>' + MESSAGE,
        b'<?xml version="1.0" encoding="UTF-8"?>' + MESSAGE.decode().encode("utf-16-le"),
        MESSAGE.decode().encode("utf-16-be"),
        b'<?xml version="1.0" encoding="UTF-16"?>' + MESSAGE,
        b'<?xml version="1.0" encoding="cp037"?>' + MESSAGE,
        MESSAGE.decode().encode("utf-32"),
        MESSAGE.replace(b">1<", b">\xc0\xb1<"),
        MESSAGE.replace(b">1<", b">\x00<"),
    ],
)
def test_text_of_two_readings_is_no_message(data: bytes) -> None:
    from esb.errors import Malformed

    with pytest.raises(Malformed):
        envelope.parse(data)


def test_raw_curve_signatures_of_any_length_are_refused_quietly(keys: Path) -> None:
    sent = seal(keys, signature=CURVE).close(MESSAGE)
    raw = base64.b64decode(next(parsed(sent).iter(f"{{{DS}}}SignatureValue")).text)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    assert decode_dss_signature(encode_dss_signature(r, s)) == (r, s)
    for other in (b"", raw[:-1], raw[:10], bytes(64), b"\xff" * 64, encode_dss_signature(r, s)):

        def change(root: Any, other: bytes = other) -> None:
            next(root.iter(f"{{{DS}}}SignatureValue")).text = base64.b64encode(other).decode()

        assert refused(guard(keys, signature={"trust": "ec.crt"}), changed(sent, change)) == "FailedCheck"
    assert WSU in sent.decode()


@pytest.mark.parametrize("part", ["timestamp", "usernameToken"])
def test_a_message_is_not_good_for_longer_than_replays_are_remembered(keys: Path, part: str) -> None:
    declared = {"ttl": "2d", **({"users": {"bus": "pw"}} if part == "usernameToken" else {})}
    with pytest.raises(ConfigError, match="remembered"):
        guard(keys, **{part: declared})


@pytest.mark.parametrize(
    ("signature", "parts", "good"),
    [
        (None, ["body"], False),
        ({"parts": ["timestamp"]}, ["body"], False),
        ({"parts": ["body"]}, ["body", "usernameToken"], False),
        ({"parts": ["body"]}, ["body", "signature"], True),
        ({"parts": ["body", "headers"]}, ["body", NOTE], True),
    ],
)
def test_cbc_is_taken_only_for_what_is_signed(keys: Path, signature: Any, parts: list[str], good: bool) -> None:
    expect: dict[str, Any] = {
        "timestamp": True,
        "encryption": {"key": "them.key", "parts": parts},
        "algorithms": ["rsa-sha256", "sha256", "aes256-cbc", "rsa-oaep-mgf1p"],
        **({"signature": {**TRUST, **signature}} if signature else {}),
    }
    if good:
        guard(keys, **expect)
        return
    with pytest.raises(ConfigError, match="no signature covers"):
        guard(keys, **expect)
    guard(keys, **{**expect, "algorithms": ["rsa-sha256", "sha256", "aes256-gcm", "rsa-oaep-mgf1p"]})


# -- what a prefix in a value means ---------------------------------------------------------------------------------------------

TYPED = (
    f'<e:Envelope xmlns:e="{SOAP}" xmlns:u="urn:t" xmlns:a="urn:a" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
    '<e:Body><u:pay i:type="a:Card">1</u:pay></e:Body></e:Envelope>'
).encode()


def test_what_is_signed_says_which_type_is_meant(keys: Path) -> None:
    sent = seal(keys, signature=SIGN).close(TYPED)
    assert b'PrefixList="a"' in sent
    guarding = guard(keys, signature=TRUST)
    guarding.open(esb.xml.parse(sent))
    assert refused(guarding, sent.replace(b'xmlns:a="urn:a"', b'xmlns:a="urn:b"')) == "FailedCheck"


def test_a_type_whose_namespace_nobody_signed_is_refused_where_two_have_its_name(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.soap.security import signature
    from adapters.soap.security.policy import read_side

    with monkeypatch.context() as careless:
        careless.setattr(signature, "loose_types", lambda *_: {})
        sent = seal(keys, signature=SIGN).close(TYPED)
    assert b"PrefixList" not in sent
    side = read_side({"signature": TRUST}, "expect", AT)
    other = sent.replace(b'xmlns:a="urn:a"', b'xmlns:a="urn:b"')
    for data in (sent, other):
        Guard(side, keys.__truediv__, AT).open(
            esb.xml.parse(data)
        )  # one type has this name: the other namespace means nothing
        assert refused(Guard(side, keys.__truediv__, AT, twins=frozenset({"Card"})), data) == "InvalidSecurity"
