"""WS-Addressing: who is meant, what is asked, and which request an answer belongs to.

Sources: Web Services Addressing 1.0 (Core, SOAP Binding, Metadata); the 2004/08 submission is taken too, and answered in kind. Only anonymous
reply addresses are honoured: to send an answer wherever a request says is to let strangers make calls from inside the house.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from adapters.soap import envelope
from adapters.soap.envelope import SoapFault
from adapters.soap.names import WSDL, local, namespace
from esb.errors import Malformed

if TYPE_CHECKING:
    from adapters.soap.wsdl import Port, Wsdl

Element = Any  # lxml's stubs are older than lxml

WSA: Final = "http://www.w3.org/2005/08/addressing"
WSA_2004: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ANONYMOUS: Final = {WSA: f"{WSA}/anonymous", WSA_2004: f"{WSA_2004}/role/anonymous"}
NONE: Final = f"{WSA}/none"
FAULT: Final = {WSA: f"{WSA}/soap/fault", WSA_2004: f"{WSA_2004}/fault"}

_ACTIONS: Final = tuple(
    f"{{{uri}}}Action"
    for uri in (
        "http://www.w3.org/2007/05/addressing/metadata",
        "http://www.w3.org/2006/05/addressing/wsdl",
        WSA,
        WSA_2004,
    )
)
_ONCE: Final = frozenset({"To", "From", "ReplyTo", "FaultTo", "Action", "MessageID"})
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Actions:
    """The actions of an operation: what its messages are called."""

    input: str
    output: str
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """The addressing of a request. ``silent``: its sender wants no answer (the address "none")."""

    uri: str
    message_id: str
    action: str
    silent: bool = False


def understands(tag: str) -> bool:
    """Whether a header block is one of WS-Addressing."""
    return namespace(tag) in ANONYMOUS


def new_message_id() -> str:
    """A message id that nobody else has."""
    return f"urn:uuid:{uuid.uuid4()}"


def request(action: str, address: str, message_id: str) -> bytes:
    """Header blocks of a request. The answer comes on the same connection."""
    return (
        f'<wsa:Action xmlns:wsa="{WSA}">{escape(action)}</wsa:Action><wsa:To xmlns:wsa="{WSA}">{escape(address)}</wsa:To>'
        f'<wsa:MessageID xmlns:wsa="{WSA}">{message_id}</wsa:MessageID>'
        f'<wsa:ReplyTo xmlns:wsa="{WSA}"><wsa:Address>{ANONYMOUS[WSA]}</wsa:Address></wsa:ReplyTo>'
    ).encode()


def answer(asked: Asked, action: str) -> bytes:
    """Header blocks of an answer."""
    uri = asked.uri
    relates = f'<wsa:RelatesTo xmlns:wsa="{uri}">{escape(asked.message_id)}</wsa:RelatesTo>' if asked.message_id else ""
    return (
        f'<wsa:Action xmlns:wsa="{uri}">{escape(action)}</wsa:Action><wsa:MessageID xmlns:wsa="{uri}">{new_message_id()}'
        f'</wsa:MessageID><wsa:To xmlns:wsa="{uri}">{ANONYMOUS[uri]}</wsa:To>{relates}'
    ).encode()


def read(blocks: Iterable[Element], actions: Iterable[str], *, required: bool, answered: bool) -> Asked | None:
    """The addressing of a request that means one of ``actions``; None if it has none.

    Raises :class:`~adapters.soap.envelope.SoapFault` with the faults of the SOAP binding, section 6.4.
    """
    found = [block for block in blocks if understands(block.tag)]
    if not found:
        if required:
            raise _fault(WSA, "MessageAddressingHeaderRequired", "WS-Addressing headers are required here")
        return None
    uri = namespace(found[0].tag)
    given: dict[str, Element] = {}
    for block in found:
        name = local(block.tag)
        if namespace(block.tag) != uri or (name in _ONCE and name in given):
            raise _fault(uri, "InvalidAddressingHeader", f"the header {name} stands twice")
        given.setdefault(name, block)
    action = _text(given.get("Action"))
    if not action:
        raise _fault(uri, "MessageAddressingHeaderRequired", "the header Action is missing")
    if action not in set(actions):
        raise _fault(uri, "ActionNotSupported", "the Action does not belong to the Body")
    message_id = _text(given.get("MessageID"))
    if answered and required and not message_id:
        raise _fault(uri, "MessageAddressingHeaderRequired", "the header MessageID is missing")
    silent = False
    for name in ("ReplyTo", "FaultTo"):
        address = _address(given.get(name), uri)
        if address == NONE:
            silent = silent or name == "ReplyTo"
        elif address not in {"", *ANONYMOUS.values()}:
            raise _fault(
                uri, "OnlyAnonymousAddressSupported", f"answers go back on the connection, so {name} must be anonymous"
            )
    return Asked(uri, message_id, action, silent)


def check_answer(blocks: Sequence[Element], message_id: str) -> None:
    """Raise :class:`~esb.errors.Malformed` if an answer says that it belongs to another request."""
    relates = [_text(block) for block in blocks if understands(block.tag) and local(block.tag) == "RelatesTo"]
    if relates and message_id not in relates:
        raise Malformed("the answer's RelatesTo names another request")


def actions_of(wsdl: Wsdl, port: Port) -> dict[str, Actions]:
    """The actions of a port's operations, from the WSDL's attributes or by the rule of the Metadata specification, section 4.4.4."""
    from adapters.soap.contract.wsdl11 import input_name  # the reader of WSDLs, which most calls do without

    found: dict[str, Actions] = {}
    operations = {(each.name.partition("#")[0], each.overload): each for each in port.operations.values()}
    for target, port_type in _port_types(wsdl, port):
        base = (
            ":".join((target, port_type.get("name", "")))
            if target.startswith("urn:")
            else "/".join((target.rstrip("/"), port_type.get("name", "")))
        )
        mark = ":" if target.startswith("urn:") else "/"
        for node in port_type.iterfind(f"{{{WSDL}}}operation"):
            name = node.get("name", "")
            operation = operations.get((name, "")) or operations.get((name, input_name(node)))
            if operation is None or operation.name in found:
                continue
            given, taken = node.find(f"{{{WSDL}}}input"), node.find(f"{{{WSDL}}}output")
            default_in = name + ("Request" if taken is not None else "")
            found[operation.name] = Actions(
                _named(given) or operation.action or f"{base}{mark}{_name(given) or default_in}",
                _named(taken) or f"{base}{mark}{_name(taken) or name + 'Response'}",
                {
                    fault.get("name", ""): _named(fault)
                    or f"{base}{mark}{name}{mark}Fault{mark}{fault.get('name', '')}"
                    for fault in node.iterfind(f"{{{WSDL}}}fault")
                },
            )
    return found


def _port_types(wsdl: Wsdl, port: Port) -> Iterable[tuple[str, Element]]:
    """The port type of a port first (by way of its binding), then all others: names of operations are usually enough."""
    documents = list(wsdl.documents.values())
    binding = next(
        (
            local_name(node.get("binding", ""))
            for root in documents
            for node in root.iterfind(f"{{{WSDL}}}service/{{{WSDL}}}port")
            if node.get("name") == port.name
        ),
        "",
    )
    wanted = next(
        (
            local_name(node.get("type", ""))
            for root in documents
            for node in root.iterfind(f"{{{WSDL}}}binding")
            if node.get("name") == binding
        ),
        "",
    )
    told = [
        (root.get("targetNamespace", ""), node) for root in documents for node in root.iterfind(f"{{{WSDL}}}portType")
    ]
    return sorted(told, key=lambda each: each[1].get("name") != wanted)


def local_name(name: str) -> str:
    """``p:Name`` -> ``Name``."""
    return name.rpartition(":")[2]


def _named(node: Element) -> str:
    return "" if node is None else next((node.get(name) for name in _ACTIONS if node.get(name)), "")


def _name(node: Element) -> str:
    return "" if node is None else node.get("name") or ""


def _text(node: Element) -> str:
    return "" if node is None else (node.text or "").strip()[:_LONGEST]


def _address(node: Element, uri: str) -> str:
    if node is None:
        return ""
    inner = node.find(f"{{{uri}}}Address")
    if inner is None:
        raise _fault(uri, "InvalidAddressingHeader", f"the header {local(node.tag)} has no Address")
    return _text(inner)


def _fault(uri: str, name: str, message: str) -> SoapFault:
    return SoapFault(message, envelope.CLIENT, subcode=f"{{{uri}}}{name}")
