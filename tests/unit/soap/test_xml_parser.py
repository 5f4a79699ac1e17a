"""The one parser: what it refuses, and that it reads files and addresses of nobody."""

from __future__ import annotations

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import esb.xml
from esb.errors import ConfigError, Malformed

BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>'

REFUSED = {
    "nothing": b"",
    "blanks": b"  \n",
    "no xml": b"hello",
    "truncated": b"<a><b>text",
    "crossed tags": b"<a><b></a></b>",
    "two roots": b"<a/><b/>",
    "doctype": b"<!DOCTYPE a><a/>",
    "doctype after a comment": b"<?xml version='1.0'?>\n<!-- - -- ->\n<!DOCTYPE a><a/>",
    "doctype after a proper comment": b"<?xml version='1.0'?><!-- x - y --><?pi ? ?> <!DOCTYPE a><a/>",
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/"> %x;]><a/>',
    "bomb": BOMB.encode(),
    "bomb in UTF-16": BOMB.encode("utf-16"),
    "bomb in UTF-16 without a mark": BOMB.encode("utf-16-le"),
    "bomb in UTF-7": b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>',
    "bomb in EBCDIC": BOMB.encode("cp037"),
    "unknown entity": b"<a>&x;</a>",
    "not UTF-8": b"<a>\xff</a>",
    "not the charset it says": b'<?xml version="1.0" encoding="utf-16"?><a/>',
    "nul": b"<a>\x00</a>",
    "deep": b"<a>" * 100_000,
    "deep and closed": b"<a>" * 300 + b"</a>" * 300,
    "many attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(50_000)) + b"/>",
    "many namespaces": b"<a " + b" ".join(b'xmlns:a%d="a%d"' % (n, n) for n in range(50_000)) + b"/>",
    "long text": b"<a>" + b"x" * 11_000_000 + b"</a>",
    "undeclared prefix": b"<p:a/>",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_plain_xml_is_refused_fast(case: str) -> None:
    began = time.perf_counter()
    with pytest.raises(Malformed):
        esb.xml.parse(REFUSED[case])
    assert time.perf_counter() - began < 2.0  # generous: the point is that nothing is quadratic


def test_a_document_over_the_cap_is_refused_unread() -> None:
    with pytest.raises(Malformed, match="at most 10 are accepted"):
        esb.xml.parse(b"<a>12345678</a>", max_bytes=10)


def test_the_word_doctype_in_a_text_is_a_text() -> None:
    assert esb.xml.parse("<a><![CDATA[<!DOCTYPE x>]]></a>").text == "<!DOCTYPE x>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "iso-8859-15"])
def test_the_usual_encodings_are_read(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    assert esb.xml.parse(f'<?xml version="1.0" encoding="{declared}"?><a>Grüße</a>'.encode(encoding)).text == "Grüße"


def test_the_charset_of_the_transport_wins_over_the_declared_one() -> None:
    assert esb.xml.parse('<?xml version="1.0" encoding="iso-8859-1"?><a>ü</a>'.encode(), encoding="utf-8").text == "ü"


def test_a_text_is_taken_as_it_is_whatever_it_declares() -> None:
    assert esb.xml.parse('<?xml version="1.0" encoding="iso-8859-1"?><a>€</a>').text == "€"


def test_comments_and_instructions_are_dropped_and_their_text_joined() -> None:
    root = esb.xml.parse('<?xml-stylesheet href="file:///etc/passwd"?><a>x<!-- y -->z<?p q?>!</a>')
    assert root.text == "xz!"
    assert len(root) == 0


def test_an_error_names_the_place_and_quotes_nothing() -> None:
    with pytest.raises(Malformed) as caught:
        esb.xml.parse(b"<a>\n<secret>topsecretvalue</a>")
    assert "line 2" in str(caught.value)
    assert "topsecretvalue" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=200) | st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_input_is_read_or_refused_and_nothing_else(data: bytes | str) -> None:
    with contextlib.suppress(Malformed):
        esb.xml.parse(data)


def test_parsers_of_several_threads_do_not_meet() -> None:
    results: list[str | None] = []

    def run(text: str) -> None:
        results.extend(esb.xml.parse(f"<a>{text}</a>").text for _ in range(200))

    threads = [threading.Thread(target=run, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(results)) == ["a", "b", "c", "d"]


SCHEMA = b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="u">%s</xs:schema>'


def test_a_schema_imports_only_from_its_closed_set(tmp_path: Path) -> None:
    outside = tmp_path / "outside.xsd"
    outside.write_bytes(SCHEMA % b"")
    with pytest.raises(ConfigError, match=r"imports .*outside.xsd', which is not there"):
        esb.xml.schema({"esb:/a": SCHEMA % f'<xs:include schemaLocation="{outside}"/>'.encode()}, "esb:/a")


def test_a_schema_location_in_a_message_is_never_followed(tmp_path: Path) -> None:
    asked = []

    class Canary(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            pass

    any_content = b'<xs:element name="a"><xs:complexType><xs:sequence><xs:any processContents="strict"/></xs:sequence></xs:complexType></xs:element>'
    schema = esb.xml.schema({"esb:/a": SCHEMA % any_content}, "esb:/a")
    (tmp_path / "evil.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:e"><xs:element name="e"/></xs:schema>'
    )
    with HTTPServer(("127.0.0.1", 0), Canary) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for location in (
            f"http://127.0.0.1:{server.server_port}/evil.xsd",
            str(tmp_path / "evil.xsd"),
            (tmp_path / "evil.xsd").as_uri(),
        ):
            root = esb.xml.parse(
                f'<p:a xmlns:p="u" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:e {location}"><e xmlns="urn:e"/></p:a>'
            )
            assert not schema.validate(root)
        server.shutdown()
        thread.join()
    assert asked == []
