"""Signals, drains, reloads, and configurations that are wrong."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from esb.testing.process import until
from tests.faults.memory import MemoryLimit
from tests.faults.site import ACCEPT, PREFETCH, RELAY, held

SLOW = RELAY.replace("        - to: bus:out", "        - delay: {constant: 300}\n        - to: bus:out")


@pytest.mark.broker
@pytest.mark.fault(
    "F42",
    "SIGTERM in the middle of work",
    "what is in hand is finished, the rest goes back untouched: 0 lost, 0 repeated, exit code 0",
)
def test_a_stop_in_the_middle_repeats_nothing(site, rabbit, record):
    here = site(rabbit, routes=SLOW)
    here.publish(60)
    here.bus.start()
    until(lambda: here.out() >= 8, "it is in the middle")
    assert here.bus.stop() == 0
    done = here.out()
    assert done < 60
    here.bus.start()
    here.finish()
    record(here.account(), duplicates=0, measured=f"{done} of 60 were out at the stop")


@pytest.mark.fault(
    "F43", "SIGTERM, and work that does not end", "stopped at the drain's deadline, told what was left; it comes again"
)
def test_a_stop_does_not_wait_for_ever(site, sqlite, record):
    stuck = RELAY.replace("        - to: bus:out", "        - delay: {constant: 600000}\n        - to: bus:out")
    here = site(sqlite, routes=stuck)
    here.bus.write("esb.yaml", (here.bus.folder / "esb.yaml").read_text().replace("drain: 10s", "drain: 2s"))
    keys = here.publish(2)
    here.bus.start()
    until(lambda: here.store.depth("in") == 0, "they are in hand")
    begun = time.monotonic()
    here.bus.stop()
    took = time.monotonic() - begun
    assert all(key in here.bus.log for key in keys)
    here.bus.write("routes/all.yaml", RELAY)
    here.bus.start()
    here.finish()
    record(here.account(), duplicates=0, measured=f"stopped after {took:.1f} s with a drain of 2 s")


@pytest.mark.fault(
    "F46", "a reload with a route file that is wrong", "the old routes go on untouched; file, line and column are told"
)
def test_a_wrong_reload_changes_nothing(site, sqlite, record):
    here = site(sqlite, routes=ACCEPT + RELAY)
    here.bus.start()
    workers = here.bus.workers()
    with here.posting(threads=2, pause=0.01):
        good = (here.bus.folder / "routes/all.yaml").read_text()
        here.bus.write("routes/all.yaml", good.replace("- to: bus:out", "- too: bus:out"))
        here.bus.signal(signal.SIGHUP)
        until(lambda: "the reload was refused" in here.bus.log, "the reload is refused")
        assert "routes/all.yaml:1" in here.bus.log
        accepted = len(here.ledger.keys("ok"))
        until(lambda: len(here.ledger.keys("ok")) > accepted + 50, "the old routes go on")
    assert here.bus.workers() == workers
    here.finish()
    record(here.account(), duplicates=0)


@pytest.mark.fault(
    "F47", "a start with a route file that is wrong", "nothing starts, exit code 78, file, line and column are told"
)
def test_a_wrong_start_ends_with_78(site, sqlite, record):
    here = site(sqlite, routes=RELAY.replace("- to: bus:out", "- too: bus:out"))
    here.bus.start(wait=False)
    assert here.bus.wait() == 78
    assert "routes/all.yaml:8:1" in here.bus.log
    record(None, measured="exit code 78")


@pytest.mark.fault("F48", "one route cannot start (its folder is missing)", "the others run; health says which")
def test_a_route_that_cannot_start_stops_no_other(site, sqlite, record):
    broken = """
- route:
    id: missing
    from:
      uri: file:{{folder}}/no/such/folder?directoryMustExist=true&autoCreate=false&startingDirectoryMustExist=true
      steps:
        - to: bus:other
