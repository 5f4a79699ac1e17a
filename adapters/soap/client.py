"""Calling the operations of a WSDL: data in, data out, faults as errors that carry their detail as data."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.soap import addressing, encoded, envelope, package
from adapters.soap.binary import Incoming
from adapters.soap.envelope import SoapFault
from adapters.soap.messages import Contract, OperationCodec
from adapters.soap.multipart import Writer
from adapters.soap.security.names import SECURITY
from adapters.soap.wire import SPOOL, Content, Wire
from adapters.soap.wsdl import Port
from esb.errors import (
    ConfigError,
    ConnectionLost,
    EsbError,
    Malformed,
    Position,
    Rejected,
    RemoteFault,
    TransportError,
    UnknownName,
)
from esb.httpauth import Authentication
from esb.httpcall import UNKNOWN_OUTCOME, UNKNOWN_STATUSES, Answer, HttpCaller

_PAUSE: Final = 0.1
"""Seconds before the second try, half; doubled with each."""
MAX_ANSWER: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: the Body's data (None for a one-way operation) and the declared header blocks by name."""

    body: Any
    headers: dict[str, Any] = field(default_factory=dict)
    attachments: dict[str, Any] = field(default_factory=dict)


class SoapCaller:
    """Calls one port of a WSDL. Thread-safe."""

    def __init__(
        self,
        contract: Contract,
        http: HttpCaller,
        service: str = "",
        port: str = "",
        operation: str = "",
        *,
        address: str = "",
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        max_answer: int = MAX_ANSWER,
        validate_answers: bool = True,
        wire: Wire | None = None,
        http_headers: Mapping[str, str] | None = None,
        authentication: Authentication | None = None,
        idempotent: Collection[str] = (),
        retries: int = 0,
    ) -> None:
        """``http_headers`` go with every call. ``retries``: how often a call that failed on its way is repeated, for ``idempotent`` operations.

        Raises :class:`~esb.errors.ConfigError` for names that are not in the WSDL and for an address that is none.
        """
        self._contract = contract
        self._http = http
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._max_answer = max_answer
        self._http_headers = dict(http_headers or {})
        self._authentication = authentication
        self._idempotent = frozenset(idempotent)
        self._retries = retries
        self._validate_answers = validate_answers
        self._wire = wire or Wire()
        self.port: Port = contract.wsdl.port(service, port, operation)
        self.address = address or self.port.address
        parts = urlsplit(self.address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f"the address of port {self.port.name} is {self.address!r}, not an http or https URL",
                Position(str(contract.wsdl.path)),
                "give one with the option 'address'",
            )
        if parts.scheme == "http" and self._wire.seal is not None and self._wire.seal.needs_tls:
            raise ConfigError(
                f"the security sends a password in clear to {self.address}, which is no https URL",
                Position(str(contract.wsdl.path)),
                "use https, the type 'digest', or say usernameToken.overHttp: true",
            )
        self._actions = addressing.actions_of(contract.wsdl, self.port) if self._wire.addressing else {}
        self._codecs: dict[str, OperationCodec] = {}
        if operation:
            self.codec(operation)

    def codec(self, operation: str) -> OperationCodec:
        """The compiled operation. Raises UnknownName with the nearest names, ConfigError if it cannot be called."""
        codec = self._codecs.get(operation)
        if codec is None:
            found = self.port.operations.get(operation)
            if found is None:
                raise UnknownName(
                    "SOAP operation", operation, self.port.operations, Position(str(self._contract.wsdl.path))
                )
            codec = self._codecs[operation] = self._contract.operation(found)
        return codec

    def call(
        self,
        operation: str,
        body: Any,
        headers: Mapping[str, Any] | None = None,
        *,
        attachments: Mapping[str, Any] | None = None,
        assertion: Any = None,
        timeout: float | None = None,
    ) -> Reply:
        """Call and wait for the answer, at most ``timeout`` seconds in all.

        Raises :class:`~esb.errors.ValidationFailed` before anything is sent if the data does not fit the WSDL;
        :class:`~esb.errors.RemoteFault` for a SOAP fault, whatever the HTTP status; another :class:`~esb.errors.TransportError` if there
        was no answer; ValidationFailed or Malformed for an answer that breaks the contract. Only calls of operations that are declared idempotent
        are repeated, within the same time; of others, an error that leaves the effect open says that it is ``uncertain``, as does every error over
        the answer to a call that was taken (a status of 2xx), but for a fault.
        """
        content = Content(body, headers, attachments, assertion)
        ends = time.monotonic() + (self._timeout if timeout is None else timeout)
        tries = 1 + (self._retries if operation in self._idempotent else 0)
        for attempt in range(1, tries + 1):
            try:
                return self._once(operation, content, ends)
            except TransportError as error:
                unknown = error.uncertain or isinstance(error, UNKNOWN_OUTCOME)
                error.uncertain = unknown and operation not in self._idempotent
                pause = max(_PAUSE * 2**attempt, error.retry_after or 0.0)
                if attempt == tries or not error.retriable or time.monotonic() + pause >= ends:
                    raise
            time.sleep(pause)
        raise AssertionError  # the last try has returned or raised

    def _once(self, operation: str, content: Content, ends: float) -> Reply:
        codec = self.codec(operation)
        draft = self._wire.write(self.port.soap, codec.input, codec.input_headers, content, f"the request {operation}")
        action = codec.operation.action
        message_id = ""
        if self._wire.addressing:
            message_id = addressing.new_message_id()
            told = self._actions[operation].input if operation in self._actions else action
            draft.headers += addressing.request(told, self.address, message_id)
        content_type, data = draft.packed(action, self._wire.sealed(draft.envelope(), content.assertion))
        sent = {
            **self._http_headers,
            "Content-Type": content_type,
            "Accept": "text/xml, application/soap+xml, multipart/related",
        }
        if self.port.soap == "1.1":
            sent["SOAPAction"] = f'"{action}"'
        answer = self._send(sent, data, ends)
        try:
            encoding = answer.header("content-encoding") or "identity"
            if encoding.lower() != "identity":  # none was asked for, and nothing is unpacked here
                raise self._not_soap(f"{self.address} answered {operation} with Content-Encoding {encoding[:40]!r}")
            return self._reply(codec, answer, message_id)
        except EsbError as error:
            if 200 <= answer.status < 300 and not isinstance(
                error, RemoteFault
            ):  # taken, and what came of it is not known
                error.uncertain = operation not in self._idempotent
            raise

    def _send(self, headers: dict[str, str], data: bytes | Writer, ends: float) -> Answer:
        """The answer; asked again at once where a 401 says what to prove, since a request that was refused had no effect."""
        for _ in range(2):
            shown = None
            if self._authentication is not None:
                shown = self._authentication.header("POST", self.address)
            answer = self._http.call(
                "POST",
                self.address,
                {**self._http_headers, **headers, **({"Authorization": shown} if shown else {})},
                data,
                deadline=max(0.001, ends - time.monotonic()),
                connect_timeout=self._connect_timeout,
                max_body=self._max_answer,
                spool=SPOOL,
            )
            if answer.status != 401 or self._authentication is None or not self._authentication.refused(answer):
                break
        return answer

    def _reply(self, codec: OperationCodec, answer: Answer, message_id: str) -> Reply:
        name = codec.operation.name
        opened = None
        if (answer.body or answer.spooled) and (answer.status < 300 or answer.status >= 400):
            opened = self._envelope(answer, name)
        later = _retry_after(answer)
        if opened is not None and self._wire.guard is not None:
            opened = (self._verified(codec, *opened), opened[1])
        if opened is not None and codec.operation.encoded:
            opened = (replace(opened[0], body=encoded.gathered(opened[0].body)), opened[1])
        if opened is not None and message_id:
            addressing.check_answer(opened[0].headers, message_id)
        if opened is not None and not (answer.status in {429, 503} and later is not None):
            self._raise_fault(codec, opened[0])
        if not 200 <= answer.status < 300:
            raise self._refused(answer, later)
        if codec.output is None:
            return Reply(None)
        if opened is None:
            raise ConnectionLost(
                f"{self.address} answered {name} with status {answer.status} and no SOAP message", endpoint=self.address
            )
        return self._read(codec, *opened)

    def _verified(
        self, codec: OperationCodec, message: envelope.Envelope, incoming: Incoming | None
    ) -> envelope.Envelope:
        """The answer as far as somebody answers for it. A fault that nobody signed is told without its detail."""
        from adapters.soap.security.refusal import Refused

        name = codec.operation.name
        fault = envelope.read_fault(message)
        try:
            message, verified = self._wire.verify(message, incoming, secure=self.address.startswith("https:"))
        except Refused as exc:
            if fault is not None:
                raise RemoteFault(
                    f"{fault.message or name} (nobody answers for this fault: {exc.reason})",
                    endpoint=self.address,
                    fault_code=fault.fault_code,
                ) from exc
            raise Malformed(f"the security of the answer of {name} is refused: {exc.reason}") from exc
        return message if verified is None else envelope.without(message, verified.uncovered)

    def _read(self, codec: OperationCodec, message: envelope.Envelope, incoming: Incoming | None) -> Reply:
        assert codec.output is not None
        name = codec.operation.name
        alien = [
            block.tag
            for block in message.headers
            if envelope.must_understand(block)
            and not codec.output_headers.knows(block.tag)
            and not codec.input_headers.knows(block.tag)  # gSOAP sends the request's header blocks back
            and not (self._wire.addressing and addressing.understands(block.tag))
            and not (self._wire.guard is not None and block.tag == SECURITY)
        ]
        if alien:
            raise Malformed(
                f"the answer of {name} has header blocks that must be understood and are not in the WSDL: {', '.join(alien)}"
            )
        children = list(message.body)
        if codec.operation.style == "rpc" and len(children) == 1:
            children[0].tag = codec.output.tags[0]  # the name of rpc's wrapper says nothing (SOAP 1.1 section 7.1)
        tags = tuple(child.tag for child in children)
        if tags != codec.output.tags:
            wanted = ", ".join(codec.output.tags) or "an empty Body"
            raise Malformed(f"the answer of {name} holds {', '.join(tags) or 'an empty Body'}, not {wanted}")
        subject = f"the answer of {name}"
        body = self._wire.read(codec.output, message, children, incoming, subject, validate=self._validate_answers)
        blocks = [envelope.without_soap_attributes(block) for block in message.headers]
        return Reply(
            body,
            codec.output_headers.read(blocks, subject) if blocks else {},
            incoming.attachments if incoming is not None else {},
        )

    def _envelope(self, answer: Answer, name: str) -> tuple[envelope.Envelope, Incoming | None] | None:
        """The envelope of an answer; None if it is an error page. Raises what says best why a good status holds none."""
        good = 200 <= answer.status < 300
        try:
            packed = package.unpack(answer.header("content-type") or "", answer.spooled or answer.body)
            if not (packed.media in envelope.MEDIA_TYPES.values() or packed.media == "application/xml"):
                if good:
                    raise self._not_soap(f"{self.address} answered {name} with {packed.media}, not SOAP")
                return None
            return self._wire.open(packed, max_bytes=self._max_answer)
        except SoapFault as exc:
            if good:
                raise self._not_soap(f"{self.address} answered {name} with XML that is not SOAP: {exc}") from exc
        except Malformed as exc:
            if good:
                raise Malformed(f"the answer of {name}: {exc}") from exc
        return None

    def _not_soap(self, message: str) -> TransportError:
        error = Rejected(message, endpoint=self.address)
        error.retriable = False
        return error

    def _raise_fault(self, codec: OperationCodec, message: envelope.Envelope) -> None:
        fault = envelope.read_fault(message)
        if fault is None:
            return
        raise RemoteFault(
            fault.message or f"{codec.operation.name} failed without saying why",
            endpoint=self.address,
            fault_code=fault.fault_code,
            detail=codec.faults.read(fault.detail) or None,
        )

    def _refused(self, answer: Answer, later: float | None) -> TransportError:
        moved = answer.header("location") or ""
        why = (
            f"; redirects are not followed: put {moved!r} into the option 'address'"
            if 300 <= answer.status < 400 and moved
            else ""
        )
        error = Rejected(
            f"{self.address} answered with HTTP status {answer.status}{why}", endpoint=self.address, retry_after=later
        )
        error.retriable = answer.status >= 500 or answer.status in {408, 425, 429}
        error.uncertain = answer.status in UNKNOWN_STATUSES
        return error


def _retry_after(answer: Answer) -> float | None:
    """The seconds that a Retry-After names, by number or by date."""
    if answer.retry_after is not None:
        return answer.retry_after
    try:
        return max(0.0, parsedate_to_datetime(answer.header("retry-after") or "").timestamp() - time.time())
    except (ValueError, TypeError):
        return None
