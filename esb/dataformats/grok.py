"""``grok``: lines of text taken apart by named patterns (Camel's page "Grok"; Logstash's vocabulary).

Patterns run in an engine that never backtracks, so that no line can make one run for ever; what needs look-around is refused at load.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from esb.coerce import octets
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._grok_patterns import PATTERNS
from esb.errors import ConversionFailed, Malformed, OptionError, Position, UnknownName
from esb.exchange import Exchange
from esb.fields import Kind, field

_REFERENCE: Final = re.compile(r"(%?)\{([A-Z][A-Z0-9_]*)(?::([^{}:]+))?(?::([^{}:]+))?\}")
_NAMED: Final = re.compile(r"\(\?<([A-Za-z][A-Za-z0-9]*)>")
_DEPTH: Final = 20
_TYPES: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("int", "integer", "long", "short", "byte"), int),
    **dict.fromkeys(("float", "double"), float),
    "boolean": lambda told: told.lower() == "true",
    "string": str,
}


class Grok(DataFormatSpec):
    """Lines of logs and the like."""

    name = "grok"
    pattern = field(
        Kind.TEXT, raw=True, doc="The pattern of a line.", example="%{IP:client} %{WORD:method} %{NUMBER:bytes}"
    )
    flattened = field(Kind.BOOL, False, doc="Fail where a name has several values, instead of giving a list.")
    allow_multiple_matches_per_line = field(Kind.BOOL, True, doc="Look for the pattern more than once in a line.")
    named_only = field(Kind.BOOL, False, doc="Leave out what has no name of its own (%{IP} but not %{IP:client}).")

    def build(self, context: Context) -> DataFormat:
        import re2

        groups: list[_Group] = []
        expanded = _NAMED.sub(lambda found: _opened(groups, found[1], ""), self.pattern)
        expanded = _expanded(expanded, groups, self.at, named_only=self.named_only, outermost=True, depth=0)
        options = re2.Options()
        options.log_errors = False
        try:
            compiled = re2.compile(expanded, options)
        except re2.error as error:
            told = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
            raise OptionError(
                f"'pattern' cannot be used: {told}", self.at, "look-around and back references are not offered"
            ) from None
        return GrokFormat(self, compiled, groups)


class _Group:
    """What a group of the pattern gives."""

    __slots__ = ("convert", "name")

    def __init__(self, name: str, convert: Callable[[str], Any]) -> None:
        self.name = name
        self.convert = convert


def _opened(groups: list[_Group], name: str, kind: str) -> str:
    """The beginning of a group that is captured under a name."""
    groups.append(_Group(name, _TYPES.get(kind.lower() or "string", str)))
    return f"(?P<g{len(groups) - 1}>"


def _expanded(
    pattern: str, groups: list[_Group], at: Position, *, named_only: bool, outermost: bool, depth: int
) -> str:
    if depth > _DEPTH:
        raise OptionError("'pattern' leads in a circle", at)

    def replaced(found: re.Match[str]) -> str:
        marked, known, name, kind = found.groups()
        if outermost and not marked:  # {2} and the like of the route's own pattern
            return found[0]
        inner = PATTERNS.get(known)
        if inner is None:
            raise UnknownName("grok pattern", known, PATTERNS, at)
        if kind and kind.lower() not in _TYPES:
            raise UnknownName("type of a grok value", kind, _TYPES, at)
        shown = name or (known if marked and not named_only else "")
        opened = _opened(groups, shown, kind or "") if shown else "(?:"
        return opened + _expanded(inner, groups, at, named_only=named_only, outermost=False, depth=depth + 1) + ")"

    return _REFERENCE.sub(replaced, pattern)


class GrokFormat:
    """Stateless after construction."""

    def __init__(self, spec: Grok, pattern: Any, groups: list[_Group]) -> None:
        self._spec = spec
        self._pattern = pattern
        self._groups = groups

    def marshal(self, exchange: Exchange, value: Any) -> Any:
        raise ConversionFailed("grok only reads: a text cannot be made from a pattern")

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        """A map for one match, a list for several, None for none."""
        told = data if isinstance(data, str) else octets(data).decode("utf-8", "replace")
        found = [self._values(match) for line in told.splitlines() for match in self._matches(line)]
        if len(found) > 1:
            return found
        return found[0] if found else None

    def _matches(self, line: str) -> Iterator[Any]:
        if self._spec.allow_multiple_matches_per_line:
            yield from (match for match in self._pattern.finditer(line) if match.group())
            return
        match = self._pattern.search(line)
        if match is not None:
            yield match

    def _values(self, match: Any) -> dict[str, Any]:
        values: dict[str, list[Any]] = {}
        for number, group in enumerate(self._groups):
            told = match.group(f"g{number}")
            values.setdefault(group.name, []).append(None if told is None else self._converted(group, told))
        return {name: self._one(name, several) for name, several in values.items()}

    @staticmethod
    def _converted(group: _Group, told: str) -> Any:
        try:
            return group.convert(told)
        except ValueError as error:
            raise Malformed(f"the value of {group.name!r} is not of its type: {error}") from error

    def _one(self, name: str, several: list[Any]) -> Any:
        if not self._spec.flattened:
            return several[0] if len(several) == 1 else several
        present = [value for value in several if value is not None]
        if len(present) > 1:
            told = ", ".join(f"'{value}'" for value in present)
            raise Malformed(
                f"key '{name}' has multiple non-null values, this is not allowed in flattened mode, values:{told}"
            )
        return present[0] if present else None
