"""RabbitMQ as the ``rabbitmq:`` component sees it: any exchange, queue and binding, and messages with all their properties.

Connections, publishing and consuming are those of :mod:`esb.broker.amqp`.
"""
