"""Security read from the WSDL's own policy, in the style of the stacks that write such policies; and what cannot be met is told with its place."""

from __future__ import annotations

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
from adapters.soap.security import Agreed, Security
from adapters.soap.security.guard import Guard
from adapters.soap.security.names import SECURITY
from adapters.soap.security.policy import read_side
from adapters.soap.security.refusal import Refused
from adapters.soap.security.seal import Seal
from adapters.soap.server import SoapService
from adapters.soap.wire import Content, Wire
from esb.context import RouteContext
from esb.errors import ConfigError, ConfigErrors, Position
from esb.httpcall import Answer
from tests.integration import soap_keys

AT = Position("routes/x.yaml", 1, 1)
SP = 'xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"'
SP_2005 = 'xmlns:sp="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"'
WSP = 'xmlns:wsp="http://www.w3.org/ns/ws-policy"'
WSP_2004 = 'xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"'
WSU = 'xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"'
INCLUDE = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702/IncludeToken"
WSA = "http://www.w3.org/2005/08/addressing"


def x509(role: str, inclusion: str, more: str = "<sp:WssX509V3Token10/>") -> str:
    token = f'<sp:X509Token sp:IncludeToken="{INCLUDE}/{inclusion}"><wsp:Policy>{more}</wsp:Policy></sp:X509Token>'
    return f"<sp:{role}><wsp:Policy>{token}</wsp:Policy></sp:{role}>"


def asymmetric(more: str = "", suite: str = "Basic256Sha256", layout: str = "Lax", recipient: str = "") -> str:
    tokens = x509("InitiatorToken", "AlwaysToRecipient") + (recipient or x509("RecipientToken", "Never"))
    return (
        f"<sp:AsymmetricBinding><wsp:Policy>{tokens}"
        f"<sp:AlgorithmSuite><wsp:Policy><sp:{suite}/></wsp:Policy></sp:AlgorithmSuite>"
        f"<sp:Layout><wsp:Policy><sp:{layout}/></wsp:Policy></sp:Layout>"
        f"<sp:IncludeTimestamp/><sp:OnlySignEntireHeadersAndBody/>{more}</wsp:Policy></sp:AsymmetricBinding>"
    )


USER = "<sp:UsernameToken><wsp:Policy>{}</wsp:Policy></sp:UsernameToken>"
HASHED = USER.format("<sp:HashPassword/><sp:WssUsernameToken10/>")
BODY_BOTH = "<sp:SignedParts><sp:Body/></sp:SignedParts><sp:EncryptedParts><sp:Body/></sp:EncryptedParts>"

