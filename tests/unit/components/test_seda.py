import threading

import pytest

from esb.errors import ConfigError, ExchangeTimedOut, NoConsumer, OptionError
from esb.exchange import IN_OUT, Exchange
from esb.javanames import IllegalStateException


def test_messages_come_in_the_order_they_were_sent(drive, collected):
    route = collected()
    drive.consumer("seda:q", route)
    for number in range(20):
        drive.send("seda:q", Exchange(number))
    route.wait(20)
    assert route.bodies == list(range(20))


def test_several_threads_handle_every_message_once(drive, collected):
    meeting = threading.Barrier(3)
    route = collected(lambda exchange: meeting.wait(5.0))
    drive.consumer("seda:q?concurrentConsumers=3", route)
    for number in range(3):
        drive.send("seda:q", Exchange(number))
    route.wait(3)  # only possible if three ran at once
    assert sorted(route.bodies) == [0, 1, 2]


def test_headers_properties_and_variables_cross(drive, collected):
    route = collected()
    drive.consumer("seda:q", route)
    exchange = Exchange("x", {"h": 1})
    exchange.properties["p"] = "P"
    exchange.variables["v"] = "V"
    drive.send("seda:q", exchange)
    (got,) = route.wait(1)
    assert (got.headers, got.properties["p"], got.variables["v"]) == ({"h": 1}, "P", "V")
    assert got is not exchange


def test_the_sender_of_an_in_only_goes_on_at_once(drive, collected):
    route = collected()
    drive.send("seda:q", Exchange("x"))
    drive.consumer("seda:q", route)
    route.wait(1)


def test_the_unit_of_the_sender_stays_open_until_the_route_is_done(drive, with_unit):
    go_on = threading.Event()
    drive.consumer("seda:q", lambda exchange: go_on.wait(5.0))
    exchange, settled = with_unit("x")
    drive.send("seda:q", exchange)
    exchange.unit.release()
    assert not settled.is_set()
    go_on.set()
    assert settled.wait(5.0)
    assert exchange.unit.error is None


def test_a_failure_behind_the_queue_reaches_the_unit_of_an_in_only_sender(drive, with_unit):
    def fail(exchange):
        raise ValueError("bad")

    drive.consumer("seda:q", fail)
    exchange, settled = with_unit("x")
    drive.send("seda:q", exchange)
    exchange.unit.release()
    assert settled.wait(5.0)
    assert isinstance(exchange.unit.error, ValueError)


def test_what_outlives_the_route_behind_the_queue_keeps_the_unit_open(drive, with_unit):
    held = []

    def hold(exchange):
        exchange.unit.hold()
        held.append(exchange.unit)

    drive.consumer("seda:q", hold)
    exchange, settled = with_unit("x", pattern=IN_OUT)
    drive.send("seda:q", exchange)
    exchange.unit.release()
    assert not settled.is_set()
    held[0].release()
    assert settled.is_set()


def test_the_sender_of_an_in_out_gets_the_result(drive):
    def answer(exchange):
        exchange.body = f"{exchange.body} answered"
        exchange.headers["r"] = 1
        exchange.properties["p"] = "P"
        exchange.variables["v"] = "V"
        exchange.halted = True

    drive.consumer("seda:q", answer)
    exchange = drive.send("seda:q", Exchange("x", pattern=IN_OUT))
    assert (exchange.body, exchange.headers) == ("x answered", {"r": 1})
    assert (exchange.properties["p"], exchange.variables["v"], exchange.halted) == ("P", "V", True)


def test_the_sender_of_an_in_out_gets_the_failure_and_its_unit_does_not(drive, with_unit):
    def fail(exchange):
        exchange.exhausted = True
        raise ValueError("bad")

    drive.consumer("seda:q", fail)
    exchange, settled = with_unit("x", pattern=IN_OUT)
    with pytest.raises(ValueError, match="bad"):
        drive.send("seda:q", exchange)
    assert exchange.exhausted
    exchange.unit.release()
    assert settled.wait(5.0)
    assert exchange.unit.error is None


def test_a_route_that_a_sender_waits_for_pipelines_nothing(drive):
    waits = []
    drive.consumer("seda:q", lambda exchange: waits.append(exchange.waits))
    drive.send("seda:q", Exchange(pattern=IN_OUT))
    drive.send("seda:q?waitForTaskToComplete=Always", Exchange())
    assert waits == [1, 1]


def test_never_waiting_leaves_the_message_as_it_is(drive, collected):
    route = collected(lambda exchange: setattr(exchange, "body", "changed"))
    drive.consumer("seda:q", route)
    exchange = drive.send("seda:q?waitForTaskToComplete=Never", Exchange("x", pattern=IN_OUT))
    route.wait(1)
    assert exchange.body == "x"


def test_a_sender_waits_no_longer_than_the_timeout_and_the_message_is_not_run_later(drive, collected, with_unit):
    exchange, settled = with_unit("late", pattern=IN_OUT)
    with pytest.raises(ExchangeTimedOut):
        drive.send("seda:q?timeout=1", exchange)
    exchange.unit.release()
    assert settled.is_set()
    route = collected()
    drive.consumer("seda:q", route)
    drive.send("seda:q", Exchange("next"))
    route.wait(1)
    assert route.bodies == ["next"]


def test_a_full_queue_refuses_and_the_unit_is_given_back(drive, with_unit):
    drive.send("seda:tiny?size=1", Exchange(1))
    exchange, settled = with_unit(2)
    with pytest.raises(IllegalStateException, match="queue full"):
        drive.send("seda:tiny?size=1", exchange)
    exchange.unit.release()
    assert settled.is_set()


