"""Files when things go wrong: processes that are killed, disks that are full, names that change under us."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from adapters.file.errors import NotStored
from adapters.file.poller import Poller
from esb.coerce import text
from esb.context import RouteContext
from esb.exchange import Exchange
from esb.testing.process import until


@pytest.fixture
def context(tmp_path):
    made = RouteContext("test", folder=tmp_path)
    yield made
    made.stop(5)


@pytest.fixture
def child(tmp_path):
    """Runs Python in a process of its own, in the scratch folder; the handle's stdout tells how far it is."""
    running = []

    def start(code):
        begin = "import sys; from esb.context import RouteContext; from esb.exchange import Exchange; from pathlib import Path\n"
        process = subprocess.Popen(
            [sys.executable, "-c", begin + textwrap.dedent(code)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109 -- where the tests run
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        process.stdin.close()
        process.stdout.close()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def found(context, folder="in", **options):
    poller = Poller(context.endpoint(f"file:{folder}", options or None))
    poller.open()
    taken = [poller.take(one) for one in poller.poll(0, lambda _: False)]
    return [one.exchange for one in taken if one is not None]


def tree(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


WRITER = """
    class Slow:
        charset = "utf-8"
        def __init__(self): self.count = 0
        def open(self): return self
        def __enter__(self): return self
        def __exit__(self, *_): pass
        def read(self, size=-1):
            self.count += 1
            if self.count > 3:
                print("written some", flush=True)
                __import__("threading").Event().wait()
            return b"x" * 10000
    RouteContext(folder=Path.cwd()).endpoint("file:out?fileName=a{options}").producer().send(Exchange(Slow()))
"""


@pytest.mark.parametrize("options", ["", "&fileExist=Fail", "&fileExist=Ignore"])
def test_a_writer_that_is_killed_leaves_no_file_under_the_final_name(tmp_path, context, child, options):
    writer = child(WRITER.replace("{options}", options))
    assert writer.stdout.readline() == "written some\n"
    kill(writer)
    (left,) = (tmp_path / "out").iterdir()
    assert left.name.startswith(".a.")
    assert found(context, "out") == []  # nobody reads the half file either
    os.utime(left, (1, 1))
    context.endpoint("file:out").producer().start()
    until(lambda: not list((tmp_path / "out").iterdir()))


def test_a_writer_that_is_killed_leaves_the_old_file_whole(tmp_path, child):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").write_text("old")
    writer = child(WRITER.replace("{options}", ""))
    assert writer.stdout.readline() == "written some\n"
    kill(writer)
    assert (tmp_path / "out/a").read_text() == "old"


READER = """
    def route(exchanges):
        print(exchanges[0].headers["CamelFileName"], flush=True)
        __import__("threading").Event().wait()
    consumer = RouteContext(folder=Path.cwd()).endpoint("file:in?initialDelay=0{options}").consumer(route)
    consumer.start()
    __import__("threading").Event().wait()
"""


@pytest.mark.parametrize(
    "options",
    [{}, {"readLock": "markerFile"}, {"readLock": "changed", "readLockCheckInterval": "0"}, {"preMove": "work"}],
)
def test_a_file_comes_again_when_its_reader_is_killed(tmp_path, context, child, options):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").write_text("x")
    reader = child(READER.replace("{options}", "".join(f"&{name}={value}" for name, value in options.items())))
    assert reader.stdout.readline().strip().endswith("a")
    assert found(context, **options) == []  # it is claimed
    kill(reader)
    if "preMove" in options:
        assert found(context, **options) == []  # this look gave the file its name back
    (exchange,) = found(context, **options)
    assert text(exchange.body) == "x"
    exchange.unit.release()
    assert [name for name in tree(tmp_path) if name.endswith(".camel/a")]
    assert len(tree(tmp_path)) == 1


def test_two_processes_on_one_folder_read_each_file_once(tmp_path, child):
    (tmp_path / "in").mkdir()
    for number in range(300):
        (tmp_path / f"in/{number}").write_text(str(number))
    code = """
        seen = Path("seen-{who}").open("a")
        def route(exchanges):
            seen.write(exchanges[0].headers["CamelFileName"] + "\\n"); seen.flush()
            exchanges[0].unit.release()
        consumer = RouteContext(folder=Path.cwd()).endpoint("file:in?initialDelay=0&delay=10&move=../done&shuffle=true").consumer(route)
        print("ready", flush=True)
        sys.stdin.readline()
        consumer.start()
        __import__("threading").Event().wait()
    """
    readers = [child(code.replace("{who}", who)) for who in "ab"]
    for reader in readers:
        assert reader.stdout.readline() == "ready\n"
    for reader in readers:
        reader.stdin.write("go\n")
        reader.stdin.flush()
    until(lambda: not list((tmp_path / "in").iterdir()))
    seen = [line for who in "ab" for line in (tmp_path / f"seen-{who}").read_text().splitlines()]
    assert sorted(seen, key=int) == [str(number) for number in range(300)]
    assert len(list((tmp_path / "done").iterdir())) == 300


@contextlib.contextmanager
def full_disk(limit):
    """No file may grow beyond the limit: a write fails in its middle, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_an_error_that_may_pass_and_leaves_nothing(tmp_path, context):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").write_text("old")
    producer = context.endpoint("file:out?fileName=a").producer()
    with full_disk(1000), pytest.raises(NotStored) as failure:
        producer.send(Exchange("x" * 5000))
    assert failure.value.retriable
    assert tree(tmp_path / "out") == {"a": "old"}
    producer.send(Exchange("x" * 5000))
    assert tree(tmp_path / "out") == {"a": "x" * 5000}


def test_a_line_that_does_not_fit_is_taken_back_whole(tmp_path, context):
    producer = context.endpoint("file:out?fileName=a&fileExist=Append").producer()
    producer.send(Exchange("1" * 600))
    with full_disk(1000), pytest.raises(NotStored):
        producer.send(Exchange("2" * 600))
    producer.send(Exchange("3" * 600))
    assert tree(tmp_path / "out") == {"a": "1" * 600 + "3" * 600}


def test_a_message_stays_with_its_source_while_the_disk_is_full(tmp_path, context):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").write_text("x" * 5000)
    context.load("- from: {uri: 'file:in?initialDelay=0&delay=10', steps: [{to: 'file:out'}]}")
    with full_disk(1000):
        context.start()
        until(lambda: context.routes["route1"].counts.failed >= 2)
        assert [name for name in tree(tmp_path) if "esb-tmp" not in name] == ["in/a"]
    until(lambda: tree(tmp_path) == {"in/.camel/a": "x" * 5000, "out/a": "x" * 5000})


def test_files_that_vanish_and_are_replaced_by_links_are_never_read_wrongly(tmp_path, context):
    (tmp_path / "in").mkdir()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    bodies, ended = [], threading.Event()

    def swap():
        for number in range(1500):
            path = tmp_path / f"in/{number % 5}"
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            if number % 2:
                path.symlink_to(secret)
            else:
                staged = tmp_path / "staged"
                staged.write_text("mine")
                staged.rename(path)
        ended.set()

    def route(exchanges):
        (exchange,) = exchanges
        try:
            bodies.append(text(exchange.body))
        except Exception as error:
            exchange.error = error
        exchange.unit.release(exchange.error)

    consumer = context.endpoint("file:in?initialDelay=0&delay=1&move=../done").consumer(route)
    consumer.start()
    thread = threading.Thread(target=swap)
    thread.start()
    assert ended.wait(60)
    thread.join()
    (tmp_path / "in/last").write_text("mine")
    until((tmp_path / "done/last").exists)
    consumer.stop(5)
    assert set(bodies) == {"mine"}
    assert secret.read_text() == "secret"


def test_a_split_file_is_moved_only_when_all_its_lines_are_on_disk(tmp_path, context, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").write_text("\n".join(map(str, range(2000))))
    order = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append((tmp_path / "in/a").exists()), real(handle))[1])
    context.load(
        r"""
        - from:
            uri: file:in?initialDelay=0&delay=10
            steps:
              - split:
                  tokenize: "\n"
                  streaming: true
                  steps:
                    - to: file:out?fileName=all&fileExist=Append&appendChars=\n
        """
    )
    context.start()
    until((tmp_path / "in/.camel/a").exists)
    assert (tmp_path / "out/all").read_text().split() == [str(number) for number in range(2000)]
    assert order
    assert all(order)
