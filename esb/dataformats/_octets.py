"""What formats of bytes share: reading the body, bounds on what is unpacked, and a place for large results."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, Final

from esb.coerce import NoConversion, Source, converter
from esb.errors import Malformed
from esb.fields import Kind, field
from esb.javanames import IllegalStateException, IOException

CHUNK: Final = 1 << 16
_IN_MEMORY: Final = 1 << 20
_GRACE: Final = 16 << 20
"""Results up to this size may be packed as tightly as they like."""

MAX_SIZE: Any = field(
    Kind.SIZE, 1 << 30, name="maxDecompressedSize", doc="Largest result; a message that unpacks to more fails."
)
MAX_RATIO: Any = field(
    Kind.INT,
    500,
    doc="How many times its packed size a result above 16 MB may have; a bomb has a thousand. 0 for any.",
)

_to_bytes = converter("bytes")


class Unreadable(Malformed, IOException):
    """Packed bytes that are cut off, damaged or too large; a route catches it as ``java.io.IOException`` too."""


class EOFException(Unreadable):
    """``java.io.EOFException``: the packed bytes are cut off."""


class ZipException(Unreadable):
    """``java.util.zip.ZipException``: the packed bytes are damaged."""


class Unpackable(Malformed, IllegalStateException):
    """Something that is no archive, or not the one that is expected; a route catches it as ``java.lang.IllegalStateException`` too."""


def reader(value: Any) -> closing[BinaryIO]:
    """The body as a stream of bytes, to be used in a ``with``. Raises NoConversion for nothing, numbers, lists and maps, as Camel does."""
    if isinstance(value, Source):
        return closing(value.open())
    return closing(io.BytesIO(content(value)))


def content(value: Any) -> bytes:
    """The body as bytes. Raises NoConversion as :func:`reader`."""
    if value is None:
        raise NoConversion("there is nothing that could be had as bytes")
    data: bytes = _to_bytes(value)
    return data


class Spool:
    """Bytes on their way to a body: small ones stay in memory, large ones go to a file without a name.

    Holds the result to bounds while it grows. One thread at a time.
    """

    def __init__(self, max_size: int = 0, max_ratio: int = 0) -> None:
        self._parts = bytearray()
        self._file: _Unnamed | None = None
        self._max_size = max_size
        self._max_ratio = max_ratio
        self.size = 0

    def write(self, data: bytes, read: int = 0) -> int:
        """Add what ``read`` packed bytes (so far) gave; their number, as of a file's write. Raises Unreadable beyond a bound."""
        self.size += len(data)
        if self._max_size and self.size > self._max_size:
            raise Unreadable(
                f"unpacks to more than {self._max_size} bytes; if that is right, set 'maxDecompressedSize' higher"
            )
        if self._max_ratio and self.size > _GRACE and self.size > read * self._max_ratio:
            raise Unreadable(
                f"unpacks to more than {self._max_ratio} times its size, as a bomb does; if that is right, set 'maxRatio' higher"
            )
        self._parts += data
        if self.size > _IN_MEMORY:
            self._file = self._file or _Unnamed()
            self._file.append(self._parts)
            self._parts.clear()
        return len(data)

    def flush(self) -> None:
        """Nothing to do: for those who take this for a file."""

    def copy(self, source: BinaryIO) -> Spool:
        """Add the rest of a stream."""
        while chunk := source.read(CHUNK):
            self.write(chunk)
        return self

    def body(self) -> bytes | Spooled:
        """What was written: bytes, or a source that can be read again and again."""
        return bytes(self._parts) if self._file is None else Spooled(self._file)


class _Unnamed:
    """A file that nobody else sees and that goes with the last who holds it."""

    def __init__(self) -> None:
        self.handle, name = tempfile.mkstemp(prefix="esb-body-")
        Path(name).unlink()

    def append(self, data: bytearray) -> None:
        """Write all of it at the end."""
        left = memoryview(data)
        while left:
            left = left[os.write(self.handle, left) :]
        left.release()

    def __del__(self) -> None:
        os.close(self.handle)


class Spooled:
    """A large body in a file without a name, which goes when the last reader and the body itself are gone. Thread-safe."""

    charset = "utf-8"

    def __init__(self, file: _Unnamed) -> None:
        self._file = file

    def open(self) -> BinaryIO:
        """A reader from the start."""
        return io.BufferedReader(_Window(self._file), CHUNK)

    def __repr__(self) -> str:
        return f"<{os.fstat(self._file.handle).st_size} bytes>"


class _Window(io.RawIOBase):
    """A reader with a position of its own, so that several can read the same file."""

    def __init__(self, file: _Unnamed) -> None:
        super().__init__()
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence, os.fstat(self._file.handle).st_size)
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._file.handle, len(buffer), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
