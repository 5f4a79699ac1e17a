"""The details of an operation's declared faults, both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.soap import encoded
from adapters.soap.elements import element_of, tree_of
from adapters.soap.names import XSI_TYPE, local, namespace, resolve
from adapters.soap.particles import Field
from adapters.soap.wsdl import Part
from esb.errors import Malformed, ValidationFailed
from esb.xml import serialize

if TYPE_CHECKING:
    from adapters.soap.messages import Contract

Element = Any  # lxml's stubs are older than lxml

_SUBJECT = "the fault's detail"


@dataclass(frozen=True, slots=True)
class _Detail:
    """One declared fault. ``typed``: its part has a type and no element, as Axis 1 writes them for rpc: no schema describes its element."""

    field: Field
    typed: bool


class FaultCodec:
    """The declared faults of an operation, by the local name of their detail's element."""

    def __init__(self, contract: Contract, parts: Sequence[Part], style: str = "") -> None:
        """``style`` is the version of SOAP whose encoding is used; empty for literal messages."""
        self._contract = contract
        self._style = style
        self._by_tag: dict[str, list[_Detail]] = {}
        self._by_name: dict[str, _Detail] = {}
        for part in parts:
            made = _Detail(contract.codecs.field(part.element, local(part.tag)), not part.element.glob)
            self._by_tag.setdefault(part.tag, []).append(made)
            self._by_name.setdefault(made.field.key, made)
        for part in parts:
            mine = [each for each in self._by_tag[part.tag] if each.field.codec.key == part.element.type]
            self._by_name.setdefault(part.name, mine[0])

    def read(self, detail: Sequence[Element]) -> dict[str, Any]:
        """The detail's entries by local name: data for declared ones that keep their schema, XML text for others."""
        from adapters.soap.content import outer

        found: dict[str, Any] = {}
        for entry in detail:
            told = outer(entry)
            for known in self._declared(entry):
                try:
                    found[known.field.key] = self._read(known, entry)
                    break
                except (ValidationFailed, Malformed):
                    continue
            else:
                # The fault itself is what matters: its detail comes as text. PHP adds an empty one to faults that have none.
                if entry.tag not in self._by_tag or len(entry) or (entry.text or "").strip():
                    found[local(entry.tag)] = told
        return found

    def _declared(self, entry: Element) -> list[_Detail]:
        """What an entry may be: of several with one name the one that its ``xsi:type`` names comes first."""
        known = self._by_tag.get(entry.tag, [])
        if not known:  # the namespace of what has a type only is anybody's guess
            typed = [each for declared in self._by_tag.values() for each in declared if each.typed]
            known = [each for each in typed if local(each.field.tag) == local(entry.tag)]
        if len(known) > 1 and (named := entry.get(XSI_TYPE)):
            named = resolve(entry, named)
            known = sorted(known, key=lambda each: each.field.codec.key != named)
        return known

    def _read(self, known: _Detail, entry: Element) -> Any:
        if not known.typed:
            self._contract.validator.check(entry, _SUBJECT)
            return known.field.read(entry)
        try:
            return known.field.read(entry)
        except Malformed:
            # Axis 1 gives the members the namespace of the entry.
            for member in entry.iterdescendants():
                if isinstance(member.tag, str) and namespace(member.tag) == namespace(entry.tag):
                    member.tag = local(member.tag)
            return known.field.read(entry)

    def write(self, detail: Any) -> bytes:
        """The detail of a declared fault: ``{fault: data}``, or the data alone where there is one fault. Empty if it is none.

        Raises :class:`~esb.errors.ValidationFailed` if it names a declared fault and breaks its schema.
        """
        if not isinstance(detail, Mapping) or not detail or not self._by_name:
            return b""
        named = {name: data for name, data in detail.items() if name in self._by_name}
        if not named and len(self._by_tag) == 1:
            field = next(iter(self._by_tag.values()))[0].field
            named = {field.key: dict(detail)} if set(detail) <= {each.key for each in field.codec.fields} else {}
        return b"".join(self._write(self._by_name[name], data) for name, data in named.items())

    def _write(self, known: _Detail, data: Any) -> bytes:
        field = known.field
        nsmap = self._contract.nsmap([field.codec], [field.tag])
        if not known.typed:
            return element_of(field, nsmap, data, _SUBJECT, self._contract.validator)
        root = tree_of(field, nsmap, data, _SUBJECT)
        if self._style:
            encoded.typed(root, field.codec.key, self._contract.wsdl.schemas, self._style, named=True)
        return serialize(root)
