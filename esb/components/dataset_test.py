"""``dataset-test:URI``: a mock that expects the messages of another endpoint, a folder of files say (Camel's dataset-test component)."""

from __future__ import annotations

from esb.coerce import text
from esb.component import Context, Endpoint
from esb.components.mock import MockComponent, MockEndpoint, MockProducer
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field


class DatasetTestEndpoint(MockEndpoint):
    """Options of ``dataset-test:``; all others are the other endpoint's. What is expected is taken from it at the start, as text."""

    lenient = True
    component: DatasetTestComponent

    name = field(Kind.TEXT, path=True, doc="The other endpoint.", example="file:expected")
    any_order = field(Kind.BOOL, False, doc="Whether the messages may come in any order.")
    split = field(Kind.BOOL, False, doc="Whether each line of what is expected is a message.")
    delimiter = field(Kind.TEXT, "\n", raw=True, doc="Where it is cut with 'split'.")
    timeout = field(Kind.DURATION, 2.0, doc="How long to wait for a further message of the other endpoint.")

    def prepare(self) -> None:
        super().prepare()
        given = {name: str(value) for name, value in self.extra.items()}
        self.source = self.context.endpoint(self.name, given, self.at)
        if type(self.source).poll is Endpoint.poll:
            raise OptionError(f"dataset-test: {self.name!r} holds no messages", self.at, "name a folder or a queue")

    def producer(self) -> DatasetTestProducer:
        return DatasetTestProducer(self)

    @property
    def base_uri(self) -> str:
        """The URI without its options."""
        scheme, _, rest = self.name.partition(":")
        return f"dataset-test://{scheme}:{rest.removeprefix('//')}"

    def expect_all(self) -> None:
        """Take all messages of the other endpoint; they are what this one shall get."""
        bodies: list[str] = []
        while (found := self.source.poll(self.timeout)) is not None:
            bodies += self._parts(found)
            if found.unit is not None:
                found.unit.release()
        if self.any_order:
            self.expect(bodies_in_any_order=bodies)
        else:
            self.expect(bodies=bodies)

    def _parts(self, found: Exchange) -> list[str]:
        told = text(found.message.body) or ""
        return [part for part in told.split(self.delimiter) if part] if self.split else [told]


class DatasetTestComponent(MockComponent):
    """Holds the endpoints of a context."""

    schemes = ("dataset-test",)
    endpoint_class = DatasetTestEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.listeners = context.component("mock").listeners  # type: ignore[attr-defined]  # it is a mock, to whoever listens
        self.endpoints = context.component("mock").endpoints  # type: ignore[attr-defined]


class DatasetTestProducer(MockProducer):
    """Records, as a mock."""

    def __init__(self, endpoint: DatasetTestEndpoint) -> None:
        super().__init__(endpoint)
        self._test = endpoint

    def start(self) -> None:
        """Take what is to be expected."""
        self._test.expect_all()
