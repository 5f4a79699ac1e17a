"""What ``esb doctor`` looks at in a project: folders, secrets, ports, broker, units."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from esb.cli._checkups import NOTE, OK, WARN, WRONG, Finding
from esb.errors import ConfigError, EsbError
from esb.project import Project


def broker(project: Project) -> Iterator[Finding]:
    """Whether the broker takes messages."""
    from esb.broker.history import without_secrets
    from esb.broker.open import open_broker
    from esb.cli._broker import connected

    url = project.broker_url
    shown = without_secrets(url)
    file = Path(url.removeprefix("sqlite:").partition("?")[0].removeprefix("//"))
    if url.startswith("sqlite:") and not file.parent.is_dir():
        yield Finding(
            "broker",
            WRONG,
            f"{shown}: there is no folder {file.parent}",
            "nothing durable works",
            f"mkdir -p {file.parent}",
        )
        return
    if url.startswith("sqlite:") and not file.exists():
        yield Finding("broker", OK, f"{shown} will be made when the bus starts")
        return
    try:
        opened = open_broker(url)
    except ConfigError as error:
        yield Finding("broker", WRONG, f"{shown}: {error.message}", "nothing durable works", error.hint)
        return
    with closing(opened):
        opened.open()
        there = connected(opened, 5.0)
        state = opened.state
        if not there:
            fix = (
                "look at its log and at the address in esb.yaml"
                if url.startswith("amqp")
                else "look at the file's folder, owner and disk"
            )
            yield Finding("broker", WRONG, f"{shown} is not reached ({state})", "messages are refused until it is", fix)
        elif state == "blocked":
            yield Finding(
                "broker",
                WRONG,
                f"{shown} refuses messages for now",
                "it has an alarm, of memory or disk",
                "give it space; 'rabbitmqctl status' names the alarm",
            )
        else:
            queues = opened.queues()
            failed = sum(opened.depth(name) for name in queues if name.endswith((".dlq", ".invalid")))
            yield Finding("broker", OK, f"{shown}, {_version(url)}{len(queues)} queues")
            if failed:
                yield Finding(
                    "broker", NOTE, f"{failed} failed messages wait", "nobody else will look at them", "esb dlq list"
                )


def ports(project: Project) -> Iterator[Finding]:
    """Whether the listeners are free, or ours."""
    from esb.cli._running import running

    ours = running(project)
    for name, bind in (("http", str(project.http.bind)), ("management", str(project.management.bind))):
        if bind.startswith("unix:"):
            continue
        host, _, port = bind.rpartition(":")
        try:
            _bind(host.strip("[]"), int(port))
            yield Finding("ports", OK, f"{name} {bind} is free")
        except OSError as error:
            if error.errno == errno.EADDRINUSE and ours:
                yield Finding("ports", OK, f"{name} {bind} is ours (process {ours[1]})")
            elif error.errno == errno.EADDRINUSE:
                yield Finding(
                    "ports",
                    WRONG,
                    f"{name} {bind} is taken by another program",
                    "the bus cannot start",
                    f"change '{name}' in esb.yaml; 'ss -ltnp' shows who has it",
                )
            else:
                yield Finding(
                    "ports",
                    WRONG,
                    f"{name} {bind}: {error.strerror}",
                    "the bus cannot listen there",
                    f"change '{name}' in esb.yaml, or ask for the right to that port",
                )
        except ValueError:
            yield Finding(
                "ports",
                WRONG,
                f"{name} {bind!r} is no address and port",
                "the bus cannot listen there",
                "write 127.0.0.1:8080",
            )


def folders(project: Project) -> Iterator[Finding]:
    """Whether what must be written can be, and whether the disk keeps its word."""
    from esb.runtime.units.needs import needs_of

    places = [
        project.state_folder,
        project.run_folder,
        *(Path(path) for path, _ in needs_of(project, project.name).writes),
    ]
    for place in dict.fromkeys(places):
        there = next(one for one in (place, *place.parents) if one.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            yield Finding(
                "folders",
                WRONG,
                f"{place} cannot be written by user {os.getuid()}",
                "what goes there fails",
                f"chown or chmod {there}",
            )
        elif shutil.disk_usage(there).free < 200 << 20:
            yield Finding(
                "folders",
                WARN,
                f"{place} has {shutil.disk_usage(there).free >> 20} MB left",
                "a full disk stops the bus",
                "make space",
            )
        else:
            yield Finding("folders", OK, f"{place} {'can be written' if place.exists() else 'can be made'}")
    yield _fsync(project.state_folder)


def credentials(project: Project) -> Iterator[Finding]:
    """Whether the secrets that routes name are there."""
    from esb.runtime.units.needs import needs_of

    for name in needs_of(project, project.name).credentials:
        try:
            project.properties.resolve(f"{{{{credential:{name}}}}}")
            yield Finding("credentials", OK, f"{name} is there")
        except (EsbError, OSError) as error:
            yield Finding(
                "credentials",
                WRONG,
                f"{name}: {error}",
                "routes that name it do not start",
                f"put it into {project.credentials}/{name}, readable by its user only",
            )


def systemd(project: Project) -> Iterator[Finding]:
    """Whether there is a systemd to run under, and whether its units are those of this installation."""
    program = shutil.which("systemctl")
    version = ""
    if program:
        with suppress(OSError, subprocess.SubprocessError):
            told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, check=False).stdout  # noqa: S603 -- the system's own
            version = told.partition("\n")[0]
    if not Path("/run/systemd/system").is_dir():
        yield Finding(
            "systemd",
            NOTE,
            f"this machine was not started by systemd{f' (installed: {version})' if version else ''}",
            "nothing restarts the bus here",
            "run 'esb run' under another supervisor",
        )
        return
    unit = Path("/etc/systemd/system/esb@.service")
    if not unit.exists():
        yield Finding(
            "systemd",
            NOTE,
            f"{version}; no units are installed",
            "nothing starts the bus after a reboot",
            "esb units show; sudo esb units install",
        )
    elif f" -C {project.folder} " not in unit.read_text(encoding="utf-8"):
        yield Finding(
            "systemd",
            WARN,
            f"{unit} is for another project",
            "'systemctl start esb@...' runs that one",
            "sudo esb units install",
        )
    else:
        yield Finding("systemd", OK, f"{version}; units are installed")


PROJECT: Final[tuple[Callable[[Project], Iterator[Finding]], ...]] = (folders, credentials, ports, broker, systemd)


def _version(url: str) -> str:
    if not url.startswith("sqlite"):
        return ""
    import sqlite3

    return f"SQLite {sqlite3.sqlite_version}, "


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as the server does: a port that waits out is free
        listener.bind((host or "0.0.0.0", port))  # noqa: S104 -- what the project says


def _fsync(folder: Path) -> Finding:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".esb-doctor-") as file:
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            spent = (time.perf_counter() - began) * 1000
    except OSError as error:
        return Finding(
            "disk",
            WRONG,
            f"{folder}: fsync fails: {error.strerror}",
            "nothing can be called durable",
            "use a local disk that works",
        )
    if spent > 100:
        return Finding(
            "disk",
            WARN,
            f"fsync took {spent:.0f} ms",
            "each durable message waits for it",
            "use a faster disk, or RabbitMQ",
        )
    return Finding("disk", OK, f"fsync took {spent:.1f} ms")
