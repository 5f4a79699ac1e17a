"""``seda:name``: hands exchanges to another route over a queue in memory (Camel's seda component).

The unit of work of the sender stays open until the route behind the queue is done with the exchange, so that a source is acknowledged only then:
what waits in memory is not lost with the process, it comes again from the source.
"""

from esb.components.seda.endpoint import SedaComponent, SedaEndpoint

__all__ = ["SedaComponent", "SedaEndpoint"]
