"""RabbitMQ's refusals of a declaration, as it words them (3.10, 3.13, 4.0), in ours."""

import pytest

from esb.broker.amqp_mismatch import explained


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            (
                "406 PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'esb.orders' in vhost '/': received the value '10' of type "
                "'signedint' but current is none"
            ),
            "x-max-length differs: we want 10, the broker has none. It is decided by the option maxLength",
        ),
        (
            (
                "406 PRECONDITION_FAILED - inequivalent arg 'x-single-active-consumer' for queue 'esb.orders' in vhost '/': received none but "
                "current is the value 'true' of type 'bool'"
            ),
            "we want none, the broker has true. It is decided by the options 'exclusive' and 'ordered'",
        ),
        (
            "406 PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'esb.orders' in vhost 'a:b': received 'true' but current is 'false'",
            "durable differs: we want true, the broker has false. It is decided by no option: another program",
        ),
        ("403 ACCESS_REFUSED - access refused", "403 ACCESS_REFUSED"),
    ],
)
def test_the_argument_that_differs_is_named_with_who_decides_it(reason, said):
    assert said in explained("queue", "orders", "esb.orders", reason)


def test_the_way_out_is_said():
    reason = (
        "406 - inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received 'quorum' but current is 'classic'"
    )
    assert "rabbitmqctl delete_queue esb.orders" in explained("queue", "orders", "esb.orders", reason)
