"""``mustache:file:letter.mustache``: fills a template (Camel's mustache component)."""

from __future__ import annotations

from esb.component import Component, Endpoint, Producer
from esb.components._mustache import compile_template
from esb.components._templates import seen, template_text
from esb.errors import ConfigError, ConversionFailed
from esb.exchange import Exchange
from esb.fields import Kind, field


class MustacheEndpoint(Endpoint):
    """Options of ``mustache:``. The template sees ``body``, ``headers`` and ``variables``; the text it gives becomes the body."""

    resource = field(
        Kind.TEXT,
        path=True,
        doc="The template: file:PATH, or a path below the project.",
        example="file:templates/letter.mustache",
    )
    encoding = field(Kind.TEXT, None, doc="Character encoding of the template; UTF-8 unless given.")
    start_delimiter = field(Kind.TEXT, "{{", raw=True, doc="What opens a tag.")
    end_delimiter = field(Kind.TEXT, "}}", raw=True, doc="What closes a tag.")
    allow_context_map_all = field(
        Kind.BOOL, False, doc="Let the template see the exchange's properties and id as well, as 'exchange'."
    )
    allow_template_from_header = field(
        Kind.BOOL, False, doc="Accepted without effect: the template is the route author's, a message brings none."
    )
    content_cache = field(Kind.BOOL, False, doc="Accepted: the template is compiled once, at load.")

    def prepare(self) -> None:
        source = template_text(self, self.resource, self.encoding)
        try:
            self.fill = compile_template(source, self.start_delimiter, self.end_delimiter)
        except ValueError as error:
            raise ConfigError(f"mustache: {self.resource}: {error}", self.at) from error

    def producer(self) -> MustacheProducer:
        return MustacheProducer(self)


class MustacheComponent(Component):
    """Has no state."""

    schemes = ("mustache",)
    endpoint_class = MustacheEndpoint


class MustacheProducer(Producer):
    """Fills the template. Thread-safe."""

    def __init__(self, endpoint: MustacheEndpoint) -> None:
        self._endpoint = endpoint

    def send(self, exchange: Exchange) -> None:
        """Raises ConversionFailed where a value that is shown has no text."""
        endpoint = self._endpoint
        try:
            exchange.message.body = endpoint.fill(seen(exchange, everything=endpoint.allow_context_map_all))
        except (TypeError, UnicodeError) as error:
            raise ConversionFailed(f"{endpoint.uri}: {error}") from error
