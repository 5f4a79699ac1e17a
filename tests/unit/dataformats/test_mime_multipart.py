from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.coerce import NoConversion
from esb.dataformats.mime_multipart import MimeMultipart
from esb.errors import ConversionFailed, Malformed, OptionError
from esb.exchange import Exchange

PARTS = (
    b"--XX\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nbody \xc3\xa4\r\n"
    b'--XX\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="a.png"\r\n\r\nQUJD\r\n'
    b"--XX--\r\n"
)
WITH_ATTACHMENT = {"Content-Type": 'multipart/mixed; boundary="XX"', "MIME-Version": "1.0", "h": "1"}


def read(made, data, headers):
    made.headers.update(headers)
    return made.read(data)


def test_the_first_part_is_the_body_and_the_others_are_attachments(make):
    made = make("mimeMultipart")
    assert read(made, PARTS, WITH_ATTACHMENT) == "body ä".encode()
    assert made.exchange.message.attachments == {"a.png": b"ABC"}
    assert made.headers == {"h": "1", "Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "UTF8"}


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json"])
def test_what_is_not_multipart_passes_unchanged(make, kind):
    made = make("mimeMultipart")
    assert read(made, PARTS, {"Content-Type": kind} if kind else {}) == PARTS


@pytest.mark.parametrize("data", [b"broken", b"", b"--YY\r\n\r\nx\r\n--YY--"])
def test_a_message_without_its_boundary_is_refused(make, data):
    with pytest.raises(Malformed, match="no start boundary"):
        read(make("mimeMultipart"), data, WITH_ATTACHMENT)


def test_a_message_without_attachments_is_written_as_it_is(make):
    made = make("mimeMultipart")
    made.headers["Content-Type"] = "text/plain"
    assert (made.write("text"), made.headers) == (b"text", {"Content-Type": "text/plain"})


names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=10).filter(
    lambda name: name.strip() == name
)


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("binary", [True, False])
@given(body=st.binary(max_size=80), attachments=st.dictionaries(names, st.binary(max_size=80), max_size=3))
def test_what_is_written_is_read_again(inline, binary, body, attachments):
    made = MimeMultipart(headers_inline=inline, multipart_without_attachment=True, binary_content=binary).build(None)
    exchange = Exchange(body, {"Content-Type": "image/png"})
    exchange.message.attachments = dict(attachments)
    written = made.marshal(exchange, body)
    assert exchange.message.attachments is None
    assert made.unmarshal(exchange, written) == body
    assert (exchange.message.attachments or {}) == attachments


def test_what_is_written_is_mime_for_others_too(make):
    made = make("mimeMultipart", headers_inline=True, include_headers="X-.*")
    made.headers.update({"Content-Type": "text/plain", "X-A": "1", "Y": "2"})
    made.exchange.message.attachments = {'gr"ün.txt': b"one", "b.json": b"{}"}
    whole = message_from_bytes(made.write("text"))
    assert (whole["X-A"], whole["Y"], whole.get_content_type()) == ("1", None, "multipart/mixed")
    told = [
        (part.get_content_type(), part.get_filename(), part.get_payload(decode=True)) for part in whole.get_payload()
    ]
    assert told == [
        ("text/plain", None, b"text"),
        ("text/plain", 'gr"ün.txt', b"one"),
        ("application/json", "b.json", b"{}"),
    ]


def test_headers_of_the_message_come_from_the_body_but_never_the_buss_own(make):
    made = make("mimeMultipart", headers_inline=True)
    head = b'MIME-Version: 1.0\r\nX-Own: own\r\nCamelFileName: evil\r\nContent-Type: multipart/mixed; boundary="XX"\r\n\r\n'
    assert made.read(head + PARTS) == "body ä".encode()
    assert made.headers["X-Own"] == "own"
    assert "CamelFileName" not in made.headers


def test_a_header_that_would_begin_another_is_refused(make):
    made = make("mimeMultipart", headers_inline=True, include_headers=".*")
    made.headers["X-A"] = "1\x00"
    with pytest.raises(ConversionFailed, match="control characters"):
        made.write("x")


