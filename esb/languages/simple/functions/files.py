"""``${file:name}`` and its kin: parts of the name and the facts in the file headers of a message (Camel's page "File Language")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from esb.coerce import text
from esb.exchange import Exchange
from esb.expression import Expression
from esb.languages.simple.functions import Call, function

_NAME: Final = "CamelFileName"


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _without_extension(name: str, *, single: bool = False) -> str:
    folder, slash, base = name.rpartition("/")
    stem = base.rpartition(".")[0] if single else base.partition(".")[0]
    return f"{folder}{slash}{stem}" if "." in base else name


def _extension(name: str, *, single: bool = False) -> str | None:
    base = name.rpartition("/")[2]
    if "." not in base:
        return None
    return base.rpartition(".")[2] if single else base.partition(".")[2]


_OF_NAME: Final[dict[str, Callable[[str], str | None]]] = {
    "name": lambda name: name,
    "name.noext": _without_extension,
    "name.noext.single": lambda name: _without_extension(name, single=True),
    "name.ext": _extension,
    "ext": _extension,
    "name.ext.single": lambda name: _extension(name, single=True),
    "onlyname": _base,
    "onlyname.noext": lambda name: _without_extension(_base(name)),
    "onlyname.noext.single": lambda name: _without_extension(_base(name), single=True),
}
_OF_HEADER: Final = {
    "parent": "CamelFileParent",
    "path": "CamelFilePath",
    "absolute": "CamelFileAbsolute",
    "absolute.path": "CamelFileAbsolutePath",
    "size": "CamelFileLength",
    "length": "CamelFileLength",
    "modified": "CamelFileLastModified",
}


@function("file")
def file(call: Call) -> Expression:
    """A part of the file's name, or a fact about it; nothing if the message is no file."""
    wanted = call.rest[1:]
    if not call.rest.startswith(":") or wanted not in {**_OF_NAME, **_OF_HEADER}:
        raise call.misused("file:" + "|".join([*_OF_NAME, *_OF_HEADER]))
    if wanted in _OF_HEADER:
        header = _OF_HEADER[wanted]
        return lambda exchange: exchange.message.headers.get(header)
    part = _OF_NAME[wanted]

    def of_name(exchange: Exchange) -> Any:
        name = text(exchange.message.headers.get(_NAME))
        return None if name is None else part(name)

    return of_name
