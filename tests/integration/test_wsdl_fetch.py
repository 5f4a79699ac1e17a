"""``esb wsdl compile --fetch``: what a WSDL imports from a web server is fetched once, with what that imports, and then never again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.soap import wsdl
from adapters.soap.contract import compiled
from esb.cli.main import cli

SCHEMA = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{0}" elementFormDefault="qualified">{1}</xs:schema>'
PAGES = {
    "/a/types.xsd": SCHEMA.format(
        "urn:a",
        '<xs:import namespace="urn:b" schemaLocation="../b/more.xsd?v=1"/>'
        '<xs:simpleType name="A"><xs:restriction base="b:B" xmlns:b="urn:b"/></xs:simpleType>',
    ),
    "/b/more.xsd?v=1": SCHEMA.format(
        "urn:b", '<xs:simpleType name="B"><xs:restriction base="xs:int"/></xs:simpleType>'
    ),
    "/page": "<html><body>not found",
}
WSDL = """<wsdl:definitions targetNamespace="urn:t" xmlns:t="urn:t" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <wsdl:types><xs:schema targetNamespace="urn:t"><xs:import namespace="urn:a" schemaLocation="{address}"/>
    <xs:element name="Ask" type="a:A" xmlns:a="urn:a"/></xs:schema></wsdl:types>
  <wsdl:message name="In"><wsdl:part name="p" element="t:Ask"/></wsdl:message>
  <wsdl:portType name="P"><wsdl:operation name="Do"><wsdl:input message="t:In"/></wsdl:operation></wsdl:portType>
  <wsdl:binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Do"><soap:operation soapAction=""/><wsdl:input><soap:body use="literal"/></wsdl:input></wsdl:operation></wsdl:binding>
</wsdl:definitions>"""


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    """A web server's address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = PAGES.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def compile_(folder: Path, *arguments: str) -> tuple[int, str]:
    told = CliRunner().invoke(cli, ["-C", str(folder), "wsdl", "compile", "t.wsdl", *arguments])
    return told.exit_code, f"{told.output}{told.exception or ''}"


@pytest.mark.parametrize("relative", [False, True])
def test_what_is_missing_is_fetched_with_what_it_imports_and_never_again(
    tmp_path: Path, site: tuple[str, list[str]], relative: bool
) -> None:
    url, asked = site
    (tmp_path / "t.wsdl").write_text(WSDL.format(address="types.xsd" if relative else f"{url}/a/types.xsd"))
    origin = ("--origin", f"{url}/a/service?wsdl") if relative else ()
    assert compile_(tmp_path, "--fetch", *origin)[0] == 0
    assert asked == ["/a/types.xsd", "/b/more.xsd?v=1"]
    compiled.file_of(tmp_path / "t.wsdl").unlink()
    assert wsdl.load(tmp_path / "t.wsdl").schemas.types["{urn:b}B"]
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("path", "why"), [("/none.xsd", "HTTP status 404"), ("/page", "not a document that can be kept")]
)
def test_an_error_page_is_not_kept(tmp_path: Path, site: tuple[str, list[str]], path: str, why: str) -> None:
    (tmp_path / "t.wsdl").write_text(WSDL.format(address=site[0] + path))
    code, told = compile_(tmp_path, "--fetch")
    assert code != 0
    assert why in told
    assert not (tmp_path / "t.wsdl.imports").exists()


def test_a_relative_address_needs_to_know_where_the_wsdl_came_from(tmp_path: Path) -> None:
    (tmp_path / "t.wsdl").write_text(WSDL.format(address="types.xsd"))
    code, told = compile_(tmp_path, "--fetch")
    assert code != 0
    assert "--origin URL" in told
