"""The command line in this process: what it prints and its exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from project_files import write

from esb.cli.main import main

__all__ = ["write"]


@dataclass
class Told:
    code: int
    out: str
    err: str


@pytest.fixture
def esb(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Runs the command with arguments and gives what it told."""

    def run(*arguments: str | Path) -> Told:
        code = 0
        try:
            main([str(one) for one in arguments])
        except SystemExit as done:
            code = done.code if isinstance(done.code, int) else 0 if done.code is None else 1
        told = capsys.readouterr()
        return Told(code, told.out, told.err)

    return run


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A folder for a project, whose modules are forgotten afterwards."""
    folder = tmp_path / "shop"
    path, modules = list(sys.path), set(sys.modules)
    yield folder
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(folder)):
            del sys.modules[name]
