"""What a route has for a body: data in the shape of the WSDL's types, the XML of the Body's content, or the whole envelope.

Camel's ``cxf:`` has the same three under other names (its option ``dataFormat``): POJO, PAYLOAD, and RAW or CXF_MESSAGE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import esb.xml
from adapters.soap import envelope
from adapters.soap.envelope import Envelope, SoapFault
from esb.coerce import is_element, octets
from esb.errors import ConversionFailed, Malformed, ValidationFailed

if TYPE_CHECKING:
    from adapters.soap.messages import BodyCodec

Element = Any  # lxml's stubs are older than lxml

DATA: Final = "data"
PAYLOAD: Final = "payload"
ENVELOPE: Final = "envelope"
FORMS: Final = {
    "data": DATA,
    "payload": PAYLOAD,
    "envelope": ENVELOPE,
    "pojo": DATA,
    "raw": ENVELOPE,
    "message": ENVELOPE,
    "cxf_message": ENVELOPE,
}


def read_payload(codec: BodyCodec, children: Sequence[Element], subject: str, *, validate: bool) -> Any:
    """The Body's child as an XML element (a list where it has several). Raises :class:`~esb.errors.ValidationFailed`."""
    if validate:
        codec.check(children, subject)
    return children[0] if len(children) == 1 else list(children)


def write_payload(codec: BodyCodec, body: Any, subject: str) -> list[Element]:
    """The elements for the Body, checked. Raises :class:`~esb.errors.ValidationFailed`."""
    elements = [_element(each, subject) for each in (body if isinstance(body, (list, tuple)) else [body])]
    tags = tuple(each.tag for each in elements)
    if tags != codec.tags:
        wanted = ", ".join(codec.tags) or "an empty Body"
        raise ValidationFailed(f"{subject} holds {', '.join(map(str, tags))}, not {wanted}")
    return elements


def read_envelope(message: Envelope) -> bytes:
    """The message as XML."""
    return esb.xml.serialize(message.root)


def write_envelope(body: Any, soap: str, subject: str) -> Envelope:
    """The envelope that a route made. Raises :class:`~esb.errors.ValidationFailed` if it is none, or one of another version."""
    try:
        message = envelope.parse(_octets(body, subject))
    except (SoapFault, Malformed) as exc:
        raise ValidationFailed(f"{subject}: the body is to be a whole SOAP envelope: {exc}") from exc
    if message.soap != soap:
        raise ValidationFailed(f"{subject}: the body is a SOAP {message.soap} envelope; the port speaks {soap}")
    return message


def parsed(value: Any) -> Element:
    """An XML element from one, or from its text; a copy. Raises :class:`~esb.errors.Malformed` and ConversionFailed."""
    from copy import deepcopy

    if is_element(value):
        return deepcopy(value.getroot() if hasattr(value, "getroot") else value)
    return esb.xml.parse(octets(value) or b"")


def _element(body: Any, subject: str) -> Element:
    try:
        return parsed(body)
    except ConversionFailed as exc:
        raise ValidationFailed(f"{subject}: the body is to be XML, not {type(body).__name__}") from exc
    except Malformed as exc:
        raise ValidationFailed(f"{subject}: the body is to be XML: {exc}") from exc


def _octets(body: Any, subject: str) -> bytes:
    try:
        return octets(body) or b""
    except ConversionFailed as exc:
        raise ValidationFailed(f"{subject}: the body is to be XML, not {type(body).__name__}") from exc
