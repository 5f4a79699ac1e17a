"""Files: half written, vanishing, polled by two, written by a process that dies, on a full disk."""

import contextlib
import subprocess
import threading

import pytest

from esb.testing.process import until

FILES = """
- route:
    id: files
    from:
      uri: file:inbox?initialDelay=0&delay=100&{options}
      steps:
        - convertBodyTo: {{type: String}}
        - to: bus:out
"""


def whole(n: int) -> str:
    return f"f{n}".ljust(20_000, ".") + "end"


def drop(folder, name, text):
    """A file that appears at once, as a good sender makes it."""
    folder.mkdir(exist_ok=True)
    scratch = folder.parent / f"{name}.scratch"
    scratch.write_text(text)
    scratch.rename(folder / name)


@pytest.mark.fault(
    "F30",
    "input files that are still being written",
    "read when they are whole (readLock=changed): 0 truncated messages",
)
def test_a_file_is_read_when_it_is_whole(site, sqlite, record):
    here = site(sqlite, routes=FILES.format(options="readLock=changed&readLockCheckInterval=700"))
    folder = here.bus.folder / "inbox"
    folder.mkdir(parents=True)
    here.bus.start()
    rest = threading.Event()

    def write(n):
        here.ledger.invoked(f"f{n}")
        text = whole(n)
        with (folder / f"f{n}").open("w") as file:
            for start in range(0, len(text), 2500):
                file.write(text[start : start + 2500])
                file.flush()
                rest.wait(0.1)
        here.ledger.ok(f"f{n}")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: here.out() == 8, "all are read")
    here.bus.stop()
    found = list(here.store.take("out"))
    truncated = [one for one in found if not one.body.endswith(b"end")]
    assert not truncated
    for one in found:
        here.ledger.arrived(one.body.decode().partition(".")[0])
    record(here.account(), duplicates=0, measured="0 truncated")


@pytest.mark.fault(
    "F31", "files that vanish and are replaced between look and read", "skipped or read once and whole; no crash"
)
def test_files_that_vanish_do_no_harm(site, sqlite, record):
    here = site(sqlite, routes=FILES.format(options="move=done"))
    here.bus.start()
    folder = here.bus.folder / "inbox"
    for n in range(300):
        drop(folder, f"v{n % 7}", f"v{n}".ljust(2000, "."))
        if n % 2:
            with contextlib.suppress(FileNotFoundError):
                (folder / f"v{n % 7}").unlink()
    for n in range(20):
        here.ledger.invoked(f"f{n}")
        drop(folder, f"f{n}", f"f{n}".ljust(2000, "."))
        here.ledger.ok(f"f{n}")
    until(lambda: not [one for one in folder.iterdir() if one.is_file()], "all that stayed is read")
    assert here.bus.stop() == 0
    read = [one.body.decode() for one in here.store.take("out")]
    assert all(len(text) == 2000 for text in read)
    vanishing = [text.partition(".")[0] for text in read if text.startswith("v")]
    assert len(vanishing) == len(set(vanishing))
    for text in read:
        if text.startswith("f"):
            here.ledger.arrived(text.partition(".")[0])
    record(
        here.account(), duplicates=0, measured=f"{len(vanishing)} of 300 vanishing files were seen, each once and whole"
    )


@pytest.mark.fault(
    "F32",
    "two instances poll one folder, and one is killed with files in hand",
    "each file once; what the dead one had is read by the other",
)
def test_two_instances_share_a_folder(tmp_path, site, record):
    shared = tmp_path / "shared"
    routes = (
        FILES.format(options="move=done")
        .replace("file:inbox", f"file:{shared}")
        .replace("bus:out", f"file:{tmp_path}/out?fileName=${{exchangeId}}")
    )
    shared.mkdir()
    one = site(f"sqlite:{tmp_path}/one.db", routes=routes, name="one")
    two = site(f"sqlite:{tmp_path}/two.db", routes=routes, name="two")
    for n in range(200):
        one.ledger.invoked(f"f{n}")
        drop(shared, f"f{n}", f"f{n}".ljust(2000, "."))
        one.ledger.ok(f"f{n}")
    one.bus.start(crash_at="file.before-move:20", wait=False)
    two.bus.start(wait=False)
    until(one.bus.fuse.exists, "one instance has died in the middle")
    one.bus.kill()
    one.healed()
    until(lambda: not [file for file in shared.iterdir() if file.is_file()], "all are read")
    two.bus.stop()
    for file in (tmp_path / "out").glob("[!.]*"):
        one.ledger.arrived(file.read_text().partition(".")[0])
    record(one.account(), duplicates=1)  # the one whose route was through, and whose move was not


WRITE = """
- route:
    id: write
    from:
      uri: bus:in
      parameters: {redeliveryDelay: 200, maximumRedeliveries: -1, maximumRedeliveryDelay: 500}
      steps:
        - to: file:{{folder}}?fileName=${exchangeId}
"""


@pytest.mark.parametrize("point", ["file.before-write", "file.before-place", "file.after-place"])
@pytest.mark.fault(
    "F33",
    "kill -9 while an output file is written: before, during, after its final name",
    "never a part of a file under the final name; 0 lost",
)
def test_a_killed_writer_leaves_no_half_file(site, sqlite, record, point):
    here = site(sqlite, routes=WRITE, settings="properties: {folder: out}\n")
    here.publish(50, size=50_000)
    here.bus.start(crash_at=f"{point}:10", wait=False)
    until(here.bus.fuse.exists, "the writer has died")
    out = here.bus.folder / "out"
    assert {file.stat().st_size for file in out.glob("[!.]*")} == {50_000}
    until(lambda: len(list(out.glob("[!.]*"))) == 50, "all are written")
    here.bus.stop()
    assert {file.stat().st_size for file in out.glob("[!.]*")} == {50_000}
    for file in out.glob("[!.]*"):
        here.ledger.arrived(file.read_text().strip())
    record(here.account(), duplicates=0, measured=point)


@pytest.mark.fault(
    "F34",
    "the disk of the output folder is full",
    "an error, the message is kept and tried again; no half file is left",
)
def test_a_full_disk_holds_messages_back(site, rabbit, record):
    # The limit on the size of files stands for the full disk: a write fails in the middle, as there.
    here = site(rabbit, routes=WRITE, settings="properties: {folder: out}\n")
    here.bus.start()
    [worker] = here.bus.workers()
    limit(worker, 1_000_000)
    here.publish(3, size=1_500_000)
    out = here.bus.folder / "out"
    until(lambda: "NotStored" in here.bus.log, "it is told")
    assert not list(out.glob("[!.]*"))
    limit(worker, -1)
    until(lambda: len(list(out.glob("[!.]*"))) == 3, "there is room again")
    here.bus.stop()
    assert [file for file in out.iterdir() if file.name.startswith(".")] == []
    for file in out.glob("[!.]*"):
        here.ledger.arrived(file.read_text().strip())
    record(here.account(), duplicates=0)


def limit(pid, octets):
    """Set how large a file of a running process may become."""
    word = "unlimited" if octets < 0 else str(octets)
    subprocess.run(["prlimit", "--pid", str(pid), f"--fsize={word}:unlimited"], check=True)
