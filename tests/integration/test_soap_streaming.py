"""Large files by MTOM, in and out: neither end holds them in memory."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from soap_peers import ROOT

from esb.testing.process import BusProcess

SIZE = 64 << 20
ROUTES = """
- route:
    id: take
    from:
      uri: soap:files.wsdl
      parameters: {path: /files, maxBody: 200mb, mtomAttachments: true, mtom: true}
      steps:
        - choice:
            when:
              - simple: "${exchangeProperty.operationName} == 'Store'"
                steps:
                  - setProperty: {name: part, python: "body['content']['$attachment']"}
                  - setBody: {python: "exchange.message.attachments[exchange.properties['part']]"}
                  - to: file:stored?fileName=taken.bin
                  - setBody: {python: "{'size': 1, 'sha256': b'x'}"}
            otherwise:
              steps:
                - pollEnrich: {constant: "file:stored?fileName=taken.bin&noop=true&idempotent=false", timeout: 30000}
                - setBody: {python: "{'content': body}"}
- route:
    id: fetch
    from:
      uri: platform-http:/fetch
      steps:
        - setBody: {python: "{'size': 1}"}
        - to:
            uri: soap:files.wsdl
            parameters:
              operation: Fetch
              address: "http://127.0.0.1:{{env:ESB_PORT}}/files"
              mtomAttachments: true
              maxResponseSize: 200mb
              timeout: 100s
        - setBody: {python: "exchange.message.attachments[body['content']['$attachment']]"}
        - to: file:stored?fileName=fetched.bin
        - setBody: {constant: done}
"""


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[BusProcess]:
    shutil.copy(ROOT / "tests" / "integration" / "soap_cxf" / "files.wsdl", tmp_path)
    with BusProcess(tmp_path, routes=ROUTES, settings="workers: 1\n") as process:
        yield process.start()


def anonymous(pid: int) -> int:
    """Bytes of memory that are no file's."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024


def pieces() -> Iterator[bytes]:
    for number in range(SIZE >> 20):
        yield bytes([number]) * (1 << 20)


def request(bus: BusProcess, path: str, body: object, kind: str, length: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", bus.port, timeout=300)
    connection.request("POST", path, body, {"Content-Type": kind, "Content-Length": str(length)})  # type: ignore[arg-type]
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_large_file_comes_and_goes_without_filling_the_memory(bus: BusProcess) -> None:
    [worker] = bus.workers()
    before = anonymous(worker)
    most = 0
    over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.01):
            most = max(most, anonymous(worker))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    envelope = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Store xmlns="urn:example:files"><name>a</name>'
        '<content><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:a"/></content></Store></s:Body></s:Envelope>'
    )
    head = (
        '--b\r\nContent-Type: application/xop+xml; type="text/xml"\r\nContent-ID: <root>\r\n\r\n'
        f"{envelope}\r\n--b\r\nContent-ID: <a>\r\n\r\n"
    ).encode()
    tail = b"\r\n--b--\r\n"

    def message() -> Iterator[bytes]:
        yield head
        yield from pieces()
        yield tail

    kind = 'multipart/related; type="application/xop+xml"; boundary=b; start="<root>"; start-info="text/xml"'
    status, told = request(bus, "/files", message(), kind, len(head) + SIZE + len(tail))
    assert status == 200, told[:500]
    status, told = request(bus, "/fetch", b"", "text/plain", 0)
    assert (status, told) == (200, b"done")
    over.set()
    watcher.join()
    wanted = hashlib.sha256(b"".join(pieces())).hexdigest()
    for name in ("taken.bin", "fetched.bin"):
        with (bus.folder / "stored" / name).open("rb") as stored:
            assert hashlib.file_digest(stored, "sha256").hexdigest() == wanted
    assert most - before < SIZE / 2
