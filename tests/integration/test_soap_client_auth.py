"""How the SOAP client shows who it is, goes through proxies, and repeats what may be repeated; against small servers that check it."""

from __future__ import annotations

import base64
import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from soap_peers import ROOT

from adapters.soap import wsdl
from adapters.soap.client import SoapCaller
from adapters.soap.messages import Contract
from esb.errors import NotConnected, Rejected, TransportError
from esb.httpauth import Authentication, Basic, Bearer, ClientCredentials, Digest
from esb.httpcall import HttpCaller

NS = "urn:example:erp:sales"
GOOD = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    f'<r:CreateSalesOrderResponse xmlns:r="{NS}"><r:salesOrderNumber>7</r:salesOrderNumber><r:status>CREATED</r:status>'
    "</r:CreateSalesOrderResponse></e:Body></e:Envelope>"
).encode()
ORDER = {
    "orderId": "1",
    "customer": "c",
    "line": [{"sku": "s", "quantity": 1, "unitPrice": {"$": "1", "currency": "EUR"}}],
}
Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract(wsdl.load(ROOT / "schemas" / "erp" / "erp.wsdl"))


class Peer:
    """A server whose answers a test gives; remembers what it was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Callable[[str, dict[str, str], bytes], Reply] = lambda *_: (200, {}, GOOD)
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                peer.seen.append((self.path, headers, body))
                status, more, data = peer.answer(self.path, headers, body)
                self.send_response(status)
                for name, value in {"Content-Type": "text/xml", "Content-Length": str(len(data)), **more}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/s"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.server.shutdown()
    made.server.server_close()


def call(
    contract: Contract, peer: Peer, authentication: Authentication | None = None, times: int = 1, **how: Any
) -> Any:
    caller_http = how.pop("http", None) or HttpCaller()
    try:
        how = {"address": peer.url, "timeout": 20.0, **how}
        caller = SoapCaller(contract, caller_http, authentication=authentication, **how)
        return [caller.call("CreateSalesOrder", ORDER).body["status"] for _ in range(times)]
    finally:
        caller_http.close()


def test_basic_goes_with_every_call(contract: Contract, peer: Peer) -> None:
    call(contract, peer, Basic("bus", "p:w"), 2)
    assert {headers["authorization"] for _, headers, _ in peer.seen} == {
        "Basic " + base64.b64encode(b"bus:p:w").decode()
    }


def test_a_bearer_token_goes_with_every_call(contract: Contract, peer: Peer) -> None:
    call(contract, peer, Bearer("abc"))
    assert peer.seen[0][1]["authorization"] == "Bearer abc"


@pytest.mark.parametrize(("algorithm", "name"), [("MD5", "md5"), ("SHA-256", "sha256")])
def test_digest_proves_the_password_and_then_does_so_at_once(
    contract: Contract, peer: Peer, algorithm: str, name: str
) -> None:
    def digest(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    def answer(path: str, headers: dict[str, str], _: bytes) -> Reply:
        told = headers.get("authorization", "")
        if not told:
            asked = f'Digest realm="r", qop="auth,auth-int", algorithm={algorithm}, nonce="n0", opaque="o"'
            return 401, {"WWW-Authenticate": asked}, b""
        fields = dict(part.strip().replace('"', "").split("=", 1) for part in told.removeprefix("Digest ").split(","))
        secret, asked = digest("bus:r:pw"), digest(f"POST:{path}")
        good = digest(f"{secret}:n0:{fields['nc']}:{fields['cnonce']}:auth:{asked}")
        return (200, {}, GOOD) if (fields["response"], fields["opaque"]) == (good, "o") else (401, {}, b"")

    peer.answer = answer
    assert call(contract, peer, Digest("bus", "pw"), 2) == ["CREATED"] * 2
    assert [bool(headers.get("authorization")) for _, headers, _ in peer.seen] == [False, True, True]
    with pytest.raises(Rejected):
        call(contract, peer, Digest("bus", "wrong"))


def test_tokens_are_fetched_once_and_anew_when_they_are_refused(contract: Contract, peer: Peer) -> None:
    tokens = iter(["one", "two"])
    valid = "one"

    def answer(path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path == "/token":
            assert headers["authorization"] == "Basic " + base64.b64encode(b"id:secret").decode()
            assert body == b"grant_type=client_credentials&scope=erp"
            return (
                200,
                {"Content-Type": "application/json"},
                f'{{"access_token": "{next(tokens)}", "expires_in": 600}}'.encode(),
            )
        return (200, {}, GOOD) if headers["authorization"] == f"Bearer {valid}" else (401, {}, b"")

    peer.answer = answer
    http_caller = HttpCaller()
    oauth = ClientCredentials(http_caller, peer.url.replace("/s", "/token"), "id", "secret", "erp")
    assert call(contract, peer, oauth, 3, http=http_caller) == ["CREATED"] * 3
    assert [path for path, *_ in peer.seen] == ["/token", "/s", "/s", "/s"]
    valid = "two"
    oauth._fetched -= 10  # the token has been in use for a while
    assert call(contract, peer, oauth, http=http_caller) == ["CREATED"]
    assert [path for path, *_ in peer.seen[4:]] == ["/s", "/token", "/s"]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"access_token": ""}', b'{"access_token": "a\\r\\nX: y"}', b"<html>"])
def test_without_a_token_nothing_is_called(contract: Contract, peer: Peer, body: bytes) -> None:
    peer.answer = lambda *_: (200, {"Content-Type": "application/json"}, body)
    http_caller = HttpCaller()
    with pytest.raises(Rejected, match="no access token"):
        call(contract, peer, ClientCredentials(http_caller, peer.url, "id", "secret"), http=http_caller)
    assert len(peer.seen) == 1


def test_a_token_that_does_not_come_leaves_no_doubt_about_the_call(contract: Contract, peer: Peer) -> None:
    def broken(*_: Any) -> Reply:
        return 200, {"Content-Length": "100", "Connection": "close"}, b"half"

    peer.answer = broken
    http_caller = HttpCaller()
    with pytest.raises(NotConnected, match="no access token") as caught:
        call(contract, peer, ClientCredentials(http_caller, peer.url, "id", "secret"), http=http_caller)
    assert (caught.value.uncertain, len(peer.seen)) == (False, 1)


def test_calls_go_through_the_proxy_with_its_own_password(contract: Contract, peer: Peer) -> None:
    proxied = HttpCaller(proxy=peer.url.replace("http://", "http://me:p%40w@").removesuffix("/s"))
    call(contract, peer, address="http://erp.example/sales", http=proxied)
    path, headers, _ = peer.seen[0]
    assert path == "http://erp.example/sales"
    assert headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:p@w").decode()
    assert "authorization" not in headers


def busy_once() -> Callable[[str, dict[str, str], bytes], Reply]:
    answers = iter([(503, {"Retry-After": "0"}, b""), (200, {}, GOOD)])
    return lambda *_: next(answers)


def test_an_idempotent_operation_is_repeated(contract: Contract, peer: Peer) -> None:
    peer.answer = busy_once()
    assert call(contract, peer, idempotent=["CreateSalesOrder"], retries=2) == ["CREATED"]
    assert len(peer.seen) == 2


def test_any_other_operation_is_called_once(contract: Contract, peer: Peer) -> None:
    peer.answer = busy_once()
    with pytest.raises(TransportError):
        call(contract, peer, idempotent=["GetSalesOrder"], retries=2)
    assert len(peer.seen) == 1


@pytest.mark.parametrize("status", [502, 504])
@pytest.mark.parametrize(("idempotent", "uncertain"), [([], True), (["CreateSalesOrder"], False)])
def test_a_gateway_that_heard_nothing_leaves_the_effect_open(
    contract: Contract, peer: Peer, idempotent: list[str], uncertain: bool, status: int
) -> None:
    peer.answer = lambda *_: (status, {"Content-Type": "text/html"}, b"<html>")
    with pytest.raises(Rejected) as caught:
        call(contract, peer, idempotent=idempotent)
    assert (caught.value.retriable, caught.value.uncertain) == (True, uncertain)


def test_nothing_is_repeated_beyond_the_time_of_the_call(contract: Contract, peer: Peer) -> None:
    peer.answer = lambda *_: (503, {"Retry-After": "60"}, b"")
    with pytest.raises(TransportError):
        call(contract, peer, idempotent=["CreateSalesOrder"], retries=5, timeout=15.0)
    assert len(peer.seen) == 1


def test_a_refusal_for_good_is_not_repeated(contract: Contract, peer: Peer) -> None:
    peer.answer = lambda *_: (404, {}, b"")
    with pytest.raises(Rejected):
        call(contract, peer, idempotent=["CreateSalesOrder"], retries=5)
    assert len(peer.seen) == 1
