"""A failed message as a text to edit: remarks, headers a line each, an empty line, the body. As mail and HTTP have it."""

from __future__ import annotations

import json
from typing import Any, Final

from esb.broker.dead_letters import DeadLetter
from esb.edge import is_control
from esb.errors import OptionError

CONTENT_TYPE: Final = "Content-Type"
_REMARKS: Final = """\
# {message}
# Headers, an empty line, the body as it will be sent. Lines like this one, before the headers, are left out.
# A number, true, false or null is one where the header was one before. Save nothing new to leave the message as it is.
# A name that holds a colon stands in quotes: "order:id": 42
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
    about = f"{letter.id} on {letter.queue}: {letter.error_class}: {letter.error}"
    remarks = _REMARKS.format(message=" ".join(about.split()))
    lines = [] if letter.content_type is None else [f"{CONTENT_TYPE}: {_text(letter.content_type)}"]
    lines += [f"{_name(name)}: {_text(value)}" for name, value in letter.headers.items()]
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
        name, quoted, value = _split(line)
        if name.lower() == CONTENT_TYPE.lower() and not quoted:
            as_it_was = letter.content_type is not None and value == _text(letter.content_type).strip()
            content_type = letter.content_type if as_it_was else value or None
        else:
            headers |= changed(letter.headers, name, value)
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


def _name(name: str) -> str:
    """A header's name; in quotes, as JSON has them, if a reader would take it for something else."""
    plain = name.isprintable() and name == name.strip() and name != "" and ":" not in name and name[0] not in '#"'
    # The content type is none of the headers; one of them may have its name.
    return name if plain and name.lower() != CONTENT_TYPE.lower() else json.dumps(name, ensure_ascii=False)


def _split(line: str) -> tuple[str, bool, str]:
    """A line's name, whether it stood in quotes, and its value. Raises OptionError."""
    quoted = line.lstrip().startswith('"')
    if quoted:
        try:
            name, end = json.JSONDecoder().raw_decode(line.lstrip())
        except ValueError:
            name, end = "", 0
        colon, value = line.lstrip()[end:].lstrip()[:1], line.lstrip()[end:].lstrip()[1:]
    else:
        name, colon, value = (part.strip() for part in line.partition(":"))
    if colon != ":" or not (name or quoted):
        raise OptionError(
            f"the line {line!r} is no header",
            hint="write NAME: VALUE, a name that holds a colon in quotes, and an empty line before the body",
        )
    return name, quoted, value.strip()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value if value.isprintable() else json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)