def test_a_line_break_in_a_header_does_not_begin_another(make):
    made = make("mimeMultipart", headers_inline=True, include_headers="X-.*")
    made.headers["X-A"] = "1\r\nX-Evil: 2"
    assert message_from_bytes(made.write("x"))["X-Evil"] is None


@pytest.mark.parametrize("options", [{"include_headers": "("}, {"multipart_sub_type": "a b"}])
def test_options_that_cannot_be_meant_are_refused_at_load(make, options):
    with pytest.raises(OptionError):
        make("mimeMultipart", **options)


def test_nothing_is_no_bytes(make):
    with pytest.raises(NoConversion):
        make("mimeMultipart").write(None)


def test_thousands_of_parts_are_refused(make):
    with pytest.raises(Malformed, match="more than 1000 parts"):
        read(make("mimeMultipart"), b"--XX\r\n\r\nx\r\n" * 1001 + b"--XX--", WITH_ATTACHMENT)


def test_bottomless_nesting_is_refused(make):
    data = b"".join(
        b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (level, level + 1) for level in range(3000)
    )
    with pytest.raises(Malformed):
        read(make("mimeMultipart"), data, {"Content-Type": "multipart/mixed; boundary=0"})


def attached(*names):
    parts = b"".join(
        b'--XX\r\nContent-Disposition: attachment; filename="%b"\r\n\r\n%d\r\n' % (name.encode(), number)
        for number, name in enumerate(names)
    )
    return b"--XX\r\nContent-Type: text/plain\r\n\r\nbody\r\n" + parts + b"--XX--\r\n"


def test_attachments_with_one_name_are_all_kept(make):
    made = make("mimeMultipart")
    read(made, attached("scan.pdf", "2-scan.pdf", "scan.pdf", "scan.pdf"), WITH_ATTACHMENT)
    assert made.exchange.message.attachments == {
        "scan.pdf": b"0",
        "2-scan.pdf": b"1",
        "3-scan.pdf": b"2",
        "4-scan.pdf": b"3",
    }


def test_an_attachment_takes_no_place_of_one_that_the_message_has_already(make):
    made = make("mimeMultipart")
    made.exchange.message.attachments = {"scan.pdf": b"older"}
    read(made, attached("scan.pdf"), WITH_ATTACHMENT)
    assert made.exchange.message.attachments == {"scan.pdf": b"older", "2-scan.pdf": b"0"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain; charset=iso-8859-1"},
        {"Content-Type": "text/plain", "Content-Encoding": "ISO8859_1"},
    ],
)
def test_text_is_written_in_the_charset_that_is_declared(make, headers):
    made = make("mimeMultipart", multipart_without_attachment=True)
    made.headers.update(headers)
    assert "Grüße".encode("iso-8859-1") in made.write("Grüße")


def test_bytes_are_written_as_they_are_whatever_charset_is_declared(make):
    made = make("mimeMultipart", multipart_without_attachment=True)
    made.headers["Content-Type"] = "text/plain; charset=utf-16"
    assert b"\r\n\r\nplain\r\n" in made.write(b"plain")


def test_text_that_the_declared_charset_cannot_hold_is_refused(make):
    made = make("mimeMultipart", multipart_without_attachment=True)
    made.headers["Content-Type"] = "text/plain; charset=iso-8859-1"
    with pytest.raises(ConversionFailed, match="iso-8859-1"):
        made.write("10 €")


def test_text_under_a_charset_that_nobody_knows_is_refused(make):
    made = make("mimeMultipart", multipart_without_attachment=True)
    made.headers["Content-Type"] = "text/plain; charset=klingon"
    with pytest.raises(ConversionFailed, match="klingon"):
        made.write("text")


def test_an_encoding_that_is_no_charset_is_not_written_as_one(make):
    made = make("mimeMultipart", multipart_without_attachment=True)
    made.headers.update({"Content-Type": "text/plain", "Content-Encoding": "gzip"})
    assert b"Content-Type: text/plain\r\n" in made.write("text")
