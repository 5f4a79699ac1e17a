"""How the content of one element is read and written: text, text with attributes, children with attributes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from adapters.soap.names import XSI, XSI_TYPE, local, resolve
from adapters.soap.particles import ANY, Codec, Field, Particle, Problem, Problems, Wildcard, fields_of, unknown
from adapters.soap.scalars import Scalar
from esb.errors import Malformed

TEXT: Final = "$"
TYPE: Final = "$type"

Element = Any  # lxml's stubs do not know that it takes QNames and hands out text

Retype = Callable[[Codec, Any], Codec | None]
"""The codec of the type that data or ``xsi:type`` names in place of the declared one's, or None. Raises ValueError for an unknown name."""

Attribute = tuple[str, str, Scalar, bool, Any]
"""Key, tag, conversion, required, default (as a value, or None)."""


def fill_simple(codec: Codec, scalar: Scalar, default: str | None) -> None:
    """Make ``codec`` that of a simple type."""
    read_text, write_text = scalar.read, scalar.write
    codec.is_list = scalar.kind.startswith("list of")

    def read(node: Element) -> Any:
        try:
            return read_text(node.text or default or "")
        except (ValueError, OverflowError) as exc:
            raise Malformed(f"{local(node.tag)}: {exc}") from None

    def write(node: Element, value: Any, problems: Problems) -> None:
        try:
            node.text = write_text(value)
        except ValueError as exc:  # ours, or lxml's for characters that XML cannot hold
            problems.append(Problem(str(exc)))

    if scalar.qname:
        codec.read, codec.write = _read_name, _write_name
    else:
        codec.read, codec.write = read, write


def _read_name(node: Element) -> str:
    return resolve(node, node.text or "")


def _write_name(node: Element, value: Any, problems: Problems) -> None:
    from lxml.etree import QName

    try:
        node.text = QName(value)
    except (ValueError, TypeError) as exc:
        problems.append(Problem(f"is not a name such as {{namespace}}local: {exc}"))


class _WithAttributes:
    """Attributes of an element, both ways."""

    def __init__(self, attributes: Sequence[Attribute], *, wild: bool) -> None:
        self.attributes = tuple(attributes)
        self.wild = wild
        self.by_tag = {tag: (key, scalar.read) for key, tag, scalar, _, _ in attributes}
        self.names = frozenset(tag for _, tag, scalar, _, _ in attributes if scalar.qname)
        self.defaults = [(key, default) for key, _, _, _, default in attributes if default is not None]
        self.keys = frozenset(key for key, *_ in attributes)
        self.any = bool(self.attributes) or wild

    def read(self, node: Element, out: dict[str, Any]) -> None:
        for tag, text in node.items():
            known = self.by_tag.get(tag)
            if known is not None:
                try:
                    out[known[0]] = resolve(node, text) if tag in self.names else known[1](text)
                except (ValueError, OverflowError) as exc:
                    raise Malformed(f"{local(node.tag)}/@{local(tag)}: {exc}") from None
            elif self.wild and not tag.startswith(f"{{{XSI}}}"):
                out[tag] = text
        for key, default in self.defaults:
            out.setdefault(key, default)

    def write(self, node: Element, data: dict[str, Any], problems: Problems) -> None:
        from lxml.etree import QName

        for key, tag, scalar, required, _ in self.attributes:
            value = data.get(key)
            if value is None:
                if required:
                    problems.append(Problem("is missing", [key]))
                continue
            try:
                node.set(tag, QName(value) if scalar.qname else scalar.write(value))
            except (ValueError, TypeError) as exc:
                problems.append(Problem(str(exc), [key]))
        if self.wild:
            for tag in filter(_qualified, data):
                try:
                    node.set(tag, str(data[tag]))
                except ValueError as exc:  # no name, or characters that XML cannot hold
                    problems.append(Problem(str(exc), [tag]))

    def unknown(self, data: dict[str, Any], known: frozenset[str], problems: Problems) -> None:
        if not data.keys() <= known:
            unknown({key: None for key in data if not (self.wild and _qualified(key))}, known, problems)


def _qualified(key: object) -> bool:
    return isinstance(key, str) and key.startswith("{")


class SimpleContent:
    """Text with attributes: ``{"$": text, attribute: value}``; a bare scalar is taken for the text alone."""

    def __init__(
        self, codec: Codec, attributes: Sequence[Attribute], wild: bool, scalar: Scalar, retype: Retype | None
    ) -> None:
        self._codec = codec
        self._retype = retype
        self._attributes = _WithAttributes(attributes, wild=wild)
        self._text = Codec()
        fill_simple(self._text, scalar, None)
        self._known = self._attributes.keys | {TEXT} | ({TYPE} if retype else frozenset())
        codec.read, codec.write = self.read, self.write

    def read(self, node: Element) -> Any:
        actual = _named_type(node, self._codec, self._retype)
        if actual is not None:
            return _typed(actual, node)
        out = {TEXT: self._text.read(node)}
        if self._attributes.any:
            self._attributes.read(node, out)
        return out

    def write(self, node: Element, value: Any, problems: Problems) -> None:
        data = value if isinstance(value, dict) else {TEXT: value}
        if self._retype is not None and TYPE in data and _retyped(node, data, self._codec, self._retype, problems):
            return
        self._attributes.unknown(data, self._known, problems)
        self._attributes.write(node, data, problems)
        if data.get(TEXT) is None:
            problems.append(Problem("is missing", [TEXT]))
        else:
            self._text.write(node, data[TEXT], problems)


