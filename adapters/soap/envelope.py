"""The SOAP envelope, versions 1.1 and 1.2: reading one strictly, writing one, and faults both ways."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import esb.xml
from adapters.soap.names import ENVELOPE_11, ENVELOPE_12, local, namespace, resolve
from esb.errors import EsbError, Malformed

Element = Any  # lxml's stubs are older than lxml

CLIENT: Final = "Client"
VERSIONS: Final = {ENVELOPE_11: "1.1", ENVELOPE_12: "1.2"}
ENVELOPES: Final = {"1.1": ENVELOPE_11, "1.2": ENVELOPE_12}
MEDIA_TYPES: Final = {"1.1": "text/xml", "1.2": "application/soap+xml"}

# What each version calls the four codes (SOAP 1.1 section 4.4.1, SOAP 1.2 part 1 section 5.4.6).
_CODES_12: Final = {"Client": "Sender", "Server": "Receiver"}
_CODES_11: Final = {value: key for key, value in _CODES_12.items()}

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEXT_ROLES: Final = frozenset(
    {
        "http://schemas.xmlsoap.org/soap/actor/next",
        "http://www.w3.org/2003/05/soap-envelope/role/next",
        "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
    }
)


class SoapFault(EsbError):
    """A fault that we answer with. ``fault_code`` is Client, Server, MustUnderstand or VersionMismatch (or SOAP 1.2's names).

    The message goes to the sender as it is: nothing internal belongs in it. ``detail`` is ready XML, ``headers`` ready header blocks. ``status`` is
    the HTTP status. ``subcode`` says more than the code does, as ``{namespace}Name``: SOAP 1.1 has it in the place of the code.
    """

    code = "ESB-X050"

    def __init__(
        self,
        message: str,
        fault_code: str = "Client",
        *,
        detail: bytes = b"",
        soap: str = "",
        status: int = 0,
        not_understood: Sequence[str] = (),
        subcode: str = "",
    ) -> None:
        super().__init__(message)
        self.fault_code = fault_code
        self.detail = detail
        self.soap = soap
        self.status = status
        self.not_understood = tuple(not_understood)
        self.subcode = subcode
        self.headers = b""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A parsed envelope: the header blocks and the Body's children."""

    soap: str
    headers: tuple[Element, ...]
    body: tuple[Element, ...]
    root: Element = None


@dataclass(frozen=True, slots=True)
class FaultText:
    """A fault as the other side sent it. ``detail`` are the children of its detail element."""

    fault_code: str
    message: str
    actor: str
    detail: tuple[Element, ...]


def parse(data: bytes, charset: str = "", *, max_bytes: int = esb.xml.MAX_BYTES) -> Envelope:
    """Read an envelope. Raises :class:`~esb.errors.Malformed` for what is no XML, :class:`SoapFault` for what is no SOAP envelope."""
    return opened(esb.xml.parse(data, encoding=charset, max_bytes=max_bytes))


def without(message: Envelope, blocks: Sequence[Element]) -> Envelope:
    """The envelope without some of its header blocks."""
    for block in blocks:
        block.getparent().remove(block)
    return opened(message.root) if blocks else message


def opened(root: Element) -> Envelope:
    """The envelope in a parsed document. Raises :class:`SoapFault` for what is none."""
    uri = namespace(root.tag)
    soap = VERSIONS.get(uri)
    if soap is None:
        if local(root.tag) == "Envelope":
            raise SoapFault(
                f"the envelope's namespace {uri!r} is neither SOAP 1.1's nor 1.2's", "VersionMismatch", soap="1.1"
            )
        raise SoapFault(f"the root element is {root.tag}, not a SOAP Envelope")
    if local(root.tag) != "Envelope":
        raise SoapFault(f"the root element is {local(root.tag)}, not a SOAP Envelope", soap=soap)
    children = list(root)
    header = children.pop(0) if children and children[0].tag == f"{{{uri}}}Header" else None
    if len(children) != 1 or children[0].tag != f"{{{uri}}}Body":
        found = ", ".join(local(child.tag) for child in root) or "nothing"
        raise SoapFault(f"a SOAP Envelope holds an optional Header and one Body; this one holds {found}", soap=soap)
    body = children[0]
    if _loose_text(root) or _loose_text(body) or (header is not None and _loose_text(header)):
        raise SoapFault("there is text between the parts of the SOAP envelope", soap=soap)
    return Envelope(soap, tuple(header) if header is not None else (), tuple(body), root)


def render(soap: str, body: bytes, headers: bytes = b"") -> bytes:
    """An envelope around ready XML."""
    head = b"<soapenv:Header>" + headers + b"</soapenv:Header>" if headers else b""
    start = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="' + ENVELOPES[soap].encode() + b'">'
    )
    return start + head + b"<soapenv:Body>" + body + b"</soapenv:Body></soapenv:Envelope>"


