"""Regexes that meet message data: RE2's, which is linear for every text; Python's own engine for patterns that are linear there too.

Through its Python binding RE2 takes 3 us for a short text, Python's ``re`` 0.2: most patterns of business data (``[A-Z]{2}[0-9]{6}``) are so plain
that both do the same work.
"""

from __future__ import annotations

import re
from typing import Any, Final

_CLASS: Final = r"\[\^?(?:[A-Za-z0-9 _./:,;#@&%=+*]|[A-Za-z0-9]-[A-Za-z0-9]|\\[dw.\-/\\])+-?\]"
_ESCAPED: Final = r"\\[dw.\-/\\+*?()\[\]{}|^$]"
_LITERAL: Final = r"[A-Za-z0-9 _\-/:,;#@&%=<>!~'\"]"
_ATOM: Final = f"(?:{_CLASS}|{_ESCAPED}|{_LITERAL})"
_FIXED: Final = re.compile(_ATOM + r"(?:\{[0-9]{1,3}\})?")
_OPTIONAL: Final = re.compile(_ATOM + r"\?")
_REPEATED: Final = re.compile(_ATOM + r"(?:[*+]|\{[0-9]{1,3},[0-9]{0,3}\})")
_MAX_OPTIONAL: Final = 4


def compile_whole(pattern: str) -> Any:
    """A compiled pattern whose ``match`` takes the whole text. Raises ValueError for what RE2 does not accept (look-around, back-references)."""
    import re2  # here, since most projects have few patterns and the library takes a while

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(rf"\A(?:{pattern})\z", options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error
    # RE2's classes are ASCII's, so Python's must be.
    return re.compile(rf"\A(?:{pattern})\Z", re.ASCII) if is_plain(pattern) else compiled


def is_plain(pattern: str) -> bool:
    """Whether a pattern is a row of characters and classes with at most one repetition of open length, and few optional ones.

    Such a pattern fails in a number of steps that grows with the text's length and no more.
    """
    position = repeated = optional = 0
    while position < len(pattern):
        for kind in (_REPEATED, _OPTIONAL, _FIXED):
            found = kind.match(pattern, position)
            if found:
                break
        else:
            return False
        repeated += kind is _REPEATED
        optional += kind is _OPTIONAL
        position = found.end()
        if pattern[position : position + 1] in ("?", "*", "+", "{"):
            return False  # a lazy or doubled quantifier
    return repeated <= 1 and optional <= _MAX_OPTIONAL
