import itertools
from collections.abc import Callable

import pytest

from esb.broker.open import open_broker
from esb.testing.broker_suite import BEHAVIOURS
from esb.testing.broker_trial import Features, Trial
from esb.testing.rabbitmq import RabbitNode

pytestmark = pytest.mark.broker
_NAMESPACES = itertools.count(1)


@pytest.mark.parametrize("frames", ["fast", "pika"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_rabbitmq_keeps_the_contract(behaviour: Callable[[Trial], None], frames: str, rabbit: RabbitNode) -> None:
    url = f"{rabbit.url}?namespace=suite{next(_NAMESPACES)}&frames={frames}"
    with Trial(lambda: open_broker(url), Features(big_body=4_000_000)) as trial:
        behaviour(trial)
