"""``soap:path/of.wsdl``: calls the operations of a WSDL (``to``), or serves them on the bus's web server (``from``).

Exchange properties, which only routes and this component set (never a header that a sender could fill):

=================  ==============================================================================================================
``operationName``  the operation: set by the consumer, read by the producer where the option ``operation`` is not given
``soapInHeaders``  SOAP header blocks that came in, by name: the request's at the consumer, the answer's after the producer
``soapOutHeaders`` header blocks to send, by name: with the producer's request (which takes them away) or the consumer's answer
``soapSecurity``   what WS-Security proved, at the consumer: ``username``, ``subject`` (of the signer), ``saml``
``soapSamlToken``  a SAML assertion (XML) to pass on, where the security's ``send`` says so
``soapMessageId``  the request's WS-Addressing MessageID, at the consumer
``soapFault``      at the consumer: answer with this declared fault, ``{"BusinessFault": {"code": ..., "message": ...}}``
=================  ==============================================================================================================
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from esb.component import Component, Consumer, Context, Deliver, Endpoint, Producer
from esb.errors import ConfigError, OptionError
from esb.fields import Kind, field
from esb.shapes import UNKNOWN, Shape

if TYPE_CHECKING:
    from adapters.soap.client import SoapCaller
    from adapters.soap.messages import Contract
    from adapters.soap.security import Agreed, Security
    from adapters.soap.security.replay import Replays, Seen
    from adapters.soap.server import SoapService
    from adapters.soap.wire import Wire
    from esb.httpauth import Authentication
    from esb.httpcall import HttpCaller

T = TypeVar("T")

OPERATION = "operationName"
IN_HEADERS = "soapInHeaders"
OUT_HEADERS = "soapOutHeaders"
FAULT = "soapFault"
MESSAGE_ID = "soapMessageId"
SECURITY = "soapSecurity"
SAML_TOKEN = "soapSamlToken"  # noqa: S105 -- a property's name


class SoapEndpoint(Endpoint):
    """A WSDL of the project, and how it is called or served. Bodies are plain data in the shape of the WSDL's types."""

    component: SoapComponent
    operation_header: ClassVar[str] = ""
    """A header that names the operation too, where routes written for Camel expect it."""

    wsdl = field(
        Kind.TEXT,
        path=True,
        doc="The WSDL file, relative to the project's folder.",
        example="schemas/erp.wsdl",
    )
    operation = field(
        Kind.TEXT,
        None,
        doc="The operation; without it the exchange property operationName says which (to), or all are served (from).",
    )
    service = field(Kind.TEXT, "", doc="The WSDL's service, where it has several.")
    port = field(
        Kind.TEXT, "", doc="The service's port; by default the SOAP 1.1 one is called, and both versions are served."
    )
    # The messages.
    data_format = field(
        Kind.TEXT,
        "data",
        enum=("data", "payload", "envelope", "POJO", "RAW", "CXF_MESSAGE"),
        doc="What the body is: data in the shape of the WSDL's types (POJO), the XML of the SOAP Body's content (payload), "
        "or the whole envelope as XML (RAW, CXF_MESSAGE).",
    )
    mtom = field(
        Kind.BOOL,
        None,
        aliases=("mtomEnabled",),
        doc="Send binary content beside the envelope (MTOM); by default a service answers in the form of the request, and a client does not.",
    )
    mtom_threshold = field(Kind.SIZE, 1024, doc="From how many bytes on binary content goes apart.", example="10kb")
    mtom_attachments = field(
        Kind.BOOL,
        False,
        doc='Leave binary content that came by MTOM among the message\'s attachments; the data then holds {"$attachment": name}.',
    )
    attachments = field(
        Kind.BOOL, False, doc="Send the message's attachments beside the envelope (SOAP with Attachments)."
    )
    addressing = field(
        Kind.BOOL,
        None,
        doc="WS-Addressing: true sends its headers (to) or demands them (from); by default a service answers those who use it; "
        "false knows nothing of it.",
    )
    qualified_parts = field(
        Kind.BOOL, False, doc="rpc: take parts and members that wrongly have a namespace, as some stacks send them."
    )
    security = field(
        Kind.REF,
        None,
        doc="WS-Security: a bean of the type adapters.soap.security:Security, with what our messages carry and what theirs must, "
        "or with the credentials for the WSDL's own policy.",
        example="#erp",
    )
    # Calling.
    address = field(
        Kind.TEXT,
        "",
        doc="Where to call; by default the port's address in the WSDL.",
        example="https://erp.example/sales",
    )
    timeout = field(
        Kind.DURATION, 30.0, doc="Total time for a call, connecting and reading the answer included.", example="30s"
    )
    connect_timeout = field(Kind.DURATION, 10.0, doc="Time to connect.")
    max_response_size = field(Kind.SIZE, 32 << 20, doc="Largest answer that is read.", example="32mb")
    validate_answers = field(
        Kind.BOOL, True, doc="Whether answers must keep the WSDL's schema; turn off for a partner that breaks its own."
    )
    idempotent = field(
        Kind.NAMES,
        (),
        doc="Operations that may be called twice: a call that failed on its way is repeated.",
        example="GetSalesOrder",
    )
    retries = field(Kind.INT, 2, doc="How often, within the timeout.")
    auth_method = field(
        Kind.TEXT,
        "Basic",
        enum=("Basic", "Digest", "NTLM"),
        doc="How the name and the password are shown (HTTP authentication). NTLM needs the extra 'ntlm'; the name may begin with a domain.",
    )
    auth_bearer_token = field(Kind.TEXT, None, secret=True, doc="A bearer token.")
    oauth2_token_endpoint = field(Kind.TEXT, None, doc="Where bearer tokens come from (OAuth 2 client credentials).")
    oauth2_client_id = field(Kind.TEXT, None, doc="Our id there.")
    oauth2_client_secret = field(Kind.TEXT, None, secret=True, doc="Our secret there.")
    oauth2_scope = field(Kind.TEXT, "", doc="What is asked for.")
    proxy = field(
        Kind.TEXT,
        None,
        secret=True,
        doc="URL of an HTTP proxy, with name and password where it wants them.",
        example="http://proxy.example:3128",
    )
    auth_username = field(Kind.TEXT, None, doc="User name for HTTP authentication.")
    auth_password = field(Kind.TEXT, None, secret=True, doc="Its password.", example="{{erp.password}}")
    ca_file = field(Kind.TEXT, None, doc="PEM file of the authorities to trust, in place of the system's.")
    certificate = field(Kind.TEXT, None, doc="PEM file of the client's certificate.")
    key = field(Kind.TEXT, None, doc="PEM file of the client's key.")
    # Serving.
    location = field(Kind.TEXT, None, name="path", doc="Path on the bus's web server (from).", example="/erp/sales")
    max_body = field(Kind.SIZE, 10 << 20, doc="Largest request that is taken (from).", example="10mb")
    publish_wsdl = field(Kind.BOOL, True, doc="Whether GET with ?wsdl gives the WSDL, with our address (from).")
    public_address = field(
        Kind.TEXT,
        None,
        doc="The address in the published WSDL; by default the one the client called.",
        example="https://bus.example/erp",
    )

    def prepare(self) -> None:
        if bool(self.auth_username) != bool(self.auth_password):
            raise OptionError("HTTP authentication needs 'authUsername' and 'authPassword'", self.at)
        if bool(self.oauth2_token_endpoint) != bool(self.oauth2_client_id and self.oauth2_client_secret):
            raise OptionError("OAuth 2 needs 'oauth2TokenEndpoint', 'oauth2ClientId' and 'oauth2ClientSecret'", self.at)
        if sum(map(bool, (self.auth_username, self.auth_bearer_token, self.oauth2_token_endpoint))) > 1:
            raise OptionError("several ways of HTTP authentication are given", self.at, "keep one")
        if self.location is not None and not self.location.startswith("/"):
            raise OptionError(
                f"'path' is {self.location!r}, not a path on the web server",
                self.at,
                "begin it with a slash, such as /erp/sales",
            )
        # A WSDL is part of the configuration, as the route file is: it is read here so that a check finds what is wrong with it.
        self.contract = self._at_home(lambda: self.component.contract(self.context.path(self.wsdl)))
        self._declared = self._security()
        if self.operation:
            self._at_home(lambda: self.contract.wsdl.port(self.service, self.port, self.operation))

    def takes(self, body: Shape) -> Sequence[str]:
        """For static checks: see :class:`esb.shapes.Checked`."""
        return self._problems(body, answer=False)

    def takes_back(self, body: Shape) -> Sequence[str]:
        """The same for the answer of a route that serves one operation."""
        return self._problems(body, answer=True)

    def gives(self) -> Shape:
        """What the answer of the one operation looks like."""
        return self._shape("output")

    def brings(self) -> Shape:
        """What its request looks like."""
        return self._shape("input")

    def _problems(self, body: Shape, *, answer: bool) -> Sequence[str]:
        from adapters.soap.contract import accepts

        operation = accepts.operation_of(self)
        return [] if operation is None else accepts.problems(self.contract, operation, body, answer=answer)

    def _shape(self, direction: str) -> Shape:
        from adapters.soap.contract import accepts

        operation = accepts.operation_of(self)
        content = getattr(operation, direction, None)
        return UNKNOWN if content is None else accepts.shape_of(self.contract, content)

    def caller(self) -> SoapCaller:
        """The functional client with this endpoint's options. Raises OptionError."""
        from adapters.soap.client import SoapCaller
        from esb.httpcall import HttpCaller

        agreed = self._agreed(serving=False)
        http = HttpCaller(
            ca_file=self._file(self.ca_file),
            certificate=self._file(self.certificate),
            key=self._file(self.key),
            proxy=self.proxy,
            per_thread=bool(self.auth_username) and self.auth_method == "NTLM",
        )
        return self._at_home(
            lambda: SoapCaller(
                self.contract,
                http,
                self.service,
                self.port,
                self.operation or "",
                address=self.address,
                timeout=self.timeout,
                connect_timeout=self.connect_timeout,
                max_answer=self.max_response_size,
                validate_answers=self.validate_answers,
                wire=self._wire(agreed, None, serving=False),
                http_headers={"User-Agent": "esb"},
                authentication=self._authentication(http),
                idempotent=self.idempotent,
                retries=self.retries,
            )
        )

    def _authentication(self, http: HttpCaller) -> Authentication | None:
        from esb.httpauth import Basic, Bearer, ClientCredentials, Digest

        if self.oauth2_token_endpoint:
            return ClientCredentials(
                http, self.oauth2_token_endpoint, self.oauth2_client_id, self.oauth2_client_secret, self.oauth2_scope
            )
        if self.auth_bearer_token:
            return Bearer(self.auth_bearer_token)
        if self.auth_username and self.auth_method == "NTLM":
            from esb.httpntlm import Ntlm

            return Ntlm(self.auth_username, self.auth_password, self.at)
        if self.auth_username:
            return (Digest if self.auth_method == "Digest" else Basic)(self.auth_username, self.auth_password)
        return None

    def served(self, seen: Seen | None = None) -> SoapService:
        """The functional server with this endpoint's options; ``seen`` remembers what must not come twice. Raises OptionError."""
        from adapters.soap.server import SoapService

        agreed = self._agreed(serving=True)
        return self._at_home(
            lambda: SoapService(
                self.contract,
                self.service,
                self.port,
                self.operation or "",
                max_bytes=self.max_body,
                wire=self._wire(agreed, seen, serving=True),
            )
        )

    def _agreed(self, *, serving: bool) -> Agreed | None:
        """What the declaration says, which must not forget what the WSDL demands by itself; or what the WSDL says where it is to."""
        declared, wsdl = self._declared, self.contract.wsdl
        if declared is None:
            return None
        first = self._at_home(lambda: wsdl.port(self.service, self.port, self.operation or ""))
        names = [name for name, each in first.operations.items() if not each.unusable]
        ports = {first.soap: first}
        for other in wsdl.ports if serving and not self.port else ():
            if other.service == first.service and (not self.operation or self.operation in other.operations):
                ports.setdefault(other.soap, other)
        operations = [self.operation] if self.operation else names
        agreed = self._at_home(
            lambda: declared.agreed(wsdl, list(ports.values()), operations, self.at, serving=serving)
        )
        if not serving and agreed.https and not (self.address or first.address).startswith("https:"):
            raise OptionError(
                f"{agreed.https} of the WSDL's policy wants https: the address does not begin with it", self.at
            )
        if not serving and agreed.client_certificate and not self.certificate:
            told = f"{agreed.client_certificate} of the WSDL's policy wants a client's certificate"
            raise OptionError(told, self.at, "give 'certificate' and 'key'")
        sealed = agreed.send.signature is not None or agreed.send.encryption is not None
        if self.attachments and sealed and not agreed.send.unsigned_attachments:
            raise OptionError(
                "attachments go beside a message that is signed or encrypted, and are neither",
                self.at,
                "leave out 'attachments', or say send.unsignedAttachments: true in the security",
            )
        return agreed

    def replays(self) -> Replays | None:
        """The memory of what came, None where nothing is declared that must not come twice."""
        if self._declared is None:
            return None
        from adapters.soap.security.replay import Replays

        return Replays(self.context)

    def _security(self) -> Security | None:
        if not self.security:
            return None
        from adapters.soap.security import Security

        name = self.security.removeprefix("#bean:").removeprefix("#")
        bean = self.context.lookup("bean", name)
        if not isinstance(bean, Security):
            raise OptionError(
                f"the bean {name!r} is no WS-Security policy",
                self.at,
                "give it the type adapters.soap.security:Security",
            )
        if not bean.from_wsdl:  # what is wrong with it is told when routes are loaded
            self._at_home(lambda: (bean.seal(self.context.path, self.at), bean.guard(self.context.path, self.at)))
        return bean

    def _wire(self, agreed: Agreed | None, seen: Seen | None, *, serving: bool) -> Wire:
        from adapters.soap.forms import FORMS
        from adapters.soap.wire import Wire

        at, path = self.at, self.context.path
        wants_mtom = agreed is not None and agreed.mtom and not serving
        wants_addressing = agreed is not None and agreed.addressing
        return Wire(
            FORMS[self.data_format.lower()],
            mtom=True if self.mtom is None and wants_mtom else self.mtom,
            threshold=self.mtom_threshold,
            attachments=self.attachments,
            apart=self.mtom_attachments,
            addressing=True if self.addressing is None and wants_addressing else self.addressing,
            qualified_parts=self.qualified_parts,
            seal=agreed.seal(path, at) if agreed is not None else None,
            guard=agreed.guard(path, at, seen) if agreed is not None else None,
        )

    def producer(self) -> Producer:
        from adapters.soap.producer import SoapProducer

        return SoapProducer(self)

    def consumer(self, deliver: Deliver) -> Consumer:
        from adapters.soap.consumer import SoapConsumer

        if self.location is None:
            raise OptionError(
                "soap: needs 'path' to be consumed from",
                self.at,
                "give the path on the web server, such as path: /erp/sales",
            )
        return SoapConsumer(self, deliver)

    def _file(self, name: str | None) -> str | None:
        return str(self.context.path(name)) if name else None

    def _at_home(self, make: Callable[[], T]) -> T:
        """What is wrong with the WSDL is wrong at the place that names it."""
        try:
            return make()
        except ConfigError as exc:
            where = f"{exc.at}: " if str(exc.at) and exc.at != self.at else ""
            raise OptionError(f"{where}{exc.message}", self.at, exc.hint) from exc


class SoapComponent(Component):
    """Reads each WSDL once. Thread-safe."""

    schemes: ClassVar[tuple[str, ...]] = ("soap",)
    endpoint_class = SoapEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._lock = threading.Lock()
        self._contracts: dict[Path, Contract] = {}

    def contract(self, path: Path) -> Contract:
        """The compiled contract of a WSDL file. Raises ConfigError."""
        from adapters.soap import wsdl
        from adapters.soap.messages import Contract

        with self._lock:
            if path not in self._contracts:
                roots = [self.context.path("."), path.resolve().parent]
                self._contracts[path] = Contract(wsdl.load(path, roots))
            return self._contracts[path]
