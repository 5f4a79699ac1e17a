"""The reference deployment, running: what bad input is sent to through its real doors."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.system.faults")

from routes.demo.deployment import Deployment  # noqa: E402 - the line above must come first
from tests.system.faults import eventually  # noqa: E402 - as above
from tests.system.witness import Canary, census, pass_a_good_order, settled  # noqa: E402 - as above


@pytest.fixture(scope="session")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The bus and its partners, started once for all tests that mean to leave them unharmed."""
    with Deployment(tmp_path_factory.mktemp("system") / "demo", poll=1000) as deployment:
        eventually(lambda: len(deployment.workers()) == 2, "both workers answer")
        yield deployment


@pytest.fixture
def unharmed(bus: Deployment) -> Iterator[None]:
    """After the test the same processes are there, healthy, and a good order passes."""
    before = bus.workers()
    yield
    pass_a_good_order(bus)
    assert sorted(bus.workers()) == sorted(before)
    assert b'"up"' in bus.call("GET", bus.management("bus", "/health"))


@pytest.fixture
def refused(bus: Deployment, unharmed: None) -> Iterator[None]:
    """As ``unharmed``, and nothing of what the test sent has reached a queue, the ERP or the CRM."""
    before = settled(bus)
    yield
    pass_a_good_order(bus)
    one_more = before | {name: before[name] + 1 for name in ("CRM", "ERP", "taken", "domestic")}
    eventually(lambda: census(bus) == one_more, f"one order more than {before}, now {census(bus)}", 90)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    bird = Canary(tmp_path)
    yield bird
    bird.close()
    assert bird.calls == []
    assert bird.file.read_text() == bird.secret
