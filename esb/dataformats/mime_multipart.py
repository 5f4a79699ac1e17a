"""``mimeMultipart``: the body and its attachments as the parts of one MIME message (Camel's page "MIME Multipart"; RFC 2045, 2046)."""

from __future__ import annotations

import contextlib
import itertools
import re
import secrets
import uuid
from collections.abc import Iterator, Mapping
from email.message import Message as Mime
from typing import Any, Final

from esb.coerce import text
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._octets import content
from esb.edge import is_control
from esb.errors import ConversionFailed, Malformed, OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field

_MAX_PARTS: Final = 1000
_BINARY: Final = "application/octet-stream"
_OWN: Final = frozenset({"message-id", "mime-version", "content-type"})
_JAVA_CHARSETS: Final = {"utf-8": "UTF8", "iso-8859-1": "ISO8859_1"}
"""Names of encodings that Camel puts into Content-Encoding."""
_MIME_CHARSETS: Final = {java: mime for mime, java in _JAVA_CHARSETS.items()}


class MimeMultipart(DataFormatSpec):
    """MIME multipart messages."""

    name = "mimeMultipart"
    multipart_sub_type = field(Kind.TEXT, "mixed", doc="What follows multipart/.")
    multipart_without_attachment = field(
        Kind.BOOL, False, doc="Make a message of one part where there is no attachment; otherwise the body stays."
    )
    headers_inline = field(Kind.BOOL, False, doc="The MIME headers stand in the body rather than in headers.")
    include_headers = field(
        Kind.TEXT,
        None,
        doc="Pattern of the headers that go into the body too, with headersInline.",
        example="(?i)x-.*",
    )
    binary_content = field(Kind.BOOL, False, doc="Write parts that are not text as they are, not in base64.")

    def build(self, context: Context) -> DataFormat:
        if not re.fullmatch(r"[A-Za-z0-9.+-]+", self.multipart_sub_type):
            raise OptionError(f"'multipartSubType' is no subtype: {self.multipart_sub_type!r}", self.at)
        try:
            return MultipartFormat(self, re.compile(self.include_headers) if self.include_headers else None)
        except re.error as error:
            raise OptionError(f"'includeHeaders' is no pattern: {error}", self.at) from None


class MultipartFormat:
    """The first part is the body, the others are attachments. Stateless after construction."""

    def __init__(self, spec: MimeMultipart, include: re.Pattern[str] | None) -> None:
        self._spec = spec
        self._include = include

    # -- writing ---------------------------------------------------------------------------------------------------------------

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        from email.utils import formatdate, make_msgid

        spec, message = self._spec, exchange.message
        if not (spec.multipart_without_attachment or spec.headers_inline or message.attachments):
            return content(value)
        kind = text(message.headers.get("Content-Type")) or _BINARY
        encoding = text(message.headers.get("Content-Encoding")) or ""
        if kind.lower().startswith("text/") and "charset" not in kind.lower() and _is_charset(encoding):
            kind += f"; charset={_MIME_CHARSETS.get(encoding, encoding)}"
        parts = [(kind, "", _written(value, kind))]
        for name, attached in (message.attachments or {}).items():
            parts.append((_guessed(name), name, content(attached)))
        boundary = self._boundary(parts)
        body = b"".join(b"--%b\r\n%b\r\n" % (boundary, self._part(*part)) for part in parts)
        body += b"--%b--\r\n" % boundary
        headers = {
            "Date": formatdate(),
            ("Message-ID" if spec.headers_inline else "Message-Id"): make_msgid(domain="localhost"),
            "MIME-Version": "1.0",
            "Content-Type": f'multipart/{spec.multipart_sub_type}; boundary="{boundary.decode()}"',
        }
        message.attachments = None
        message.headers.pop("Content-Type")
        if not spec.headers_inline:
            message.headers.update(headers)
            return b"\r\n" + body
        if self._include is not None:
            headers |= {
                name: text(told) or "" for name, told in message.headers.items() if self._include.fullmatch(name)
            }
        return b"".join(_line(name, told) for name, told in headers.items()) + b"\r\n" + body

    def _boundary(self, parts: list[tuple[str, str, bytes]]) -> bytes:
        while True:
            boundary = f"----=_Part_{secrets.token_hex(12)}".encode()
            if not any(boundary in data for _, _, data in parts):
                return boundary

    def _part(self, kind: str, name: str, data: bytes) -> bytes:
        import base64

        head = _line("Content-Type", kind)
        if kind.lower().startswith("text/"):
            head += _line("Content-Transfer-Encoding", "8bit")
        elif self._spec.binary_content:
            head += _line("Content-Transfer-Encoding", "binary")
        else:
            head += _line("Content-Transfer-Encoding", "base64")
            data = base64.encodebytes(data).replace(b"\n", b"\r\n").removesuffix(b"\r\n")
        if name:
            head += b"Content-Disposition: attachment; filename%b\r\n" % _parameter(name)
        return head + b"\r\n" + data

    # -- reading ---------------------------------------------------------------------------------------------------------------

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        headers = exchange.message.headers
        if self._spec.headers_inline:
            whole = _parsed(content(data))
            if not whole.keys():
                return data
            for name, told in whole.items():
                if name.lower() not in _OWN and not is_control(name):  # a sender must not choose the bus's own headers
                    headers[name] = str(told)
        else:
            kind = text(headers.get("Content-Type")) or ""
            if not kind.lower().lstrip().startswith("multipart/"):
                return data
            whole = _parsed(_line("Content-Type", kind) + b"\r\n" + content(data))
        if whole.get_content_maintype() != "multipart":
            return data
        found: Any = whole.get_payload()
        if not isinstance(found, list) or not found:
            raise Malformed("the MIME message has no start boundary")
        if len(found) > _MAX_PARTS:
            raise Malformed(f"the MIME message has more than {_MAX_PARTS} parts")
        headers.pop("MIME-Version")
        headers.pop("Content-Type")
        body, *others = found
        attachments = dict(exchange.message.attachments or {})
        for name, attached in _attachments(others):
            attachments[_free(name, attachments)] = attached
        if attachments:
            exchange.message.attachments = attachments
        self._describe(headers, body)
        return _payload(body)

    @staticmethod
    def _describe(headers: Any, part: Mime) -> None:
        kind = part.get("Content-Type")
        if kind and kind != _BINARY:
            headers["Content-Type"] = " ".join(str(kind).split())
            charset = part.get_content_charset()
            if charset:
                headers["Content-Encoding"] = _JAVA_CHARSETS.get(charset, charset)


