"""What ``esb doctor`` looks at: each check says what it found, why that matters and how to mend it."""

from __future__ import annotations

import importlib.metadata
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OK: Final = "ok"
NOTE: Final = "note"
WARN: Final = "warn"
WRONG: Final = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """``level`` is ok, note, warn or wrong; ``why`` and ``fix`` are empty where all is well."""

    check: str
    level: str
    what: str
    why: str = ""
    fix: str = ""


def python() -> Iterator[Finding]:
    """The interpreter."""
    # An older one does not come this far: the package says so to whoever installs it.
    yield Finding("python", OK, f"{'.'.join(map(str, sys.version_info[:3]))} at {sys.executable}")


def packages() -> Iterator[Finding]:
    """What the bus needs to be installed, in the versions it was made for."""
    try:
        needed = [text for text in importlib.metadata.requires("esb") or () if "extra ==" not in text]
    except importlib.metadata.PackageNotFoundError:
        yield Finding(
            "packages", WARN, "the bus is not installed as a package", "its needs are not known", "pip install esb"
        )
        return
    bad = []
    for text in needed:
        matched = re.match(r"[A-Za-z0-9_.-]+", text)
        name = matched[0] if matched else text
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            bad.append(f"{name} is missing")
            continue
        least = re.search(r">=\s*([0-9.]+)", text)
        if least and _numbers(installed) < _numbers(least[1]):
            bad.append(f"{name} is {installed}, older than {least[1]}")
    if bad:
        yield Finding(
            "packages", WRONG, "; ".join(bad), "routes that need them fail at start", "pip install --upgrade esb"
        )
    else:
        yield Finding("packages", OK, f"all {len(needed)} are there")


def clock() -> Iterator[Finding]:
    """Whether the clock can be right."""
    made = Path(__file__).stat().st_mtime
    if time.time() < made:
        yield Finding(
            "clock",
            WRONG,
            f"it shows {time.strftime('%Y-%m-%d')}, before the bus was installed",
            "certificates, tokens and schedules go wrong",
            "set it, and keep it by NTP",
        )
        return
    told = f"{time.strftime('%Y-%m-%d %H:%M:%S %Z')}"
    if Path("/run/systemd/system").exists() and not Path("/run/systemd/timesync/synchronized").exists():
        yield Finding(
            "clock",
            NOTE,
            f"{told}; timesyncd does not keep it",
            "a clock that drifts breaks tokens",
            "timedatectl set-ntp true, unless chrony or ntpd keeps it",
        )
    else:
        yield Finding("clock", OK, told)


def limits() -> Iterator[Finding]:
    """File descriptors: connections, files and queues need them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4096:
        yield Finding(
            "limits",
            WARN,
            f"{soft} file descriptors",
            "many connections at once need more",
            f"ulimit -n {min(hard, 65536) if hard > 0 else 65536}; units made by 'esb units' set LimitNOFILE",
        )
    else:
        yield Finding("limits", OK, f"{soft} file descriptors")


MACHINE: Final[tuple[Callable[[], Iterator[Finding]], ...]] = (python, packages, clock, limits)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
