"""The policies of a WSDL (WS-Policy 1.2 and 1.5, attached as WS-PolicyAttachment and WSDL 1.1 say) in normal form: alternatives of assertions.

A choice (``wsp:ExactlyOne``, ``wsp:Optional``) makes alternatives, in the order of the document; an optional assertion is tried before its absence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from adapters.soap.names import WSDL, XML, local, namespace, resolve
from adapters.soap.security.names import ID
from esb.errors import ConfigError, Position

if TYPE_CHECKING:
    from adapters.soap.wsdl import Port, Wsdl

Element = Any  # lxml's stubs are older than lxml

POLICY: Final = frozenset(
    {
        "http://www.w3.org/ns/ws-policy",
        "http://schemas.xmlsoap.org/ws/2004/09/policy",
        "http://www.w3.org/2006/07/ws-policy",
    }
)
MAX_ALTERNATIVES: Final = 200
_DEEPEST: Final = 30


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion. ``inner`` are those of the policy within it; other parameters are children of ``node``."""

    name: str
    uri: str
    node: Element
    file: str
    inner: tuple[Assertion, ...] = ()

    def __str__(self) -> str:
        prefix = f"{self.node.prefix}:" if self.node.prefix else ""
        return f"{prefix}{self.name} ({self.file}:{self.node.sourceline})"

    @property
    def ignorable(self) -> bool:
        """Whether who does not know it may pass over it."""
        return _says(self.node, "Ignorable")

    def get(self, name: str) -> Assertion | None:
        """The inner assertion of a name."""
        return next((each for each in self.inner if each.name == name), None)


Alternative = tuple[Assertion, ...]


class Policies:
    """The policies of a WSDL's documents. Used by one thread, while loading only."""

    def __init__(self, wsdl: Wsdl) -> None:
        self._documents = dict(wsdl.documents)
        self._files = {id(root): location for location, root in self._documents.items()}
        self._named: dict[str, Element] = {}
        for root in self._documents.values():
            for node in root.iter():
                if _is(node, "Policy"):
                    for name in (node.get(ID), node.get(f"{{{XML}}}id")):
                        if name:
                            self._named[f"#{name}"] = node
                    if node.get("Name"):
                        self._named[node.get("Name")] = node

    @property
    def any(self) -> bool:
        """Whether there is a policy at all."""
        return any(_is(node, "Policy") for root in self._documents.values() for node in root.iter())

    def of_port(self, port: Port, operation: str) -> list[Alternative]:
        """What holds for all messages of an operation: the policies of service, port, binding and port type, and those of the operation in them."""
        subjects = list(self._port(port))
        subjects += [
            each for subject in subjects for each in subject.iterfind(f"{{{WSDL}}}operation") if _named(each, operation)
        ]
        return self._together(subjects)

    def of_message(self, port: Port, operation: str, direction: str) -> list[Alternative]:
        """What holds for its ``input`` or ``output`` besides."""
        operations = [each for subject in self._port(port) for each in subject.iterfind(f"{{{WSDL}}}operation")]
        subjects = [
            node for each in operations if _named(each, operation) for node in each.iterfind(f"{{{WSDL}}}{direction}")
        ]
        wanted = {resolve(node, node.get("message"), _target(node)) for node in subjects if node.get("message")}
        subjects += [node for node in self._all("message") if f"{{{_target(node)}}}{node.get('name')}" in wanted]
        return self._together(subjects)

    def _port(self, port: Port) -> Iterator[Element]:
        for service in self._all("service"):
            for node in service.iterfind(f"{{{WSDL}}}port"):
                if node.get("name") != port.name or service.get("name") != port.service:
                    continue
                yield service
                yield node
                for binding in self._meant("binding", node, node.get("binding")):
                    yield binding
                    yield from self._meant("portType", binding, binding.get("type"))

    def _meant(self, kind: str, node: Element, name: str | None) -> Iterator[Element]:
        wanted = resolve(node, name or "", _target(node))
        return (each for each in self._all(kind) if f"{{{_target(each)}}}{each.get('name')}" == wanted)

    def _all(self, kind: str) -> Iterator[Element]:
        for root in self._documents.values():
            yield from root.iterfind(f"{{{WSDL}}}{kind}")

    def _together(self, subjects: Sequence[Element]) -> list[Alternative]:
        found: list[Alternative] = [()]
        for subject in subjects:
            for uri in (uri for name, value in subject.items() if local(name) == "PolicyURIs" for uri in value.split()):
                found = _product(found, self._alternatives(self._referred(subject, uri), 0), subject)
            for node in subject:
                if _is(node, "Policy") or _is(node, "PolicyReference"):
                    found = _product(found, self._of(node, 0), node)
        return found

    def _alternatives(self, operator: Element, depth: int) -> list[Alternative]:
        if depth > _DEEPEST:
            raise self._wrong(operator, "policies that refer to each other in a circle, or nest too deep")
        found: list[Alternative] = [()]
        for child in operator:
            found = _product(found, self._of(child, depth + 1), child)
        return found

    def _of(self, node: Element, depth: int) -> list[Alternative]:
        if namespace(node.tag) in POLICY:
            kind = local(node.tag)
            if kind in {"Policy", "All"}:
                return self._alternatives(node, depth)
            if kind == "ExactlyOne":
                return [each for child in node for each in self._of(child, depth + 1)]
            if kind == "PolicyReference":
                return self._alternatives(self._referred(node, node.get("URI") or ""), depth + 1)
            return [()]  # wsp:UsingPolicy and the like
        nested = next((child for child in node if _is(child, "Policy")), None)
        inner = self._alternatives(nested, depth + 1) if nested is not None else [()]
        file = self._file(node)
        made: list[Alternative] = [
            (Assertion(local(node.tag), namespace(node.tag), node, file, each),) for each in inner
        ]
        return [*made, ()] if _says(node, "Optional") else made

    def _referred(self, node: Element, uri: str) -> Element:
        found = self._named.get(uri)
        if found is None:
            raise self._wrong(node, f"the policy {uri!r} is not in the WSDL, nor in what it imports")
        return found

    def _file(self, node: Element) -> str:
        return self._files.get(id(node.getroottree().getroot()), "").rpartition("/")[2]

    def _wrong(self, node: Element, told: str) -> ConfigError:
        return ConfigError(told, Position(self._file(node), node.sourceline or 0))


def _product(found: list[Alternative], more: list[Alternative], node: Element) -> list[Alternative]:
    if len(found) * len(more) > MAX_ALTERNATIVES:
        raise ConfigError(f"the policies leave more than {MAX_ALTERNATIVES} choices (line {node.sourceline})")
    return [one + other for one in found for other in more]


def _says(node: Element, what: str) -> bool:
    return any(local(name) == what and value.strip() in {"true", "1"} for name, value in node.items())


def _is(node: Element, name: str) -> bool:
    return local(node.tag) == name and namespace(node.tag) in POLICY


def _named(node: Element, name: str) -> bool:
    return bool(node.get("name") == name)


def _target(node: Element) -> str:
    root = node.getroottree().getroot()
    return root.get("targetNamespace") or ""