def test_a_sender_may_wait_for_a_place(drive, collected):
    uri = "seda:tiny?size=1&blockWhenFull=true"
    drive.send(uri, Exchange(1))
    with pytest.raises(IllegalStateException, match="no place came free"):
        drive.send(f"{uri}&offerTimeout=1", Exchange(2))
    sender = threading.Thread(target=lambda: drive.send(uri, Exchange(3)))
    sender.start()
    route = collected()
    drive.consumer("seda:tiny", route)
    route.wait(2)
    sender.join(5.0)
    assert route.bodies == [1, 3]


def test_a_full_queue_may_drop(drive, context):
    drive.send("seda:tiny?size=1", Exchange(1))
    drive.send("seda:tiny?size=1&discardWhenFull=true", Exchange(2))
    assert len(context.component("seda").queues["tiny"]) == 1


def test_without_a_consumer_a_message_may_be_refused_or_dropped(drive, context):
    with pytest.raises(NoConsumer):
        drive.send("seda:q?failIfNoConsumers=true", Exchange())
    drive.send("seda:q?discardIfNoConsumers=true", Exchange())
    assert len(context.component("seda").queues["q"]) == 0


def test_a_second_consumer_is_refused(drive, collected):
    drive.consumer("seda:q", collected())
    with pytest.raises(ConfigError, match="two consumers"):
        drive.consumer("seda:q", collected())


def test_with_multiple_consumers_each_gets_every_message_and_the_sender_gets_nothing_back(drive, collected):
    one = collected(lambda exchange: setattr(exchange, "body", "one"))
    two = collected(lambda exchange: setattr(exchange, "body", "two"))
    drive.consumer("seda:q?multipleConsumers=true", one)
    drive.consumer("seda:q?multipleConsumers=true", two)
    exchange = drive.send("seda:q", Exchange("x", pattern=IN_OUT))
    assert (len(one.exchanges), len(two.exchanges), exchange.body) == (1, 1, "x")


def test_with_multiple_consumers_the_unit_waits_for_all_and_has_the_failure_of_one(drive, collected, with_unit):
    def fail(exchange):
        raise ValueError("bad")

    drive.consumer("seda:q?multipleConsumers=true", collected())
    drive.consumer("seda:q?multipleConsumers=true", collected(fail))
    exchange, settled = with_unit("x")
    drive.send("seda:q", exchange)
    exchange.unit.release()
    assert settled.wait(5.0)
    assert isinstance(exchange.unit.error, ValueError)


def test_stopping_finishes_what_waits(drive, collected):
    route = collected()
    for number in range(5):
        drive.send("seda:q", Exchange(number))
    drive.consumer("seda:q", route).stop(5.0)
    assert route.bodies == [0, 1, 2, 3, 4]


def test_what_a_stop_has_no_time_for_stays_in_the_queue(drive, collected, context):
    go_on = threading.Event()
    route = collected(lambda exchange: go_on.wait(5.0))
    consumer = drive.consumer("seda:q", route)
    for number in range(3):
        drive.send("seda:q", Exchange(number))
    route.wait(1)
    consumer.stop(0.0)
    go_on.set()
    assert len(context.component("seda").queues["q"]) == 2


def test_purging_drops_what_waits_and_lets_the_units_go(drive, collected, with_unit):
    go_on = threading.Event()
    route = collected(lambda exchange: go_on.wait(5.0))
    consumer = drive.consumer("seda:q?purgeWhenStopping=true", route)
    drive.send("seda:q", Exchange(1))
    route.wait(1)
    exchange, settled = with_unit(2)
    drive.send("seda:q", exchange)
    exchange.unit.release()
    go_on.set()
    consumer.stop(5.0)
    assert settled.is_set()
    assert route.bodies == [1]


def test_a_suspended_consumer_leaves_messages_where_they_are(drive, collected, context):
    route = collected()
    consumer = drive.consumer("seda:q", route)
    consumer.suspend()
    drive.send("seda:q", Exchange(1))
    assert len(context.component("seda").queues["q"]) == 1
    consumer.resume()
    route.wait(1)


def test_polling_takes_one_message_and_its_unit_waits_for_the_poller(drive, with_unit):
    exchange, settled = with_unit("x")
    drive.send("seda:q", exchange)
    exchange.unit.release()
    endpoint = drive.endpoint("seda:q")
    polled = endpoint.poll(0)
    assert polled.body == "x"
    assert not settled.is_set()
    polled.unit.release()
    assert settled.is_set()
    assert endpoint.poll(0) is None
    assert endpoint.poll(0.001) is None


def test_two_sizes_of_one_queue_are_refused(drive):
    drive.endpoint("seda:q?size=5")
    with pytest.raises(OptionError, match="size 6 here and 5 elsewhere"):
        drive.endpoint("seda:q?size=6")


def test_more_threads_than_the_limit_are_refused(drive):
    with pytest.raises(OptionError, match="more than 500"):
        drive.endpoint("seda:q?concurrentConsumers=501")
    drive.endpoint("seda:q?concurrentConsumers=501&limitConcurrentConsumers=false")


def test_a_stub_is_a_queue_whatever_the_options_of_what_it_stands_for(drive, collected):
    route = collected()
    drive.consumer("stub:jms:orders", route)
    drive.send("stub:jms:orders?acknowledgementModeName=CLIENT", Exchange("x"))
    route.wait(1)
    assert route.bodies == ["x"]


def test_a_stub_that_nobody_consumes_keeps_no_sender_waiting(drive, with_unit):
    exchange, settled = with_unit("x")
    drive.send("stub:jms:orders", exchange)
    exchange.unit.release()
    assert settled.is_set()
