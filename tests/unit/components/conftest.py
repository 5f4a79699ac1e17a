import threading

import pytest

from esb.context import RouteContext
from esb.exchange import Exchange
from esb.unit import UnitOfWork


@pytest.fixture
def context(memory_broker):
    made = RouteContext("test", services={"broker": lambda _: memory_broker})
    yield made
    made.stop(drain=5.0)


class Driver:
    """Starts what a test makes of an endpoint, and stops it in the end."""

    def __init__(self, context):
        self.context = context
        self.parts = []

    def endpoint(self, uri, **parameters):
        return self.context.endpoint(uri, parameters or None)

    def producer(self, uri):
        producer = self.endpoint(uri).producer()
        producer.start()
        self.parts.append(producer.stop)
        return producer

    def consumer(self, uri, route):
        """A consumer whose route is a Python function of one exchange; as a route does, it releases the unit with the outcome."""

        def deliver(exchanges):
            for exchange in exchanges:
                try:
                    route(exchange)
                except Exception as error:
                    exchange.error = error
                if exchange.unit is not None:
                    exchange.unit.release(exchange.error)

        consumer = self.endpoint(uri).consumer(deliver)
        if getattr(consumer, "wants_process", False):
            consumer.process = route
        consumer.start()
        self.parts.append(lambda: consumer.stop(5.0))
        return consumer

    def send(self, uri, exchange):
        self.producer(uri).send(exchange)
        return exchange

    def stop(self):
        for stop in reversed(self.parts):
            stop()


@pytest.fixture
def drive(context):
    driver = Driver(context)
    yield driver
    driver.stop()


class Collected:
    """A route that keeps what it gets."""

    def __init__(self, then=None):
        self.exchanges = []
        self._changed = threading.Condition()
        self._then = then

    def __call__(self, exchange):
        with self._changed:
            self.exchanges.append(exchange)
            self._changed.notify_all()
        if self._then is not None:
            self._then(exchange)

    def wait(self, count, seconds=5.0):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.exchanges) >= count, seconds), (
                f"only {len(self.exchanges)} came"
            )
        return self.exchanges

    @property
    def bodies(self):
        return [exchange.body for exchange in self.exchanges]


@pytest.fixture
def collected():
    return Collected


def unit_of():
    """A unit, and the event of its settling."""
    settled = threading.Event()
    return UnitOfWork(lambda _: settled.set()), settled


@pytest.fixture
def with_unit():
    def make(body=None, **keywords):
        exchange = Exchange(body, **keywords)
        exchange.unit, settled = unit_of()
        return exchange, settled

    return make
