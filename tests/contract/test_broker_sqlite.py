from collections.abc import Callable
from pathlib import Path

import pytest

from esb.broker.sqlite import SqliteBroker
from esb.testing.broker_suite import BEHAVIOURS
from esb.testing.broker_trial import Features, Trial


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_the_embedded_broker_keeps_the_contract(behaviour: Callable[[Trial], None], tmp_path: Path) -> None:
    with Trial(lambda: SqliteBroker(str(tmp_path / "bus.db")), Features()) as trial:
        behaviour(trial)
