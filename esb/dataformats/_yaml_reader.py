"""YAML that messages bring, to plain values: a bounded scan of parse events.

Never a loader's own construction, for the reasons that :mod:`esb.dsl.reader` gives; unlike there, words mean what YAML 1.1 says, and merge
keys, sets and binary values are understood, since partners send them. No tag makes an object.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import yaml

from esb.coerce import inner
from esb.dataformats._yaml_scalars import PREFIX, exact_float, tag_of, value_of
from esb.errors import Malformed

MAX_BYTES: Final = 32 << 20
MAX_DEPTH: Final = 200
MAX_NODES: Final = 1_000_000
"""Nodes, each alias counted as all that it stands for."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LISTS: Final = frozenset({"", "seq", "omap", "pairs"})
_MAPS: Final = frozenset({"", "map", "set"})
_MERGE: Final = object()
_NO_KEY: Final = object()


class _Open:
    """A list or map whose end has not come yet."""

    __slots__ = ("anchor", "before", "key", "kind", "merged", "value")

    def __init__(self, kind: str, value: Any, anchor: str | None, before: int) -> None:
        self.kind = kind
        self.value = value
        self.anchor = anchor
        self.before = before
        """Nodes counted before this one, to know its size at its end."""
        self.key: Any = _NO_KEY
        self.merged: list[Any] = []


def read(text: str, *, max_aliases: int, texts: bool = False) -> Any:
    """The value of the one document in a text; None if it is empty.

    ``max_aliases`` bounds aliases of lists and maps. ``texts``: for a data type, dates stay texts and
    decimals keep their digits. Raises Malformed with line and column.
    """
    if len(text) > MAX_BYTES:
        raise Malformed(f"the YAML text is larger than {MAX_BYTES} bytes")
    composer = _Composer(max_aliases, texts=texts)
    try:
        for event in yaml.parse(text.removeprefix("\ufeff"), Loader=_LOADER):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed(f"not YAML: {error.problem or error.context}{_where(mark)}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Malformed(f"not YAML: {error}") from error
    return composer.root


def _where(mark: Any) -> str:
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


class _Composer:
    """Events to values, with a stack of its own so that no document can exhaust Python's."""

    def __init__(self, max_aliases: int, *, texts: bool) -> None:
        self.root: Any = None
        self._max_aliases = max_aliases
        self._texts = texts
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self._aliases = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._counted(1, event)
                self._put(self._scalar(event), event, 1)
            case yaml.SequenceStartEvent():
                self._begin(event, [], _LISTS)
            case yaml.MappingStartEvent():
                self._begin(event, {}, _MAPS)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._end(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise Malformed(f"a second YAML document begins{_where(event.start_mark)}; one a message is read")

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = tag_of(event.value) if event.implicit[0] and not event.style else PREFIX + "str"
        if tag == PREFIX + "merge" and self._stack and self._stack[-1].key is _NO_KEY:
            return _MERGE
        if self._texts and tag == PREFIX + "timestamp":
            return event.value
        try:
            return exact_float(event.value) if self._texts and tag == PREFIX + "float" else value_of(tag, event.value)
        except KeyError:
            raise self._refused(tag, event) from None
        except (ValueError, OverflowError) as error:
            raise Malformed(f"not YAML: {error}{_where(event.start_mark)}") from error

    def _begin(self, event: Any, value: Any, allowed: frozenset[str]) -> None:
        tag = event.tag or ""
        kind = tag.removeprefix(PREFIX)
        if tag != "!" and (kind not in allowed or (tag and kind == tag)):
            raise self._refused(tag, event)
        self._counted(1, event)
        if len(self._stack) >= MAX_DEPTH:
            raise Malformed(f"the YAML is nested deeper than {MAX_DEPTH} levels{_where(event.start_mark)}")
        self._stack.append(_Open(kind, value, event.anchor, self._count - 1))

    def _end(self, event: Any) -> None:
        done = self._stack.pop()
        value = done.value
        if done.kind == "set":
            value = list(value)
        elif done.kind == "omap":
            value = {key: item for entry in value for key, item in (entry.items() if isinstance(entry, dict) else ())}
        for inherited in done.merged:
            for key, item in inherited.items():
                value.setdefault(key, item)
        self._put(value, event, self._count - done.before, done.anchor)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise Malformed(f"the YAML alias *{event.anchor[:40]} stands for nothing yet{_where(event.start_mark)}")
        value, size = self._anchors[event.anchor]
        if isinstance(value, (list, dict)):
            self._aliases += 1
            if self._aliases > self._max_aliases:
                raise Malformed(
                    f"more than {self._max_aliases} aliases of lists and maps{_where(event.start_mark)}; "
                    "if that is right, set 'maxAliasesForCollections' higher"
                )
        self._counted(size, event)
        self._put(value, event, size, None)

    def _put(self, value: Any, event: Any, size: int, anchor: str | None = "") -> None:
        anchor = event.anchor if anchor == "" else anchor
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._stack:
            self.root = value
            return
        top = self._stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is _NO_KEY:
            top.key = self._key(top, value, event)
        else:
            if top.key is _MERGE:
                top.merged += self._inherited(value, event)
            else:
                top.value[top.key] = value
            top.key = _NO_KEY

    def _key(self, top: _Open, value: Any, event: Any) -> Any:
        if value is not _MERGE and not isinstance(value, str):
            value = inner(
                float(value) if isinstance(value, Decimal) else value
            )  # as in JSON: whoever looks a key up writes text
        # Two readers would take different ones of two values: what one has checked, the other has not.
        if value in top.value:
            raise Malformed(f"the YAML key {str(value)[:60]!r} stands twice in one map{_where(event.start_mark)}")
        return value

    def _inherited(self, value: Any, event: Any) -> list[Any]:
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in found):
            raise Malformed(f"the YAML key << takes a map or a list of maps{_where(event.start_mark)}")
        self._counted(sum(len(one) for one in found), event)
        return found

    def _counted(self, size: int, event: Any) -> None:
        self._count += size
        if self._count > MAX_NODES:
            raise Malformed(f"the YAML has more than {MAX_NODES} nodes, aliases expanded{_where(event.start_mark)}")

    def _refused(self, tag: str, event: Any) -> Malformed:
        return Malformed(
            f"the YAML tag {tag.replace(PREFIX, '!!')[:60]!r} is not accepted{_where(event.start_mark)}: tags make no objects here"
        )
