"""``toD``: sends the message to an endpoint whose URI is known per message (Camel's Dynamic To EIP)."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable

from esb.coerce import inner, text
from esb.component import Endpoint
from esb.eip._names import simple
from esb.eip._quoting import Piece, quoted, written_scheme
from esb.eip._sending import prepared, receiving, waiting, with_parameters
from esb.errors import ConfigError, OptionError
from esb.exchange import IN_ONLY, IN_OUT, Exchange
from esb.expression import Expression
from esb.fields import Kind, field
from esb.javanames import ResolveEndpointFailedException
from esb.program import Step
from esb.step import Builder, StepSpec

_log = logging.getLogger("esb.route")


class ToDynamicSpec(StepSpec):
    """Send the message to the endpoint that an expression names. If it gives nothing, the message goes on unsent.

    The scheme is the one written here, or one that the project allows to come from messages (``dynamic: {schemes: [...]}`` in esb.yaml).
    """

    name = "toD"
    uri = field(Kind.URI, scalar=True, doc="The URI, in simple.", example="bus:orders.${header.country}")
    parameters = field(Kind.MAP, None, doc="Its options, in simple, instead of writing them into the URI.")
    pattern = field(Kind.TEXT, None, enum=(IN_ONLY, IN_OUT), doc="Exchange pattern for this call only.")
    variable_send = field(Kind.TEXT, None, doc="Send this variable's value as the body.")
    variable_receive = field(Kind.TEXT, None, doc="Put the reply into this variable and leave the message alone.")
    cache_size = field(
        Kind.INT, 1000, doc="How many producers are kept; 0 is the default, -1 keeps none in Camel, few here."
    )
    ignore_invalid_endpoint = field(
        Kind.BOOL, False, doc="Let the message go on if the URI is not that of an endpoint."
    )
    allow_optimised_components = field(Kind.BOOL, True, doc="Accepted without effect: producers are kept by URI.")
    auto_start_components = field(Kind.BOOL, True, doc="Accepted without effect: components start with the bus.")

    def build(self, builder: Builder) -> Step:
        if not self.uri or not self.uri.strip():
            raise OptionError("'toD' needs a URI", self.at, "write it in simple, such as bus:orders.${header.country}")
        pieces = self._pieces(builder)
        scheme = written_scheme(pieces[0]) if isinstance(pieces[0], str) else ""
        # With the scheme written here, all else that a message brings is data; without, the message names a whole endpoint.
        evaluate = quoted(builder, pieces, self.where("uri")) if scheme else self._whole(builder, pieces)
        size = self.cache_size if self.cache_size > 0 else 1000 if self.cache_size == 0 else 16
        producer = builder.dynamic(self.at, cache_size=size, scheme=scheme)
        context, at = builder.context, self.at
        endpoint: Callable[[str], Endpoint] = functools.lru_cache(maxsize=size)(
            lambda uri: context.endpoint(uri, None, at)
        )
        ignore, pattern = self.ignore_invalid_endpoint, self.pattern
        send_variable, tail, receive = self.variable_send, builder.tail, self.variable_receive

        def to_dynamic(exchange: Exchange) -> None:
            given = text(evaluate(exchange))
            if given is None:
                return
            uri = given.strip()
            try:
                if not uri.partition(":")[2]:
                    raise ResolveEndpointFailedException(
                        f"{uri!r} is no endpoint's URI: it needs scheme:path ({self.at})"
                    )
                target, known = producer(uri), endpoint(uri)
            except (ConfigError, ResolveEndpointFailedException) as error:
                if not ignore:
                    raise
                _log.warning("%s: toD ignores an invalid endpoint: %s", builder.route_id, error)
                return
            prepare = prepared(builder, known.uri, send_variable)
            called = known.exchange_pattern or pattern
            if receive:
                receiving(builder, target.send, prepare, called, receive)(exchange)
            else:
                waiting(target.send, prepare, called, tail=tail)(exchange)

        return to_dynamic

    def _pieces(self, builder: Builder) -> list[Piece]:
        """The parts of a URI in several languages, which Camel joins with +: ``mock:a-+language:xpath:/order/@kind``."""
        written = with_parameters(self.uri, self.parameters)
        told = re.split(r"\+(?![^(]*\))", written) if "language:" in written else [written]
        return [self._piece(builder, part) for part in told]

    def _piece(self, builder: Builder, part: str) -> Piece:
        language, colon, expression = part.removeprefix("language:").partition(":")
        if part.startswith("language:") and colon:
            return part, builder.expression(builder.context.language(language)(self.at, expression=expression))
        return part

    def _whole(self, builder: Builder, pieces: list[Piece]) -> Expression:
        told = [simple(builder, piece, self.where("uri")) if isinstance(piece, str) else piece[1] for piece in pieces]
        return told[0] if len(told) == 1 else lambda exchange: "".join(inner(part(exchange)) for part in told)

    def sentence(self) -> str:
        return f"send to the endpoint {self.uri}"
