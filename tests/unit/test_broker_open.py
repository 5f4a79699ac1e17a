import subprocess
import sys

import pytest

from esb.broker.open import open_broker
from esb.errors import OptionError, UnknownName


def test_memory_brokers_of_one_name_share_their_store() -> None:
    one, two, other = (
        open_broker("memory:shared-by-this-test"),
        open_broker("memory:shared-by-this-test"),
        open_broker("memory:"),
    )
    one.queue("orders")
    assert "orders" in two.queues()
    assert "orders" not in other.queues()


def test_an_unknown_scheme_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"unknown broker scheme 'sqlight'.*sqlite:PATH"):
        open_broker("sqlight:bus.db")


def test_the_embedded_broker_loads_no_amqp_driver() -> None:
    code = "import sys; from esb.broker.open import open_broker; open_broker('sqlite:x.db'); sys.exit('pika' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_sqlite_url_needs_a_file() -> None:
    with pytest.raises(OptionError, match="names no file"):
        open_broker("sqlite:")


def test_an_unknown_option_is_named_with_the_nearest() -> None:
    with pytest.raises(OptionError, match=r"'publishTimout'.*did you mean 'publishTimeout'"):
        open_broker("sqlite:bus.db?publishTimout=3")


def test_an_option_that_is_no_number_is_refused() -> None:
    with pytest.raises(OptionError, match="window of the sqlite: broker URL is 'many'"):
        open_broker("sqlite:bus.db?window=many")
