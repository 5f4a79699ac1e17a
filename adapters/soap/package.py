"""The three forms of a SOAP message on the wire: the bare envelope, MTOM (XOP), and SOAP with Attachments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.soap import envelope, multipart
from adapters.soap.attachment import Attachment
from adapters.soap.multipart import XOP_MEDIA, Related, Writer
from esb.errors import Malformed

MTOM: Final = "mtom"
SWA: Final = "swa"


@dataclass(frozen=True, slots=True)
class Package:
    """A message as it came. ``media`` is the envelope's own media type; ``form`` is empty for a bare envelope, else ``mtom`` or ``swa``."""

    media: str
    charset: str
    action: str
    data: bytes
    form: str = ""
    parts: Mapping[str, Attachment] = field(default_factory=dict)


def unpack(content_type: str, data: Any) -> Package:
    """Find the envelope in a message. Raises :class:`~esb.errors.Malformed`."""
    if not multipart.is_multipart(content_type):
        media, charset, action = envelope.media_type(content_type)
        return Package(media, charset, action, data if isinstance(data, bytes) else bytes(data))
    related: Related = multipart.read(content_type, data)
    media, charset, action = envelope.media_type(related.root.content_type)
    action = action or multipart.parameter(content_type, "action")
    form = SWA
    if media == XOP_MEDIA:
        form = MTOM
        # The envelope's real media type is a parameter, which SOAP 1.2 senders fill with parameters of its own.
        inner = multipart.parameter(related.root.content_type, "type")
        media, _, told = envelope.media_type(inner or multipart.parameter(content_type, "start-info"))
        action = action or told
    if media == XOP_MEDIA:
        raise Malformed("the XOP root part does not say what it is")
    return Package(media, charset, action, bytes(related.root), form, related.parts)


def pack(
    soap: str, action: str, data: bytes, form: str, parts: Sequence[tuple[str, Any]]
) -> tuple[str, bytes | Writer]:
    """Content-Type and body of a message."""
    media = envelope.MEDIA_TYPES[soap]
    if not form:
        return envelope.content_type(soap, action), data
    told = f'; action="{action}"' if soap == "1.2" and action else ""
    if form == SWA:
        writer = Writer(data, envelope.content_type(soap, action), parts, f'type="{media}"{told}')
    else:
        root = f'{XOP_MEDIA}; charset=utf-8; type="{media}"{told}'
        writer = Writer(data, root, parts, f'type="{XOP_MEDIA}"; start-info="{media}"{told}')
    return writer.content_type, writer
