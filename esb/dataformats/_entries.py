"""What archives share: names of entries, and entries as messages for a split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from esb.coerce import text
from esb.dataformats._octets import Unpackable
from esb.exchange import Exchange, Message

FILE_NAME: Final = "CamelFileName"
_ODD: Final = re.compile(r"[^A-Za-z0-9_.-]")


class Entries:
    """An iterator of messages, one for each entry: a split makes each of them a part, headers included. For one thread."""

    messages = True
    """Tells a split that the items are messages."""

    def __init__(self, exchange: Exchange, header: str, entries: Iterable[tuple[str, Any]]) -> None:
        """``header`` is the one that, beside the file name, gets the entry's name; ``entries`` are names and bodies, read as they are taken."""
        self._headers = exchange.message.headers.copy()
        self._header = header
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        name, body = next(self._entries)
        message = Message(body, self._headers)
        message.headers[self._header] = name
        message.headers[FILE_NAME] = name
        return message


def safe_name(name: str) -> str:
    """The name of an entry. Raises Unpackable for one that would lead out of the folder it is unpacked to."""
    parts = name.replace("\\", "/").split("/")
    if not name or name[0] in "/\\" or ".." in parts or ":" in parts[0] or any(one < " " for one in name):
        raise Unpackable(
            f"the archive's entry {name[:100]!r} leads out of the folder; entries need plain relative names"
        )
    return name


def written_name(exchange: Exchange) -> PurePosixPath:
    """The name for a body that is packed: that of its file, or one made from the exchange's id."""
    given = text(exchange.message.headers.get(FILE_NAME))
    path = PurePosixPath(given) if given else PurePosixPath()
    return path if path.name and path.name != ".." else PurePosixPath(_ODD.sub("-", exchange.id))


def folders(path: PurePosixPath) -> list[str]:
    """The folders that a path goes through, outermost first, each with a slash at its end."""
    parts = [part for part in path.parts if part not in {"/", "..", "."}]
    return ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
