"""A failed message as a text to edit: remarks, headers a line each, an empty line, the body. As mail and HTTP have it."""

from __future__ import annotations

import json
from typing import Any, Final

from esb.broker.dead_letters import DeadLetter
from esb.edge import is_control
from esb.errors import OptionError

CONTENT_TYPE: Final = "Content-Type"
_REMARKS: Final = """\
# {id} on {queue}: {error}
# Headers, an empty line, the body as it will be sent. Lines like this one, before the headers, are left out.
# A number, true, false or null is one where the header was one before. Save nothing new to leave the message as it is.
"""


def written(letter: DeadLetter) -> str:
    """The text. Raises OptionError for a body that is no text, or has lines an editor would change."""
    try:
        body = letter.body.decode()
    except UnicodeDecodeError:
        raise OptionError(
            "the body is no text", hint="write the new one to a file, and name it by --body-file"
        ) from None
    if "\r" in body:
        raise OptionError(
            "the body has carriage returns, which editors may change",
            hint="write the new one to a file, and name it by --body-file",
        )
    remarks = _REMARKS.format(
        id=letter.id, queue=letter.queue, error=" ".join(f"{letter.error_class}: {letter.error}".split())
    )
    headers = {CONTENT_TYPE: letter.content_type} if letter.content_type is not None else {}
    lines = [f"{name}: {_text(value)}" for name, value in (headers | letter.headers).items()]
    return remarks + "".join(f"{one}\n" for one in lines) + "\n" + body


def read(text: str, letter: DeadLetter) -> tuple[dict[str, Any], str | None, bytes]:
    """Headers, content type and body of an edited text. Raises OptionError for a line that is no header."""
    head, _, body = text.partition("\n\n")
    lines = head.split("\n")
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    if not lines or lines == [""]:  # no headers at all
        lines = []
    headers: dict[str, Any] = {}
    content_type: str | None = None
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise OptionError(
                f"the line {line!r} is no header", hint="write NAME: VALUE, and an empty line before the body"
            )
        if name.strip().lower() == CONTENT_TYPE.lower():
            content_type = value.strip() or None
        else:
            headers |= changed(letter.headers, name.strip(), value.strip())
    if not letter.body.endswith(b"\n"):
        body = body.removesuffix("\n")  # editors end a file with it
    return headers, content_type, body.encode()


def changed(before: dict[str, Any], name: str, text: str) -> dict[str, Any]:
    """A header by its text: of the type it had, if it was no text. Raises OptionError for a name that only the bus may set."""
    if is_control(name):
        raise OptionError(f"header {name} is the bus's own", hint="give it another name")
    old = before.get(name)
    if name not in before or isinstance(old, str):
        # What was saved as it stood must come back as it was, line breaks and all.
        return {name: old if isinstance(old, str) and text == _text(old).strip() else text}
    if text == _text(old):
        return {name: old}
    try:
        value = json.loads(text)
    except ValueError:
        return {name: text}
    return {name: value if value is None or isinstance(value, str | int | float) else text}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if value.isprintable() else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)
