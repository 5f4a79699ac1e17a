"""The component: one set of connections for each RabbitMQ that endpoints name, shared by all of them."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from esb.component import Component, Context
from esb.components.rabbitmq.endpoint import RabbitmqEndpoint
from esb.components.rabbitmq.factory import ConnectionFactory
from esb.errors import ConfigError, NotConnected, OptionError, ReferenceFault, UnknownName
from esb.references import resolve

if TYPE_CHECKING:
    from esb.broker.amqp import AmqpBroker
    from esb.broker.amqp_url import Address

log = logging.getLogger("esb.rabbitmq")


class RabbitmqComponent(Component):
    """Serves ``rabbitmq:`` and ``spring-rabbitmq:``, which mean the same."""

    schemes = ("rabbitmq", "spring-rabbitmq")
    endpoint_class = RabbitmqEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._lock = threading.Lock()
        self._brokers: dict[Address, AmqpBroker] = {}

    def address(self, endpoint: RabbitmqEndpoint) -> Address:
        """The RabbitMQ of an endpoint. No I/O. Raises ConfigError at the endpoint."""
        try:
            return self._factory(endpoint).address()
        except OptionError as error:
            raise OptionError(f"{endpoint.scheme}: {error.message}", endpoint.at, error.hint) from error

    def _factory(self, endpoint: RabbitmqEndpoint) -> ConnectionFactory:
        own = ConnectionFactory()
        if endpoint.url:
            own.uri = endpoint.url
            return own
        if endpoint.addresses or endpoint.username:
            own.addresses, own.username, own.password = endpoint.addresses, endpoint.username, endpoint.password
            own.virtual_host = endpoint.vhost
            return own
        if endpoint.connection_factory:
            return self._named(endpoint)
        found = self._only_bean()
        if found is not None:
            return found
        url = self._project_url()
        if url.startswith(("amqp:", "amqps:")):
            own.uri = url
            return own
        raise ReferenceFault(
            f"{endpoint.scheme}: nothing says which RabbitMQ {endpoint.uri} is on",
            endpoint.at,
            "give the option connectionFactory (a bean), url or addresses, or put the project itself on RabbitMQ (broker: in esb.yaml)",
        )

    def _named(self, endpoint: RabbitmqEndpoint) -> ConnectionFactory:
        name = endpoint.connection_factory
        found = resolve(self.context, name, endpoint.at)
        if not isinstance(found, ConnectionFactory):
            raise OptionError(
                f"{endpoint.scheme}: {name!r} is a {type(found).__name__}, not a ConnectionFactory",
                endpoint.at,
                "give the bean the type org.springframework.amqp.rabbit.connection.CachingConnectionFactory",
            )
        return found

    def _only_bean(self) -> ConnectionFactory | None:
        """The project's connection factory, if it has one only: as in Camel it need not be named."""
        names: list[str] = []
        try:
            self.context.lookup("bean", "")
        except UnknownName as error:
            names = error.known
        found = [bean for name in names if isinstance(bean := self.context.lookup("bean", name), ConnectionFactory)]
        return found[0] if len({id(one) for one in found}) == 1 else None

    def _project_url(self) -> str:
        try:
            return str(self.context.service("project").broker_url)
        except ConfigError:
            return ""

    def broker(self, address: Address) -> AmqpBroker:
        """The connections to a RabbitMQ, opened; the same for the same place and login."""
        from esb.broker.amqp import AmqpBroker

        with self._lock:
            broker = self._brokers.get(address)
            if broker is None:
                broker = self._brokers[address] = AmqpBroker(address)
                broker.open()
            return broker

    def check(self, endpoint: RabbitmqEndpoint) -> None:
        """Connect once, for testConnectionOnStartup. Raises OptionError at the endpoint."""
        from esb.broker.amqp_inspect import Inspector

        try:
            Inspector(endpoint.address).check()
        except NotConnected as error:
            raise OptionError(
                f"{endpoint.uri}: {error}", endpoint.at, "start the broker, or remove testConnectionOnStartup"
            ) from error

    def stop(self) -> None:
        """Send what is still to be sent, and close all connections."""
        with self._lock:
            brokers, self._brokers = list(self._brokers.values()), {}
        for broker in brokers:
            broker.close()

    def connections(self) -> dict[str, str]:
        """Each RabbitMQ in use, and what it has refused to declare."""
        with self._lock:
            brokers = dict(self._brokers)
        return {
            f"rabbitmq {address}": "; ".join((broker.state, *broker.refusals())) for address, broker in brokers.items()
        }
