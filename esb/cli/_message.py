"""A message from the command line, and a body for people."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from esb.coerce import text
from esb.exchange import IN_OUT, Exchange

_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


def body_options(function: Any) -> Any:
    """The options of a message: ``body``, ``file``, ``headers``."""
    for option in (
        click.option(
            "-H", "--header", "headers", multiple=True, metavar="NAME=VALUE", help="A header; may be repeated."
        ),
        click.option(
            "--file",
            type=_FILE,
            metavar="FILE",
            help="Its body, from a file (- is standard input).",
        ),
        click.option("--body", default=None, metavar="TEXT", help="Its body."),
    ):
        function = option(function)
    return function


def message_of(body: str | None, file: Path | None, headers: tuple[str, ...], *, pattern: str = IN_OUT) -> Exchange:
    """The exchange that the options describe. Raises UsageError."""
    if body is not None and file is not None:
        raise click.UsageError("--body and --file are the same body: give one of them")
    content: Any = body
    if file is not None:
        try:
            content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        except OSError as error:
            raise click.UsageError(f"cannot read {file}: {error.strerror}") from error
    pairs = {}
    for pair in headers:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise click.UsageError(f"a header is NAME=VALUE, not {pair!r}")
        pairs[name] = value
    return Exchange(content, pairs, pattern=pattern)


def shown(value: Any) -> str:
    """A value as text: maps and lists as JSON, XML as it is written, bytes that are no text in hexadecimal."""
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, indent=2, ensure_ascii=False, default=shown)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex(" ")
    return "null" if value is None else text(value) or ""
