"""``zipFile``: zip files of one entry, or of many for a split (Camel's page "Zip File")."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._entries import FILE_NAME, Entries, folders, safe_name, written_name
from esb.dataformats._octets import CHUNK, MAX_RATIO, MAX_SIZE, Spool, Unpackable, Unreadable, reader
from esb.exchange import Exchange
from esb.fields import Kind, field

_MAX_ENTRIES: Final = 100_000
_DAMAGE: Final = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What :mod:`zipfile` and the unpackers below it raise for archives that are damaged, encrypted, or packed in other ways."""


class ZipFile(DataFormatSpec):
    """Zip files."""

    name = "zipFile"
    using_iterator = field(
        Kind.BOOL, False, doc="Unpack all entries, as messages for a streaming split; otherwise there must be one."
    )
    allow_empty_directory = field(Kind.BOOL, False, doc="Give folders too, as empty messages.")
    preserve_path_elements = field(Kind.BOOL, False, doc="Keep the folders of the file name when packing.")
    max_decompressed_size = MAX_SIZE
    max_ratio = MAX_RATIO

    def build(self, context: Context) -> DataFormat:
        return ZipFormat(self)


class ZipFormat:
    """Entries are unpacked one by one, a large one into a file; all together within the bounds. Stateless after construction."""

    def __init__(self, spec: ZipFile) -> None:
        self._spec = spec

    def marshal(self, exchange: Exchange, value: Any) -> Any:
        path, spool = written_name(exchange), Spool()
        now = time.localtime()[:6]
        with reader(value) as source, zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # it only writes
            named = path.name
            if self._spec.preserve_path_elements:
                above = folders(path)
                for folder in above:
                    archive.writestr(zipfile.ZipInfo(folder, now), b"")
                named = above[-1] + path.name if above else path.name
            entry = zipfile.ZipInfo(named, now)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=hasattr(value, "open")) as target:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
        exchange.message.headers[FILE_NAME] = f"{path.name}.zip"
        return spool.body()

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        if self._spec.using_iterator:
            return Entries(exchange, "zipFileName", self._all(data))
        with reader(data) as source, _opened(source) as archive:
            entries = archive.infolist()
            if not entries:
                raise Unpackable("Unable to unzip the file, it may be corrupted.")
            if len(entries) > 1:
                raise Unpackable("Zip file has more than 1 entry.")
            name = safe_name(entries[0].filename)
            body = self._unpacked(archive, entries[0], self._spec.max_decompressed_size).body()
        exchange.message.headers[FILE_NAME] = name
        return body

    def _all(self, data: Any) -> Iterator[tuple[str, Any]]:
        left = self._spec.max_decompressed_size
        with reader(data) as source, _opened(source) as archive:
            for name, entry in [(safe_name(entry.filename), entry) for entry in archive.infolist()]:
                if entry.is_dir():
                    if self._spec.allow_empty_directory:
                        yield name, b""
                    continue
                spool = self._unpacked(archive, entry, left)
                left = max(1, left - spool.size)
                yield name, spool.body()

    def _unpacked(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, max_size: int) -> Spool:
        spool = Spool(max_size, self._spec.max_ratio)
        try:
            with archive.open(entry) as source:
                while chunk := source.read(CHUNK):
                    spool.write(chunk, entry.compress_size)
        except Unreadable:
            raise
        except (*_DAMAGE, _zlib_error()) as error:
            raise Unreadable(f"the zip file's entry {entry.filename[:100]!r} cannot be unpacked: {error}") from error
        return spool


def _opened(source: BinaryIO) -> zipfile.ZipFile:
    begins_well = False
    try:
        begins_well = source.read(4) == b"PK\3\4"
        archive = zipfile.ZipFile(source)
    except _DAMAGE as error:
        if begins_well:
            raise Unreadable("the zip file is cut off: its directory is missing") from error
        raise Unpackable(f"Unable to unzip the file, it may be corrupted: {error}") from error
    if len(archive.infolist()) > _MAX_ENTRIES:
        raise Unreadable(f"the zip file has more than {_MAX_ENTRIES} entries")
    return archive


def _zlib_error() -> type[Exception]:
    import zlib

    return zlib.error