class ComplexContent:
    """Child elements and attributes."""

    def __init__(
        self,
        codec: Codec,
        attributes: Sequence[Attribute],
        wild: bool,
        particle: Particle,
        retype: Retype | None,
        *,
        in_order: bool,
        mixed: bool,
    ) -> None:
        self._codec = codec
        self._attributes = _WithAttributes(attributes, wild=wild)
        self._particle = particle
        self._retype = retype
        self._known = (
            particle.keys
            | self._attributes.keys
            | ({TYPE} if retype else frozenset())
            | ({TEXT} if mixed else frozenset())
        )
        self._mixed = mixed
        self._table = {each.tag: (each.key, each.many, each.read) for each in fields_of(particle)}
        self._wildcard = ANY in particle.keys
        self._read_any = next((each.read_any for each in _wildcards(particle)), None)
        self._children = self._in_order if in_order else self._by_name
        codec.read = self.read
        codec.write = self.write

    def read(self, node: Element) -> Any:
        actual = _named_type(node, self._codec, self._retype)
        if actual is not None:
            return _typed(actual, node)
        out: dict[str, Any] = {}
        if self._attributes.any:
            self._attributes.read(node, out)
        if self._mixed and _has_text(node):
            out[TEXT] = inner(node)
            return out
        self._children(node, out)
        return out

    def _by_name(self, node: Element, out: dict[str, Any]) -> None:
        table = self._table
        for child in node:
            known = table.get(child.tag)
            if known is None:
                if self._read_any is None:
                    raise Malformed(f"{local(node.tag)}: the element {child.tag} is not expected")
                out.setdefault(ANY, []).append(self._read_any(child))
                continue
            key, many, read = known
            value = read(child)
            if not many:
                out[key] = value
            elif key in out:
                out[key].append(value)
            else:
                out[key] = [value]

    def _in_order(self, node: Element, out: dict[str, Any]) -> None:
        children = list(node)
        at = self._particle.match(children, 0, out)
        if at < len(children):
            raise Malformed(f"{local(node.tag)}: the element {children[at].tag} is not expected")

    def write(self, node: Element, value: Any, problems: Problems) -> None:
        if not isinstance(value, dict):
            fields = ", ".join(sorted(self._known)[:8])
            problems.append(
                Problem(
                    f"is a dict with the keys {fields}, not {type(value).__name__}" if fields else "is an empty dict"
                )
            )
            return
        if self._retype is not None and value.get(TYPE) and _retyped(node, value, self._codec, self._retype, problems):
            return
        if not value.keys() <= self._known:
            self._attributes.unknown(value, self._known, problems)
        if self._attributes.any:
            self._attributes.write(node, value, problems)
        if self._mixed and isinstance(markup := value.get(TEXT), str):
            fill_markup(node, markup, problems)
            return
        self._particle.write(node, value, problems, needed=True)


class ArrayContent:
    """An array of the SOAP encoding: a list. The names of its members mean nothing."""

    def __init__(self, codec: Codec, item: Field) -> None:
        self._item = item
        codec.is_list = True
        codec.fields = [item]
        codec.namespaces = {XSI}
        codec.read, codec.write = self.read, self.write

    def read(self, node: Element) -> Any:
        return [self._item.read(child) for child in node]

    def write(self, node: Element, value: Any, problems: Problems) -> None:
        if isinstance(value, (str, dict)) or not isinstance(value, Sequence):
            problems.append(Problem(f"is a list, not {type(value).__name__}"))
            return
        self._item.write(node, {self._item.key: value}, problems, needed=True)


def _named_type(node: Element, declared: Codec, retype: Retype | None) -> Codec | None:
    """The codec of the type that ``xsi:type`` names; None if it is the declared one."""
    if retype is None or not (named := node.get(XSI_TYPE)):
        return None
    try:
        return retype(declared, resolve(node, named))
    except ValueError as exc:
        raise Malformed(f"{local(node.tag)}: {exc}") from None


def _typed(actual: Codec, node: Element) -> Any:
    data = actual.read(node)
    if isinstance(data, dict):
        data[TYPE] = actual.name
    return data


def _retyped(node: Element, value: dict[str, Any], declared: Codec, retype: Retype, problems: Problems) -> bool:
    """Write as the type that the data names. False if that is the declared one."""
    from lxml.etree import QName

    try:
        actual = retype(declared, value[TYPE])
    except ValueError as exc:
        problems.append(Problem(str(exc), [TYPE]))
        return True
    if actual is None:
        return False
    node.set(XSI_TYPE, QName(actual.name))
    actual.write(node, {key: item for key, item in value.items() if key != TYPE}, problems)
    return True


def _wildcards(particle: Any) -> list[Wildcard]:
    if isinstance(particle, Wildcard):
        return [particle]
    return [each for member in getattr(particle, "members", ()) for each in _wildcards(member)]


def _has_text(node: Element) -> bool:
    return bool((node.text and node.text.strip()) or any(child.tail and child.tail.strip() for child in node))


def outer(node: Element) -> str:
    """The element as XML text."""
    import esb.xml

    return esb.xml.serialize(node).decode()


def inner(node: Element) -> str:
    """The element's content as XML text."""
    import html

    return html.escape(node.text or "", quote=False) + "".join(
        outer(child) + html.escape(child.tail or "", quote=False) for child in node
    )


def fill_markup(node: Element, markup: str, problems: Problems) -> None:
    """Put XML text into an element."""
    import esb.xml

    try:
        holder = esb.xml.parse(f"<x>{markup}</x>")
    except Malformed as exc:
        problems.append(Problem(str(exc)))
        return
    node.text = holder.text
    node.extend(list(holder))
