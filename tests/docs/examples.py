"""``python -m tests.docs.examples PAGE ...``: run the examples of each page, in order, in a project folder of its own; exit code 1 if one fails.

Pages may have modules of the same names: what a page brought is forgotten before the next one.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from click.testing import CliRunner

from esb.broker.memory import MemoryBroker
from esb.cli.main import cli
from esb.coerce import text as as_text
from esb.components.mock import MockEndpoint
from esb.context import RouteContext
from esb.exchange import Exchange
from esb.project import Project
from esb.runtime.bus import load_routes, make_context
from esb.runtime.paths import Paths
from esb.testing.ports import free_port
from tests.docs.blocks import Block, blocks, wrong

ROOT = Path(__file__).resolve().parents[2]
PORTS = ("8080", "9090", "8088")
"""Ports that the guides write; a run has free ones in their place."""
_SHELL = ("bash", "-euo", "pipefail", "-c")


class Page:
    """The examples of one page, run one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = ""
        self._started: list[subprocess.Popen[bytes]] = []
        self._ports = {port: str(free_port()) for port in PORTS}
        (folder / "routes").mkdir()
        self._environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ESB_PORT": self._ports["8080"],
            "ESB_MANAGEMENT_PORT": self._ports["9090"],
            "PYTHONUNBUFFERED": "1",
        }

    def close(self) -> None:
        """Stop what was started in the background."""
        for process in self._started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self._started:
            process.wait(60)

    def run(self, block: Block) -> None:
        """Do what the block says. Raises AssertionError with what is not as it says."""
        assert not wrong(block), wrong(block)
        if block.has("not run"):
            return
        text = self._with_ports(block.text)
        for name in block.all("file"):
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        if block.has("output"):
            _expect_lines(text, self.output)
        elif block.language == "sh":
            self._shell(block, text)
        elif block.language == "yaml":
            self._yaml(block, text)

    def _with_ports(self, text: str) -> str:
        return re.sub(r"\b(8080|9090)\b", lambda found: self._ports[found[0]], text)

    # -- shell -----------------------------------------------------------------------------------------------------------------

    def _shell(self, block: Block, text: str) -> None:
        if block.has("background"):
            with (self.folder / "background.log").open("ab") as log:
                process = subprocess.Popen(
                    (*_SHELL, f"exec {text}"),
                    cwd=self.folder,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self._started.append(process)
            self._wait(process, self._with_ports(block.all("background")[0]))
            return
        here = self.folder / ".here"
        done = subprocess.run(
            (*_SHELL, f"{text}\npwd > {here}"),
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        self.output = done.stdout + done.stderr
        expected = int(block.all("run")[0].removeprefix("exit ") or 0)
        assert done.returncode == expected, f"exit code {done.returncode}, not {expected}:\n{self.output}"
        if here.exists():  # a 'cd' holds for the blocks after it, as in a reader's terminal
            self.folder = Path(here.read_text().strip())
            here.unlink()

    def _wait(self, process: subprocess.Popen[bytes], url: str) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(url, timeout=3) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"{url} does not answer:\n{(self.folder / 'background.log').read_text()[-3000:]}")

    # -- YAML ------------------------------------------------------------------------------------------------------------------

    def _yaml(self, block: Block, text: str) -> None:
        for code in block.all("finds"):
            _check_finds(code, text, self.folder / "schemas")
            return
        files = block.all("file")
        if files and not files[0].startswith("routes/"):
            return  # a schema, a mapping, a configuration: the routes that use it show whether it is right
        if files and files[0].endswith(".test.yaml"):
            return  # run by 'esb test'
        with self._context() as context:
            if files:
                load_routes(context.service("project"), context)
            else:
                context.load(_as_route(text) if block.has("steps") else text, f"line {block.line}")
            if block.has("run"):
                context.start()
                for words in block.all("run"):
                    _act(context, shlex.split(words))

    @contextmanager
    def _context(self) -> Iterator[RouteContext]:
        broker = MemoryBroker()
        broker.open()
        project = Project.open(self.folder)
        context = make_context(project, {"broker": lambda _: broker, "http": lambda _: Paths("http://127.0.0.1")})
        try:
            yield context
        finally:
            context.stop(5)
            broker.close()


def _check_finds(code: str, text: str, schemas: Path) -> None:
    """A project of this file, whose first line names it, has this finding and no other, but for what is told of its notation."""
    with tempfile.TemporaryDirectory(prefix="esb-docs-") as name:
        folder = Path(name)
        (folder / "routes").mkdir()
        if schemas.is_dir():
            shutil.copytree(schemas, folder / "schemas")
        (folder / "esb.yaml").write_text("project: example\n")
        (folder / text.partition("\n")[0].removeprefix("# ")).write_text(text)
        done = CliRunner().invoke(cli, ["-C", str(folder), "check", "--json"])
        found = [(one["code"], one["line"] > 1) for one in json.loads(done.stdout)["findings"]]
        told = [one for one in found if one[0] != "ESB-L001" or code == "ESB-L001"]
        assert set(told) == {(code, True)}, f"it finds {found}"


def _as_route(steps: str) -> str:
    indented = "".join(f"        {line}\n" for line in steps.splitlines())
    return f"- route:\n    from:\n      uri: direct:start\n      steps:\n{indented}"


def _act(context: RouteContext, words: list[str]) -> None:
    """``send BODY [to URI] [with NAME=VALUE ...] (expect BODY | expect mock:NAME BODY ... | fails TEXT)``, ``received mock:NAME BODY ...``."""
    if words[:1] == ["received"]:
        _expect_received(context, words[1], words[2:])
        return
    assert words[:1] == ["send"], f"'run' begins with 'send' or 'received', not {words[:1]}"
    exchange = Exchange(words[1], pattern="InOut")
    rest, uri = words[2:], "direct:start"
    if rest[:1] == ["to"]:
        uri, rest = rest[1], rest[2:]
    if rest[:1] == ["with"]:
        rest = rest[1:]
        while rest and rest[0] not in {"expect", "fails"}:
            name, _, value = rest.pop(0).partition("=")
            exchange.message.headers[name] = value
    told = context.send(uri, exchange)
    verb, *expected = rest
    if verb == "fails":
        assert told.error is not None, "it did not fail"
        assert expected[0] in str(told.error), f"it failed with {told.error}, not with {expected[0]!r}"
        return
    if told.error is not None:
        raise told.error
    if expected[0].startswith("mock:"):
        _expect_received(context, expected[0], expected[1:])
    else:
        got = as_text(told.message.body)
        assert got == expected[0], f"the body is {got!r}, not {expected[0]!r}"


def _expect_received(context: RouteContext, uri: str, bodies: list[str]) -> None:
    endpoint = context.endpoint(uri)
    assert isinstance(endpoint, MockEndpoint)
    deadline = time.monotonic() + 10
    while len(endpoint.received) < len(bodies) and time.monotonic() < deadline:
        time.sleep(0.01)
    got = [as_text(one.body) for one in endpoint.received]
    assert got == bodies, f"{uri} received {got}, not {bodies}"


def _expect_lines(expected: str, output: str) -> None:
    """Every line stands in the output, in this order; ``...`` within a line is anything."""
    lines = iter(output.splitlines())
    for line in expected.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("..."))
        found = not line.strip(". ") or any(re.fullmatch(pattern, got.rstrip()) for got in lines)
        assert found, f"the output has no line {line!r}:\n{output}"


def run_page(name: str) -> list[str]:
    """What is not as the page says; empty if every example does what it says."""
    wrong_ones = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="esb-docs-"))).resolve()
        stack.callback(_forget, folder, list(sys.path))
        page = Page(folder)
        stack.callback(page.close)
        for block in blocks((ROOT / name).read_text()):
            try:
                page.run(block)
            except Exception as error:
                detail = "" if isinstance(error, AssertionError) else "".join(traceback.format_exception(error))
                wrong_ones.append(f"{name}:{block.line}: {type(error).__name__}: {error}\n{detail}")
    return wrong_ones


def _forget(folder: Path, path: list[str]) -> None:
    """Forget the modules of a page's folder, and the folder itself."""
    sys.path[:] = path
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        if any(place and Path(place).is_relative_to(folder) for place in places):
            del sys.modules[name]
    importlib.invalidate_caches()


def main(names: list[str]) -> int:
    """Exit code 0 if every example does what its page says."""
    found = []
    for name in names:
        faulthandler.dump_traceback_later(170, exit=True)  # an example that hangs says where
        found += run_page(name)
    print("".join(found), end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
