"""``stub:anything``: a queue in memory in place of an endpoint that is not at hand, whatever its options (Camel's stub component)."""

from __future__ import annotations

from esb.components.seda.endpoint import SedaComponent, SedaEndpoint


class StubEndpoint(SedaEndpoint):
    """As ``seda:``; options of the real endpoint are accepted and do nothing."""

    lenient = True

    def answers(self) -> bool:
        return bool(self.component.consumers(self.name))

    def takes_over(self) -> bool:
        # Mostly nobody consumes: what the stub stands for would have taken the message.
        return bool(self.component.consumers(self.name))


class StubComponent(SedaComponent):
    """Has queues of its own."""

    schemes = ("stub",)
    endpoint_class = StubEndpoint
