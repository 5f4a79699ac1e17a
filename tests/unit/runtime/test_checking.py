"""A command that is watched while it runs."""

import os
import sys
import threading

import pytest

from esb.runtime import checking

FOREVER = [sys.executable, "-c", "import threading; threading.Event().wait()"]


def turns(count=10**9):
    """So many turns, a hundredth of a second each."""
    left, pause = iter(range(count)), threading.Event()

    def goes_on():
        pause.wait(0.01)
        return next(left, None) is not None

    return goes_on


def test_exit_code_and_both_outputs_are_told():
    code = "import sys; print('seen'); print('wrong', file=sys.stderr); sys.exit(3)"
    status, told = checking.run([sys.executable, "-c", code], 60, turns())
    assert (status, set(told.split())) == (3, {"seen", "wrong"})


def test_much_output_does_not_let_it_wait():
    status, told = checking.run([sys.executable, "-c", "print('x' * 1_000_000)"], 60, turns())
    assert (status, len(told)) == (0, 1_000_001)


def test_it_is_ended_when_it_may_not_go_on():
    assert checking.run(FOREVER, 60, turns(3)) is None


def test_it_is_ended_after_its_time():
    with pytest.raises(checking.TooLong):
        checking.run(FOREVER, 0.1, turns())


def test_what_does_not_hear_is_killed(monkeypatch):
    monkeypatch.setattr(checking, "_FAREWELL", 0.05)
    deaf = "import signal, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); threading.Event().wait()"
    assert checking.run([sys.executable, "-c", deaf], 60, turns(50)) is None


def test_it_is_ended_when_its_caller_fails(tmp_path):
    pid = tmp_path / "pid"
    code = f"import os, pathlib, threading; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); threading.Event().wait()"

    def fails():
        if pid.exists() and pid.read_text():
            raise ZeroDivisionError
        return turns()()

    with pytest.raises(ZeroDivisionError):
        checking.run([sys.executable, "-c", code], 60, fails)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
