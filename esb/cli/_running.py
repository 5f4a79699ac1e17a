"""Finding the process that runs an instance: its run folder, its master, its workers' answers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from esb.errors import NotConnected, TransportError
from esb.project import Project

_SYSTEMD = Path("/run/esb")


def run_folders(project: Project) -> Iterator[Path]:
    """Where an instance may keep its run-time files: as the project says, or as the unit of systemd, or of the user's own systemd, does."""
    yield project.run_folder
    own = os.environ.get("XDG_RUNTIME_DIR")
    for folder in [_SYSTEMD, *([Path(own, "esb")] if own else [])]:
        with suppress(OSError):
            found = folder / (project.instance or project.name)
            if found.is_dir():
                yield found


def running(project: Project) -> tuple[Path, int] | None:
    """The run folder of an instance and its master's process id; None if it does not run."""
    for folder in run_folders(project):
        with suppress(OSError, ValueError):
            pid = int((folder / "master.pid").read_text(encoding="ascii"))
            if _is_ours(pid):
                return folder, pid
    return None


def master(project: Project) -> tuple[Path, int]:
    """As :func:`running`. Raises NotConnected if it does not run."""
    found = running(project)
    if found is None:
        raise NotConnected(f"{called(project)} is not running; start it with 'esb run' or systemctl")
    return found


def called(project: Project) -> str:
    """What to call an instance in a sentence."""
    return f"the instance {project.instance}" if project.instance else f"the project {project.name}"


def ask(project: Project) -> dict[str, Any] | None:
    """The merged status of an instance's workers; from the management port if their sockets cannot be opened. None if it does not run."""
    from esb.runtime.control import ask_all
    from esb.runtime.status import merged

    for folder in run_folders(project):
        with suppress(PermissionError):
            answers = ask_all(folder, {"op": "status"})
            if answers:
                failed = [answer for answer in ask_all(folder, {"op": "failed"}) if "error" not in answer]
                return merged(answers) | {"failed_messages": failed[0] if failed else {}}
    return _over_http(project)


def _over_http(project: Project) -> dict[str, Any] | None:
    import json

    from esb.httpcall import HttpCaller

    bind = str(project.management.bind)
    if bind.startswith("unix:"):
        return None
    try:
        answer = HttpCaller().call("GET", f"http://{bind}/status", {}, None, deadline=5.0, connect_timeout=2.0)
        told = json.loads(answer.body)
    except (TransportError, ValueError):
        return None
    # Another program, or another project, may listen there.
    return told if isinstance(told, dict) and {"workers", "routes", "failures"} <= told.keys() else None


def tell(pid: int, number: signal.Signals) -> None:
    """Send a signal to the master. Raises NotConnected if it is gone, or somebody else's."""
    try:
        os.kill(pid, number)
    except ProcessLookupError as error:
        raise NotConnected(f"process {pid} is gone") from error
    except PermissionError as error:
        raise NotConnected(f"process {pid} belongs to somebody else; run this as its user, or with sudo") from error


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False


def wait_until(holds: Callable[[], bool], seconds: float, told: Callable[[int], None] = lambda _seconds: None) -> bool:
    """Wait for a condition; ``told`` is called with the whole seconds that have gone by. Whether it holds in the end."""
    began = time.monotonic()
    pause = threading.Event()
    while not holds():
        gone = time.monotonic() - began
        if gone > seconds:
            return False
        told(int(gone))
        pause.wait(0.05)
    return True


def _is_ours(pid: int) -> bool:
    """Whether the process is an esb: after a crash its number may be somebody else's."""
    with suppress(OSError):
        return alive(pid) and b"esb" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
