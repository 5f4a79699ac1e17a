"""XPath 3.1 and XQuery 3.1 by Saxon-HE, where the extra ``xquery`` is installed.

Saxon runs in a process of its own (:mod:`esb.languages._saxon_process`), one beside each process of the bus, started when it is first needed: should
it end or take too long, the message fails and the next one finds a new process. Documents come through :mod:`esb.xml`, which lets no entity in.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from esb.errors import NOWHERE, Position, ProjectError

LONGEST: Final = 30.0
"""Seconds that one evaluation may take."""
MAX_BYTES: Final = 64 << 20
"""The largest document."""
_PROGRAM: Final = Path(__file__).with_name("_saxon_process.py")
_HEAD: Final = struct.Struct(">I")


class SaxonFault(Exception):
    """What Saxon says of a query; ``static`` if it says that the query can never run."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
        self.static = message.lstrip().startswith("Static error")


def available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("saxonche") is not None


def need(what: str, at: Position = NOWHERE) -> None:
    """Raise ProjectError, which names the extra, if it is not installed."""
    if not available():
        raise ProjectError(
            f"{what!r} needs the package 'saxonche', which is not installed",
            at,
            "install it, or the extra that brings it: pip install 'esb[xquery]'",
        )


class Query:
    """An XPath or XQuery; Saxon compiles it when it first runs, and keeps it. Thread-safe: evaluations take turns."""

    def __init__(self, text: str, *, xquery: bool, namespaces: Mapping[str, str], variables: frozenset[str]) -> None:
        self._variables = variables
        self._namespaces = namespaces
        self._told = {"text": text, "xquery": xquery, "namespaces": dict(namespaces), "variables": sorted(variables)}

    def check(self) -> None:
        """See whether it can be compiled. Raises SaxonFault if not."""
        if not self._told["xquery"]:
            text = f"if (false()) then ({self._told['text']}\n) else ()"  # compiled, and never run
            never = Query(text, xquery=False, namespaces=self._namespaces, variables=self._variables)
            try:
                never.run("<nothing/>", dict.fromkeys(self._variables, ""))
            except SaxonFault:
                self.run(
                    "<nothing/>", dict.fromkeys(self._variables, "")
                )  # fails too, and tells of the author's own text
                raise
            return
        try:
            self.run(
                "<nothing/>", dict.fromkeys(self._variables, "")
            )  # a query has no such shelter: it runs on nothing
        except SaxonFault as fault:
            if fault.static:
                raise

    def run(self, document: str | None, values: Mapping[str, Any]) -> list[Any]:
        """The items of the result: elements, texts of other nodes, strings, numbers, truth values. Raises SaxonFault.

        ``document`` is XML without a document type, or None where there is none; ``values`` are texts, numbers or truth values of variables.
        """
        if document is not None and len(document) > MAX_BYTES:
            raise SaxonFault(f"the document has {len(document)} characters; at most {MAX_BYTES} are searched")
        answer = _beside().ask({"query": self._told, "document": document, "values": dict(values)})
        if "fault" in answer:
            raise SaxonFault(answer["fault"])
        return [_read(kind, told) for kind, told in answer["items"]]


class _Process:
    """Saxon's process and the pipes to it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer. Raises SaxonFault if none comes."""
        told = json.dumps(request).encode()
        with self._turn:
            running = self._running
            if running is None or running.poll() is not None:
                self.stop()
                running = self._running = _start()
            assert running.stdin is not None  # both are pipes
            assert running.stdout is not None
            try:
                running.stdin.write(_HEAD.pack(len(told)) + told)
                running.stdin.flush()
                deadline = time.monotonic() + LONGEST
                (length,) = _HEAD.unpack(_received(running.stdout, _HEAD.size, deadline))
                answer: dict[str, Any] = json.loads(_received(running.stdout, length, deadline))
            except TimeoutError:
                self.stop()
                raise SaxonFault(f"it took longer than {LONGEST:.0f} s") from None
            except (OSError, EOFError):
                self.stop()
                raise SaxonFault("Saxon ended while it evaluated") from None
            return answer

    def stop(self) -> None:
        """End the process, if there is one. Idempotent."""
        running, self._running = self._running, None
        if running is not None:
            running.kill()
            running.communicate()

    def abandon(self) -> None:
        """Let go of the parent's process after a fork: it is not ours to talk to, nor to wait for."""
        running, self._running = self._running, None
        if running is not None:
            for pipe in (running.stdin, running.stdout):
                if pipe is not None:
                    pipe.close()
            _inherited.append(running)


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-I", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        bufsize=0,
        start_new_session=True,  # a Ctrl-C at the terminal is for the bus, which then ends this process
    )


def _received(pipe: IO[bytes], length: int, deadline: float) -> bytes:
    data = b""
    while len(data) < length:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        more = os.read(pipe.fileno(), min(length - len(data), 1 << 20))
        if not more:
            raise EOFError
        data += more
    return data


_processes: dict[int, _Process] = {}
_inherited: list[subprocess.Popen[bytes]] = []
_guard = threading.Lock()


def _beside() -> _Process:
    """The process beside this one. A fork does not inherit its parent's."""
    with _guard:
        pid = os.getpid()
        if pid not in _processes:
            _processes[pid] = _Process()
        return _processes[pid]


def _forked() -> None:
    global _guard  # noqa: PLW0603 -- another thread of the parent may have held it
    _guard = threading.Lock()
    for process in _processes.values():
        process.abandon()


def _end() -> None:
    process = _processes.get(os.getpid())
    if process is not None:
        process.stop()


os.register_at_fork(after_in_child=_forked)
atexit.register(_end)


def _read(kind: str, told: str) -> Any:
    if kind == "element":
        from esb.xml import parse

        return parse(told)
    if kind == "boolean":
        return told == "true"
    if kind == "whole":
        return int(told)
    return float(told.replace("INF", "inf")) if kind == "fractional" else told
