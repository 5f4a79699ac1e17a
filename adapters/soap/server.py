"""A SOAP service as functions: bytes to a request, data to the bytes of an answer or a fault. No sockets here.

The order of the checks is the security of it (each has a test): the XML and the envelope are plain, the operation is what the Body's one child says
(SOAPAction may only agree), everything declared is validated against the WSDL's schemas before it is read, header blocks that insist on being
understood are known. What fails is a fault that names the element, never the inside of the bus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from adapters.soap import addressing, encoded, envelope, package
from adapters.soap.addressing import Actions, Asked
from adapters.soap.binary import Incoming
from adapters.soap.envelope import SoapFault
from adapters.soap.messages import Contract, OperationCodec
from adapters.soap.multipart import Writer
from adapters.soap.names import ENCODING_11, ENVELOPE_11, local
from adapters.soap.publish import Published
from adapters.soap.security.names import SECURITY
from adapters.soap.wire import Content, Wire
from adapters.soap.wsdl import Port
from esb.errors import ConfigError, Malformed, Position, ValidationFailed

if TYPE_CHECKING:
    from mmap import mmap

    from adapters.soap.security.guard import Verified

MAX_BYTES: Final = 10 << 20

Element = Any  # lxml's stubs are older than lxml


@dataclass(frozen=True, slots=True)
class Request:
    """A request that keeps its contract. ``headers`` are the declared header blocks that came; ``soap`` is the version to answer in."""

    operation: str
    body: Any
    headers: dict[str, Any]
    soap: str
    one_way: bool
    form: str = ""
    attachments: dict[str, Any] = field(default_factory=dict)
    addressing: Asked | None = None
    verified: Verified | None = None


@dataclass(slots=True)
class _Arrived:
    """A message on its way to being a request."""

    message: envelope.Envelope
    action: str
    form: str
    incoming: Incoming | None
    verified: Verified | None


class SoapService:
    """Serves the operations of one service: its SOAP 1.1 and 1.2 ports, or one port, or one operation. Thread-safe.

    Raises :class:`~esb.errors.ConfigError` for names that are not in the WSDL and for operations that cannot be served.
    """

    def __init__(
        self,
        contract: Contract,
        service: str = "",
        port: str = "",
        operation: str = "",
        *,
        max_bytes: int = MAX_BYTES,
        wire: Wire | None = None,
    ) -> None:
        self.contract = contract
        self._wire = wire or Wire()
        self._max_bytes = max_bytes
        first = contract.wsdl.port(service, port, operation)
        self.ports: dict[str, Port] = {first.soap: first}
        if not port:
            for other in contract.wsdl.ports:
                if other.service == first.service and (not operation or operation in other.operations):
                    self.ports.setdefault(other.soap, other)
        self.published = Published(contract.wsdl, first.service, [each.name for each in self.ports.values()])
        self._wsa: dict[str, Mapping[str, Actions]] = {}
        self._operations: dict[str, dict[str, OperationCodec]] = {}
        self._by_tags: dict[str, dict[tuple[str, ...], list[OperationCodec]]] = {}
        self._actions: dict[str, set[str]] = {}
        self._encoded = False
        for soap, each in self.ports.items():
            codecs = {
                name: contract.operation(found)
                for name, found in each.operations.items()
                if name == operation or (not operation and not found.unusable)
            }
            if not codecs:
                why = "; ".join(sorted({found.unusable for found in each.operations.values()})[:3])
                raise ConfigError(
                    f"port {each.name} has no operation that can be served{': ' + why if why else ''}",
                    Position(str(contract.wsdl.path)),
                )
            self._operations[soap] = codecs
            self._actions[soap] = {found.action for found in each.operations.values() if found.action}
            self._encoded = self._encoded or any(codec.operation.encoded for codec in codecs.values())
            by_tags = self._by_tags.setdefault(soap, {})
            for codec in codecs.values():
                by_tags.setdefault(codec.input.tags, []).append(codec)

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of what is served."""
        return tuple(dict.fromkeys(name for codecs in self._operations.values() for name in codecs))

    def parse(self, content_type: str, soap_action: str | None, data: bytes | mmap, *, secure: bool = True) -> Request:
        """The request in a message, which came over TLS if ``secure``.

        Raises :class:`SoapFault`, ready to be rendered, for everything else. Never any other error for bad input.
        """
        soap = "1.1" if "1.1" in self.ports else "1.2"
        try:
            packed = package.unpack(content_type or "", data)
            media = packed.media
            if media not in envelope.MEDIA_TYPES.values():
                raise SoapFault(
                    f"the Content-Type is {media}; SOAP comes as text/xml or application/soap+xml",
                    soap=soap,
                    status=415,
                )
            if media == envelope.MEDIA_TYPES["1.2"] and "1.2" in self.ports:
                soap = "1.2"
            message, incoming = self._wire.open(packed, max_bytes=self._max_bytes)
            soap = message.soap if message.soap in self.ports else soap
            if message.soap not in self.ports:
                soap = "1.1"  # whoever speaks either version understands this (SOAP 1.2 part 1, appendix A)
                raise SoapFault(
                    f"SOAP {message.soap} is not spoken here, but {' and '.join(sorted(self.ports))}", "VersionMismatch"
                )
            message, verified = self._wire.verify(message, incoming, secure=secure)
            action = packed.action if message.soap == "1.2" else soap_action
            return self._read(_Arrived(message, action or "", packed.form, incoming, verified))
        except SoapFault as fault:
            fault.soap = soap
            raise
        except (Malformed, ValidationFailed) as exc:
            raise SoapFault(str(exc), soap=soap) from exc

    def render(self, request: Request, content: Content) -> tuple[str, bytes | Writer]:
        """Content-Type and body of the answer. Raises :class:`~esb.errors.ValidationFailed` if it breaks the contract."""
        codec = self._operations[request.soap][request.operation]
        if codec.output is None:
            return envelope.content_type(request.soap), b""
        subject = f"the answer of {request.operation}"
        draft = self._wire.write(request.soap, codec.output, codec.output_headers, content, subject, asked=request.form)
        action = ""
        if request.addressing is not None:
            action = self._addressed(request.soap)[request.operation].output
            draft.headers += addressing.answer(request.addressing, action)
        requester = request.verified.certificate if request.verified is not None else None
        return draft.packed(action, self._wire.sealed(draft.envelope(), content.assertion, requester))

    def declared_fault(self, request: Request, message: str, detail: Any, fault_code: str = "") -> SoapFault | None:
        """The fault for data that one of the operation's declared faults describes, or None. Raises ValidationFailed if it breaks its schema."""
        codec = self._operations[request.soap][request.operation]
        xml = codec.faults.write(detail)
        if not xml:
            return None
        code = fault_code if fault_code in {"Client", "Sender"} else "Server"
        fault = SoapFault(message, code, detail=xml, soap=request.soap)
        if request.addressing is not None:
            name = next(iter(detail), "") if isinstance(detail, Mapping) else ""
            faults = self._addressed(request.soap)[request.operation].faults
            action = faults.get(str(name)) or (next(iter(faults.values())) if len(faults) == 1 else "")
            fault.headers = addressing.answer(request.addressing, action or addressing.FAULT[request.addressing.uri])
        return fault

    def failure(self, request: Request, message: str) -> SoapFault:
        """The fault for what failed inside."""
        fault = SoapFault(message, "Server", soap=request.soap)
        if request.addressing is not None:
            fault.headers = addressing.answer(request.addressing, addressing.FAULT[request.addressing.uri])
        return fault

    def fault(self, fault: SoapFault, request: Request | None = None) -> tuple[int, str, bytes]:
        """HTTP status, Content-Type and envelope of a fault; sealed as answers are if it is one to a request that was verified."""
        soap = fault.soap or next(iter(self.ports))
        status, data = envelope.render_fault(fault, soap)
        if request is not None and request.verified is not None:
            data = self._wire.sealed(data, None, request.verified.certificate)
        return status, envelope.content_type(soap), data

    def _read(self, arrived: _Arrived) -> Request:
        message, verified = arrived.message, arrived.verified
        if self._encoded:
            arrived.message = message = replace(message, body=encoded.gathered(message.body))
        codec = self._dispatch(message, arrived.action.strip().strip('"'))
        not_understood = [
            block.tag
            for block in message.headers
            if envelope.must_understand(block)
            and not codec.input_headers.knows(block.tag)
            and not (self._wire.addressing is not False and addressing.understands(block.tag))
            and not (verified is not None and block.tag == SECURITY)
        ]
        if not_understood:
            told = ", ".join(not_understood)
            raise SoapFault(
                f"header blocks that must be understood are not: {told}",
                "MustUnderstand",
                not_understood=not_understood,
            )
        if verified is not None:
            left = envelope.without(message, verified.uncovered)
            arrived.message = message = replace(left, body=message.body)
        asked = self._addressing(message, codec)
        try:
            return self._content(arrived, codec, asked)
        except (SoapFault, Malformed, ValidationFailed) as exc:
            fault = exc if isinstance(exc, SoapFault) else SoapFault(str(exc))
            if asked is not None:
                fault.headers = addressing.answer(asked, addressing.FAULT[asked.uri])
            raise fault from exc

    def _content(self, arrived: _Arrived, codec: OperationCodec, asked: Asked | None) -> Request:
        message, incoming = arrived.message, arrived.incoming
        name = codec.operation.name
        headers: dict[str, Any] = {}
        if message.headers:
            headers = codec.input_headers.read(
                [envelope.without_soap_attributes(block) for block in message.headers], f"the header of {name}"
            )
        return Request(
            name,
            self._wire.read(codec.input, message, message.body, incoming, f"the request {name}"),
            headers,
            message.soap,
            codec.output is None,
            arrived.form,
            incoming.attachments if incoming is not None else {},
            asked,
            arrived.verified,
        )

    def _addressing(self, message: envelope.Envelope, codec: OperationCodec) -> Asked | None:
        if self._wire.addressing is False or not (
            self._wire.addressing or any(addressing.understands(block.tag) for block in message.headers)
        ):
            return None
        known = self._addressed(message.soap)[codec.operation.name].input
        return addressing.read(
            message.headers,
            {known, codec.operation.action} - {""},
            required=bool(self._wire.addressing),
            answered=codec.output is not None,
        )

    def _addressed(self, soap: str) -> Mapping[str, Actions]:
        if soap not in self._wsa:
            self._wsa[soap] = addressing.actions_of(self.contract.wsdl, self.ports[soap])
        return self._wsa[soap]

    def _dispatch(self, message: envelope.Envelope, action: str) -> OperationCodec:
        tags = tuple(child.tag for child in message.body)
        by_tags = self._by_tags[message.soap]
        candidates = by_tags.get(tags)
        if not candidates:
            raise SoapFault(self._why_not(tags, by_tags))
        if not self._encoded and any(
            ENCODING_11 in (child.get(f"{{{ENVELOPE_11}}}encodingStyle") or "") for child in message.body
        ):
            raise SoapFault("the SOAP encoding is not accepted: this is a literal binding")
        fitting = [
            codec
            for codec in candidates
            if not action or not codec.operation.action or codec.operation.action == action
        ]
        if len(candidates) > 1:  # one element for several operations: only then the action decides, or else the parts
            fitting = _with_parts(
                message, [codec for codec in fitting if not action or codec.operation.action == action]
            )
        elif fitting and action and not fitting[0].operation.action and action in self._actions[message.soap]:
            fitting = []
        if len(fitting) > 1:  # WS-I Basic Profile R2710 forbids such contracts
            told = " and ".join(codec.operation.name for codec in fitting)
            way = "one SOAPAction; serve one of them alone" if action else "the message has no SOAPAction"
            raise SoapFault(f"{told} cannot be told apart: they have one element and {way}")
        if not fitting:
            raise SoapFault(
                f"the SOAPAction {action[:200]!r} does not belong to the Body's {local(tags[0]) if tags else 'emptiness'}"
            )
        return fitting[0]

    def _why_not(self, tags: tuple[str, ...], by_tags: Mapping[tuple[str, ...], Any]) -> str:
        known = ", ".join(sorted({" + ".join(each) or "an empty Body" for each in by_tags})[:20])
        if not tags:
            return f"the SOAP Body is empty; this service takes {known}"
        if len(tags) > 1 and all(len(each) <= 1 for each in by_tags):
            return f"the SOAP Body has {len(tags)} children; exactly one is expected"
        return f"the Body's {', '.join(tags)} belongs to no operation here; this service takes {known}"


def _with_parts(message: envelope.Envelope, candidates: list[OperationCodec]) -> list[OperationCodec]:
    """Of several rpc operations with one wrapper (overloaded ones) those that have exactly the parts in it; otherwise all."""
    if len(candidates) < 2 or not candidates[0].input.rpc:
        return candidates
    given = sorted(local(part.tag) for part in message.body[0])
    return [
        codec for codec in candidates if sorted(local(part.tag) for part in codec.operation.input.parts) == given
    ] or candidates
