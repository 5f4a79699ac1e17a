"""A failed message as text for people."""

from __future__ import annotations

import msgspec

from esb.broker.dead_letters import DeadLetter
from esb.cli._terminal import plural

_LONGEST = 4000


def page(letter: DeadLetter, *, full: bool) -> str:
    """Everything about it; a long body cut unless ``full``."""
    where = f"{letter.route or 'no route'}{f', step {letter.step}' if letter.step else ''}{f' at {letter.step_at}' if letter.step_at else ''}"
    lines = [
        f"id         {letter.id}",
        f"queue      {letter.queue}, came from {letter.origin or 'an unknown queue'}",
        f"failed     {letter.failed_at or 'at an unknown time'}, after {plural(letter.attempts, 'try').replace('trys', 'tries')}",
        f"where      {where}",
        f"error      {letter.error_class}: {letter.error}",
        *(f"           {entry.get('path', '')}: {entry.get('message', '')}" for entry in letter.report),
        *_tried(letter),
        *([f"edited     {letter.edited}"] if letter.edited else []),
        "headers" if letter.headers else "headers    none",
        *(f"  {name}: {value}" for name, value in letter.headers.items()),
        f"body       {letter.content_type or 'of no stated type'}, {len(letter.body)} bytes",
    ]
    return "\n".join([*lines, _shown(letter.body, full=full)])


def kind(letter: DeadLetter) -> str:
    """The error's class in a word."""
    return letter.error_class.rpartition(".")[2] or "unknown"


def line(text: str) -> str:
    """The first line of a text, not too long."""
    first = text.partition("\n")[0]
    return first if len(first) <= 100 else f"{first[:97]}..."


def _tried(letter: DeadLetter) -> list[str]:
    lines = []
    for entry in letter.tried:
        where = " ".join(str(entry.get(name)) for name in ("route", "step") if entry.get(name))
        lines.append(
            f"  try {entry.get('attempt', '?')}    {str(entry.get('at', ''))[:19]} {where}: {line(str(entry.get('error', '')))}"
        )
    return lines


def _shown(body: bytes, *, full: bool) -> str:
    try:
        told = body.decode()
    except UnicodeDecodeError:
        return f"(no text; it begins with {body[:32].hex(' ')})"
    try:
        told = msgspec.json.format(told, indent=2)  # every number keeps its digits: somebody may copy them
    except (msgspec.DecodeError, RecursionError):
        told = "".join(one if one.isprintable() or one in "\n\t" else f"\\x{ord(one):02x}" for one in told)
    return (
        told if full or len(told) <= _LONGEST else f"{told[:_LONGEST]}\n... ({len(told)} characters; --full shows all)"
    )
