"""The engine of ``esb test``: declarative tests that stand beside routes, in ``tests/*.test.yaml``.

Each test gets a bus of its own (context, broker in memory, folder), so that nothing of one is seen by another, and needs no partner and no network.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from esb.dsl.nodes import MapNode, Node, ScalarNode
from esb.errors import ConfigError, ConfigErrors, EsbError, Position, TransportError
from esb.project import Project
from esb.testing.answers import Mock, check_errors, make_mock
from esb.testing.casefile import OUTCOME, SUFFIXES, Case, read_cases
from esb.testing.coverage import Coverage
from esb.testing.expectations import Miss, check, check_reply
from esb.testing.scene import Reply, Scene, resolved

Open = Callable[[str, dict[str, str]], Project]
"""Opens the project for an instance with further properties."""
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 -- a folder with a random name is made in it
"""Where tests have their folders: in memory if that can be had, since stores sync to a disk at every message."""
_LATE = 5.0
"""How long a test waits for what a timer may still bring, before its expectations count as missed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a test: it passed if nothing was missed."""

    name: str
    at: Position
    seconds: float
    misses: tuple[Miss, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether all expectations held."""
        return not self.misses


def find(projects: Iterable[Project]) -> list[Path]:
    """The test documents of projects (or instances of one): beside their route files and in a folder ``tests`` there."""
    found: set[Path] = set()
    for project in projects:
        for folder in {file.parent for file in project.route_files()}:
            for place in (folder, folder / "tests"):
                found |= {file for suffix in SUFFIXES for file in place.glob(f"*{suffix}")}
    return sorted(found)


def run_case(case: Case, open_project: Open, instance: str = "", coverage: Coverage | None = None) -> Outcome:
    """Run one test. Errors of the project's files are misses too, each where it stands."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="esb-test-", dir=_MEMORY) as name:
        folder = Path(name).resolve()
        try:
            misses = _run(case, folder, open_project, instance, coverage)
        except ConfigErrors as errors:
            misses = [Miss(one.at if one.at.line else case.at, one.message) for one in errors.findings]
        except ConfigError as error:
            told = f"{error.message}; {error.hint}" if error.hint else error.message
            misses = [Miss(error.at if error.at.line else case.at, told)]
        except (EsbError, TransportError) as error:
            misses = [Miss(case.at, f"{type(error).__name__}: {error}")]
    return Outcome(case.name, case.at, time.perf_counter() - began, tuple(misses))


def _run(case: Case, folder: Path, open_project: Open, instance: str, coverage: Coverage | None) -> Sequence[Miss]:
    state = folder / "state"
    state.mkdir()
    own = {"test.folder": str(folder), "esb.state": str(state)} | case.properties
    project = open_project(case.instance or instance, own)
    mocks, sends, expect = _resolved(case, project)
    scene = Scene(project, case, mocks, folder, coverage.around if coverage is not None else None)
    try:
        scene.open()
        *earlier, last = sends
        misses = []
        for send in earlier:
            misses += check_reply(_outcome(send), scene.send(send), scene, send.at)
        reply = scene.send(last)
        scene.settle()
        whole = MapNode((*_outcome(last).entries, *expect.entries), expect.at)
        return [*misses, *_checked(whole, reply, scene, case.at)]
    finally:
        scene.close()


def _outcome(send: MapNode) -> MapNode:
    """What a message says of its own reply: that of any but the last is seen nowhere else."""
    return MapNode(tuple((key, value) for key, value in send if key.text in OUTCOME), send.at)


def _resolved(case: Case, project: Project) -> tuple[list[Mock], list[MapNode], MapNode]:
    def whole(node: Node) -> Node:
        return resolved(project, node)

    findings: list[ConfigError] = []
    mocks = []
    for key, answer in case.mocks:
        check_errors(answer, findings)
        pattern = whole(key)
        assert isinstance(pattern, ScalarNode)
        mocks.append(make_mock(pattern, whole(answer), case.folder))
    if findings:
        raise ConfigErrors(findings)
    sends = [made for node in case.sends if isinstance(made := whole(node), MapNode)]
    expect = whole(case.expect)
    assert isinstance(expect, MapNode)
    return mocks, sends, expect


def _checked(expect: MapNode, reply: Reply, scene: Scene, at: Position) -> list[Miss]:
    """The misses, after giving timers the time to bring what is missing."""
    deadline = time.monotonic() + _LATE
    misses = check(expect, reply, scene, at)
    while misses and scene.timers and time.monotonic() < deadline:
        scene.wait(0.005)
        scene.settle()
        misses = check(expect, reply, scene, at)
    return misses


def run_file(
    file: Path,
    name: str,
    open_project: Open,
    *,
    instance: str = "",
    only: str = "",
    coverage: Coverage | None = None,
    told: Callable[[Outcome], None] = lambda _outcome: None,
) -> list[Outcome]:
    """Run the tests of a document whose names hold ``only``; ``told`` is called after each. Raises ConfigErrors for a document that is wrong."""
    outcomes = []
    for case in read_cases(file, name):
        if only.lower() in case.name.lower():
            outcomes.append(run_case(case, open_project, instance, coverage))
            told(outcomes[-1])
    return outcomes
