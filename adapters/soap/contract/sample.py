"""Samples of messages: XML made from the model, held against the schema, and read by the codec, so that they are what a partner could send.

Everything optional is there, once, as long as the message stays small; types that hold themselves are followed once. The same contract gives the same
sample each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any as AnyNode
from typing import Final

from adapters.soap.contract.model import (
    ANY_TYPE,
    Any,
    ComplexType,
    Element,
    Group,
    Particle,
    Schemas,
    SimpleType,
    is_named,
)
from adapters.soap.contract.values import sample_text
from adapters.soap.messages import BodyCodec, Contract, HeaderCodec
from adapters.soap.names import XML, XSD, XSI_NIL, XSI_TYPE, local, namespace
from adapters.soap.wsdl import Content, Operation, Part
from esb.errors import EsbError, StepFailed

Node = AnyNode  # lxml's stubs do not know that it takes QNames

MAX_ELEMENTS: Final = 400
"""From here on only what is required is added."""
MAX_REQUIRED: Final = 20_000
MAX_DEPTH: Final = 60


@dataclass(frozen=True, slots=True)
class Sample:
    """One message: the Body's children as XML, the data that stands for them, and header blocks by name."""

    xml: tuple[bytes, ...]
    data: AnyNode
    headers: dict[str, AnyNode] = field(default_factory=dict)
    headers_xml: tuple[bytes, ...] = ()


class Sampler:
    """Makes samples of one contract's messages. Not thread-safe."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._builder = _Builder(contract.wsdl.schemas, contract.wsdl.prefixes)

    def request(self, operation: Operation, *, minimal: bool = False) -> Sample:
        """A request. Raises :class:`~esb.errors.EsbError` saying why there is none that the contract allows."""
        return self._sample(operation.input, operation.input_headers, operation, "request", minimal=minimal)

    def response(self, operation: Operation, *, minimal: bool = False) -> Sample | None:
        """An answer; None for a one-way operation. Raises as :meth:`request`."""
        if operation.output is None:
            return None
        return self._sample(operation.output, operation.output_headers, operation, "answer", minimal=minimal)

    def fault(self, operation: Operation, name: str) -> dict[str, AnyNode]:
        """The detail of a declared fault, as data by its element's name. Raises as :meth:`request`."""
        part = next(each for each in operation.faults if name in {each.name, local(each.tag)})
        node = self._builder.element(part.element, minimal=False)
        data = self._contract.codecs.field(part.element).read(node)
        if part.element.glob:
            self._contract.validator.check(node, f"the sample of fault {name}")
        return {local(part.tag): data}

    def _sample(
        self, content: Content, headers: Sequence[Part], operation: Operation, kind: str, *, minimal: bool
    ) -> Sample:
        subject = f"the sample {kind} of {operation.name}"
        codec = self._contract.operation(operation)
        body = codec.input if kind == "request" else codec.output
        blocks = codec.input_headers if kind == "request" else codec.output_headers
        assert body is not None
        for attempt in (
            minimal,
            True,
        ):  # what is optional may contradict itself, so that only the required parts make a valid message
            try:
                return self._valid(content, headers, body, blocks, subject, minimal=attempt)
            except EsbError:
                if attempt:
                    raise
        raise AssertionError("one of the two attempts returns or raises")

    def _valid(
        self,
        content: Content,
        headers: Sequence[Part],
        body: BodyCodec,
        blocks: HeaderCodec,
        subject: str,
        *,
        minimal: bool,
    ) -> Sample:
        from lxml import etree

        nodes = self._body(content, minimal=minimal)
        data = body.read(nodes, subject)
        heads = [self._builder.element(part.element, minimal=minimal) for part in headers]
        return Sample(
            tuple(etree.tostring(node, pretty_print=True) for node in self._body(content, minimal=minimal)),
            data,
            blocks.read(heads, subject) if heads else {},
            tuple(etree.tostring(node, pretty_print=True) for node in heads),
        )

    def _body(self, content: Content, *, minimal: bool) -> list[Node]:
        if content.rpc:
            return [self._builder.element(Element(content.tag, content.type), minimal=minimal)]
        return [self._builder.element(part.element, minimal=minimal) for part in content.parts]


