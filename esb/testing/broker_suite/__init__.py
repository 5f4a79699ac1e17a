"""The broker contract, said once: every implementation of :mod:`esb.broker.contract` passes these.

Bind them by::

    @pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
    def test_my_broker_keeps_the_contract(behaviour, tmp_path):
        with Trial(lambda: MyBroker(tmp_path / "store"), Features()) as trial:
            behaviour(trial)

Every broker that ``Trial.broker()`` makes must be on the same store. A store is new for each behaviour.
"""

from esb.testing.broker_suite import flow, inspection, messages, restart, settling, topics
from esb.testing.broker_suite.registry import BEHAVIOURS

__all__ = ["BEHAVIOURS", "flow", "inspection", "messages", "restart", "settling", "topics"]
