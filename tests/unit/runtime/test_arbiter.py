"""The listeners of the master."""

import contextlib
import logging
import os
import socket
from pathlib import Path

import pytest
from gunicorn.config import Config

from esb.runtime.arbiter import BusArbiter, _listener, _NotFree

# gunicorn leaves a socket that cannot be bound to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def arbiter():
    """A master that listens at one address."""
    made = BusArbiter.__new__(BusArbiter)
    made.cfg, made.log = Config(), logging.getLogger("test")
    made.cfg.set("bind", ["127.0.0.1:0"])
    made.LISTENERS = [_listener(("127.0.0.1", 0), made.cfg, made.log)]
    yield made
    for listener in made.LISTENERS:
        listener.close()


@pytest.fixture
def taken():
    """An address that another program has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"127.0.0.1:{other.getsockname()[1]}"


@pytest.fixture
def other(tmp_path):
    """Another program that listens at a Unix address and has time for one client."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "other"))
        listening.listen(0)
        yield listening


def is_heard(path):
    """Whether a client reaches whoever listens at that path."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def test_a_reload_takes_no_unix_address_of_another_program_away(arbiter, other):
    with pytest.raises(_NotFree, match="Address already in use; 'ss -lxp' names who does"):
        arbiter._listen([f"unix:{other.getsockname()}"])
    other.accept()[0].close()
    assert is_heard(other.getsockname())


def test_a_reload_takes_no_unix_address_away_of_a_program_that_has_no_time(arbiter, other):
    path = other.getsockname()
    before = Path(path).stat().st_ino
    with contextlib.ExitStack() as waiting:
        with contextlib.suppress(BlockingIOError):
            while True:
                client = waiting.enter_context(socket.socket(socket.AF_UNIX))
                client.setblocking(False)
                client.connect(path)
        with pytest.raises(_NotFree, match="Address already in use"):
            arbiter._listen([f"unix:{path}"])
    assert Path(path).stat().st_ino == before


def test_a_reload_that_is_refused_leaves_no_file_of_its_new_unix_address(arbiter, taken, tmp_path):
    with pytest.raises(_NotFree):
        arbiter._listen([f"unix:{tmp_path}/new", taken])
    assert list(tmp_path.iterdir()) == []


def test_a_reload_listens_at_a_unix_address_whose_program_was_killed(arbiter, other):
    path = other.getsockname()
    other.close()
    arbiter._listen([f"unix:{path}"])
    assert is_heard(path)


def test_a_reload_to_a_port_that_there_is_not_is_refused(arbiter):
    with pytest.raises(_NotFree, match=r"cannot listen at 127\.0\.0\.1:99999: bind.*port must be 0-65535"):
        arbiter._listen(["127.0.0.1:99999"])


def test_a_unix_address_that_cannot_be_had_leaves_the_mask_of_new_files_as_it_was(tmp_path):
    before = os.umask(0o027)
    try:
        with pytest.raises(OSError, match="No such file"):
            _listener(str(tmp_path / "nowhere" / "s"), Config(), None)
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
