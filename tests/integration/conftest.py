from collections.abc import Iterator

import pytest

from esb.testing.rabbitmq import RabbitNode

# The suite is shipped code: pytest must be told that its asserts should explain themselves.
pytest.register_assert_rewrite("esb.testing.broker_suite")


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitNode]:
    """One RabbitMQ node for all tests; each uses a namespace of its own on it."""
    with RabbitNode(plugins=("rabbitmq_consistent_hash_exchange",)) as node:
        yield node
