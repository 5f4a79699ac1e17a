"""``cxf:``: Camel's name for SOAP endpoints. The path is the address, the WSDL is an option; all else is as ``soap:`` has it.

Source: Camel's page "CXF". Differences: bodies of POJO endpoints are data in the shape of the WSDL's types, not Java objects; a ``serviceClass``
says nothing here, so the WSDL is needed; ``cxf:bean:`` has no meaning without Spring's beans. The header ``operationName`` is read only where the
endpoint names no operation, and only those of the WSDL's can be meant by it (CVE-2026-46592 is what Camel got wrong there).
"""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from adapters.soap.component import SoapComponent, SoapEndpoint
from esb.errors import OptionError
from esb.fields import Kind, field


class CxfEndpoint(SoapEndpoint):
    """An address and a WSDL. Bodies are plain data in the shape of the WSDL's types, XML, or whole envelopes."""

    operation_header: ClassVar[str] = "operationName"

    address = field(
        Kind.TEXT,
        path=True,
        doc="Where to call (to); the path on the bus's web server, or a URL with that path (from).",
        example="https://erp.example/sales",
    )
    wsdl = field(
        Kind.TEXT,
        aliases=("wsdlURL", "wsdlUrl"),
        doc="The WSDL file, relative to the project's folder.",
        example="schemas/erp.wsdl",
    )
    operation = field(
        Kind.TEXT,
        None,
        aliases=("defaultOperationName",),
        doc="The operation; without it the property or header operationName says which (to), or all are served (from).",
    )
    service = field(
        Kind.TEXT, "", aliases=("serviceName",), doc="The WSDL's service; a namespace before it is left out."
    )
    port = field(
        Kind.TEXT,
        "",
        aliases=("portName", "endpointName"),
        doc="The service's port; a namespace before it is left out.",
    )
    auth_username = field(Kind.TEXT, None, aliases=("username",), doc="User name for HTTP authentication.")
    auth_password = field(Kind.TEXT, None, secret=True, aliases=("password",), doc="Its password.")
    default_operation_namespace = field(Kind.TEXT, None, doc="Accepted: the WSDL says it.")
    service_class = field(Kind.TEXT, None, doc="Java only, accepted without effect: the WSDL is what counts.")
    wrapped_style = field(Kind.BOOL, None, doc="Accepted: the WSDL says it.")
    logging_feature_enabled = field(Kind.BOOL, False, doc="Accepted: messages are in the trace, where that is on.")
    synchronous = field(Kind.BOOL, False, doc="Accepted without effect.")
    allow_streaming = field(Kind.BOOL, None, doc="Accepted without effect.")
    header_filter_strategy = field(Kind.REF, None, doc="Java only, accepted without effect.")
    skip_fault_logging = field(Kind.BOOL, False, doc="Accepted without effect.")

    def prepare(self) -> None:
        if self.path.startswith("bean:"):
            raise OptionError(
                "cxf:bean: names a bean of Spring, and there is none",
                self.at,
                "write the address in its place, and the WSDL as the option wsdlURL",
            )
        told = self.raw_path.removeprefix("//")
        parts = urlsplit(told)
        if parts.scheme in {"http", "https"}:
            self.address, self.location = told, parts.path or "/"
        else:
            self.address, self.location = "", "/" + told.lstrip("/")
        self.wsdl = self.wsdl.removeprefix("file:").removeprefix("classpath:")
        self.service = self.service.rpartition("}")[2]
        self.port = self.port.rpartition("}")[2]
        super().prepare()


class CxfComponent(SoapComponent):
    """As :class:`~adapters.soap.component.SoapComponent`."""

    schemes: ClassVar[tuple[str, ...]] = ("cxf",)
    endpoint_class = CxfEndpoint
