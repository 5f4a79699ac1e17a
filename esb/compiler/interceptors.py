"""``intercept``, ``interceptFrom`` and ``interceptSendToEndpoint``: steps around the steps, the sources and the sends of routes.

Order and scope are Camel's, as recorded: of several interceptors the last one written comes first; an ``intercept`` holds for the steps of those
written before it too; ``interceptFrom`` and onException's steps are not intercepted; ``interceptSendToEndpoint`` holds for every send of the
context, wherever it is written, and of several that fit the one that names the endpoint exactly holds, else the first written.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from esb.compiler.build import RouteParts, StepsBuilder, Wrap
from esb.compiler.patterns import uri_matcher
from esb.component import PipelinedProducer, Producer
from esb.dsl.model import InterceptFromSpec, InterceptSendToEndpointSpec, InterceptSpec
from esb.errors import ConfigError, OptionError
from esb.exchange import Exchange
from esb.expression import Predicate
from esb.program import Program, Step
from esb.step import Builder, StepSpec

ENDPOINT = "CamelInterceptedEndpoint"
NODE = "CamelInterceptedNodeId"
ROUTE = "CamelInterceptedRouteId"
PARENT = "CamelInterceptedParentEndpointUri"
WHEN_MATCHED = "CamelInterceptSendToEndpointWhenMatched"
_UNSEEN = frozenset({"doTry", "interceptFrom", "inputType"})
"""What no ``intercept`` is put around: a doTry's own steps are intercepted, the block itself is not, as recorded."""
_SendPipelined = Callable[[Exchange, Callable[[Exception | None], None]], None]


class BeforeRoute(StepSpec):
    """What runs when a message comes into a route; no ``intercept`` is put around it."""

    name = "interceptFrom"

    def __init__(self, spec: InterceptFromSpec, step: Step) -> None:
        super().__init__(spec.at, id=spec.id)
        self._step = step

    def build(self, builder: Builder) -> Step:
        return self._step


def _steps(parts: RouteParts, spec: InterceptSpec) -> Program:
    if not spec.steps:
        raise OptionError(f"{spec.name} has no steps", spec.at, "indent the steps it is for below 'steps:'")
    return StepsBuilder(parts).compile(spec.steps, tail=False)


def _when(parts: RouteParts, spec: InterceptSpec) -> Predicate | None:
    return StepsBuilder(parts).predicate(spec.on_when) if spec.on_when is not None else None


def before_route(parts: RouteParts, specs: Sequence[InterceptSpec], source: str) -> list[BeforeRoute]:
    """The first steps of a route that comes from the endpoint ``source``; what is wrong is noted."""
    made = []
    for spec in reversed(specs):
        if not isinstance(spec, InterceptFromSpec) or spec.disabled:
            continue
        try:
            if not spec.uri or uri_matcher(spec.uri, spec.at)(source):
                made.append(BeforeRoute(spec, _entering(_steps(parts, spec), _when(parts, spec))))
        except ConfigError as error:
            parts.findings.append(error)
    return made


def _entering(program: Program, when: Predicate | None) -> Step:
    def enter(exchange: Exchange) -> None:
        # Where the exchange came from at first, also in a called route.
        exchange.properties[ENDPOINT] = exchange.from_endpoint
        if when is None or when(exchange):
            program(exchange)

    return enter


def around_steps(parts: RouteParts, specs: Sequence[InterceptSpec], source: str) -> None:
    """Let the ``intercept`` clauses among ``specs`` hold for what is built with ``parts`` from now on."""
    wraps: list[Wrap] = []
    for spec in reversed(specs):
        if isinstance(spec, (InterceptFromSpec, InterceptSendToEndpointSpec)) or spec.disabled:
            continue
        within = replace(parts, wraps=[*parts.wraps, *wraps])
        try:
            wraps.insert(0, _around(_steps(within, spec), _when(within, spec), parts.route_id, source))
        except ConfigError as error:
            parts.findings.append(error)
    parts.wraps += wraps


def _around(program: Program, when: Predicate | None, route_id: str, source: str) -> Wrap:
    def wrap(step: Step, spec: StepSpec) -> Step:
        if spec.name in _UNSEEN:
            return step
        node = spec.id

        @functools.wraps(step)
        def intercepted(exchange: Exchange) -> None:
            exchange.properties.update({NODE: node, ROUTE: route_id, PARENT: source})
            if when is None or when(exchange):
                program(exchange)
                if exchange.halted:
                    return
            step(exchange)

        return intercepted

    return wrap