class _Builder:
    """Elements from the model."""

    def __init__(self, schemas: Schemas, prefixes: AnyNode) -> None:
        self._schemas = schemas
        self._prefixes = prefixes
        self._count = 0
        self._ids = 0
        self._minimal = False
        self._kept: set[str] = set()
        """Prefixes that only texts use, to be kept when the others are cleaned up."""

    def element(self, element: Element, *, minimal: bool) -> Node:
        """A tree of its own. Raises :class:`~esb.errors.StepFailed` for a type that must hold itself."""
        self._count, self._ids, self._minimal = 0, 0, minimal
        self._kept = set()
        element = self._concrete(element)
        try:
            return self._root(element)
        except ValueError as exc:  # lxml's, for names that XML does not allow
            raise StepFailed(f"the element {element.tag} cannot be written: {exc}") from exc

    def _root(self, element: Element) -> Node:
        from lxml import etree

        root = etree.Element(element.tag, nsmap={prefix: uri for uri, prefix in self._prefixes.items() if uri != XML})
        self._fill(root, element, ())
        etree.cleanup_namespaces(root, keep_ns_prefixes=sorted(self._kept))
        return root

    def _concrete(self, element: Element) -> Element:
        """An element that may stand here itself: for an abstract one the first that substitutes it."""
        if not element.abstract:
            return element
        for name in self._schemas.substitutes.get(element.tag, ()):
            found = self._schemas.elements.get(name)
            if found is not None:
                return found
        raise StepFailed(f"the element {element.tag} is abstract, and nothing in the WSDL may stand for it")

    def _fill(self, node: Node, element: Element, above: tuple[str, ...]) -> None:
        self._count += 1
        if self._count > MAX_REQUIRED:
            raise StepFailed(f"a message with everything that is required has more than {MAX_REQUIRED} elements")
        found = self._schemas.type(element.type)
        text = element.fixed if element.fixed is not None else element.default
        if isinstance(found, SimpleType):
            node.text = text if text is not None else self._text(found, node, local(element.tag))
        elif isinstance(found, ComplexType):
            self._fill_complex(node, self._instance(node, found, above), element, above)
        else:
            if element.type == ANY_TYPE:  # a type that is declared nowhere has no heirs that could be named
                node.set(XSI_TYPE, self._name(node, f"{{{XSD}}}string"))
            node.text = text or local(element.tag)

    def _fill_complex(self, node: Node, found: ComplexType, element: Element, above: tuple[str, ...]) -> None:
        if found.key in above and element.nillable:
            node.set(XSI_NIL, "true")
            return
        if len(above) > MAX_DEPTH:
            raise StepFailed(f"the type {found.key} must hold itself, so that no message ends")
        for attribute in found.attributes:
            if attribute.required or (
                not self._sparing
                and attribute.fixed is None
                and not _is_encoding(attribute.tag)
                and not self._refers(attribute.type)
            ):
                kind = self._schemas.type(attribute.type)
                simple = kind if isinstance(kind, SimpleType) else SimpleType("", "string")
                value = attribute.fixed if attribute.fixed is not None else attribute.default
                node.set(attribute.tag, value if value is not None else self._text(simple, node, local(attribute.tag)))
        if found.text:
            kind = self._schemas.type(found.text)
            text = element.fixed if element.fixed is not None else element.default
            simple = kind if isinstance(kind, SimpleType) else SimpleType("", "string")
            node.text = text if text is not None else self._text(simple, node, local(element.tag))
        elif found.array:
            item = Element("item", found.array)
            self._child(node, item, (*above, found.key))
        elif found.content is not None:
            self._particle(node, found.content, (*above, found.key))

    def _refers(self, key: str) -> bool:
        """Whether a value must be an ID elsewhere in the message, which need not be there (.NET's ``z:Ref``)."""
        kind = self._schemas.type(key)
        return isinstance(kind, SimpleType) and kind.builtin in {"IDREF", "IDREFS"}

    def _instance(self, node: Node, found: ComplexType, above: tuple[str, ...]) -> ComplexType:
        """The type itself, or for an abstract one the first that extends it, named by ``xsi:type``."""
        if not found.abstract:
            return found
        heirs = [
            heir
            for key in self._schemas.heirs(found.key)
            if isinstance(heir := self._schemas.types[key], ComplexType) and not heir.abstract and is_named(key)
        ]
        chosen = next((heir for heir in heirs if heir.key not in above), heirs[0] if heirs else None)
        if chosen is None:
            raise StepFailed(f"the type {found.key} is abstract, and nothing in the WSDL extends it")
        node.set(XSI_TYPE, self._name(node, chosen.key))
        return chosen

    @property
    def _sparing(self) -> bool:
        return self._minimal or self._count > MAX_ELEMENTS

    def _particle(self, node: Node, particle: Particle, above: tuple[str, ...]) -> None:
        if isinstance(particle, Element):
            if particle.min > 0 or (not self._sparing and self._ends(particle, above)):
                for _ in range(max(1, particle.min)):
                    self._child(node, self._concrete(particle), above)
        elif isinstance(particle, Any):
            for _ in range(particle.min):
                self._wild(node, particle, above)
        elif particle.min > 0 or (not self._sparing and self._ends(particle, above)):
            for _ in range(max(1, particle.min)):
                if particle.kind == "choice":
                    self._choice(node, particle, above)
                else:
                    for item in particle.items:
                        self._particle(node, item, above)

    def _choice(self, node: Node, choice: Group, above: tuple[str, ...]) -> None:
        ending = [item for item in choice.items if self._ends(item, above)]
        chosen: Particle = next(
            (item for item in ending if not isinstance(item, Any)), next(iter(choice.items), Any(0))
        )
        if isinstance(chosen, Element) and chosen.min == 0:
            self._child(node, self._concrete(chosen), above)
            return
        self._particle(node, chosen, above)

    def _child(self, node: Node, element: Element, above: tuple[str, ...]) -> None:
        from lxml.etree import SubElement

        self._fill(SubElement(node, element.tag), element, above)

    def _ends(self, particle: Particle, above: tuple[str, ...]) -> bool:
        """Whether a particle holds none of the types that are being filled, which it would do for ever."""
        if isinstance(particle, Element):
            if particle.abstract and not self._schemas.substitutes.get(particle.tag):
                return False
            found = self._schemas.type(particle.type)
            if isinstance(found, ComplexType) and found.abstract:
                return any(key not in above for key in self._schemas.heirs(found.key))
            return particle.type not in above
        if isinstance(particle, Group):
            required = [item for item in particle.items if isinstance(item, Any) or item.min > 0]
            if particle.kind == "choice":
                return not particle.items or any(self._ends(item, above) for item in particle.items)
            return all(self._ends(item, above) for item in required)
        return True

    def _wild(self, node: Node, wildcard: Any, above: tuple[str, ...]) -> None:
        from lxml.etree import SubElement

        wanted = wildcard.namespaces.split()
        allowed = {uri for uri in wanted if not uri.startswith("##")}
        here = namespace(node.tag)
        if "##targetNamespace" in wanted:
            allowed.add(here)
        # One that is declared, since the wildcard may be strict; simple ones first, for they are short.
        known = [
            element
            for name, element in self._schemas.elements.items()
            if not element.abstract
            and (namespace(name) in allowed if allowed else wanted != ["##other"] or namespace(name) not in {here, ""})
        ]
        known.sort(key=lambda element: not isinstance(self._schemas.type(element.type), SimpleType))
        if known and above.count(ANY_TYPE) < 2:  # what it holds may have a wildcard again
            self._child(node, known[0], (*above, ANY_TYPE))
        else:
            SubElement(node, f"{{{next(iter(allowed), 'urn:example')}}}any").text = local(node.tag)

    def _text(self, simple: SimpleType, node: Node, name: str) -> str:
        if simple.builtin == "ID":
            self._ids += 1
            return f"{name}{self._ids}" if name[:1].isalpha() else f"id{self._ids}"
        item = self._schemas.type(simple.item) if simple.item else simple
        if isinstance(item, SimpleType) and item.builtin in {"QName", "NOTATION"} and not item.facets.enums:
            return self._name(node, f"{{{XSD}}}string")
        return sample_text(simple, self._schemas, name)

    def _name(self, node: Node, name: str) -> str:
        """A qualified name as the text of a node, with a prefix that is declared at the root."""
        from lxml.etree import QName

        qualified = QName(name)
        if not qualified.namespace:
            return qualified.localname
        prefix = next((each for each, uri in node.nsmap.items() if uri == qualified.namespace and each), None)
        if prefix is None:
            raise StepFailed(f"the namespace {qualified.namespace} has no prefix")
        self._kept.add(prefix)
        return f"{prefix}:{qualified.localname}"


def _is_encoding(tag: str) -> bool:
    return tag.startswith("{") or local(tag) in {"href", "id"}
