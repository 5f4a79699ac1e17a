"""multipart/related messages (RFC 2387): the envelope and what is attached to it, read within bounds and written as a stream.

Reading copies nothing: parts are views of the message, which may be a file mapped into memory. Senders differ (boundaries with ``uuid:`` in them,
a blank line before the first one, Content-IDs escaped in ``cid:`` URLs, a root that is not the first part), and all of that is taken; what is not
taken is more parts, or longer heads, than any honest message has, a root that is missing, and two parts with one name.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any, Final
from urllib.parse import quote, unquote

from adapters.soap.attachment import BINARY, Attachment, chunks, media_type_of, size_of
from esb.errors import Malformed

MAX_PARTS: Final = 200
MAX_HEAD: Final = 8192
XOP_MEDIA: Final = "application/xop+xml"

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=?@&*; -]{0,199}[0-9A-Za-z'()+_,./:=?@&*;-]")
_END: Final = rb"(?:--)?[ \t]*+(?:\r?\n|\Z)"
_LINE_END: Final = re.compile(_END)


@dataclass(frozen=True, slots=True)
class Related:
    """A message in parts. ``root`` holds the envelope; ``parts`` the others by Content-ID (or by number), in their order."""

    root: Attachment
    parts: Mapping[str, Attachment]


def is_multipart(content_type: str) -> bool:
    """Whether a Content-Type says that the message has parts."""
    return content_type.partition(";")[0].strip().lower() == "multipart/related"


def read(content_type: str, data: Any, *, max_parts: int = MAX_PARTS) -> Related:
    """Take a message apart. ``data`` is bytes or a mapped file. Raises :class:`~esb.errors.Malformed`."""
    told = _parameters(content_type)
    boundary = told.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise Malformed("the multipart message names no boundary, or one that is none")
    start = told.get("start", "").strip().strip("<>")
    root: Attachment | None = None
    parts: dict[str, Attachment] = {}
    view = memoryview(data)
    for number, (begin, end) in enumerate(_sections(data, b"--" + boundary.encode("latin-1"))):
        if number > max_parts:
            raise Malformed(f"the message has more than {max_parts} attachments")
        part, content_id = _part(data, view, begin, end, number)
        if root is None and (content_id == start if start else number == 0):
            root = part
            continue
        if content_id in parts or (root is not None and content_id == root.name):
            raise Malformed(f"two parts of the message have the Content-ID {content_id[:80]!r}")
        parts[content_id] = part
    if root is None:
        raise Malformed(f"the message has no part {start[:80]!r}, which 'start' names" if start else "no part is there")
    return Related(root, parts)


def content_id_of(url: str) -> str | None:
    """The Content-ID that a ``cid:`` URL means (RFC 2392), None for another URL."""
    return unquote(url[4:]) if url[:4].lower() == "cid:" else None


def cid(content_id: str) -> str:
    """The ``cid:`` URL of a Content-ID."""
    return "cid:" + quote(content_id, safe="@.-_~!$&'()*+,;=:")


def new_content_id() -> str:
    """A Content-ID that nobody else has."""
    return f"{uuid.uuid4()}@esb"


class Writer:
    """A message to be sent: the envelope, then the attachments, each as a stream. Iterating again writes the same again."""

    def __init__(self, root: bytes, root_type: str, attachments: Sequence[tuple[str, Any]], parameters: str) -> None:
        """``attachments`` are Content-ID and bytes or Source; ``parameters`` stand in the message's Content-Type after the boundary."""
        self._root = root
        self._attachments = tuple(attachments)
        self._boundary = f"esb-{uuid.uuid4().hex}"
        self._root_id = new_content_id()
        self._root_type = root_type
        self.content_type = f'multipart/related; boundary="{self._boundary}"; start="<{self._root_id}>"; {parameters}'

    @property
    def length(self) -> int | None:
        """Bytes in all; None if an attachment does not say how long it is."""
        total = len(self._end())
        for content_id, value, kind in self._all():
            size = size_of(value)
            if size is None:
                return None
            total += len(self._head(content_id, kind, value)) + size + 2
        return total

    def __iter__(self) -> Iterator[bytes | memoryview]:
        for content_id, value, kind in self._all():
            yield self._head(content_id, kind, value)
            yield from chunks(value)
            yield b"\r\n"
        yield self._end()

    def whole(self) -> bytes:
        """All of it as bytes."""
        return b"".join(self)

    def _all(self) -> Iterator[tuple[str, Any, str]]:
        yield self._root_id, self._root, self._root_type
        for content_id, value in self._attachments:
            yield content_id, value, media_type_of(value, content_id)

    def _head(self, content_id: str, kind: str, value: Any) -> bytes:
        name = getattr(value, "name", "")
        shown = "" if not name or name == content_id else _file_name(str(name))
        return (
            f"--{self._boundary}\r\nContent-Type: {_plain(kind) or BINARY}\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: <{_plain(content_id)}>\r\n{shown}\r\n"
        ).encode()

    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()


