"""A TCP proxy on loopback that does to connections what networks do: delays, resets, silence, half-open ends, slices, cuts, wrong bytes.

Put it between the bus and a broker or partner: ``amqp://guest:guest@127.0.0.1:{proxy.port}/``. One thread of its own turns it. What is set holds for
open connections and new ones, from the next bytes on, in both directions unless said otherwise. Thread-safe.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, Self

_READ: Final = 65536
_NO_LINGER: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the network is like just now. Times in seconds, rates in bytes a second; 0 is no limit."""

    latency: float = 0.0
    jitter: float = 0.0
    rate: int = 0
    slice: int = 0
    frozen: bool = False
    """Nothing passes; what was sent waits, as in the buffers of a stopped machine."""
    vanishing: bool = False
    """What is sent disappears, both ways, and new connections get no answer."""
    refusing: bool = False
    """New connections are reset."""


class TcpProxy:
    """A proxy to one address on loopback; a context manager. Raises ValueError for an address elsewhere: this is a tool for tests."""

    def __init__(self, port: int, host: str = "127.0.0.1", *, seed: int = 0) -> None:
        if host not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError(f"the fault proxy serves loopback only, not {host}")
        self._target = (host, port)
        self._chance = random.Random(seed)  # noqa: S311 -- no secret
        self._conditions = Conditions()
        self._changed: asyncio.Event
        self._links: set[_Link] = set()
        self._cut_after: int | None = None
        self._corrupt_at: int | None = None
        self._accepted = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self.port = 0
        """Where it listens."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- the network's weather, from any thread --------------------------------------------------------------------------

    def heal(self) -> None:
        """A good network again. Connections that have lost bytes are reset: no network brings those back."""
        self._set(Conditions())

        async def reset_holed() -> None:
            for link in list(self._links):
                if link.holed:
                    link.reset()

        self._do(reset_holed)

    def latency(self, seconds: float, jitter: float = 0.0) -> None:
        """Every piece comes later, by so much and a random part of ``jitter``; their order stays."""
        self._set(replace(self._conditions, latency=seconds, jitter=jitter))

    def throttle(self, bytes_a_second: int) -> None:
        """A thin line."""
        self._set(replace(self._conditions, rate=bytes_a_second))

    def slice(self, size: int) -> None:
        """Pass on pieces of at most so many bytes."""
        self._set(replace(self._conditions, slice=size))

    def freeze(self) -> None:
        """Nothing passes; :meth:`heal` lets everything go on, nothing is lost."""
        self._set(replace(self._conditions, frozen=True))

    def black_hole(self) -> None:
        """Everything that is sent vanishes, without a word to either end."""
        self._set(replace(self._conditions, vanishing=True))

    def refuse(self) -> None:
        """Reset new connections; open ones go on."""
        self._set(replace(self._conditions, refusing=True))

    def reset(self) -> int:
        """Reset all open connections, at both ends (RST, as after a crash); how many there were."""
        return self._each(lambda link: link.reset())

    def forget(self) -> int:
        """Half-open: the server's side of each open connection is reset, the client is not told and what it sends vanishes; how many there were."""
        return self._each(lambda link: link.forget())

    def cut_after(self, octets: int) -> None:
        """Reset the connection on which that many further bytes, of all connections together, have come from the client."""
        self._cut_after = octets

    def corrupt_after(self, octets: int) -> None:
        """Turn one bit of the byte that comes from a client after that many others."""
        self._corrupt_at = octets

    @property
    def connections(self) -> int:
        """Connections that are open just now."""
        return len(self._links)

    @property
    def accepted(self) -> int:
        """Connections that were ever made."""
        return self._accepted

    # -- the proxy's own thread ------------------------------------------------------------------------------------------

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(30)

    def _set(self, conditions: Conditions) -> None:
        async def change() -> None:
            self._conditions = conditions
            before, self._changed = self._changed, asyncio.Event()
            before.set()

        self._do(change)

    def _each(self, act: Callable[[_Link], None]) -> int:
        count = 0

        async def all_of_them() -> None:
            nonlocal count
            for link in list(self._links):
                act(link)
                count += 1

        self._do(all_of_them)
        return count

    async def _listen(self) -> None:
        self._changed = asyncio.Event()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_READ)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        tasks = [task for link in list(self._links) for task in link.tasks]
        for link in list(self._links):
            link.reset()
        await asyncio.gather(*tasks, return_exceptions=True)
        current = asyncio.current_task()
        rest = [task for task in asyncio.all_tasks() if task is not current]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted += 1
        if self._conditions.refusing:
            _abort(writer)
            return
        while self._conditions.vanishing or self._conditions.frozen:
            await self._changed.wait()
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target, limit=_READ)
        except OSError:
            _abort(writer)
            return
        link = _Link(self, writer, server_writer)
        self._links.add(link)
        link.tasks = (
            asyncio.create_task(link.pump(reader, server_writer, from_client=True)),
            asyncio.create_task(link.pump(server_reader, writer, from_client=False)),
        )
        await asyncio.gather(*link.tasks, return_exceptions=True)
        link.end()

    def gone(self, link: _Link) -> None:
        """Called by a connection that has ended."""
        self._links.discard(link)

    @property
    def conditions(self) -> Conditions:
        """What holds just now."""
        return self._conditions

    async def passable(self) -> Conditions:
        """Wait while nothing passes; what holds then."""
        while self._conditions.frozen:
            await self._changed.wait()
        return self._conditions

    def delay(self) -> float:
        """How long the next piece is under way."""
        conditions = self._conditions
        return conditions.latency + self._chance.uniform(0, conditions.jitter)

    def damaged(self, piece: bytes) -> tuple[bytes, bool]:
        """What becomes of a client's bytes: cut off or changed; and whether the connection is to be reset after them."""
        if self._corrupt_at is not None:
            if self._corrupt_at < len(piece):
                at = self._corrupt_at
                piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
                self._corrupt_at = None
            else:
                self._corrupt_at -= len(piece)
        if self._cut_after is not None:
            if self._cut_after <= len(piece):
                piece, self._cut_after = piece[: self._cut_after], None
                return piece, True
            self._cut_after -= len(piece)
        return piece, False


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: TcpProxy, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.tasks: tuple[asyncio.Task[None], ...] = ()
        self.holed = False
        """Whether bytes were lost on it."""
        self._proxy = proxy
        self._client = client
        self._server = server
        self._forgotten = False

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_client: bool) -> None:
        """Pass one direction on until its end."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)
        sender = asyncio.create_task(self._send(pieces, writer))
        cut = False
        try:
            while not cut and (piece := await reader.read(_READ)):
                if self._proxy.conditions.vanishing or self._forgotten:
                    self.holed = True
                    continue
                if from_client:
                    piece, cut = self._proxy.damaged(piece)
                await pieces.put((loop.time() + self._proxy.delay(), piece))
            await pieces.put((0.0, b""))
            await sender
            if cut:
                self.reset()
            elif not self._forgotten and not self._proxy.conditions.vanishing and writer.can_write_eof():
                writer.write_eof()
        except (OSError, RuntimeError):
            if self._proxy.conditions.vanishing:
                self.holed = True  # nobody is told; the next good weather resets what is left
            elif not self._forgotten:
                self.end()  # one end broke: the other learns it too
        finally:
            sender.cancel()

    async def _send(self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, piece = await pieces.get()
            if not piece:
                return
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            conditions = await self._proxy.passable()
            size = conditions.slice or len(piece)
            for start in range(0, len(piece), size):
                part = piece[start : start + size]
                # Even without a rate a slice gets a turn of the loop: else the kernel would join them again.
                if conditions.rate or conditions.slice:
                    await asyncio.sleep(len(part) / conditions.rate if conditions.rate else 0)
                with contextlib.suppress(OSError):
                    writer.write(part)
                    await writer.drain()

    def forget(self) -> None:
        """The server's end is gone; the client does not know."""
        self._forgotten = True
        _abort(self._server)

    def reset(self) -> None:
        """RST to both ends."""
        _abort(self._client)
        _abort(self._server)
        self.end()

    def end(self) -> None:
        """Close what is still open."""
        self._client.close()
        self._server.close()
        for task in self.tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._proxy.gone(self)


def _abort(writer: asyncio.StreamWriter) -> None:
    handle = writer.get_extra_info("socket")
    if handle is not None and not writer.transport.is_closing():
        with contextlib.suppress(OSError):
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()