CXF = (
    f"<wsp:ExactlyOne><wsp:All>{asymmetric('<sp:EncryptSignature/>')}"
    f"<sp:SignedEncryptedSupportingTokens><wsp:Policy>{USER.format('<sp:WssUsernameToken11/>')}</wsp:Policy></sp:SignedEncryptedSupportingTokens>"
    "<sp:Wss10><wsp:Policy><sp:MustSupportRefEmbeddedToken/><sp:MustSupportRefIssuerSerial/></wsp:Policy></sp:Wss10>"
    f"{BODY_BOTH}</wsp:All></wsp:ExactlyOne>"
)
WCF = (
    '<wsp:ExactlyOne><wsp:All><sp:TransportBinding xmlns:sp="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"><wsp:Policy>'
    '<sp:TransportToken><wsp:Policy><sp:HttpsToken RequireClientCertificate="false"/></wsp:Policy></sp:TransportToken>'
    "<sp:AlgorithmSuite><wsp:Policy><sp:Basic256/></wsp:Policy></sp:AlgorithmSuite>"
    "<sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout><sp:IncludeTimestamp/></wsp:Policy></sp:TransportBinding>"
    f"<sp:SignedSupportingTokens {SP_2005}><wsp:Policy>"
    '<sp:UsernameToken sp:IncludeToken="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy/IncludeToken/AlwaysToRecipient">'
    "<wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken></wsp:Policy></sp:SignedSupportingTokens>"
    f"<sp:Wss11 {SP_2005}><wsp:Policy><sp:MustSupportRefKeyIdentifier/><sp:MustSupportRefThumbprint/></wsp:Policy></sp:Wss11>"
    f"<sp:Trust10 {SP_2005}><wsp:Policy><sp:MustSupportIssuedTokens/><sp:RequireClientEntropy/></wsp:Policy></sp:Trust10>"
    '<wsaw:UsingAddressing xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl"/></wsp:All></wsp:ExactlyOne>'
)
METRO = (
    f"<wsp:ExactlyOne><wsp:All>{asymmetric(layout='Strict')}"
    '<wsam:Addressing xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" wsp:Optional="false"/>'
    '<sc:KeyStore xmlns:sc="http://schemas.sun.com/2006/03/wss/server" alias="s"'
    ' wspp:visibility="private" xmlns:wspp="http://java.sun.com/xml/ns/wsit/policy"/>'
    "<sp:Wss10><wsp:Policy><sp:MustSupportRefIssuerSerial/></wsp:Policy></sp:Wss10></wsp:All></wsp:ExactlyOne>"
)
METRO_MESSAGE = (
    f'<wsp:ExactlyOne><wsp:All><sp:SignedParts><sp:Body/><sp:Header Name="To" Namespace="{WSA}"/><sp:Header Name="FaultTo" Namespace="{WSA}"/>'
    '<sp:Header Namespace="urn:t"/></sp:SignedParts><sp:EncryptedParts><sp:Body/></sp:EncryptedParts></wsp:All></wsp:ExactlyOne>'
)
SAP = (
    "<wsp:ExactlyOne><wsp:All><sp:TransportBinding><wsp:Policy><sp:TransportToken><wsp:Policy><sp:HttpsToken><wsp:Policy>"
    "<sp:HttpBasicAuthentication/></wsp:Policy></sp:HttpsToken></wsp:Policy></sp:TransportToken>"
    "<sp:AlgorithmSuite><wsp:Policy><sp:TripleDesRsa15/></wsp:Policy></sp:AlgorithmSuite>"
    "<sp:Layout><wsp:Policy><sp:Strict/></wsp:Policy></sp:Layout></wsp:Policy></sp:TransportBinding>"
    '<sess:Session xmlns:sess="http://www.sap.com/webas/630/soap/features/session/"><sess:enableSession>false</sess:enableSession></sess:Session>'
    '<o:OptimizedXMLTransfer xmlns:o="http://www.sap.com/webas/710/soap/features/transportbinding/" uri="x" wsp:Optional="true"/>'
    "</wsp:All></wsp:ExactlyOne>"
)
ENDORSING = (
    "<sp:TransportBinding><wsp:Policy><sp:TransportToken><wsp:Policy><sp:HttpsToken><wsp:Policy/></sp:HttpsToken></wsp:Policy></sp:TransportToken>"
    "<sp:AlgorithmSuite><wsp:Policy><sp:Basic256Sha256/></wsp:Policy></sp:AlgorithmSuite><sp:IncludeTimestamp/></wsp:Policy></sp:TransportBinding>"
    + x509("EndorsingSupportingTokens", "AlwaysToRecipient")
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return soap_keys.write(tmp_path_factory.mktemp("keys"))


def contract(
    folder: Path, binding: str, *, request: str = "", answer: str = "", more: str = "", wsp: str = WSP
) -> Contract:
    """A WSDL of one operation, with a policy at the binding, and others at the messages."""
    part = '<wsdl:part name="parameters" element="t:root"/>'
    text = document(
        schema('<xs:element name="root" type="xs:string"/>'),
        {"Echo": (part, part), **({"More": (part, part)} if more else {})},
    )
    declared = ""
    for name, inner, where in (
        ("all", binding, "<soap:binding"),
        ("request", request, "<wsdl:input><soap:body"),
        ("answer", answer, "<wsdl:output><soap:body"),
        ("more", more, '<soap:operation soapAction="urn:t:More"'),
    ):
        if inner:
            declared += f'\n<wsp:Policy wsu:Id="{name}" {wsp} {SP} {WSU}>\n{inner}</wsp:Policy>'
            reference = f'<wsp:PolicyReference {wsp} URI="#{name}"/>'
            head, _, rest = where.rpartition("<")
            text = text.replace(where, f"{head}{reference}<{rest}")
    assert text.count("PolicyReference") >= declared.count("wsu:Id"), text
    return Contract(load(folder, text.replace("<wsdl:types>", declared + "<wsdl:types>")))


def bean(keys: Path | None = None, **given: Any) -> Security:
    made = Security()
    made.credentials = {
        name: str(keys / value) if keys and name in {"key", "certificate", "partner", "trust"} else value
        for name, value in given.items()
    }
    return made


CLIENT = {"username": "bus", "password": "pw", "key": "us.key", "certificate": "us.crt", "partner": "them.crt"}
SERVER = {"users": {"bus": "pw"}, "key": "them.key", "certificate": "them.crt", "partner": "us.crt"}


def agreed(made: Contract, security: Security, *, serving: bool, operations: Any = ("Echo",)) -> Agreed:
    return security.agreed(made.wsdl, [made.wsdl.port()], operations, AT, serving=serving)


def talk(made: Contract, client: Agreed, server: Agreed, *, secure: bool = False) -> tuple[str, bytes, bytes]:
    """A call and its answer; both as they went over the wire."""
    seen: list[bytes] = []
    path: Callable[[str], Path] = Path
    service = SoapService(
        made, wire=Wire(seal=server.seal(path, AT), guard=server.guard(path, AT), addressing=server.addressing or None)
    )

    class Http:
        def call(self, _method: str, _url: str, headers: Any, body: bytes, **_: Any) -> Answer:
            try:
                asked = service.parse(headers["Content-Type"], headers["SOAPAction"], body, secure=secure)
                kind, data = service.render(asked, Content(asked.body + "!"))
                status = 200
            except SoapFault as fault:
                status, kind, data = service.fault(fault)
            assert isinstance(data, bytes)
            seen.extend((body, data))
            return Answer(status, "", (("Content-Type", kind),), data)

    wire = Wire(seal=client.seal(path, AT), guard=client.guard(path, AT), addressing=client.addressing or None)
    address = "https://x.example/" if secure else "http://x.example/"
    body = SoapCaller(made, Http(), wire=wire, address=address).call("Echo", "x").body  # type: ignore[arg-type]  # all of it that is used
    return body, seen[0], seen[1]


def order(data: bytes) -> list[str]:
    security = next(esb.xml.parse(data).iter(SECURITY))
    return [child.tag.rpartition("}")[2] for child in security]


# -- in the style of those who write them -------------------------------------------------------------------------------------


def test_cxf_s_policy_needs_credentials_and_nothing_else(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, CXF)
    client, server = agreed(made, bean(keys, **CLIENT), serving=False), agreed(made, bean(keys, **SERVER), serving=True)
    sent = client.send
    assert sent.declared == {"timestamp", "usernameToken", "signature", "encryption"}
    assert sent.signature is not None
    assert set(sent.signature.parts) == {"timestamp", "body", "usernameToken"}
    assert (sent.signature.algorithm, sent.signature.digest, sent.signature.reference) == (
        "rsa-sha256",
        "sha256",
        "token",
    )
    assert sent.encryption is not None
    assert set(sent.encryption.parts) == {"body", "usernameToken", "signature"}
    assert (sent.encryption.cipher, sent.encryption.reference) == ("aes256-cbc", "issuerSerial")
    assert server.send.declared == {"timestamp", "signature", "encryption"}, "users are of requests"
    body, request, _ = talk(made, client, server)
    assert body == "x!"
    assert b">bus<" not in request
    assert b"SignatureValue" not in request


def test_wcf_s_transport_with_message_credential_is_a_user_over_tls(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, WCF, wsp=WSP_2004)
    client, server = agreed(made, bean(keys, **CLIENT), serving=False), agreed(made, bean(keys, **SERVER), serving=True)
    assert client.send.declared == {"timestamp", "usernameToken"}
    assert client.send.username is not None
    assert not client.send.username.digest
    assert (client.addressing, server.expect.tls, bool(client.https)) == (True, True, True)
    body, request, _ = talk(made, client, server, secure=True)
    assert (body, order(request)[0]) == ("x!", "Timestamp")
    guard = server.guard(Path, AT)
    assert guard is not None
    with pytest.raises(Refused, match="authenticated"):
        guard.open(envelope.parse(request).root, secure=False)


def test_metro_s_policy_at_the_messages_signs_header_blocks_that_are_there(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, METRO, request=METRO_MESSAGE, answer=METRO_MESSAGE)
    client, server = agreed(made, bean(keys, **CLIENT), serving=False), agreed(made, bean(keys, **SERVER), serving=True)
    assert client.send.signature is not None
    assert client.send.signature.parts == ("timestamp", "body", f"{{{WSA}}}To?", f"{{{WSA}}}FaultTo?", "{urn:t}*?")
    body, request, answer = talk(made, client, server)
    assert body == "x!"
    for data in (request, answer):
        assert len(re.findall(b"<ds:Reference ", data)) == 3, "Body, Timestamp and To; there is no FaultTo"
        assert order(data)[:2] == ["Timestamp", "EncryptedKey"]
        assert order(data)[-1] == "Signature"


def test_sap_s_policy_is_tls_and_nothing_in_the_message(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, SAP)
    client = agreed(made, bean(), serving=False)
    assert client.send.empty
    assert "HttpsToken" in client.https
    assert client.seal(Path, AT) is None
    server = agreed(made, bean(), serving=True).guard(Path, AT)
    assert server is not None
    plain = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>'
    server.open(esb.xml.parse(plain), secure=True)
    with pytest.raises(Refused):
        server.open(esb.xml.parse(plain), secure=False)
    assert keys


def test_a_certificate_that_endorses_over_tls_signs_the_time(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, ENDORSING)
    client, server = agreed(made, bean(keys, **CLIENT), serving=False), agreed(made, bean(keys, **SERVER), serving=True)
    assert client.send.signature is not None
    assert client.send.signature.parts == ("timestamp",)
    assert talk(made, client, server, secure=True)[0] == "x!"
    assert client.expect.declared == {"timestamp"}, "who answers is known by TLS"


def test_everything_at_once_in_the_other_order(tmp_path: Path, keys: Path) -> None:
    recipient = x509("RecipientToken", "Always", "<sp:WssX509V3Token11/><sp:RequireThumbprintReference/>")
    binding = asymmetric("<sp:EncryptBeforeSigning/><sp:ProtectTokens/>", "Basic128Sha256", "Strict", recipient)
    made = contract(tmp_path, f"{binding}<sp:SignedParts/><sp:EncryptedParts/>")
    client, server = agreed(made, bean(keys, **CLIENT), serving=False), agreed(made, bean(keys, **SERVER), serving=True)
    body, request, answer = talk(made, client, server)
    assert body == "x!"
    for data in (request, answer):
        assert order(data) == ["Timestamp", "BinarySecurityToken", "Signature", "EncryptedKey"]
    assert b"#ThumbprintSHA1" in request


# -- choices, and what is declared on top -----------------------------------------------------------------------------------------


def test_of_several_alternatives_the_first_that_can_be_met_is_taken(tmp_path: Path, keys: Path) -> None:
    one = f"<sp:SupportingTokens><wsp:Policy>{HASHED}</wsp:Policy></sp:SupportingTokens>"
    made = contract(
        tmp_path,
        f"<wsp:ExactlyOne><wsp:All><sp:SymmetricBinding/></wsp:All><wsp:All>{one}</wsp:All><wsp:All>{asymmetric()}</wsp:All></wsp:ExactlyOne>",
    )
    assert agreed(made, bean(keys, **CLIENT), serving=False).send.declared == {"usernameToken"}
    only_keys = {name: value for name, value in CLIENT.items() if name not in {"username", "password"}}
    assert agreed(made, bean(keys, **only_keys), serving=False).send.declared == {"timestamp", "signature"}


def test_what_is_optional_is_done_where_there_are_credentials_for_it(tmp_path: Path) -> None:
    made = contract(
        tmp_path, f'<sp:SupportingTokens wsp:Optional="true"><wsp:Policy>{HASHED}</wsp:Policy></sp:SupportingTokens>'
    )
    assert agreed(made, bean(username="bus", password="pw"), serving=False).send.declared == {"usernameToken"}
    assert agreed(made, bean(), serving=False).send.declared == set()


def test_options_that_are_declared_stand_above_the_policy(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, asymmetric() + BODY_BOTH)
    security = bean(keys, **CLIENT)
    security.send = {"encryption": {"reference": "thumbprint"}}
    security.expect = {"timestamp": {"skew": "3m"}, "unsignedHeaders": True}
    found = agreed(made, security, serving=False)
    assert found.send.encryption is not None
    assert (found.send.encryption.reference, found.send.encryption.cipher) == ("thumbprint", "aes256-cbc")
    assert found.expect.timestamp is not None
    assert (found.expect.timestamp.skew, found.expect.unsigned_headers) == (180.0, True)


def test_a_policy_in_a_document_that_is_imported_is_found(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, asymmetric())
    whole = made.wsdl.path.read_text()
    service = re.search(r"<wsdl:service.*</wsdl:service>", whole, re.DOTALL)
    assert service is not None
    (tmp_path / "inner.wsdl").write_text(whole.replace(service[0], ""))
    head = whole[: whole.index(">", whole.index("definitions")) + 1]
    imported = '<wsdl:import namespace="urn:t" location="inner.wsdl"/>'
    (tmp_path / "outer.wsdl").write_text(f"{head}{imported}{service[0]}</wsdl:definitions>")
    from adapters.soap import wsdl

    outer = Contract(wsdl.load(tmp_path / "outer.wsdl"))
    assert agreed(outer, bean(keys, **CLIENT), serving=False).send.declared == {"timestamp", "signature"}
    by_hand = Security()
    by_hand.send = {"timestamp": True}
    with pytest.raises(ConfigError, match="demands timestamp"):
        agreed(outer, by_hand, serving=False)


def test_operations_with_different_policies_need_endpoints_of_their_own(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, asymmetric(), more=BODY_BOTH)
    with pytest.raises(ConfigError, match="Echo and More differ") as caught:
        agreed(made, bean(keys, **CLIENT), serving=False, operations=("Echo", "More"))
    assert "operation" in str(caught.value)
    assert agreed(made, bean(keys, **CLIENT), serving=False, operations=("More",)).send.encryption is not None


# -- what cannot be met -----------------------------------------------------------------------------------------------------------

SUPPORTING = "<sp:SupportingTokens><wsp:Policy>{}</wsp:Policy></sp:SupportingTokens>"
BEYOND = [
    ("<sp:SymmetricBinding/>", "sp:SymmetricBinding (t.wsdl:"),
    (asymmetric(suite="TripleDesRsa15"), "sp:TripleDesRsa15 (t.wsdl:"),
    (asymmetric(suite="Basic256Sha256Rsa15"), "sp:Basic256Sha256Rsa15"),
    (asymmetric(suite="Basic256"), "sp:Basic256 (t.wsdl:"),
    (asymmetric("<sp:New/>"), "sp:New"),
    (asymmetric(layout="LaxTsLast"), "sp:LaxTsLast"),
    (asymmetric(recipient=x509("RecipientToken", "Never", "<sp:RequireDerivedKeys/>")), "sp:RequireDerivedKeys"),
    (asymmetric(recipient=x509("RecipientToken", "Never").replace("X509Token", "IssuedToken")), "sp:IssuedToken"),
    (asymmetric() + "<sp:SignedElements><sp:XPath>//a</sp:XPath></sp:SignedElements>", "sp:SignedElements"),
    (asymmetric() + "<sp:SignedParts><sp:Body/><sp:Attachments/></sp:SignedParts>", "sp:Attachments (t.wsdl:"),
    (asymmetric() + '<sp:RequiredParts><sp:Header Name="n" Namespace="urn:t"/></sp:RequiredParts>', "sp:RequiredParts"),
    (asymmetric() + x509("EndorsingSupportingTokens", "Always"), "sp:EndorsingSupportingTokens"),
    (
        "<sp:Wss11><wsp:Policy><sp:RequireSignatureConfirmation/></wsp:Policy></sp:Wss11>",
        "sp:RequireSignatureConfirmation",
    ),
    (BODY_BOTH, "no binding"),
    (SUPPORTING.format("<sp:KerberosToken/>"), "sp:KerberosToken"),
    (SUPPORTING.format(USER.format("<sp:NoPassword/>")), "sp:NoPassword"),
    ('<rm:RMAssertion xmlns:rm="http://docs.oasis-open.org/ws-rx/wsrmp/200702"/>', "rm:RMAssertion (t.wsdl:"),
    ("<wsp:ExactlyOne/>", "no alternative"),
    ('<wsp:PolicyReference URI="http://elsewhere.example/policy"/>', "elsewhere.example/policy"),
    ('<wsp:PolicyReference URI="#all"/>', "circle"),
    (
        "".join(f'<x:A{n} wsp:Optional="true" xmlns:x="urn:x"/>' for n in range(12)),
        "choices",
    ),
]


@pytest.mark.parametrize(("policy", "told"), BEYOND)
def test_what_is_not_spoken_is_refused_with_its_name_and_line(
    tmp_path: Path, keys: Path, policy: str, told: str
) -> None:
    made = contract(tmp_path, policy)
    with pytest.raises(ConfigError, match=re.escape(told)):
        agreed(made, bean(keys, **CLIENT), serving=False)


def test_the_line_is_that_of_the_assertion(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, "\n<wsp:All>\n<sp:SymmetricBinding/></wsp:All>")
    line = next(n for n, text in enumerate(made.wsdl.path.read_text().splitlines(), 1) if "SymmetricBinding" in text)
    with pytest.raises(ConfigError, match=f"t.wsdl:{line}"):
        agreed(made, bean(keys, **CLIENT), serving=False)


def test_sha1_is_taken_by_name_only(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, asymmetric(suite="Basic256"))
    found = agreed(made, bean(keys, **CLIENT, sha1=True), serving=False)
    assert found.send.signature is not None
    assert (found.send.signature.algorithm, found.send.signature.digest) == ("rsa-sha1", "sha1")
    assert {"rsa-sha1", "sha1"} <= found.expect.algorithms
    assert "sha1" not in agreed(contract(tmp_path, asymmetric()), bean(keys, **CLIENT), serving=False).expect.algorithms


@pytest.mark.parametrize(
    ("policy", "lacks", "serving", "told"),
    [
        (SUPPORTING.format(HASHED), "password", False, "'username' and 'password'"),
        (SUPPORTING.format(HASHED), "users", True, "'users'"),
        (asymmetric(), "key", False, "'key' and 'certificate'"),
        (asymmetric(), "partner", False, "'trust' or 'partner'"),
        (asymmetric() + BODY_BOTH, "partner", False, "'partner'"),
        (asymmetric() + BODY_BOTH, "key", True, "'key'"),
    ],
)
def test_a_credential_that_is_missing_is_named(
    tmp_path: Path, keys: Path, policy: str, lacks: str, serving: bool, told: str
) -> None:
    given = {name: value for name, value in (SERVER if serving else CLIENT).items() if name != lacks}
    with pytest.raises(ConfigError, match=re.escape(told)):
        agreed(contract(tmp_path, policy), bean(keys, **given), serving=serving)


def test_a_security_that_says_nothing_for_a_wsdl_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no policy"):
        agreed(contract(tmp_path, ""), Security(), serving=False)


def test_a_slip_in_the_credentials_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="username"):
        agreed(contract(tmp_path, asymmetric()), bean(usrname="x"), serving=False)


