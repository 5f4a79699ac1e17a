"""Regular expressions as Java writes them, run by re2 so that no text can make one take exponential time.

What re2 knows is the larger part of Java's syntax. Possessive quantifiers (``++``) are greedy here, since re2 never backtracks: what they match
in whole texts differs only where a possessive part would have to give characters back. Lookaround and back references are beyond re2; such a
pattern falls back to Python's ``re``, which understands them and goes back and forth in the text: so a repetition within a repetition, which could
take for ever on a hostile text, is refused there, and the text may be of 300,000 characters at most. A pattern that comes from a message is never
given to ``re``.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterator
from typing import Any, Final

from esb.errors import ExpressionFailed

_log = logging.getLogger("esb.languages.regex")

LONGEST: Final = 300_000
"""The longest text that Python's ``re`` gets."""
_POSSESSIVE: Final = re.compile(r"(?<!\\)([*+?]|\{\d+(?:,\d*)?\})\+")
_NAMED: Final = re.compile(r"\(\?<(?=[A-Za-z])")
_CLASSES: Final = {
    r"\p{Alpha}": "[A-Za-z]",
    r"\p{Digit}": "[0-9]",
    r"\p{Alnum}": "[A-Za-z0-9]",
    r"\p{Upper}": "[A-Z]",
    r"\p{Lower}": "[a-z]",
    r"\p{Punct}": "[!-/:-@\\[-`{-~]",
    r"\p{Space}": r"[ \t\n\v\f\r]",
    r"\p{IsAlphabetic}": r"\p{L}",
    r"\p{IsDigit}": r"\p{Nd}",
    r"\p{XDigit}": "[0-9A-Fa-f]",
    r"\h": r"[ \t\x{A0}]",
    r"\R": r"(?:\r\n|[\n\v\f\r\x{85}\x{2028}\x{2029}])",
    r"\Z": r"\n?\z",
}


def translated(pattern: str) -> str:
    """Java's syntax in re2's."""
    parts = re.split(r"(\\Q.*?(?:\\E|$))", pattern, flags=re.DOTALL)
    return "".join(part if part.startswith(r"\Q") else _outside_quotes(part) for part in parts)


def _outside_quotes(part: str) -> str:
    for java, ours in _CLASSES.items():
        part = part.replace(java, ours)
    part = _NAMED.sub("(?P<", part)
    return _POSSESSIVE.sub(r"\1", part)


@functools.lru_cache(maxsize=1024)
def compiled(pattern: str, *, trusted: bool = False) -> Any:
    """The pattern, compiled once; ``trusted`` (the route author wrote it) allows what only Python's ``re`` can do.

    Raises ExpressionFailed with the reason. Thread-safe.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(translated(pattern), options)
    except re2.error as error:
        if not trusted:
            raise ExpressionFailed(f"the regular expression {pattern[:100]!r} is not understood: {error}") from error
    try:
        fallback = re.compile(_NAMED.sub("(?P<", pattern))
    except re.error as error:
        raise ExpressionFailed(f"the regular expression {pattern[:100]!r} is not understood: {error}") from error
    if _runs_away(pattern):
        raise ExpressionFailed(
            f"the regular expression {pattern[:100]!r} needs lookaround or back references, and repeats what repeats: such a pattern could take "
            "for ever on a hostile text; write the inner repetition another way"
        )
    _log.info("the regular expression %r needs lookaround or back references: Python's re runs it, not re2", pattern)
    return _Bounded(fallback)


class _Bounded:
    """A pattern of Python's ``re`` for short texts only. Raises ExpressionFailed for a long one."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def _short(self, told: str) -> str:
        if len(told) > LONGEST:
            raise ExpressionFailed(
                f"a text of {len(told)} characters is too long for {self._pattern.pattern[:100]!r}, which looks around: at most {LONGEST}"
            )
        return told

    def fullmatch(self, told: str) -> re.Match[str] | None:
        return self._pattern.fullmatch(self._short(told))

    def match(self, told: str) -> re.Match[str] | None:
        return self._pattern.match(self._short(told))

    def search(self, told: str) -> re.Match[str] | None:
        return self._pattern.search(self._short(told))

    def finditer(self, told: str) -> Iterator[re.Match[str]]:
        return self._pattern.finditer(self._short(told))

    def split(self, told: str, most: int = 0) -> list[Any]:
        return self._pattern.split(self._short(told), most)

    def sub(self, replacement: str, told: str, count: int = 0) -> str:
        return self._pattern.sub(replacement, self._short(told), count)


def _runs_away(pattern: str) -> bool:
    """Whether a repetition without end stands within another one. Escapes and character classes are passed over."""
    plain = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", pattern, flags=re.DOTALL)
    endless: list[bool] = [False]
    for found in re.finditer(r"[()]|[*+]|\{\d+,\}|\{\d+(?:,\d+)?\}", plain):
        sign = found[0]
        if sign == "(":
            endless.append(False)
        elif sign == ")":
            inner = endless.pop() if len(endless) > 1 else False
            follows = plain[found.end() : found.end() + 1]
            if inner and follows in {"*", "+", "{"}:
                return True
            endless[-1] = endless[-1] or inner
        elif sign in {"*", "+"} or sign.endswith(",}"):
            endless[-1] = True
    return False
