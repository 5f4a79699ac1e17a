from collections.abc import Callable

import pytest

from esb.broker.memory import MemoryBroker
from esb.broker.memory_store import MemoryStore
from esb.testing.broker_suite import BEHAVIOURS
from esb.testing.broker_trial import Features, Trial


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_the_memory_broker_keeps_the_contract(behaviour: Callable[[Trial], None]) -> None:
    store = MemoryStore()
    with Trial(lambda: MemoryBroker(store), Features()) as trial:
        behaviour(trial)
