"""recipientList: the same message to endpoints that the message names (Camel's Recipient List EIP)."""

from __future__ import annotations

from collections.abc import Iterator

from esb.eip._gathering import Gathering, GatheringSpec
from esb.eip._processors import processor
from esb.eip._quoting import listed_by
from esb.eip._recipients import RECIPIENT, Recipient, Resolve, keeping_recipient, resolver, sending, uris
from esb.eip.multicast import copies
from esb.errors import ConfigError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder

ENDPOINT = "CamelRecipientListEndpoint"


class RecipientListSpec(GatheringSpec):
    """Sends a copy of the message to each endpoint of a list.

    All endpoints are made first: with an unknown one none is served. Without a strategy the last reply goes on. Schemes that come from the
    message, not from the route's text, must be among those allowed for dynamic endpoints.
    """

    name = "recipientList"
    expression = field(Kind.EXPRESSION, inline=True, doc="The URIs: a list, or a text cut at the delimiter.")
    delimiter = field(Kind.TEXT, ",", raw=True, doc="Where a text is cut; 'false' not to cut it.")
    ignore_invalid_endpoints = field(Kind.BOOL, False, doc="Skip endpoints that cannot be made.")
    cache_size = field(Kind.INT, 0, doc="How many endpoints are kept ready; 0 means 1000.")

    def build(self, builder: Builder) -> Step:
        evaluate = listed_by(builder, self.expression, self.delimiter)
        prepare = processor(builder, self.on_prepare, self.at) if self.on_prepare else None
        delimiter: str = self.delimiter
        resolve = resolver(builder, self.expression, cache_size=self.cache_size, at=self.at)
        if self.ignore_invalid_endpoints:
            resolve = _forgiving(resolve)
        send = sending(builder, self.at, tail=not self.stop_on_exception and not builder.in_try)
        gathering = Gathering(builder, self, keeps_original=False)

        def distribute(exchange: Exchange) -> None:
            recipients = [resolve(uri) for uri in uris(evaluate(exchange), delimiter)]
            known = [recipient for recipient in recipients if recipient is not None]
            if not known:
                return
            with keeping_recipient(exchange):
                gathering.run(exchange, _addressed(exchange, known, send, prepare))

        return distribute

    def sentence(self) -> str:
        return f"send to each endpoint of {self.expression.name} {self.expression.text!r}"


def _forgiving(resolve: Resolve) -> Resolve:
    def resolve_known(uri: str) -> Recipient | None:
        try:
            return resolve(uri)
        except ConfigError:
            return None

    return resolve_known  # type: ignore[return-value]  # None is taken out by the caller


def _addressed(
    exchange: Exchange, recipients: list[Recipient], send: Step, prepare: Step | None
) -> Iterator[tuple[Exchange, Step]]:
    for recipient, (child, step) in zip(recipients, copies(exchange, [send] * len(recipients), None), strict=True):
        child.properties[ENDPOINT] = recipient.uri
        child.properties[RECIPIENT] = recipient
        if recipient.pattern:
            child.pattern = recipient.pattern
        if prepare is not None:
            prepare(child)
        yield child, step
