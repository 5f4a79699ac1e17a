"""Named crash points: every name stands for a function that is there, and a process dies at the pass that was asked for."""

import subprocess
import sys

import pytest

from esb.errors import OptionError, UnknownName
from esb.testing import crash


@pytest.mark.parametrize("name", crash.POINTS)
def test_every_point_is_a_function_of_the_bus(name):
    owner, last = crash.target(crash.POINTS[name])
    function = vars(owner)[last]
    assert callable(getattr(function, "__func__", function))


@pytest.mark.parametrize(
    ("switch", "name", "nth"),
    [
        ("amqp.before-ack", "amqp.before-ack", 1),
        ("amqp.before-ack:7", "amqp.before-ack", 7),
        ("after=json:dumps", "after=json:dumps", 1),
        ("before=json.encoder:JSONEncoder.encode:3", "before=json.encoder:JSONEncoder.encode", 3),
    ],
)
def test_a_switch_is_a_name_and_a_pass(switch, name, nth):
    found, _, number = crash.parse(switch)
    assert (found, number) == (name, nth)


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(UnknownName, match="before-akc"):
        crash.parse("amqp.before-akc")


def test_a_pass_is_counted_from_one():
    with pytest.raises(OptionError, match="counted from 1"):
        crash.parse("amqp.before-ack:0")


CODE = """
import json
from esb.testing.crash import arm
arm()
for n in range(5):
    json.dumps(n)
    print(n, flush=True)
"""


def run(switch, **environment):
    return subprocess.run(
        [sys.executable, "-c", CODE],
        env={"ESB_CRASH_AT": switch, "PYTHONPATH": ":".join(sys.path)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_process_dies_at_the_pass():
    done = run("before=json:dumps:3")
    assert (done.returncode, done.stdout) == (-9, "0\n1\n")
    assert "crash point before=json:dumps" in done.stderr


def test_a_lit_fuse_lets_the_next_process_live(tmp_path):
    fuse = tmp_path / "fuse"
    assert run("after=json:dumps", ESB_CRASH_FUSE=str(fuse)).returncode == -9
    assert fuse.exists()
    assert run("after=json:dumps", ESB_CRASH_FUSE=str(fuse)).returncode == 0


def test_a_static_method_stays_one():
    code = "from esb.testing.crash import arm\narm('file.before-place:9')\n"
    code += "from adapters.file.writing import Writing\nprint(Writing()._place.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, env={"PYTHONPATH": "."}
    )
    assert done.stdout == "_place\n", done.stderr
