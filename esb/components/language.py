"""``language:simple:Hello ${body}``: evaluates a script (Camel's language component)."""

from __future__ import annotations

from esb.coerce import converter, octets
from esb.component import Component, Endpoint, Producer
from esb.components._evaluating import evaluator, may_evaluate_messages
from esb.errors import OptionError, ReferenceFault, UnknownName
from esb.exchange import Exchange
from esb.expression import Expression
from esb.fields import Kind, field
from esb.javanames import CamelExchangeException

_SCRIPT_HEADER = "CamelLanguageScript"


class LanguageEndpoint(Endpoint):
    """Options of ``language:``. The script is compiled once, unless it is to come from a header."""

    name = field(
        Kind.TEXT,
        path=True,
        doc="The language, a colon, and the script or resource:file:PATH.",
        example="simple:Hello ${body}",
    )
    script = field(Kind.TEXT, None, doc="The script, instead of writing it in the path.")
    transform = field(Kind.BOOL, True, doc="Whether the result becomes the body.")
    result_type = field(Kind.TEXT, None, doc="Type of the result.")
    binary = field(Kind.BOOL, False, doc="The resource is bytes, which become the body as they are.")
    allow_template_from_header = field(
        Kind.BOOL, False, doc="Take the script from the header CamelLanguageScript, which only routes can set."
    )
    content_cache = field(Kind.BOOL, True, doc="Accepted: resources are read once, at load.")
    cache_script = field(Kind.BOOL, False, doc="Accepted: scripts are compiled once, at load.")
    allow_context_map_all = field(Kind.BOOL, False, doc="Java only, accepted without effect.")

    def prepare(self) -> None:
        language, _, text = self.name.partition(":")
        self.language = language
        if self.allow_template_from_header:
            may_evaluate_messages(language, "language", self.at)
        try:
            made = self.context.language(language)
        except UnknownName as unknown:
            raise UnknownName("language", language, unknown.known, self.at) from None
        script = self.script or text
        self.compiled: Expression | None = None
        if script.startswith(("file:", "classpath:")):
            script = f"resource:{script}"
        if script.startswith("resource:"):
            content = self._resource(script)
            if self.binary:
                self.compiled = lambda _exchange: content
                return
            script = content.decode()
        if script:
            spec = made(self.at, expression=script)
            self.compiled = spec.compile(self.context)

    def _resource(self, script: str) -> bytes:
        kind, _, name = script.removeprefix("resource:").partition(":")
        if kind not in {"file", "classpath"}:
            raise OptionError(f"language: {script!r} is no resource", self.at, "write resource:file:PATH")
        try:
            return self.context.path(name).read_bytes()
        except OSError as error:
            raise ReferenceFault(f"language: {script!r} cannot be read: {error}", self.at) from error

    def producer(self) -> LanguageProducer:
        return LanguageProducer(self)


class LanguageComponent(Component):
    """Has no state."""

    schemes = ("language",)
    endpoint_class = LanguageEndpoint


class LanguageProducer(Producer):
    """Evaluates. Thread-safe."""

    def __init__(self, endpoint: LanguageEndpoint) -> None:
        self._endpoint = endpoint
        self._convert = converter(endpoint.result_type) if endpoint.result_type else None
        self._from_header = (
            evaluator(endpoint.context, endpoint.language, endpoint.at) if endpoint.allow_template_from_header else None
        )

    def send(self, exchange: Exchange) -> None:
        """Evaluate the script. Raises CamelExchangeException if there is none, or what the evaluation raises."""
        expression = self._endpoint.compiled
        given = exchange.headers.get(_SCRIPT_HEADER) if self._from_header is not None else None
        if given is not None and self._from_header is not None:
            expression = self._from_header(given if isinstance(given, str) else octets(given).decode())
        if expression is None:
            raise CamelExchangeException(
                f"no script to evaluate; write it in the URI: language:{self._endpoint.language}:SCRIPT"
            )
        result = expression(exchange)
        if self._convert is not None:
            result = self._convert(result)
        if self._endpoint.transform:
            exchange.message.body = result
