"""The SOAP encoding (rpc/encoded), best effort: what Axis 1, old PHP and SOAP::Lite services still speak.

Sent is what WSDL 1.1 section 3.5 and SOAP 1.1 section 5 ask for: the types stand in the message as ``xsi:type``, arrays say how many members of which
type they have. On input references (``href="#id"``) are replaced by what they mean. No schema describes the encoding, so that nothing but the codec
checks these messages: wrong members and values are refused, facets are not looked at. Arrays of several dimensions and sparse ones are not taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapters.soap.contract.model import ARRAY, ComplexType, Schemas, elements_of, is_named
from adapters.soap.names import (
    ENCODING_11,
    ENCODING_12,
    ENVELOPE_11,
    ENVELOPE_12,
    XSI_NIL,
    XSI_TYPE,
    local,
    namespace,
    resolve,
)
from esb.errors import Malformed

Element = Any  # lxml's stubs do not know that it takes QNames and hands out text

MAX_ELEMENTS: Final = 200_000
"""Of a message with its references replaced: each may be referred to many times."""
MAX_TEXT: Final = 32 << 20
"""Characters that references may add to those that the message has itself: what they lead to is copied for each."""
MAX_DEPTH: Final = 100
_ATTRIBUTE: Final = 64
"""What an attribute counts for besides its value."""

_REFERENCES: Final = ("href", f"{{{ENCODING_12}}}ref", "ref")
_IDS: Final = ("id", f"{{{ENCODING_12}}}id")
_OWN: Final = frozenset(
    {
        *_REFERENCES,
        *_IDS,
        f"{{{ENCODING_11}}}root",
        f"{{{ENCODING_11}}}position",
        f"{{{ENVELOPE_11}}}encodingStyle",
        f"{{{ENVELOPE_12}}}encodingStyle",
    }
)


def gathered(children: Sequence[Element]) -> tuple[Element, ...]:
    """The Body's children with references replaced: what others refer to is no message of its own.

    Raises :class:`~esb.errors.Malformed` for a reference to nothing, one to itself, and for messages that grow beyond a cap.
    """
    targets: dict[str, Element] = {}
    size = 0
    for child in children:
        for node in child.iter():
            size += _size(node)
            for name in _IDS:
                if identifier := node.get(name):
                    if identifier in targets:
                        raise Malformed("two elements of the message have one id")
                    targets[identifier] = node
    roots = [child for child in children if child.get(f"{{{ENCODING_11}}}root") != "0" and not _identified(child)]
    found = _Expansion(targets, size + MAX_TEXT)
    return tuple(found.expanded(root) for root in roots or children[:1])


def _identified(child: Element) -> bool:
    return any(child.get(name) for name in _IDS)


def _size(node: Element) -> int:
    """Characters of an element without its children, about as they fill the memory."""
    return len(node.text or "") + sum(_ATTRIBUTE + len(value) for value in node.attrib.values())


class _Expansion:
    def __init__(self, targets: dict[str, Element], most: int) -> None:
        self._targets = targets
        self._most = most
        self._size = 0
        self._count = 0

    def expanded(self, node: Element) -> Element:
        from lxml import etree

        made = etree.Element(node.tag, nsmap=node.nsmap)
        self._fill(made, node, ())
        return made

    def _fill(self, made: Element, node: Element, above: tuple[str, ...]) -> None:
        from lxml import etree

        self._count += 1
        if self._count > MAX_ELEMENTS or len(above) > MAX_DEPTH:
            raise Malformed("the references in the message make it too large")
        source = node
        if reference := next((value for name in _REFERENCES if (value := node.get(name))), None):
            identifier = reference.removeprefix("#")
            if identifier not in self._targets:
                raise Malformed("a reference of the message leads nowhere")
            if identifier in above:
                raise Malformed("an element of the message refers to itself")
            above = (*above, identifier)
            source = self._targets[identifier]
        self._size += _size(source)
        if self._size > self._most:
            raise Malformed("the references in the message make its text too large")
        for name, value in source.items():
            if name not in _OWN:
                made.set(name, value)
        if (kind := source.get(XSI_TYPE)) is not None:
            made.set(XSI_TYPE, etree.QName(resolve(source, kind)) if local(kind) else kind)
        made.text = source.text
        for child in source:
            self._fill(etree.SubElement(made, child.tag, nsmap=child.nsmap), child, above)


def typed(root: Element, key: str, schemas: Schemas, soap: str, *, named: bool = False) -> None:
    """Put the types into a message that was written as literal. ``key`` is the type of ``root``, which is ``named`` as well."""
    style = ENCODING_12 if soap == "1.2" else ENCODING_11
    root.set(f"{{{ENVELOPE_12 if soap == '1.2' else ENVELOPE_11}}}encodingStyle", style)
    if named:
        _type(root, key, schemas, soap)
    else:
        _type_children(root, key, schemas, soap)


def _type_children(node: Element, key: str, schemas: Schemas, soap: str) -> None:
    found = schemas.type(key)
    if not isinstance(found, ComplexType):
        return
    if found.array:
        for child in node:
            _type(child, found.array, schemas, soap)
        return
    known = {element.tag: element.type for element in elements_of(found.content)}
    for child in node:
        if child.tag in known:
            _type(child, known[child.tag], schemas, soap)


def _type(node: Element, key: str, schemas: Schemas, soap: str) -> None:
    from lxml.etree import QName

    if node.get(XSI_NIL) is not None:
        return
    if named := node.get(XSI_TYPE):  # data named a type that extends the declared one
        key = resolve(node, named)
    found = schemas.type(key)
    if isinstance(found, ComplexType) and found.array:
        _array(node, found.array, soap)
    elif is_named(key):
        node.set(XSI_TYPE, QName(key))
    _type_children(node, key, schemas, soap)


def _array(node: Element, item: str, soap: str) -> None:
    """Say what an array holds (SOAP 1.1 section 5.4.2, SOAP 1.2 part 2 section 3.3)."""
    from lxml.etree import QName

    name = item.replace(ARRAY, "")
    depth = item.count(ARRAY)
    if soap == "1.2":
        if not depth:
            node.set(f"{{{ENCODING_12}}}itemType", QName(item))
        node.set(f"{{{ENCODING_12}}}arraySize", str(len(node)))
        return
    node.set(XSI_TYPE, QName(ENCODING_11, "Array"))
    # By way of the attribute, where lxml finds a prefix for a name.
    attribute = f"{{{ENCODING_11}}}arrayType"
    node.set(attribute, QName(name) if namespace(name) else local(name))
    node.set(attribute, f"{node.get(attribute)}{'[]' * depth}[{len(node)}]")
