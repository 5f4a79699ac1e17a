"""Endpoints that a message names: resolving them, and sending to them as a step of its own with the route's error handler."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from esb.coerce import text
from esb.component import Producer
from esb.eip._sending import TO_ENDPOINT
from esb.errors import NOWHERE, Position
from esb.exchange import Exchange
from esb.expression import LanguageSpec
from esb.javanames import IllegalArgumentException
from esb.program import Step
from esb.step import Builder, StepSpec

RECIPIENT: Final = "esb.recipient"
"""Property under which a copy finds where it goes."""
_SCHEME: Final = re.compile(r"(?:^|[\s,;#|])\s*([a-z][a-z0-9+.-]+):")


class Recipient(NamedTuple):
    """A resolved endpoint."""

    producer: Producer
    uri: str
    """Without secrets, for properties and logs."""
    pattern: str | None
    """The pattern that its URI asks for."""


Resolve = Callable[[str], Recipient]


def resolver(builder: Builder, source: LanguageSpec | str, *, cache_size: int = 0, at: Position = NOWHERE) -> Resolve:
    """What finds the endpoint of a URI per message. Raises ConfigError for an unknown, wrong or forbidden one.

    Schemes that stand in ``source``, the text in the route, are its author's choice; any other must be allowed for dynamic endpoints.
    """
    written = written_schemes(source)
    size = cache_size if cache_size > 0 else 1000
    anywhere = builder.dynamic(at, cache_size=size)
    by_scheme = {scheme: builder.dynamic(at, cache_size=size, scheme=scheme) for scheme in written}
    context = builder.context
    known: dict[str, tuple[str, str | None]] = {}

    def resolve(uri: str) -> Recipient:
        producer = by_scheme.get(uri.partition(":")[0], anywhere)(uri)
        about = known.get(uri)
        if about is None:
            endpoint = context.endpoint(uri, None, at)
            if len(known) >= size:
                known.clear()
            about = known[uri] = (endpoint.uri, endpoint.exchange_pattern)
        return Recipient(producer, *about)

    return resolve


def written_schemes(source: LanguageSpec | str) -> tuple[str, ...]:
    """The schemes that the route's author wrote: those of the literal parts of a text."""
    plain = source if isinstance(source, str) else source.text if source.name in {"constant", "simple"} else ""
    return tuple(dict.fromkeys(_SCHEME.findall(re.sub(r"\$\{[^}]*\}", "\0", plain))))


def uris(value: Any, delimiter: str | None = ",", *, gaps: bool = False) -> Iterable[str]:
    """The URIs that a value lists: items of a list, or a text cut at ``delimiter`` (``false``: not cut).

    Raises IllegalArgumentException for a gap, unless ``gaps`` leaves that to :func:`checked`.
    """
    if value is None:
        return ()
    if isinstance(value, (list, tuple, set)) or hasattr(value, "__next__"):
        found = [text(item) or "" for item in value]
    else:
        whole = (text(value) or "").strip()
        if not whole:
            return ()
        found = [whole] if delimiter in {None, "false"} else whole.split(str(delimiter))
        if len(found) > 1 and not found[-1].strip():
            found.pop()
    stripped = [uri.strip() for uri in found]
    return stripped if gaps else [checked(uri) for uri in stripped]


def checked(uri: str) -> str:
    """A URI that is not empty. Raises IllegalArgumentException."""
    if not uri:
        raise IllegalArgumentException("uri must be specified and not empty")
    return uri


class SendToRecipient(StepSpec):
    """Sends a message to the endpoint that its property names. Not a step that routes write: patterns with dynamic endpoints nest it."""

    def build(self, builder: Builder) -> Step:
        late = builder.late_failure() if builder.tail and not builder.in_try else None

        def send(exchange: Exchange) -> None:
            producer, uri, _ = exchange.properties[RECIPIENT]
            exchange.properties[TO_ENDPOINT] = uri
            pipelined = getattr(producer, "send_pipelined", None) if late is not None else None
            unit = exchange.unit
            if late is None or pipelined is None or unit is None or exchange.waits:
                producer.send(exchange)
                return
            unit.hold()

            def done(error: Exception | None) -> None:
                if error is None:
                    unit.release()
                else:
                    late(exchange, error)

            try:
                pipelined(exchange, done)
            except Exception:
                unit.release()  # it was not handed over: the failure is this step's, now
                raise

        return send

    def sentence(self) -> str:
        return "send to the endpoint that the message names"


def sending(builder: Builder, at: Position, *, tail: bool) -> Step:
    """A program of the one step that sends to the message's recipient, with the route's error handler around it."""
    return builder.program([SendToRecipient(at)], tail=tail)


@contextlib.contextmanager
def keeping_recipient(exchange: Exchange) -> Iterator[None]:
    """Leave no trace of the recipients that were chosen meanwhile; an outer list's choice stays, as its send may be tried again."""
    before = exchange.properties.get(RECIPIENT)
    try:
        yield
    finally:
        if before is None:
            exchange.properties.pop(RECIPIENT, None)
        else:
            exchange.properties[RECIPIENT] = before
