"""``tarFile``: tar files of one entry, or of many for a split (Camel's page "Tar File").

An archive that is damaged or cut off is refused, also one that ends between two entries without the mark of its end. With ``usingIterator`` the
entries before the damage are messages by then, and come again when the archive is delivered again.
"""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterator
from typing import Any, Self

from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._entries import FILE_NAME, Entries, folders, safe_name, written_name
from esb.dataformats._octets import CHUNK, MAX_SIZE, Spool, Unpackable, Unreadable, reader
from esb.exchange import Exchange
from esb.fields import Kind, field


class TarFile(DataFormatSpec):
    """Tar files."""

    name = "tarFile"
    using_iterator = field(
        Kind.BOOL, False, doc="Unpack all entries, as messages for a streaming split; otherwise there must be one."
    )
    allow_empty_directory = field(Kind.BOOL, False, doc="Give folders too, as empty messages.")
    preserve_path_elements = field(Kind.BOOL, False, doc="Keep the folders of the file name when packing.")
    max_decompressed_size = MAX_SIZE

    def build(self, context: Context) -> DataFormat:
        return TarFormat(self)


class TarFormat:
    """Reads the archive as it comes, entry by entry; a large one goes into a file. Stateless after construction."""

    def __init__(self, spec: TarFile) -> None:
        self._spec = spec

    def marshal(self, exchange: Exchange, value: Any) -> Any:
        path, spool, now = written_name(exchange), Spool(), int(time.time())
        with reader(value) as source:
            packed = Spool().copy(source)
        with (
            reader(packed.body()) as content,
            tarfile.open(fileobj=spool, mode="w|", format=tarfile.PAX_FORMAT) as archive,  # type: ignore[call-overload]  # it only writes
        ):
            named = path.name
            if self._spec.preserve_path_elements:
                above = folders(path)
                for folder in above:
                    archive.addfile(_info(folder, now, kind=tarfile.DIRTYPE, mode=0o755))
                named = above[-1] + path.name if above else path.name
            archive.addfile(_info(named, now, size=packed.size), content)
        exchange.message.headers[FILE_NAME] = f"{path.name}.tar"
        return spool.body()

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        if self._spec.using_iterator:
            return Entries(exchange, "CamelTarFileEntryName", self._all(data))
        found = list(self._entries(data, limit=1))
        name, body = found[0]
        exchange.message.headers[FILE_NAME] = name
        return body

    def _all(self, data: Any) -> Iterator[tuple[str, Any]]:
        for name, body in self._entries(data):
            if body is not None:
                yield name, body
            elif self._spec.allow_empty_directory:
                yield name, b""

    def _entries(self, data: Any, limit: int = 0) -> Iterator[tuple[str, Any]]:
        """Name and body of each entry; a folder's body is None. At least one, at most ``limit``, or Unpackable is raised."""
        left, count = self._spec.max_decompressed_size, 0
        with reader(data) as source:
            try:
                with tarfile.open(fileobj=source, mode="r|", tarinfo=_Header) as archive:
                    for member in archive:
                        count += 1
                        if limit and count > limit:
                            raise Unpackable("Tar file has more than 1 entry.")
                        name = safe_name(member.name) + ("/" if member.isdir() else "")
                        if member.isdir():
                            yield name, b"" if limit else None
                            continue
                        spool = _unpacked(archive, member, left)
                        left = max(1, left - spool.size)
                        yield name, spool.body()
            except (Unpackable, Unreadable):
                raise
            except (tarfile.TarError, EOFError, ValueError, OSError) as error:
                if count:
                    raise Unreadable(f"the tar file is cut off or damaged: {error}") from error
                raise Unpackable(f"Unable to untar the file, it may be corrupted: {error}") from error
        if not count:
            raise Unpackable("Unable to untar the file, it may be corrupted.")


class _Header(tarfile.TarInfo):
    """A header that cannot be read is damage, and so is none at all: tarfile takes both for the end of the archive, and says nothing."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if isinstance(error, tarfile.EOFHeaderError):  # type: ignore[attr-defined]  # an empty block, as the end is marked
                raise
            raise tarfile.ReadError(str(error)) from None


def _unpacked(archive: tarfile.TarFile, member: tarfile.TarInfo, max_size: int) -> Spool:
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        raise Unpackable(f"the tar file's entry {member.name[:100]!r} is a link or a device, which has no content")
    spool = Spool(max_size)
    with content:
        while chunk := content.read(CHUNK):
            spool.write(chunk)
    if spool.size != member.size:
        raise Unreadable(f"the tar file ends within {member.name[:100]!r}")
    return spool


def _info(name: str, now: int, *, size: int = 0, kind: bytes = tarfile.REGTYPE, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.type, info.mode = size, now, kind, mode
    return info
