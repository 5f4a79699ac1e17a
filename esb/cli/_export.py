"""Failed messages in files: a line of JSON for each in one file, or a folder with two files for each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from esb.broker.dead_letters import DeadLetter, data


class _Lines:
    """A message a line, its body in it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.count = 0

    def __call__(self, letter: DeadLetter) -> None:
        self._file.write(json.dumps(data(letter, body=True), default=str, ensure_ascii=False) + "\n")
        self.count += 1


class _Folder:
    """``QUEUE/ID.json`` with all but the body, and ``QUEUE/ID.body`` with it, byte for byte."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.count = 0

    def __call__(self, letter: DeadLetter) -> None:
        folder = self._folder / _name(letter.queue)
        folder.mkdir(parents=True, exist_ok=True)
        stem = _name(letter.id)
        twice = 1
        while (folder / f"{stem}.json").exists():  # the same message may have failed twice
            twice += 1
            stem = f"{_name(letter.id)}-{twice}"
        (folder / f"{stem}.body").write_bytes(letter.body)
        told = json.dumps(data(letter, body=False), default=str, indent=2, ensure_ascii=False)
        (folder / f"{stem}.json").write_text(f"{told}\n")
        self.count += 1


@contextmanager
def into(path: Path) -> Iterator[_Lines | _Folder]:
    """What writes each message it is called with. Raises UsageError for a target that holds something already."""
    if path.suffix == ".jsonl":
        if path.exists():
            raise click.UsageError(f"{path} is there already; name another file")
        with path.open("x") as file:
            yield _Lines(file)
        return
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise click.UsageError(f"{path} is there already, and not an empty folder; name another one")
    path.mkdir(parents=True, exist_ok=True)
    yield _Folder(path)


def _name(text: str) -> str:
    """A file name: ids come from outside, and may hold a path."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text).lstrip(".")[:150] or "_"
