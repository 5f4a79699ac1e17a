"""The options by which a verb is told which failed messages are meant."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from esb.broker.selection import Selection
from esb.errors import OptionError
from esb.fields import seconds

_NAMES = ("ids", "queue", "route", "error", "older_than", "newer_than", "headers", "everything")


def options(function: Any) -> Any:
    """The options of a selection, handed over as ``selection``."""

    @functools.wraps(function)
    def chosen(*args: Any, **values: Any) -> Any:
        selection = Selection(**{name: values.pop(name) for name in _NAMES})
        return function(*args, selection=selection, **values)

    for option in (
        click.option("--all", "everything", is_flag=True, help="All of them (in the queue, with --queue)."),
        click.option(
            "--header",
            "headers",
            multiple=True,
            callback=_headers,
            metavar="NAME[=TEXT]",
            help="With this header, of this text; may be repeated.",
        ),
        click.option(
            "--newer-than", callback=_duration, metavar="TIME", help="Failed no longer ago than this: 30m, 2h, 1d."
        ),
        click.option(
            "--older-than", callback=_duration, metavar="TIME", help="Failed longer ago than this: 30m, 2h, 1d."
        ),
        click.option("--error", default="", metavar="TEXT", help="With this text in the error's class or message."),
        click.option("--route", default="", metavar="ID", help="That failed in this route."),
        click.option("--queue", default="", metavar="NAME", help="On this queue, such as orders.dlq."),
        click.option(
            "--id", "ids", multiple=True, metavar="ID", help="With this id, or this beginning of it; may be repeated."
        ),
    ):
        chosen = option(chosen)
    return chosen


@contextmanager
def told_as_usage() -> Iterator[None]:
    """A selection that means nothing, or too much, is a wrong use of the command."""
    try:
        yield
    except OptionError as error:
        raise click.UsageError(f"{error.message}{f'; {error.hint}' if error.hint else ''}") from error


def _headers(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str | None], ...]:
    pairs = (value.partition("=") for value in values)
    return tuple((name, text if equals else None) for name, equals, text in pairs)


def _duration(_context: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
