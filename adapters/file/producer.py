"""The writing end of ``file:``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from adapters.file.content import chunks
from adapters.file.errors import Refused, shown
from adapters.file.found import Found
from adapters.file.moving import move
from adapters.file.naming import compiled, done_name, dynamic
from adapters.file.place import Folder, checked, exists
from adapters.file.writing import Writing
from esb.coerce import Source, integer, text
from esb.component import Producer
from esb.errors import OptionError
from esb.exchange import Exchange

if TYPE_CHECKING:
    from adapters.file.endpoint import FileEndpoint

_NAME = "CamelFileName"
_OVERRULE = "CamelOverruleFileName"
_PRODUCED = "CamelFileNameProduced"


class FileProducer(Producer):
    """Writes a message as a file. Thread-safe."""

    def __init__(self, endpoint: FileEndpoint) -> None:
        self._endpoint = endpoint
        context, at = endpoint.context, endpoint.at
        self._name = compiled(context, endpoint.file_name, at) if endpoint.file_name else None
        self._temporary = compiled(context, endpoint.temp_file_name, at) if endpoint.temp_file_name else None
        self._done = done_name(endpoint.done_file_name, at) if endpoint.done_file_name else None
        written = endpoint.move_existing
        if written and not dynamic(written):
            folder = written.rstrip("/")
            written = f"{'' if folder.startswith('/') else '${file:parent}/'}{folder}/${{file:onlyname}}"
        self._existing = compiled(context, written, at) if written else None
        self._mode = _mode("chmod", endpoint)
        self._writing = Writing(endpoint.force_writes, self._mode, endpoint.checksum_file_algorithm)
        self._end = (endpoint.append_chars or "").replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t")
        self._folder_mode = _mode("chmod_directory", endpoint)

    def start(self) -> None:
        """Clear away what a process left that was killed while it wrote."""
        self._endpoint.component.sweep(self._endpoint.folder)

    def send(self, exchange: Exchange) -> None:
        """Write the file; on return it is on disk (see forceWrites). Raises BadName, Refused, NotStored."""
        headers = exchange.message.headers
        before = headers.get(_NAME)
        overruled = headers.get(_OVERRULE)
        if overruled is not None:
            headers[_NAME] = overruled
        try:
            name = self._named(exchange)
        except Exception:
            if overruled is not None:
                headers.pop(_OVERRULE)
                headers[_NAME] = before
            raise
        try:
            self._store(exchange, name)
        finally:
            # A name that was meant for this file must not choose the next one.
            headers.pop(_OVERRULE)
            headers[_NAME] = before
        headers[_PRODUCED] = os.path.normpath(f"{self._endpoint.shown_folder}/{name}")

    def _named(self, exchange: Exchange) -> str:
        endpoint = self._endpoint
        name = text(self._name(exchange) if self._name else exchange.message.headers.get(_NAME))
        if name is None:
            name = exchange.id
        if endpoint.flatten:
            name = name.replace("\\", "/").rpartition("/")[2]
        return checked(name, endpoint.folder, jailed=endpoint.jail_starting_directory)

    def _store(self, exchange: Exchange, name: str) -> None:
        endpoint = self._endpoint
        base, inside, only_name = self._split(name)
        if exchange.message.body is None and not endpoint.allow_null_body:
            raise Refused(f"cannot write null body to file: {shown(name)}; set allowNullBody to write an empty file")
        places = Folder(base, create=endpoint.auto_create, mode=self._folder_mode)
        if endpoint.file_exist == "Append":
            self._append(exchange, places, f"{base}/{inside}/{only_name}" if inside else f"{base}/{only_name}", inside)
            if self._done is None:
                return
        with places.opened(inside) as folder:
            if endpoint.file_exist == "Append" or self._replace(exchange, folder, name, only_name):
                self._finish(folder, only_name)

    def _split(self, name: str) -> tuple[str, str, str]:
        """Folder to start from, folder below it, name in it."""
        inside, _, only_name = name.rpartition("/")
        if self._endpoint.jail_starting_directory:
            return self._endpoint.folder, inside, only_name
        whole = os.path.normpath(name if name.startswith("/") else f"{self._endpoint.folder}/{name}")
        folder, _, only_name = whole.rpartition("/")
        return folder or "/", "", only_name

    def _pieces(self, exchange: Exchange) -> Any:
        endpoint = self._endpoint
        body = exchange.message.body
        if body is not None:
            yield from chunks(body, endpoint.charset, endpoint.buffer_size)
        if self._end:
            yield self._end.encode(endpoint.charset or "utf-8")

    def _append(self, exchange: Exchange, places: Folder, path: str, inside: str) -> None:
        endpoint = self._endpoint
        pieces = self._pieces(exchange)
        body = exchange.message.body
        # Bytes and text are asked for first: a line a row is the usual case, and a look at a protocol costs as much as the write.
        if isinstance(body, (bytes, str)) or not (isinstance(body, Source) or hasattr(body, "read")):
            pieces = [b"".join(pieces)]  # one write: a crash leaves the line whole or not there
        endpoint.component.appender.append(
            path,
            lambda: places.open(inside),
            pieces,
            exchange.unit,
            force=endpoint.force_writes,
            mode=self._mode,
        )

    def _replace(self, exchange: Exchange, folder: int, name: str, only_name: str) -> bool:
        """Write the file under its name; False where it exists and shall stay."""
        endpoint = self._endpoint
        taken = exists(only_name, folder)
        fresh = endpoint.file_exist in {"Fail", "Ignore"}
        if taken and endpoint.file_exist == "Move":
            self._move_existing(name)
        if not (taken and fresh):
            written = self._writing.write(
                folder,
                only_name,
                self._pieces(exchange),
                temporary=self._temporary_name(exchange, only_name),
                fresh=fresh,
                modified=self._modified(exchange),
            )
            if written:
                return True
        if endpoint.file_exist == "Fail":
            raise Refused(
                f"file already exists: {shown(endpoint.folder)}/{shown(name)}, cannot write new file (fileExist=Fail)"
            )
        return False

    def _temporary_name(self, exchange: Exchange, only_name: str) -> str:
        endpoint = self._endpoint
        if self._temporary is not None:
            told = text(self._temporary(exchange)) or ""
        elif endpoint.temp_prefix:
            told = endpoint.temp_prefix + only_name
        else:
            return ""
        return checked(told, endpoint.folder, jailed=True).rpartition("/")[2]

    def _modified(self, exchange: Exchange) -> int | None:
        if not self._endpoint.keep_last_modified:
            return None
        return integer(exchange.message.headers.get("CamelFileLastModified"))

    def _move_existing(self, name: str) -> None:
        endpoint = self._endpoint
        assert self._existing is not None
        found = Found(endpoint.folder, endpoint.shown_folder, name)
        bound = found.as_exchange
        bound.message.headers[_NAME] = f"{endpoint.shown_folder}/{name}"  # as Camel has it here, and only here
        told = text(self._existing(bound))
        if not told:
            raise Refused(f"moveExisting gives no name for {shown(name)}")
        told = told.removeprefix(endpoint.shown_folder + "/")
        move(found.path, os.path.normpath(told if told.startswith("/") else f"{endpoint.folder}/{told}"))

    def _finish(self, folder: int, only_name: str) -> None:
        if self._done is not None:
            done = checked(self._done(only_name), self._endpoint.folder, jailed=True)
            Writing(self._writing.force, self._mode).write(folder, done, [])


def _mode(attribute: str, endpoint: FileEndpoint) -> int | None:
    written: str | None = getattr(endpoint, attribute)
    if not written:
        return None
    try:
        mode = int(written, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise OptionError(f"{attribute} {written!r} is no mode: write three octal digits, such as 640", endpoint.at)
    return mode
