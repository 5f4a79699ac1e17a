"""What comes or goes beside the envelope: bytes with a media type, read as often as wanted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

from esb.coerce import Source, octets

BINARY: Final = "application/octet-stream"
CHUNK: Final = 1 << 16


class Attachment:
    """A part that came with a message (:class:`esb.coerce.Source`). The bytes are a view of the message, not a copy. Immutable; thread-safe."""

    __slots__ = ("charset", "content_type", "data", "name")

    def __init__(self, name: str, content_type: str, data: bytes | memoryview) -> None:
        """``name`` is the Content-ID without its brackets, unless the part has a file name."""
        self.name = name
        self.content_type = content_type or BINARY
        self.charset = ""
        self.data = data

    def open(self) -> BinaryIO:
        """A new reader from the start."""
        return cast("BinaryIO", io.BufferedReader(_View(memoryview(self.data)), CHUNK))

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (bytes, bytearray, memoryview)):
            return self.data == other
        return isinstance(other, Attachment) and (self.content_type, self.data) == (other.content_type, other.data)

    def __hash__(self) -> int:
        return hash((self.name, self.content_type, len(self)))

    def __repr__(self) -> str:
        return f"<Attachment {self.name[:60]!r}, {self.content_type[:60]}, {len(self)} bytes>"


class _View(io.RawIOBase):
    """A reader over a view."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._view)}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        taken = self._view[self._at : self._at + len(buffer)]
        buffer[: len(taken)] = taken
        self._at += len(taken)
        return len(taken)


def media_type_of(value: Any, name: str = "") -> str:
    """The media type that an attachment carries, or what its name suggests."""
    import mimetypes

    told = getattr(value, "content_type", None)
    return str(told) if told else mimetypes.guess_type(name)[0] or BINARY


def chunks(value: Any) -> Iterator[bytes | memoryview]:
    """The bytes of an attachment, never all at once where they need not be. Raises ConversionFailed for what is no bytes."""
    if isinstance(value, Attachment):
        view = memoryview(value.data)
        for at in range(0, len(view), CHUNK):
            yield view[at : at + CHUNK]
    elif isinstance(value, Source):
        with value.open() as reader:
            while data := reader.read(CHUNK):
                yield data
    else:
        yield octets(value) or b""


def size_of(value: Any) -> int | None:
    """How many bytes an attachment has, None if that is known only at its end."""
    if isinstance(value, (bytes, bytearray, memoryview, Attachment)):
        return len(value)
    length = getattr(value, "length", None)
    return length if isinstance(length, int) else None