def _plain(text: str) -> str:
    return "".join(one for one in text if " " <= one != "\x7f" and one not in "<>")


def _file_name(name: str) -> str:
    from email.utils import encode_rfc2231

    plain = _plain(name)
    if plain.isascii() and not set('"\\') & set(plain):
        return f'Content-Disposition: attachment; filename="{plain}"\r\n'
    return f"Content-Disposition: attachment; filename*={encode_rfc2231(plain, 'utf-8')}\r\n"


def _sections(data: Any, delimiter: bytes) -> Iterator[tuple[int, int]]:
    """Where each part begins and ends. A delimiter stands at the beginning of a line (RFC 2046 section 5.1.1)."""
    at = _delimiter(data, delimiter, 0)
    while True:
        if at < 0:
            raise Malformed("the multipart message breaks off: its last boundary is missing")
        after = at + len(delimiter)
        if data[after : after + 2] == b"--":
            return
        line = data.find(b"\n", after, after + 200)
        if line < 0:
            raise Malformed("the multipart message breaks off after a boundary")
        following = _delimiter(data, delimiter, line)
        end = following - 1 if following > 0 else following
        if end > 0 and data[end - 1 : end] == b"\r":
            end -= 1
        if following >= 0:
            yield line + 1, max(end, line + 1)
        at = following


def _delimiter(data: Any, delimiter: bytes, at: int) -> int:
    """The next line that is a delimiter, from ``at`` on (``at`` itself may be the line end before it); -1 if there is none."""
    if at == 0 and data[: len(delimiter)] == delimiter and _LINE_END.match(data, len(delimiter)):
        return 0
    line = b"\n" + delimiter
    found = data.find(line, at)
    if found >= 0 and not _LINE_END.match(data, found + len(line)):
        # A line that only begins like one. There may be a million of them, which are no loop for Python.
        match = re.compile(re.escape(line) + _END).search(data, found + 1)
        found = match.start() if match else -1
    return int(found) + 1 if found >= 0 else -1


def _part(data: Any, view: memoryview, begin: int, end: int, number: int) -> tuple[Attachment, str]:
    head, body = _split(data, begin, end)
    fields = _fields(bytes(data[begin:head]))
    content_id = fields.get("content-id", "").strip().strip("<>") or f"part-{number}"
    content = _decoded(fields.get("content-transfer-encoding", "binary").strip().lower(), view[body:end])
    name = _named(fields.get("content-disposition", "")) or content_id
    return Attachment(name, fields.get("content-type", ""), content), content_id


def _split(data: Any, begin: int, end: int) -> tuple[int, int]:
    """Where a part's head ends and where its body begins."""
    if data[begin : begin + 2] == b"\r\n":
        return begin, begin + 2
    if data[begin : begin + 1] == b"\n":
        return begin, begin + 1
    limit = min(end, begin + MAX_HEAD)
    ends = [(found, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (found := data.find(mark, begin, limit)) >= 0]
    if not ends:
        if end - begin > MAX_HEAD:
            raise Malformed(f"a part of the message has a head of more than {MAX_HEAD} bytes")
        raise Malformed("a part of the message has no blank line after its head")
    head, mark = min(ends)
    return head, head + mark


def _fields(head: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in head.decode("latin-1").splitlines():
        if line[:1] in {" ", "\t"} and name:
            fields[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not name:
            raise Malformed("a part of the message has a head line without a name")
        if name in fields:
            raise Malformed(f"a part of the message has two {name[:40]!r} lines")
        fields[name] = value.strip()
    return fields


def _decoded(encoding: str, content: memoryview) -> bytes | memoryview:
    if encoding in {"", "binary", "8bit", "7bit"}:
        return content
    try:
        if encoding == "base64":
            return base64.b64decode(b"".join(bytes(content).split()), validate=True)
        if encoding == "quoted-printable":
            return quopri.decodestring(bytes(content))
    except (binascii.Error, ValueError) as exc:
        raise Malformed(f"a part of the message is not the {encoding} it claims to be: {exc}") from None
    raise Malformed(f"a part of the message has the transfer encoding {encoding[:40]!r}, which is not known")


def _named(disposition: str) -> str:
    if not disposition:
        return ""
    message = Message()
    message["Content-Disposition"] = disposition
    try:
        name = message.get_filename("") or ""
    except (LookupError, UnicodeError, ValueError):
        return ""
    return "".join(one for one in name if one >= " ")


def _parameters(content_type: str) -> dict[str, str]:
    message = Message()
    message["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    try:
        found = message.get_params(header="content-type") or []
        return {str(key).lower(): str(value) for key, value in found}
    except (ValueError, TypeError, LookupError) as exc:
        raise Malformed(f"the Content-Type cannot be read: {exc}") from None


def parameter(content_type: str, name: str) -> str:
    """A parameter of a Content-Type, empty if it is not there. Raises :class:`~esb.errors.Malformed`."""
    return _parameters(content_type).get(name, "")
