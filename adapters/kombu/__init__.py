"""``kombu:``: queues of every broker that kombu speaks to (Redis, SQS, other AMQP brokers ...), as a bridge."""

from adapters.kombu.component import KombuComponent

__all__ = ["KombuComponent"]
