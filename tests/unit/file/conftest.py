import threading

import pytest

from adapters.file.poller import Poller
from esb.context import RouteContext
from esb.exchange import Exchange
from esb.unit import UnitOfWork


class Files:
    """A scratch folder, and a bus whose endpoints work below it."""

    def __init__(self, folder):
        self.folder = folder
        self.context = RouteContext("test", folder=folder)
        self._stops = [self.context.stop]

    def write(self, name, text="x", **options):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, **options)
        return path

    def tree(self, below=""):
        """Path -> text of every file."""
        root = self.folder / below
        return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}

    def endpoint(self, folder, **options):
        return self.context.endpoint(f"file:{folder}", options or None)

    def poller(self, folder, **options):
        made = Poller(self.endpoint(folder, **options))
        made.open()
        return made

    def names(self, folder, limit=0, **options):
        """What one poll finds, in order."""
        return [found.name for found in self.poller(folder, **options).poll(limit, lambda _: False)]

    def take(self, poller, name=None):
        """Claims of one poll, or the one of a name."""
        taken = [poller.take(found) for found in poller.poll(0, lambda _: False) if name in {None, found.name}]
        return [one for one in taken if one is not None]

    def read_one(self, folder, error=None, **options):
        """Poll one file and settle it."""
        exchange = self.endpoint(folder, **options).poll(0)
        if exchange is not None:
            exchange.unit.release(error)
        return exchange

    def send(self, uri, body=None, **headers):
        """Write a message; returns the exchange after its unit has settled."""
        endpoint = self.context.endpoint(uri) if isinstance(uri, str) else uri
        producer = endpoint.producer()
        exchange = Exchange(body, headers)
        settled = threading.Event()
        exchange.unit = UnitOfWork(lambda _: settled.set())
        producer.send(exchange)
        exchange.unit.release()
        assert settled.wait(10)
        exchange.error = exchange.unit.error
        return exchange

    def run(self, folder, route, **options):
        """A started consumer; ``route`` is a function of the exchange, whose outcome is the exchange's."""

        def deliver(exchanges):
            for exchange in exchanges:
                try:
                    route(exchange)
                except Exception as error:
                    exchange.error = error
                exchange.unit.release(exchange.error)

        consumer = self.endpoint(folder, **{"initialDelay": 0, "delay": 10, **options}).consumer(deliver)
        consumer.start()
        self._stops.append(lambda: consumer.stop(5))
        return consumer

    def stop(self):
        for stop in reversed(self._stops):
            stop()


@pytest.fixture
def files(tmp_path):
    made = Files(tmp_path)
    yield made
    made.stop()