def content_type(soap: str, action: str = "") -> str:
    """The Content-Type of a message; SOAP 1.2 puts the action there."""
    if soap == "1.2" and action:
        return f'application/soap+xml; charset=utf-8; action="{action}"'
    return f"{MEDIA_TYPES[soap]}; charset=utf-8"


def must_understand(block: Element) -> bool:
    """Whether a header block insists on being understood by the one at the end of the line, us."""
    uri = ENVELOPE_11 if block.get(f"{{{ENVELOPE_11}}}mustUnderstand") is not None else ENVELOPE_12
    if (block.get(f"{{{uri}}}mustUnderstand") or "").strip() not in {"1", "true"}:
        return False
    role = block.get(f"{{{ENVELOPE_11}}}actor") or block.get(f"{{{ENVELOPE_12}}}role") or ""
    return not role or role in _NEXT_ROLES


def without_soap_attributes(block: Element) -> Element:
    """The header block without the envelope's own attributes, which its schema does not know."""
    for name in [name for name in block.attrib if namespace(name) in VERSIONS]:
        del block.attrib[name]
    return block


def render_fault(fault: SoapFault, soap: str) -> tuple[int, bytes]:
    """HTTP status and envelope of a fault."""
    text = escape(_NOT_XML.sub("?", str(fault)))
    detail = fault.detail
    if soap == "1.2":
        code = _CODES_12.get(fault.fault_code, fault.fault_code)
        around = b"<soapenv:Detail>" + detail + b"</soapenv:Detail>" if detail else b""
        inner = ""
        if fault.subcode:
            told = (
                f"<soapenv:Value xmlns:f={quoteattr(namespace(fault.subcode))}>f:{local(fault.subcode)}</soapenv:Value>"
            )
            inner = f"<soapenv:Subcode>{told}</soapenv:Subcode>"
        xml = (
            f"<soapenv:Fault><soapenv:Code><soapenv:Value>soapenv:{escape(code)}</soapenv:Value>{inner}</soapenv:Code>"
            f'<soapenv:Reason><soapenv:Text xml:lang="en">{text}</soapenv:Text></soapenv:Reason>'
        ).encode()
        blocks = "".join(
            f'<soapenv:NotUnderstood xmlns:b={quoteattr(namespace(name))} qname="b:{local(name)}"/>'
            for name in fault.not_understood
        )
        # SOAP 1.2 would have 400 for a Sender fault; clients of CXF and others read faults from 500 only, and nobody minds that.
        return fault.status or 500, render(soap, xml + around + b"</soapenv:Fault>", blocks.encode() + fault.headers)
    code = _CODES_11.get(fault.fault_code, fault.fault_code)
    around = b"<detail>" + detail + b"</detail>" if detail else b""
    told = f"<faultcode>soapenv:{escape(code)}</faultcode>"
    if fault.subcode:
        told = f"<faultcode xmlns:f={quoteattr(namespace(fault.subcode))}>f:{local(fault.subcode)}</faultcode>"
    xml = f"<soapenv:Fault>{told}<faultstring>{text}</faultstring>".encode()
    return fault.status or 500, render(soap, xml + around + b"</soapenv:Fault>", fault.headers)


def read_fault(envelope: Envelope) -> FaultText | None:
    """The fault in an envelope, or None if it holds an answer. Codes of both versions come back as they were sent, without a prefix."""
    if (
        len(envelope.body) != 1
        or namespace(envelope.body[0].tag) not in VERSIONS
        or local(envelope.body[0].tag) != "Fault"
    ):
        return None
    node = envelope.body[0]
    parts = {local(child.tag): child for child in node}
    if "Code" in parts:
        codes = [value.text or "" for value in parts["Code"].iter(f"{{{ENVELOPE_12}}}Value")]
        code = next((text for text in reversed(codes) if text.strip()), "")
        texts = [each.text or "" for each in parts["Reason"]] if "Reason" in parts else []
        detail = parts.get("Detail")
        actor = parts["Role"].text or "" if "Role" in parts else ""
        message = texts[0] if texts else ""
    else:
        code = parts["faultcode"].text or "" if "faultcode" in parts else ""
        message = parts["faultstring"].text or "" if "faultstring" in parts else ""
        actor = parts["faultactor"].text or "" if "faultactor" in parts else ""
        detail = parts.get("detail")
    return FaultText(
        local(resolve(node, code)), message.strip(), actor.strip(), tuple(detail) if detail is not None else ()
    )


@functools.lru_cache(maxsize=256)
def media_type(content_type: str) -> tuple[str, str, str]:
    """Media type, charset and action of a Content-Type. Raises :class:`~esb.errors.Malformed` for one that cannot be read."""
    from email.message import Message

    message = Message()
    message["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    try:
        return message.get_content_type(), str(message.get_param("charset", "")), str(message.get_param("action", ""))
    except (ValueError, TypeError, LookupError) as exc:
        raise Malformed(f"the Content-Type cannot be read: {exc}") from None


def _loose_text(node: Element) -> bool:
    return bool((node.text and node.text.strip()) or any(child.tail and child.tail.strip() for child in node))
