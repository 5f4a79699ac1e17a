from collections.abc import Iterator

import pytest
import soap_matrix

from esb.testing.rabbitmq import RabbitNode

# The suite is shipped code: pytest must be told that its asserts should explain themselves.
pytest.register_assert_rewrite("esb.testing.broker_suite")


@pytest.fixture(scope="session")
def rabbit() -> Iterator[RabbitNode]:
    """One RabbitMQ node for all tests; each uses a namespace of its own on it."""
    with RabbitNode(plugins=("rabbitmq_consistent_hash_exchange",)) as node:
        yield node


_interop: dict[tuple[str, str, str], list[tuple[str, str]]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" or report.outcome != "passed":
        for mark in item.iter_markers("interop"):
            _interop.setdefault(mark.args, []).append((item.nodeid, report.outcome))
    return report


def pytest_sessionfinish(session):
    if _interop:
        soap_matrix.collect(_interop)
