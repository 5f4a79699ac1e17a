"""The URL of RabbitMQ: hosts, virtual host, login, certificates."""

import pytest

from esb.broker.amqp_url import parse
from esb.errors import OptionError


def test_hosts_are_tried_in_turn_each_with_its_port():
    address = parse("amqp://a,b:5673/sales")
    assert [address.parameters(attempt, "x").host for attempt in range(3)] == ["a", "b", "a"]
    assert address.hosts == (("a", 5672), ("b", 5673))


def test_a_virtual_host_may_hold_a_slash():
    assert parse("amqp://h/sales%2Feu").vhost == "sales/eu"
    assert parse("amqp://h").vhost == parse("amqp://h/").vhost == "/"


def test_the_password_is_in_no_text_of_an_address():
    address = parse("amqp://user:s3cret%40x@h/")
    assert address.password == "s3cret@x"
    assert "s3cret" not in f"{address} {address!r}"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("amqp://h/?caFile=ca.pem", "does not encrypt"),
        ("amqps://h/?auth=external", "names none"),
        ("amqps://h/?auth=kerberos", "auth"),
        ("amqps://h/?keyFile=key.pem", "without a certFile"),
        ("amqp://h/?windw=3", "windw"),
        ("amqp://h/?window=many", "not a number"),
        ("amqp://h:99999/", "65535"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_tried(query, message):
    with pytest.raises(OptionError, match=message):
        parse(query)