# -- parts of declarations that policies brought ----------------------------------------------------------------------------------

MESSAGE = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:t"><e:Header><u:note>n</u:note><u:more/></e:Header>'
    b"<e:Body><u:pay/></e:Body></e:Envelope>"
)


@pytest.mark.parametrize(
    ("parts", "references", "uncovered"),
    [
        (["body", "headers"], 3, []),
        (["body", "{urn:t}*"], 3, []),
        (["body", "{urn:t}note?", "{urn:t}gone?"], 2, ["{urn:t}more"]),
    ],
)
def test_header_blocks_may_be_named_as_all_or_as_far_as_they_are_there(
    keys: Path, parts: list[str], references: int, uncovered: list[str]
) -> None:
    sign = {"key": "us.key", "certificate": "us.crt", "parts": parts}
    sent = Seal(read_side({"signature": sign}, "send", AT), keys.__truediv__, AT).close(MESSAGE)
    assert len(re.findall(b"<ds:Reference ", sent)) == references
    guard = Guard(read_side({"signature": {"trust": "us.crt", "parts": parts}}, "expect", AT), keys.__truediv__, AT)
    assert [block.tag for block in guard.open(esb.xml.parse(sent)).uncovered] == uncovered
    forged = sent.replace(b"<u:more/>", b"<u:note>other</u:note>").replace(b"<u:more", b"<u:note")
    with pytest.raises(Refused):
        guard.open(esb.xml.parse(forged))


