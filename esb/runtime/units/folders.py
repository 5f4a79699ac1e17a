"""The folders that an instance writes: of file endpoints, also where they move files to, and of stores that stand elsewhere than in its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.uri import Uri, parse_uri
from esb.errors import ConfigError

_STATE: Final = "{{esb.state}}"
_MOVES: Final = ("move", "moveFailed", "preMove", "moveExisting")
_STORES: Final = ("esb.stores.", "org.apache.camel.support.processor.idempotent.FileIdempotentRepository")


@dataclass
class Folders:
    """What is found, with the reason for each. ``resolve`` replaces placeholders; what has no value is empty."""

    base: Path
    resolve: Callable[[str], str]
    writes: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def look(self, node: Node | None) -> None:
        """Note the folders that a part of a document names."""
        match node:
            case ScalarNode():
                self._endpoint(node.text, {}, str(node.at))
            case ListNode():
                for item in node:
                    self.look(item)
            case MapNode():
                self._map(node)
            case None:
                pass

    def outermost(self) -> list[tuple[str, str]]:
        """What is not below another, in order."""
        return [
            (path, why)
            for path, why in sorted(self.writes.items())
            if not any(Path(path) != Path(other) and Path(path).is_relative_to(other) for other in self.writes)
        ]

    def _map(self, node: MapNode) -> None:
        uri, parameters = node.get("uri"), node.get("parameters")
        if isinstance(uri, ScalarNode) and isinstance(parameters, MapNode):
            given = {key.text: value.text for key, value in parameters if isinstance(value, ScalarNode)}
            self._endpoint(uri.text, given, str(uri.at))
        if isinstance(kind := node.get("type"), ScalarNode):
            for key in ("constructors", "properties"):
                for told in _scalars(node.get(key)):
                    self._bean(kind.text, told)
        for _, value in node:
            self.look(value)

    def _endpoint(self, text: str, parameters: dict[str, str], at: str) -> None:
        if not text.startswith(("file:", "stream:")):
            text = self.resolve(text)  # a property may hold the whole URI
        if not text.startswith(("file:", "stream:")):
            return
        # Names of functions are no placeholders, and a value may end with an ampersand: what is no URI says nothing here.
        with suppress(ConfigError):
            written = parse_uri(text, parameters)
            uri = parse_uri(self.resolve(text), {name: self.resolve(value) for name, value in parameters.items()})
            if uri.scheme == "stream":
                name = uri.options.get("fileName", "")
                if name and not written.options.get("fileName", "").startswith(_STATE):
                    self._note((self.base / name).parent, f"stream: at {at}")
                return
            folder = self._known(uri.path)
            if _STATE not in text.partition("?")[0]:
                self._note(folder, f"file: at {at}")
            for option in _MOVES:
                told = written.options.get(option, "")
                # What is below the StateDirectory may be written as it is.
                if _STATE not in told and (told.startswith(("/", "{{")) or _STATE not in text):
                    self._moved(folder, option, uri, at)

    def _moved(self, folder: Path, option: str, uri: Uri, at: str) -> None:
        """As the endpoint resolves it: below its folder unless it is absolute or climbs out."""
        told = uri.options.get(option, "").replace("$simple{", "${").removeprefix("${file:parent}/")
        known, _, rest = told.partition("${")
        if ".." in rest or (not known and "/" in rest and not rest.startswith(("file:", "date:"))):
            self.warnings.append(
                f"where {option} of the file endpoint at {at} moves files is known with the message only: "
                "add ReadWritePaths= for it in a drop-in of your own if it is outside of the folder"
            )
        elif known:
            self._note(self._known(str(folder / told)), f"{option} at {at}")

    def _bean(self, kind: str, value: ScalarNode) -> None:
        """A store writes beside its file; what a class of the project does with a path is not known."""
        path = self.resolve(value.text)
        if not path.startswith("/") or value.text.startswith(_STATE):
            return
        if kind.removeprefix("#class:").startswith(_STORES):
            self._note(Path(path).parent, f"the store at {value.at}")
        elif path.count("/") > 1 and " " not in path:
            self.warnings.append(
                f"the bean at {value.at} is given {path}: add ReadWritePaths= for it in a drop-in of your own if it writes there"
            )

    def _known(self, path: str) -> Path:
        """The part of a path that is known: what comes of a message is below it."""
        known = path.partition("${")[0]
        folder = Path(known)
        if "${" in path and not known.endswith("/"):
            folder = folder.parent
        return (self.base / folder).resolve()

    def _note(self, folder: Path, why: str) -> None:
        self.writes.setdefault(str((self.base / folder).resolve()), why)


def _scalars(node: Node | None) -> Iterator[ScalarNode]:
    match node:
        case ScalarNode():
            yield node
        case ListNode():
            for item in node:
                yield from _scalars(item)
        case MapNode():
            for _, value in node:
                yield from _scalars(value)
