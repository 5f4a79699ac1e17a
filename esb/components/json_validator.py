"""``json-validator:file:order.json``: holds the JSON of a message against a JSON Schema (Camel's JSON Schema Validator component).

The schema is the route author's: read and compiled once at load, of the draft that its ``$schema`` names (2020-12 otherwise). It may refer to
other files of the project; nothing is fetched from anywhere. What a message brings is only parsed and compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from esb.coerce import octets
from esb.component import Component, Endpoint, Producer
from esb.components._resources import resource_path, unreadable
from esb.components._validating import FAIL_ON_NULL_BODY, FAIL_ON_NULL_HEADER, HEADER_NAME, Subject, listed
from esb.errors import ConfigError, ConversionFailed, ProjectError, ValidationFailed
from esb.exchange import Exchange
from esb.fields import Kind, field


class JsonValidationException(ValidationFailed):
    """JSON that its schema does not allow. ``report`` has a row for each error."""


class NoJsonBodyValidationException(JsonValidationException):
    """There is no body."""


class NoJsonHeaderValidationException(JsonValidationException):
    """There is no such header."""


class JsonValidatorEndpoint(Endpoint):
    """Options of ``json-validator:``."""

    resource = field(
        Kind.TEXT,
        path=True,
        doc="The schema: file:PATH, or a path below the project.",
        example="file:schemas/order.schema.json",
    )
    fail_on_null_body = FAIL_ON_NULL_BODY
    fail_on_null_header = FAIL_ON_NULL_HEADER
    header_name = HEADER_NAME
    content_cache = field(Kind.BOOL, True, doc="Accepted: the schema is compiled once, at load.")
    allow_context_map_all = field(Kind.BOOL, False, doc="Java only, accepted without effect.")
    error_handler = field(Kind.REF, None, doc="Java only, accepted without effect.")
    uri_schema_loader = field(Kind.REF, None, doc="Java only, accepted without effect.")
    disabled_deserialization_features = field(Kind.TEXT, None, doc="Java only, accepted without effect.")
    enabled_deserialization_features = field(Kind.TEXT, None, doc="Java only, accepted without effect.")
    object_mapper = field(Kind.REF, None, doc="Java only, accepted without effect.")

    def prepare(self) -> None:
        self.validator = _compiled(resource_path(self, self.resource, "schema"), self)

    def producer(self) -> JsonValidatorProducer:
        return JsonValidatorProducer(self)


def _compiled(path: Path, endpoint: JsonValidatorEndpoint) -> Any:
    try:
        import jsonschema_rs
    except ModuleNotFoundError as missing:
        raise ProjectError(
            "'json-validator' needs the package 'jsonschema-rs', which is not installed",
            endpoint.at,
            "install it, or the extra that brings it: pip install 'esb[json-validator]'",
        ) from missing

    def refer(uri: str) -> Any:
        parts = urlsplit(uri)
        if parts.scheme != "file" or parts.netloc:
            raise ValueError(f"{uri} is not a file of the project")
        return _read(Path(unquote(parts.path)))

    try:
        schema = _read(path)
        return jsonschema_rs.validator_for(schema, base_uri=path.resolve().as_uri(), retriever=refer)
    except OSError as error:
        raise unreadable(endpoint, endpoint.resource, error) from error
    except ValueError as error:  # the library's own errors are ValueErrors, too
        raise ConfigError(f"json-validator: {endpoint.resource} is no JSON Schema: {error}", endpoint.at) from error


def _read(path: Path) -> Any:
    import msgspec

    return msgspec.json.decode(path.read_bytes())


class JsonValidatorComponent(Component):
    """Has no state."""

    schemes = ("json-validator",)
    endpoint_class = JsonValidatorEndpoint


class JsonValidatorProducer(Producer):
    """Validates; the message stays as it is. Thread-safe."""

    def __init__(self, endpoint: JsonValidatorEndpoint) -> None:
        self._endpoint = endpoint
        self._subject = Subject(endpoint, "JSON", NoJsonBodyValidationException, NoJsonHeaderValidationException)

    def send(self, exchange: Exchange) -> None:
        """Raises JsonValidationException for what is no JSON or breaks the schema, ConversionFailed for what is neither text nor bytes."""
        value = self._subject.of(exchange)
        if value is None:
            return
        errors = [
            {"path": _path(error.instance_path), "message": str(error.message)}
            for error in self._endpoint.validator.iter_errors(_parsed(value, self._endpoint))
        ]
        if errors:
            raise JsonValidationException(f"JSON validation error with {len(errors)} errors:\n{listed(errors)}", errors)


def _parsed(value: Any, endpoint: Endpoint) -> Any:
    import msgspec

    if isinstance(value, (dict, list, bool, int, float)):
        raise ConversionFailed(
            f"{endpoint.uri}: the value is no JSON text, but a {type(value).__name__}: validate before it is unmarshalled"
        )
    try:
        return msgspec.json.decode(octets(value))
    except (msgspec.DecodeError, UnicodeError) as error:
        raise JsonValidationException(
            f"the value is not JSON: {error}", [{"path": "$", "message": str(error)}]
        ) from error


def _path(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
