"""When a silent connection is given up."""

from types import SimpleNamespace

import pytest
from pika.exceptions import AMQPHeartbeatTimeout

from esb.broker.amqp_link import Link
from esb.broker.amqp_thread import IoThread
from esb.broker.amqp_url import parse


class Silent:
    """As much of a connection as is listened to."""

    def __init__(self, heartbeat):
        self.bytes_received = 500
        self.params = SimpleNamespace(heartbeat=heartbeat)
        self.ended = []

    def _terminate_stream(self, error):
        self.ended.append(error)


@pytest.fixture
def listening():
    """Makes a link with an open connection of that heartbeat."""

    def make(heartbeat):
        link = Link(IoThread("test", print), parse("amqp://host"), "publish", print, print)
        link.connection = Silent(heartbeat)
        link.listen(0.5)  # from here on it knows what was heard
        return link

    return make


def test_silence_of_two_heartbeats_ends_a_connection_and_not_before(listening):
    link = listening(30)
    for _ in range(118):  # with the first: 59 s at most
        link.listen(0.5)
    assert not link.connection.ended
    link.listen(0.5)  # at most 59.5 s after the last byte
    [error] = link.connection.ended
    assert isinstance(error, AMQPHeartbeatTimeout)
    assert "two heartbeats of 30 s" in str(error)


def test_every_byte_begins_the_silence_anew(listening):
    link = listening(1)
    for _ in range(50):
        link.listen(0.5)
        link.connection.bytes_received += 8
        link.listen(0.5)
    assert not link.connection.ended


def test_without_heartbeats_silence_means_nothing(listening):
    link = listening(0)
    for _ in range(10_000):
        link.listen(0.5)
    assert not link.connection.ended


def test_the_default_heartbeat_notices_a_dead_connection_within_a_minute():
    assert 2 * parse("amqp://host").options.heartbeat <= 60
