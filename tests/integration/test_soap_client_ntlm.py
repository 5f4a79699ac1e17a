"""The SOAP client and a server that wants NTLM: the server's side of the proof is pyspnego's own, kept for each connection as Windows does it."""

from __future__ import annotations

import base64
import http.server
import importlib.util
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from soap_peers import ROOT
from test_soap_client_auth import GOOD, ORDER

from adapters.soap import wsdl
from adapters.soap.client import SoapCaller
from adapters.soap.messages import Contract
from esb.errors import ProjectError, Rejected
from esb.httpcall import HttpCaller
from esb.httpntlm import Ntlm

pytestmark = pytest.mark.skipif(importlib.util.find_spec("spnego") is None, reason="needs the extra 'ntlm'")


class Server:
    """Answers on connections that were proved. ``seen``: the number of the connection, and what was shown, of each request."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []
        self.challenge: str | None = None
        server, lock = self, threading.Lock()
        connections: list[int] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                self.proof: Any = None
                with lock:
                    connections.append(1)
                    self.number = len(connections)

            def do_POST(self) -> None:
                import spnego
                from spnego.exceptions import SpnegoError

                self.rfile.read(int(self.headers["Content-Length"]))
                scheme, _, token = (self.headers["Authorization"] or "").partition(" ")
                with lock:
                    server.seen.append((self.number, base64.b64decode(token)[8:9].hex() if token else ""))
                if scheme != "NTLM":
                    self._tell(401, "NTLM")
                    return
                raw = base64.b64decode(token)
                if raw[8] == 1:
                    self.proof = spnego.server(protocol="ntlm")
                try:
                    back = self.proof.step(raw)
                except (SpnegoError, AttributeError):
                    self._tell(401, "NTLM")
                    return
                if self.proof.complete:
                    self._tell(200, None, GOOD)
                else:
                    told = base64.b64encode(back).decode() if server.challenge is None else server.challenge
                    self._tell(401, f"NTLM {told}")

            def _tell(self, status: int, asked: str | None, body: bytes = b"") -> None:
                self.send_response(status)
                if asked is not None:
                    self.send_header("WWW-Authenticate", "Negotiate")
                    self.send_header("WWW-Authenticate", asked)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/s"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    (tmp_path / "users").write_text("SHOP:bus:s3cret\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(tmp_path / "users"))
    made = Server()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def http_caller() -> Iterator[HttpCaller]:
    made = HttpCaller(per_thread=True)
    yield made
    made.close()


def caller(
    server: Server, http_caller: HttpCaller, username: str = "SHOP\\bus", password: str = "s3cret"
) -> SoapCaller:
    contract = Contract(wsdl.load(ROOT / "schemas" / "erp" / "erp.wsdl"))
    return SoapCaller(contract, http_caller, address=server.url, timeout=60.0, authentication=Ntlm(username, password))


def test_the_password_is_proved_over_one_connection(server: Server, http_caller: HttpCaller) -> None:
    made = caller(server, http_caller)
    for _ in range(3):
        assert made.call("CreateSalesOrder", ORDER).body["status"] == "CREATED"
    assert server.seen == [(1, "01"), (1, "03")] * 3


def test_threads_prove_it_each_for_itself(server: Server, http_caller: HttpCaller) -> None:
    made = caller(server, http_caller)
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda _: made.call("CreateSalesOrder", ORDER).body["status"], range(30)))
    assert told == ["CREATED"] * 30
    for number in {number for number, _ in server.seen}:
        steps = [step for each, step in server.seen if each == number]
        assert steps == ["01", "03"] * (len(steps) // 2)


@pytest.mark.parametrize(
    ("username", "password"), [("SHOP\\bus", "wrong"), ("OTHER\\bus", "s3cret"), ("SHOP\\nobody", "s3cret")]
)
def test_a_wrong_password_is_told_after_one_try(
    server: Server, http_caller: HttpCaller, username: str, password: str
) -> None:
    with pytest.raises(Rejected, match="401"):
        caller(server, http_caller, username, password).call("CreateSalesOrder", ORDER)
    assert [step for _, step in server.seen] == ["01", "03"]


@pytest.mark.parametrize("challenge", ["", "AAAA", "é", "TlRMTVNTUAACAAAA", "TlRMTVNTUAABAAAA"])
def test_a_challenge_that_is_none_is_no_crash(server: Server, http_caller: HttpCaller, challenge: str) -> None:
    server.challenge = challenge
    with pytest.raises(Rejected):
        caller(server, http_caller).call("CreateSalesOrder", ORDER)


def test_what_is_missing_is_told_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ProjectError, match=r"esb\[ntlm\]"):
        Ntlm("bus", "s3cret")
