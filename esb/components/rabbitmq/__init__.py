"""``rabbitmq:EXCHANGE`` and ``spring-rabbitmq:EXCHANGE``: any exchange and queue of any RabbitMQ, with Camel's options and headers.

A send returns when RabbitMQ has confirmed the message; one that no queue gets fails. A message consumed is acknowledged when everything that came
of it is done; what the route does not handle is tried again, and in the end published to the dead letters as it was received, with its history.
"""

from esb.components.rabbitmq.component import RabbitmqComponent
from esb.components.rabbitmq.endpoint import RabbitmqEndpoint
from esb.components.rabbitmq.factory import ConnectionFactory

__all__ = ["ConnectionFactory", "RabbitmqComponent", "RabbitmqEndpoint"]
