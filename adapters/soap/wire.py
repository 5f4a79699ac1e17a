"""How messages go over the wire, the same for both ends: form of the body, binary content, attachments. No sockets here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from adapters.soap import binary, envelope, forms, package
from adapters.soap.binary import Incoming, Outgoing
from adapters.soap.envelope import Envelope
from adapters.soap.leniency import unqualify
from adapters.soap.multipart import Writer
from adapters.soap.package import MTOM, SWA, Package
from esb.errors import ValidationFailed

if TYPE_CHECKING:
    from adapters.soap.messages import BodyCodec, HeaderCodec
    from adapters.soap.security.guard import Guard, Verified
    from adapters.soap.security.seal import Seal

THRESHOLD: Final = 1024
SPOOL: Final = 1 << 20
"""Messages of more bytes than this are kept in a file while they are looked at."""


@dataclass(frozen=True, slots=True)
class Content:
    """The body of an exchange with what lies beside it."""

    body: Any
    headers: Mapping[str, Any] | None = None
    attachments: Mapping[str, Any] | None = None
    assertion: Any = None


@dataclass(frozen=True, slots=True)
class Wire:
    """One endpoint's choices. Immutable; thread-safe.

    ``mtom``: whether binary content goes apart; None answers in the form of the request. ``threshold``: from how many bytes on.
    ``attachments``: whether the message's attachments go beside the envelope. ``apart``: whether binary content that came apart stays an attachment.
    ``addressing``: whether WS-Addressing is used; None: by those who call with it. ``seal`` and ``guard``: WS-Security, None without.
    ``qualified_parts``: take rpc parts that wrongly have a namespace.
    """

    form: str = forms.DATA
    mtom: bool | None = None
    threshold: int = THRESHOLD
    attachments: bool = False
    apart: bool = False
    addressing: bool | None = None
    seal: Seal | None = None
    guard: Guard | None = None
    qualified_parts: bool = False

    def write(
        self, soap: str, codec: BodyCodec, header_codec: HeaderCodec, content: Content, subject: str, *, asked: str = ""
    ) -> Draft:
        """The message as XML, with what goes beside it. ``asked`` is the form of the request that this answers.

        Raises :class:`~esb.errors.ValidationFailed` for data that breaks the contract.
        """
        mtom = asked == MTOM if self.mtom is None else self.mtom
        if self.seal is not None and self.seal.changes_content:
            mtom = False
        held = dict(content.attachments or {})
        outgoing = Outgoing(held, self.threshold if mtom else None)
        with binary.writing(outgoing):
            blocks = header_codec.write(content.headers, subject) if content.headers else b""
            if self.form == forms.DATA:
                message = Draft(soap, codec.write(content.body, subject), blocks)
            elif self.form == forms.PAYLOAD:
                elements = forms.write_payload(codec, content.body, subject)
                message = Draft(soap, self._checked(codec, elements, outgoing, subject), blocks)
            else:
                whole = forms.write_envelope(content.body, soap, subject)
                inner = b"".join(_serialized(each) for each in whole.body)
                message = Draft(soap, inner, b"".join(_serialized(each) for each in whole.headers) + blocks)
        message.parts = list(outgoing.parts)
        if self.attachments:
            message.parts += [(name, value) for name, value in held.items() if name not in outgoing.referred]
        message.form = MTOM if mtom else SWA if message.parts else ""
        return message

    def _checked(self, codec: BodyCodec, elements: Sequence[Any], outgoing: Outgoing, subject: str) -> bytes:
        try:
            for element in elements:
                outgoing.adopt(element)
        except ValueError as exc:
            raise ValidationFailed(f"{subject}: {exc}") from exc
        told = []
        for element in elements:
            binary.settle(element, lambda element=element: codec.check_one(element, subject))
            told.append(_serialized(element))
        return b"".join(told)

    def sealed(self, data: bytes, assertion: Any = None, requester: Any = None) -> bytes:
        """The envelope with its WS-Security header, where one is declared."""
        return data if self.seal is None else self.seal.close(data, requester=requester, assertion=assertion)

    def open(self, packed: Package, *, max_bytes: int) -> tuple[Envelope, Incoming | None]:
        """The envelope of a message. Where signatures are expected, binary content is put into the XML: they are over that.

        Raises :class:`~esb.errors.Malformed` for what is no XML, :class:`~adapters.soap.envelope.SoapFault` for what is no envelope.
        """
        inline = self.guard is not None and self.guard.signed
        message = envelope.parse(packed.data, packed.charset, max_bytes=max_bytes)
        if not packed.form:
            return message, None
        incoming = Incoming(packed.parts, apart=self.apart or self.form != forms.DATA)
        if packed.form == MTOM and (inline or self.form != forms.ENVELOPE):
            incoming.place(message.root, text=inline)
        return message, incoming

    def verify(self, message: Envelope, incoming: Incoming | None, *, secure: bool) -> tuple[Envelope, Verified | None]:
        """The envelope as far as somebody answers for it. Raises :class:`~adapters.soap.security.refusal.Refused`."""
        if self.guard is None:
            return message, None
        from adapters.soap.security.refusal import Refused

        verified = self.guard.open(message.root, secure=secure)
        if incoming is not None and incoming.attachments and not self.guard.takes_attachments:
            raise Refused(
                "InvalidSecurity", "attachments, which no signature covers (unsignedAttachments lets them in)"
            )
        return envelope.opened(verified.root), verified

    def read(
        self,
        codec: BodyCodec,
        message: Envelope,
        children: Sequence[Any],
        incoming: Incoming | None,
        subject: str,
        *,
        validate: bool = True,
    ) -> Any:
        """The body for the route. Raises :class:`~esb.errors.ValidationFailed` or :class:`~esb.errors.Malformed`."""
        if self.form == forms.ENVELOPE:
            return forms.read_envelope(message)
        with binary.reading(incoming):
            if self.qualified_parts and codec.rpc and children:
                unqualify(children[0], lambda: codec.check(children, subject), codec.parts)
            if self.form == forms.DATA:
                return codec.read(children, subject, validate=validate)
            body = forms.read_payload(codec, children, subject, validate=validate)
        if incoming is not None:
            for child in children:
                incoming.restore(child)
        return body


class Draft:
    """A message that is written and not yet sent: header blocks may be added, and others may change the whole."""

    __slots__ = ("body", "form", "headers", "parts", "soap")

    def __init__(self, soap: str, body: bytes, headers: bytes) -> None:
        self.soap = soap
        self.body = body
        self.headers = headers
        self.parts: list[tuple[str, Any]] = []
        self.form = ""

    def envelope(self) -> bytes:
        """The whole XML."""
        return envelope.render(self.soap, self.body, self.headers)

    def packed(self, action: str, data: bytes | None = None) -> tuple[str, bytes | Writer]:
        """Content-Type and body of the HTTP message; ``data`` in place of the envelope, where something has changed it."""
        return package.pack(self.soap, action, self.envelope() if data is None else data, self.form, self.parts)


def _serialized(element: Any) -> bytes:
    import esb.xml

    return esb.xml.serialize(element)