"""
    here = site(sqlite, routes=ACCEPT + RELAY + broken, settings="properties: {folder: nowhere}\n")
    here.bus.start()
    with here.posting(threads=2, pause=0.01):
        until(lambda: len(here.ledger.keys("ok")) > 50, "the others run")
    until(lambda: b"degraded" in here.bus.call("/health", port=here.bus.management)[1], "health is degraded")
    assert b"missing" in here.bus.call("/health", port=here.bus.management)[1]
    here.finish()
    record(here.account(), duplicates=0)


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.fault(
    "F49",
    "reloads under load, one after the other, for 60 s (ESB_FAULT_RELOADS: so many)",
    "0 lost, 0 repeated; threads, descriptors and memory do not grow",
)
def test_reloads_under_load_lose_and_repeat_nothing(site, rabbit, record):
    here = site(rabbit, routes=ACCEPT + RELAY)
    here.bus.start()
    wanted = int(os.environ.get("ESB_FAULT_RELOADS", "0"))
    sizes = []
    begun = time.monotonic()
    with here.posting(threads=2, pause=0.02):
        while len(sizes) < wanted or (not wanted and (time.monotonic() - begun < 60 or len(sizes) < 3)):
            before = set(here.bus.workers())
            here.bus.signal(signal.SIGHUP)
            until(lambda before=before: (now := set(here.bus.workers())) and not now & before, "new workers have come")
            until(lambda: len(here.bus.children()) == 1, "the old ones have gone")
            [worker] = here.bus.children()
            until(lambda worker=worker: here.bus.workers() == [worker], "the new one answers")
            sizes.append([*held(here.bus.pid), *held(worker)])
    took = (time.monotonic() - begun) / len(sizes)
    here.finish()
    first, last = sizes[2], sizes[-1]  # what is made once has been made by the third
    names = ("threads", "descriptors", "MiB of the master", "threads", "descriptors", "MiB of a worker")
    # A worker's connections and pool threads differ with the moment; they must not grow with the reloads.
    for name, before, after, room in zip(names, first, last, (0, 2, 10, 20, 20, 20), strict=True):
        assert after <= before + room, f"{name}: {before} to {after}"
    told = ", ".join(f"{before} → {after} {name}" for name, before, after in zip(names, first, last, strict=True))
    record(here.account(), duplicates=0, measured=f"{len(sizes)} reloads, {took:.1f} s each; {told}")


EATER = """
- route:
    id: eat
    from:
      uri: bus:huge
      parameters: {maximumCrashes: 2, prefetch: 1}
      steps:
        - setBody: {python: "str(len(b'x' * 800_000_000))"}
        - to: bus:out
"""
LIMIT = 500 << 20


@pytest.mark.broker
@pytest.mark.fault(
    "F50",
    "the kernel kills workers that take too much memory (OOM), for one message; a huge request is refused before",
    "as F1; the message that does it is set aside; 413 for a body over the bound, memory bounded",
)
def test_a_huge_message_is_refused_and_a_killed_worker_comes_back(site, rabbit, record):
    here = site(rabbit, routes=ACCEPT + RELAY + EATER)
    with contextlib.ExitStack() as stack:
        limit = limited(stack)
        stack.callback(here.bus.kill)
        here.bus.start()
        if limit is not None:
            limit.take([here.bus.pid, *here.bus.children()])
        assert here.bus.call("/in", b"x" * 60_000_000)[0] in {0, 413}
        [worker] = here.bus.children()
        peak = int(
            dict(line.split(":", 1) for line in Path(f"/proc/{worker}/status").read_text().splitlines())[
                "VmHWM"
            ].split()[0]
        )
        assert peak < 200_000
        with here.posting(threads=4, pause=0.005):
            until(lambda: len(here.ledger.keys("ok")) > 50, "messages flow")
            if limit is not None:
                here.publish(1, "huge")
                until(lambda: here.store.depth("quarantine") == 1, "the message that does it is set aside")
            else:
                os.kill(worker, signal.SIGKILL)
            here.healed()
            accepted = len(here.ledger.keys("ok"))
            until(lambda: len(here.ledger.keys("ok")) > accepted + 50, "messages flow again")
        kills = 1 if limit is None else limit.kills
        assert kills > 0
        here.finish()
        assert here.account().set_aside == (limit is not None)
    by = "by the test: no control groups here" if limit is None else f"by the kernel at {LIMIT >> 20} MiB for the bus"
    record(
        here.account(),
        duplicates=kills * PREFETCH,
        measured=f"{kills} kills {by}; peak of {peak // 1024} MiB for a refused request",
    )


def limited(stack):
    """The kernel's limit on memory; None where it cannot be had."""
    try:
        return stack.enter_context(MemoryLimit(LIMIT))
    except OSError:
        return None
