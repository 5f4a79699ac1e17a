"""Elements by their id, where an id names exactly one: what signature wrapping lives on is that it names two."""

from __future__ import annotations

from typing import Any

from adapters.soap.security.names import DS, ID, SAML1, SAML2, XENC
from adapters.soap.security.refusal import Refused

Element = Any  # lxml's stubs are older than lxml

_PLAIN = {DS: ("Id",), XENC: ("Id",), SAML1: ("AssertionID",), SAML2: ("ID",)}
_ANY = frozenset({"id", "assertionid"})


class Ids:
    """The ids of a message as it is now. Made anew after each decryption."""

    def __init__(self, root: Element) -> None:
        """Raises :class:`Refused` if two elements have one id, whatever attribute says so."""
        self._elements: dict[str, Element] = {}
        seen: set[str] = set()
        for element in root.iter():
            here: set[str] = set()
            for name, value in element.items():
                uri, _, plain = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
                if plain.lower() in _ANY:
                    here.add(value)
                    known = name == ID or (not uri and plain in _PLAIN.get(_namespace(element.tag), ()))
                    if known:
                        self._elements[value] = element
            if here & seen:
                raise Refused("InvalidSecurity", "two elements have the same id")
            seen |= here

    def find(self, reference: str) -> Element:
        """The element that ``#id`` means. Raises :class:`Refused`."""
        if not reference.startswith("#") or len(reference) < 2:
            raise Refused("InvalidSecurity", "a reference that leads out of the message")
        element = self._elements.get(reference[1:])
        if element is None:
            raise Refused("InvalidSecurity", "a reference to an element that is not there")
        return element


def _namespace(tag: str) -> str:
    return tag[1:].partition("}")[0] if tag.startswith("{") else ""