# -- at an endpoint ---------------------------------------------------------------------------------------------------------------


def loaded(made: Contract, security: str, options: str) -> RouteContext:
    """A context with a route that calls the contract."""
    context = RouteContext()
    context.load(
        f"- beans: [{{name: s, type: 'adapters.soap.security:Security', properties: {{{security}}}}}]\n"
        f"- route: {{from: {{uri: 'direct:a', steps: [{{to: {{uri: 'soap:{made.wsdl.path}', parameters: {{security: '#s'{options}}}}}}}]}}}}"
    )
    return context


def why_not(made: Contract, security: str, options: str = "") -> str:
    with pytest.raises(ConfigErrors) as caught:
        loaded(made, security, options)
    return str(caught.value)


def test_an_endpoint_that_cannot_keep_the_policy_does_not_start(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, SAP)
    assert "wants https" in why_not(made, "")
    loaded(made, "", ", address: 'https://x.example/'").stop(5)
    certified = contract(tmp_path, SAP.replace("<sp:HttpBasicAuthentication/>", "<sp:RequireClientCertificate/>"))
    assert "client's certificate" in why_not(certified, "", ", address: 'https://x.example/'")
    assert "sp:SymmetricBinding (t.wsdl:" in why_not(contract(tmp_path, "<sp:SymmetricBinding/>"), "")
    assert keys


def test_attachments_do_not_go_unsigned_beside_what_is_signed(tmp_path: Path, keys: Path) -> None:
    made = contract(tmp_path, asymmetric())
    given = ", ".join(
        f"{name}: '{keys / file}'"
        for name, file in (("key", "us.key"), ("certificate", "us.crt"), ("partner", "them.crt"))
    )
    assert "attachments go beside" in why_not(made, f"credentials: {{{given}}}", ", attachments: true")
    loaded(made, f"credentials: {{{given}}}, send: {{unsignedAttachments: true}}", ", attachments: true").stop(5)