def _parsed(data: bytes) -> Mime:
    from email.parser import BytesParser

    try:
        return BytesParser().parsebytes(data)
    except (RecursionError, ValueError, LookupError) as error:
        raise Malformed(f"not a MIME message: {error}") from error


def _payload(part: Mime) -> bytes:
    if part.is_multipart():
        try:
            return part.as_bytes()
        except (RecursionError, ValueError, LookupError, UnicodeError) as error:
            raise Malformed(f"not a MIME message: {error}") from error
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _attachments(parts: list[Any]) -> Iterator[tuple[str, bytes]]:
    for part in parts:
        name = _filename(part) or str(part.get("Content-ID") or "").strip("<> ") or f"{uuid.uuid4()}@esb"
        yield name, _payload(part)


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """The name, or ``2-name`` and so on if there is such an attachment: scanners and mail programs call several parts alike."""
    if name not in taken:
        return name
    return next(told for number in itertools.count(2) if (told := f"{number}-{name}") not in taken)


def _filename(part: Mime) -> str:
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    told = part.get_filename() or ""
    if not isinstance(
        part.get_param("filename", header="content-disposition"), tuple
    ):  # RFC 2231 holds no encoded words
        with contextlib.suppress(HeaderParseError, LookupError, UnicodeError, ValueError):
            told = str(make_header(decode_header(told)))
    return "".join(one for one in told if one >= " ")


def _is_charset(name: str) -> bool:
    try:
        name.encode(name)  # Content-Encoding may say gzip, which Python knows only as no charset
    except (LookupError, ValueError):
        return False
    return True


def _written(value: Any, kind: str) -> bytes:
    """The body as its part holds it: text in the charset that the part's type declares. Raises ConversionFailed where that cannot be."""
    if not isinstance(value, str):
        return content(value)
    declared = Mime()
    declared["Content-Type"] = kind
    charset = declared.get_content_charset("utf-8")
    try:
        return value.encode(charset)
    except UnicodeError:
        raise ConversionFailed(
            f"the text holds characters that {charset[:40]!r}, the charset of the Content-Type, has not: declare utf-8"
        ) from None
    except (LookupError, ValueError):
        raise ConversionFailed(
            f"the charset {charset[:40]!r} of the Content-Type is not known: name one that is, or convert the body to bytes"
        ) from None


def _guessed(name: str) -> str:
    import mimetypes

    return mimetypes.guess_type(name)[0] or _BINARY


def _line(name: str, told: str) -> bytes:
    """A header's line. Raises ConversionFailed for control characters, which would begin another header."""
    told = " ".join(part.strip() for part in told.splitlines()) if "\n" in told else told
    if any(one < " " and one != "\t" for one in name + told) or ":" in name:
        raise ConversionFailed(f"the header {name[:40]!r} holds control characters and cannot be written")
    return f"{name}: {told}\r\n".encode()


def _parameter(name: str) -> bytes:
    from email.utils import encode_rfc2231

    plain = "".join(one for one in name if one >= " ")
    # Readers disagree on escapes within quotes and on encoded words there: such names are written the extended way.
    if plain.isascii() and not re.search(r'["\\<>]|=\?', plain):
        return b'="%b"' % plain.encode()
    return b"*=" + encode_rfc2231(plain, "utf-8").encode()