class SendInterceptors:
    """The ``interceptSendToEndpoint`` clauses, compiled for one route. :meth:`around` may be used before :meth:`compile`."""

    def __init__(self, parts: RouteParts, specs: Sequence[InterceptSendToEndpointSpec]) -> None:
        self._parts = parts
        self._all: list[_SendInterceptor] = []
        for spec in specs:
            if not spec.disabled:
                try:
                    self._all.append(_SendInterceptor(spec, uri_matcher(spec.uri, spec.at)))
                except ConfigError as error:
                    parts.findings.append(error)

    def around(self, uri: str, producer: Producer) -> Producer:
        """The producer of an endpoint with what intercepts it."""
        fitting = [one for one in self._all if one.fits(uri)]
        if not fitting:
            return producer
        chosen = next((one for one in fitting if one.names(uri)), fitting[0])
        if isinstance(producer, PipelinedProducer) and not chosen.spec.after_uri:
            return _InterceptedPipelined(producer, uri, chosen, producer.send_pipelined)
        return _Intercepted(producer, uri, chosen)

    def compile(self) -> None:
        """Compile their steps, whose own sends are not intercepted again; what is wrong is noted."""
        parts = replace(self._parts, wrap_producer=None)
        for one in self._all:
            try:
                one.program = _steps(parts, one.spec)
                one.when = _when(parts, one.spec)
                if one.spec.after_uri:
                    one.after = StepsBuilder(parts).producer(one.spec.after_uri, None, one.spec.at).send
            except ConfigError as error:
                parts.findings.append(error)


class _SendInterceptor:
    def __init__(self, spec: InterceptSendToEndpointSpec, fits: Callable[[str], bool]) -> None:
        self.spec = spec
        self.fits = fits
        self.program: Step = lambda _exchange: None
        self.when: Predicate | None = None
        self.after: Step | None = None

    def names(self, uri: str) -> bool:
        """Whether it names the endpoint itself."""
        return self.spec.uri.lower() in {uri.lower(), uri.replace("://", ":", 1).lower()}


class _Intercepted(Producer):
    """Runs an interceptor's steps, then sends unless they ended the message's way or the original is to be skipped."""

    def __init__(self, producer: Producer, uri: str, interceptor: _SendInterceptor) -> None:
        self.producer = producer
        self._uri = uri
        self._interceptor = interceptor
        self._skips: bool = interceptor.spec.skip_send_to_original_endpoint

    def send(self, exchange: Exchange) -> None:
        """Send with what comes before and after. Raises what any of them raises."""
        matched = self._before(exchange)
        try:
            if exchange.halted or (self._skips and matched):
                return
            after = self._interceptor.after if matched else None
            if after is None:
                self.producer.send(exchange)
                return
            try:
                self.producer.send(exchange)
            finally:
                after(exchange)
        finally:
            exchange.properties.pop(WHEN_MATCHED, None)

    def _before(self, exchange: Exchange) -> bool:
        """Run the steps; whether the condition held."""
        interceptor = self._interceptor
        exchange.properties[ENDPOINT] = self._uri
        matched = True
        if interceptor.when is not None:
            exchange.properties[WHEN_MATCHED] = matched = bool(interceptor.when(exchange))
        if matched:
            interceptor.program(exchange)
        return matched

    def start(self) -> None:
        """Start the original producer."""
        self.producer.start()

    def stop(self) -> None:
        """Stop the original producer."""
        self.producer.stop()


class _InterceptedPipelined(_Intercepted):
    """The same for a producer that need not wait."""

    def __init__(self, producer: Producer, uri: str, interceptor: _SendInterceptor, send: _SendPipelined) -> None:
        super().__init__(producer, uri, interceptor)
        self._send_pipelined = send

    def send_pipelined(self, exchange: Exchange, done: Callable[[Exception | None], None]) -> None:
        """Run the steps now, and send without waiting."""
        matched = self._before(exchange)
        exchange.properties.pop(WHEN_MATCHED, None)
        if exchange.halted or (self._skips and matched):
            done(None)
            return
        self._send_pipelined(exchange, done)
