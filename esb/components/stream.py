"""``stream:out``, ``stream:err``, ``stream:file``: writes lines to the process's output or a file, reads a file's (Camel's stream component)."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from typing import BinaryIO, ClassVar, Final

from esb.coerce import inner, octets
from esb.component import Component, Consumer, Deliver, Endpoint, Producer
from esb.errors import OptionError, TransportError
from esb.exchange import IN_ONLY, Exchange
from esb.fields import Kind, field
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.stream")
_LONGEST: Final = 16 << 20
"""Bytes of a line; more is an error, as it would fill the memory."""


class StreamEndpoint(Endpoint):
    """Options of ``stream:``."""

    kind = field(
        Kind.TEXT, path=True, enum=("out", "err", "file"), doc="Where lines go; only a file can be read.", example="out"
    )
    file_name = field(Kind.TEXT, None, doc="The file, below the project unless absolute.", example="audit.txt")
    encoding = field(Kind.TEXT, "utf-8", doc="Character encoding of the lines.")
    append_new_line = field(Kind.BOOL, True, doc="Whether each body that is written ends a line.")
    delay = field(Kind.DURATION, 0.0, doc="Time to wait before each body is written.")
    group_lines = field(Kind.INT, 0, doc="Make one message of so many lines, a list.")
    scan_stream = field(Kind.BOOL, False, doc="Go on reading as the file grows.")
    scan_stream_delay = field(Kind.DURATION, 1.0, doc="Time between two looks at a file that may have grown.")
    initial_prompt_delay = field(Kind.DURATION, 2.0, doc="Accepted without effect: there is no prompt.")
    prompt_delay = field(Kind.DURATION, 0.0, doc="Accepted without effect: there is no prompt.")
    prompt_message = field(Kind.TEXT, None, doc="Accepted without effect: there is no prompt.")
    auto_close_count = field(Kind.INT, 0, doc="Accepted without effect: a file is closed after each write.")
    close_on_done = field(Kind.BOOL, False, doc="Accepted without effect: a file is closed after each write.")
    file_watcher = field(Kind.BOOL, False, doc="Accepted without effect: a growing file is looked at.")
    retry = field(Kind.BOOL, False, doc="Accepted: a growing file may be absent at first.")
    read_line = field(Kind.BOOL, True, doc="Accepted: a message is a line.")

    def prepare(self) -> None:
        if self.kind == "file" and not self.file_name:
            raise OptionError("stream:file needs 'fileName'", self.at, "write stream:file?fileName=audit.txt")
        try:
            "".encode(self.encoding)
        except LookupError:
            raise OptionError(f"there is no character encoding {self.encoding!r}", self.at) from None

    @property
    def place(self) -> Path:
        """The file."""
        return self.context.path(self.file_name or "")

    def producer(self) -> StreamProducer:
        return StreamProducer(self)

    def consumer(self, deliver: Deliver) -> StreamConsumer:
        if self.kind != "file":
            raise OptionError(f"stream:{self.kind} cannot be read", self.at, "read a file, with stream:file")
        return StreamConsumer(self, deliver)


class StreamComponent(Component):
    """Has one lock for the process's output, so that lines do not mix."""

    schemes = ("stream",)
    endpoint_class = StreamEndpoint
    lock: ClassVar[threading.Lock] = threading.Lock()


class StreamProducer(Producer):
    """Writes. Thread-safe."""

    def __init__(self, endpoint: StreamEndpoint) -> None:
        self._endpoint = endpoint

    def send(self, exchange: Exchange) -> None:
        """Write the body, ``null`` for none. Raises TransportError where it cannot be written."""
        endpoint = self._endpoint
        if endpoint.delay > 0:
            endpoint.context.stopping.wait(endpoint.delay)
        body = exchange.message.body
        data = body if isinstance(body, bytes) else _text(body).encode(endpoint.encoding, "replace")
        if endpoint.append_new_line:
            data += b"\n"
        try:
            with StreamComponent.lock:
                self._write(data)
        except OSError as error:
            raise TransportError(f"{endpoint.uri}: {error}") from error

    def _write(self, data: bytes) -> None:
        endpoint = self._endpoint
        if endpoint.kind == "file":
            with endpoint.place.open("ab") as file:
                file.write(data)
            return
        stream = sys.stdout if endpoint.kind == "out" else sys.stderr
        stream.write(data.decode(endpoint.encoding, "replace"))
        stream.flush()


def _text(body: object) -> str:
    if body is None:
        return "null"
    try:
        return octets(body).decode()
    except (TypeError, ValueError):
        return inner(body)


class StreamConsumer(Consumer):
    """Reads a file from its start, a message a line; in one process of the project only."""

    exclusive: ClassVar[bool] = True

    def __init__(self, endpoint: StreamEndpoint, deliver: Deliver) -> None:
        self._endpoint = endpoint
        self._deliver = deliver
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._index = 0
        self._group: list[str] = []

    def start(self) -> None:
        """Begin to read. No effect while it reads."""
        if self._thread is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), name="stream", daemon=True)
            self._thread.start()

    def stop(self, drain: float = 30.0) -> None:
        """Read no more. Idempotent."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(drain)

    def _run(self, stop: threading.Event) -> None:
        endpoint, at = self._endpoint, 0
        while not stop.is_set():
            try:
                with endpoint.place.open("rb") as file:
                    file.seek(at)
                    self._read(file, stop)
                    at = file.tell()
            except OSError as error:
                if not endpoint.scan_stream:
                    _log.error("%s cannot be read: %s", endpoint.uri, error)
            if not endpoint.scan_stream or stop.wait(endpoint.scan_stream_delay):
                return

    def _read(self, file: BinaryIO, stop: threading.Event) -> None:
        line = self._line(file)
        while line is not None and not stop.is_set():
            begun = file.tell()
            after = self._line(file)
            self._take(line, last=after is None)
            if after is not None and stop.is_set():
                file.seek(begun)
            line = after

    def _line(self, file: BinaryIO) -> str | None:
        """The next line; None at the end, also for a last line that may still grow."""
        begun = file.tell()
        data = file.readline(_LONGEST + 1)
        if len(data) > _LONGEST:
            raise OSError(f"a line of more than {_LONGEST} bytes at byte {begun}")
        if not data or (self._endpoint.scan_stream and not data.endswith(b"\n")):
            file.seek(begun)
            return None
        return data.rstrip(b"\r\n").decode(self._endpoint.encoding, "replace")

    def _take(self, line: str, *, last: bool) -> None:
        endpoint = self._endpoint
        body: object = line
        if endpoint.group_lines > 0:
            self._group.append(line)
            if len(self._group) < endpoint.group_lines and not last:
                return
            body, self._group = self._group, []
        exchange = Exchange(body, pattern=endpoint.exchange_pattern or IN_ONLY)
        exchange.headers["CamelStreamIndex"] = self._index
        exchange.headers["CamelStreamComplete"] = last
        exchange.from_endpoint = endpoint.uri
        exchange.unit = UnitOfWork()
        self._index += 1
        self._deliver([exchange])
