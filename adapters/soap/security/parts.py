"""Where the parts of a message are that a policy names."""

from __future__ import annotations

from typing import Any, Final

from adapters.soap.names import ENVELOPE_11, ENVELOPE_12, namespace
from adapters.soap.security.names import ASSERTIONS, SECURITY, SIGNATURE, TIMESTAMP, TOKEN, USERNAME_TOKEN
from adapters.soap.security.refusal import Refused

Element = Any  # lxml's stubs are older than lxml

_TAGS: Final = {
    "timestamp": frozenset({TIMESTAMP}),
    "usernameToken": frozenset({USERNAME_TOKEN}),
    "samlToken": ASSERTIONS,
    "signature": frozenset({SIGNATURE}),
    "token": frozenset({TOKEN}),
}
_OURS: Final = frozenset(
    {
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        "http://www.w3.org/2003/05/soap-envelope/role/next",
        "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
    }
)


class Parts:
    """A message's parts, found anew at each look: decryption makes new elements. The envelope's form has been checked before."""

    def __init__(self, root: Element, actor: str = "") -> None:
        self.root = root
        self._uri = namespace(root.tag)
        self._actors = frozenset({actor}) if actor else _OURS

    @property
    def header(self) -> Element:
        """The Header, None if there is none."""
        first = self.root[0]
        return first if first.tag == f"{{{self._uri}}}Header" else None

    @property
    def body(self) -> Element:
        """The Body."""
        return self.root[-1]

    @property
    def security(self) -> Element:
        """The Security header that is for us, None if there is none. Raises :class:`Refused` for two."""
        found = [
            block
            for block in (self.header if self.header is not None else ())
            if block.tag == SECURITY and self._for_us(block)
        ]
        if len(found) > 1:
            raise Refused("InvalidSecurity", "two Security headers")
        return found[0] if found else None

    def find(self, part: str) -> list[Element]:
        """The elements of a part (without the ``?`` behind it), none if it is not in the message."""
        part = part.removesuffix("?")
        if part == "body":
            return [self.body]
        if part in _TAGS:
            holder = self.security
            return [] if holder is None else [child for child in holder if child.tag in _TAGS[part]]
        blocks = () if self.header is None else self.header
        if part == "headers":
            return [block for block in blocks if block.tag != SECURITY]
        if part.endswith("}*"):
            return [block for block in blocks if block.tag.startswith(part[:-1]) and block.tag != SECURITY]
        return [block for block in blocks if block.tag == part]

    @staticmethod
    def optional(part: str) -> bool:
        """Whether a message may be without it."""
        return part == "headers" or part.endswith("?")

    def place(self, element: Element) -> tuple[int, ...] | None:
        """Where an element stands, if it is where policies look: the Body, a header block, a child of the Security header."""
        parent = element.getparent()
        if element is self.body:
            return (len(self.root) - 1,)
        if parent is not None and parent is self.header:
            return (0, parent.index(element))
        if parent is not None and parent is self.security:
            return (0, self.header.index(parent), parent.index(element))
        return None

    def _for_us(self, block: Element) -> bool:
        actor = block.get(f"{{{ENVELOPE_11}}}actor") or block.get(f"{{{ENVELOPE_12}}}role") or ""
        return actor in self._actors
