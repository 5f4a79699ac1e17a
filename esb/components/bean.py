"""``bean:name`` and ``class:package.module:Name``: calls a method (Camel's bean and class components)."""

from __future__ import annotations

import logging
import pkgutil
from collections.abc import Callable
from typing import Any

from esb.component import Component, Endpoint, Producer
from esb.errors import OptionError, ReferenceFault, UnknownName
from esb.exchange import Exchange, Message
from esb.fields import Kind, field
from esb.javanames import STRATEGIES, MethodNotFoundException
from esb.methods import Call, method_call

log = logging.getLogger("esb.bean")


class BeanEndpoint(Endpoint):
    """Options of ``bean:`` and ``class:``. Parameters are bound as in the step ``bean``."""

    lenient = True

    name = field(
        Kind.TEXT, path=True, doc="Name of the bean, or of the class.", example="prices", aliases=("beanName",)
    )
    method = field(Kind.TEXT, None, doc="Method, with parameters or without.", example="join(${body}, 'x')")
    scope = field(
        Kind.TEXT,
        "Singleton",
        enum=("Singleton", "Request", "Prototype"),
        doc="For class: one object for the endpoint, one a message, or one a call.",
    )
    cache = field(Kind.BOOL, None, doc="Accepted without effect.", deprecated="use scope")

    def prepare(self) -> None:
        unknown = [name for name in self.extra if not name.startswith("bean.")]
        if unknown:
            raise OptionError(f"{self.scheme}: has no option {', '.join(map(repr, unknown))}", self.at)
        self.make: Callable[[], Any] = self._class() if self.scheme == "class" else self._bean()
        self.single = self.make()

    def _bean(self) -> Callable[[], Any]:
        name = self.name.removeprefix("#bean:").removeprefix("#")
        try:
            found = self.context.lookup("bean", name)
        except UnknownName as unknown:
            raise UnknownName("bean", name, unknown.known, self.at) from None
        return lambda: found

    def _class(self) -> Callable[[], Any]:
        try:
            found = pkgutil.resolve_name(STRATEGIES.get(self.name, self.name))
        except (ImportError, AttributeError, ValueError) as missing:
            raise ReferenceFault(
                f"there is no class {self.name!r}: {missing}", self.at, "write it as class:package.module:Name"
            ) from missing
        return self._instance(found) if isinstance(found, type) else lambda: found

    def _instance(self, cls: type) -> Callable[[], Any]:
        given = {name.removeprefix("bean."): value for name, value in self.extra.items()}

        def make() -> Any:
            try:
                made = cls()
            except TypeError as error:
                raise ReferenceFault(
                    f"{self.name!r} could not be made: {error}", self.at, "define it under 'beans:'"
                ) from error
            for name, value in given.items():
                setattr(made, name, value)
            return made

        return make

    def call(self, bean: Any) -> Call:
        """The compiled call. A method that the bean lacks fails per message, as in Camel; it is logged once here."""
        try:
            return method_call(bean, self.method, self.context, self.at)
        except UnknownName as unknown:
            log.warning("%s will fail for every message: %s", self.uri, unknown)
            message = str(unknown)

        def missing(_exchange: Exchange) -> Any:
            raise MethodNotFoundException(message)

        return Call(missing)

    def producer(self) -> BeanProducer:
        return BeanProducer(self)


class BeanComponent(Component):
    """Has no state."""

    schemes = ("bean", "class")
    endpoint_class = BeanEndpoint


class BeanProducer(Producer):
    """Calls the method; what it returns becomes the body. As thread-safe as the bean."""

    def __init__(self, endpoint: BeanEndpoint) -> None:
        self._endpoint = endpoint
        self._call = endpoint.call(endpoint.single)
        self._shared = endpoint.scheme == "bean" or endpoint.scope == "Singleton"

    def send(self, exchange: Exchange) -> None:
        """Call. Raises what the bean raises."""
        call = self._call if self._shared else self._endpoint.call(self._object(exchange))
        result = call.invoke(exchange)
        if result is None and call.gives_nothing:
            return
        if isinstance(result, Message):
            exchange.message = result
        elif result is not exchange:
            exchange.message.body = result

    def _object(self, exchange: Exchange) -> Any:
        endpoint = self._endpoint
        if endpoint.scope == "Prototype":
            return endpoint.make()
        key = f"esb.bean.{endpoint.name}"
        if key not in exchange.properties:
            exchange.properties[key] = endpoint.make()
        return exchange.properties[key]
