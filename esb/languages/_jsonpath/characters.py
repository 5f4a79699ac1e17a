"""A text with a place in it, for the two parsers (paths and filters)."""

from __future__ import annotations

from esb.languages._jsonpath.errors import InvalidPathException


class Characters:
    """``end`` is the last index that belongs to the text; reading beyond it gives an empty string, which equals no sign."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.end = len(text) - 1
        self.trim()

    def trim(self) -> None:
        """Narrow the window to what stands between blanks."""
        while self.place <= self.end and self.text[self.place] == " ":
            self.place += 1
        while self.end > self.place and self.text[self.end] == " ":
            self.end -= 1

    def at(self, place: int) -> str:
        return self.text[place] if 0 <= place <= self.end else ""

    @property
    def current(self) -> str:
        return self.at(self.place)

    @property
    def inside(self) -> bool:
        return self.place <= self.end

    @property
    def is_tail(self) -> bool:
        return self.place >= self.end

    def skip_blanks(self) -> str:
        while self.inside and self.current == " ":
            self.place += 1
        return self.current

    def next_significant(self, place: int) -> int:
        """The index of the next sign that is no blank, after a place; beyond the end if there is none."""
        place += 1
        while self.at(place) == " ":
            place += 1
        return place

    def previous_significant(self, place: int) -> int:
        """The index of the last sign that is no blank, before a place; -1 if there is none."""
        place -= 1
        while place >= 0 and self.at(place) == " ":
            place -= 1
        return place

    def after(self, place: int, sign: str) -> int:
        """The index of a sign if it is the next one that is no blank, else -1."""
        found = self.next_significant(place)
        return found if self.at(found) == sign else -1

    def unescaped(self, place: int, sign: str) -> int:
        """The next index of a sign that no backslash protects, after a place; -1 if there is none."""
        escaped = False
        place += 1
        while place <= self.end:
            if escaped:
                escaped = False
            elif self.text[place] == "\\":
                escaped = True
            elif self.text[place] == sign:
                return place
            place += 1
        return -1

    def closing(self, place: int, opened: str, closed: str, *, patterns: bool) -> int:
        """The index of the sign that closes the one at ``place``; strings (and patterns) between are skipped; -1 if there is none."""
        depth = 1
        place += 1
        while place <= self.end:
            sign = self.text[place]
            if sign in "'\"" or (patterns and sign == "/"):
                end = self.unescaped(place, sign)
                if end < 0:
                    raise InvalidPathException(f"the closing {sign} is missing in {self.text!r}")
                place = end
            elif sign == opened:
                depth += 1
            elif sign == closed:
                depth -= 1
                if depth == 0:
                    return place
            place += 1
        return -1

    def slice(self, start: int, end: int) -> str:
        return self.text[start:end]

    def expect(self, sign: str) -> None:
        """Skip blanks and one sign. Raises InvalidPathException if something else stands there."""
        if self.skip_blanks() != sign:
            raise InvalidPathException(f"expected {sign!r} at position {self.place} of {self.text!r}")
        self.place += 1


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b"}


def unescape(text: str) -> str:
    """Backslash escapes of a quoted name or string, as in JSON; an unknown one is the sign itself."""
    if "\\" not in text:
        return text
    told: list[str] = []
    place = 0
    while place < len(text):
        sign = text[place]
        place += 1
        if sign != "\\" or place == len(text):
            told.append(sign)
            continue
        sign = text[place]
        place += 1
        digits = text[place : place + 4]
        if sign == "u" and len(digits) == 4 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            told.append(chr(int(digits, 16)))
            place += 4
        else:
            told.append(_ESCAPES.get(sign, sign))
    # Two escapes may be the halves of one character.
    return "".join(told).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
