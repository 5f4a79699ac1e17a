"""``validator:file:order.xsd``: holds the XML of a message against an XML Schema 1.0 (Camel's validator component).

The schema and what it includes or imports are files of the project, read and compiled once at load; nothing is fetched. A document is parsed as
everywhere here: without DTD and entities, and within bounds.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Any, Final

from esb.coerce import is_element, octets
from esb.component import Component, Endpoint, Producer
from esb.components._resources import resource_path, unreadable
from esb.components._validating import FAIL_ON_NULL_BODY, FAIL_ON_NULL_HEADER, HEADER_NAME, Subject, listed
from esb.errors import ConfigError, ValidationFailed
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.xml import parse, schema

_LOCATION: Final = re.compile(rb"""\bschemaLocation\s*=\s*["']([^"'\s]+)["']""")
_JAVA: Final = "Java only, accepted without effect."


class SchemaValidationException(ValidationFailed):
    """XML that its schema does not allow. ``report`` has a row for each error."""


class NoXmlBodyValidationException(ValidationFailed):
    """There is no body."""


class NoXmlHeaderValidationException(ValidationFailed):
    """There is no such header."""


class ValidatorEndpoint(Endpoint):
    """Options of ``validator:``."""

    resource = field(
        Kind.TEXT,
        path=True,
        doc="The schema: file:PATH, or a path below the project.",
        example="file:schemas/order.xsd",
    )
    fail_on_null_body = FAIL_ON_NULL_BODY
    fail_on_null_header = FAIL_ON_NULL_HEADER
    header_name = HEADER_NAME
    use_dom = field(Kind.BOOL, False, doc=_JAVA)
    use_shared_schema = field(Kind.BOOL, True, doc="Accepted: the schema is compiled once, at load.")
    schema_language = field(
        Kind.TEXT,
        "http://www.w3.org/2001/XMLSchema",
        doc="Only XML Schema 1.0.",
        enum=("http://www.w3.org/2001/XMLSchema",),
    )
    error_handler = field(Kind.REF, None, doc=_JAVA)
    resource_resolver = field(Kind.REF, None, doc=_JAVA)
    resource_resolver_factory = field(Kind.REF, None, doc=_JAVA)
    schema_factory = field(Kind.REF, None, doc=_JAVA)

    def prepare(self) -> None:
        try:
            documents = _documents(resource_path(self, self.resource, "schema"))
        except OSError as error:
            raise unreadable(self, self.resource, error) from error
        try:
            self.schema: Any = schema(documents, next(iter(documents)))
        except ConfigError as error:
            raise ConfigError(f"validator: {self.resource}: {error.message}", self.at) from error

    def producer(self) -> ValidatorProducer:
        return ValidatorProducer(self)


def _documents(path: Path) -> dict[str, bytes]:
    """The schema and what it takes in, by the names under which libxml2 asks for them: the paths, joined but not resolved."""
    documents: dict[str, bytes] = {}
    left = [str(path)]
    while left:
        name = left.pop()
        if name in documents:
            continue
        if documents and not os.path.exists(name):  # noqa: PTH110 -- the text is the key; what is missing is told by the compiler
            continue
        content = documents[name] = Path(name).read_bytes()
        left += [
            os.path.normpath(os.path.join(os.path.dirname(name), found.decode()))  # noqa: PTH118, PTH120 -- as libxml2 joins them
            for found in _LOCATION.findall(content)
            if b"://" not in found
        ]
    return documents


class ValidatorComponent(Component):
    """Has no state."""

    schemes = ("validator",)
    endpoint_class = ValidatorEndpoint


class ValidatorProducer(Producer):
    """Validates; the message stays as it is. Thread-safe."""

    def __init__(self, endpoint: ValidatorEndpoint) -> None:
        self._endpoint = endpoint
        self._subject = Subject(endpoint, "XML", NoXmlBodyValidationException, NoXmlHeaderValidationException)
        self._lock = threading.Lock()
        """The compiled schema keeps the errors of its last document."""

    def send(self, exchange: Exchange) -> None:
        """Raises SchemaValidationException for a document that breaks the schema, Malformed for what is no XML."""
        value = self._subject.of(exchange)
        if value is None:
            return
        document = value if is_element(value) else parse(octets(value))
        compiled = self._endpoint.schema
        with self._lock:
            if compiled.validate(document):
                return
            errors = [
                {"path": error.path or "/", "message": f"line {error.line}: {error.message}"}
                for error in compiled.error_log
            ]
        raise SchemaValidationException(
            f"the XML breaks its schema with {len(errors)} errors:\n{listed(errors)}", errors
        )
