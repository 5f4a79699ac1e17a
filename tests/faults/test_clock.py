"""Clocks that jump: an hour forward, an hour back, summer time; what counts on the monotonic clock, and what on the wall clock."""

import base64
import datetime as dt
import hashlib
import os
import time
from zoneinfo import ZoneInfo

import pytest

from esb.testing.process import until
from tests.faults.partners import STOCK
from tests.faults.store import again, client
from tests.faults.wallclock import WallClock

HOUR = 3600
VIENNA = ZoneInfo("Europe/Vienna")


@pytest.fixture
def clock(tmp_path):
    return WallClock(tmp_path)


DELAYS = """
- beans:
    - name: groups
      type: esb.stores.sqlite:SqliteAggregationRepository
      constructors: {"0": "{{esb.state}}/groups.db"}
- route:
    id: again
    from:
      uri: bus:in
      parameters: {concurrentConsumers: 4, prefetch: 50, redeliveryDelay: 10000, backOffMultiplier: 1}
      steps:
        - filter:
            simple: "${header.CamelRedelivered} == null"
            steps:
              - throwException: {exceptionType: java.lang.IllegalStateException, message: later}
        - to: bus:out
- route:
    id: held
    from:
      uri: bus:held
      parameters: {concurrentConsumers: 5, prefetch: 5}
      steps:
        - delay: {constant: 10000}
        - to: bus:out
- route:
    id: collect
    from:
      uri: bus:groups
      parameters: {prefetch: 50}
      steps:
        - convertBodyTo: {type: String}
        - aggregate:
            id: all
            correlationExpression: {simple: "${body}"}
            aggregationRepository: groups
            aggregationStrategy: "#class:org.apache.camel.processor.aggregate.UseLatestAggregationStrategy"
            completionTimeout: 10000
            steps:
              - to: bus:out
- route:
    id: ticks
    from:
      uri: timer:tick?period=500&includeMetadata=true
      steps:
        - setBody: {simple: "tick ${exchangeProperty.CamelTimerCounter}"}
        - to: bus:ticks
"""


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
@pytest.mark.parametrize(
    "broker",
    [
        pytest.param("sqlite", id="sqlite"),
        pytest.param("rabbit", id="rabbit", marks=pytest.mark.broker),
    ],
)
@pytest.mark.fault(
    "F39",
    "the clock jumps by an hour while messages wait for their redelivery, are in hand, in an aggregator, and a timer ticks",
    "monotonic: nothing is early or late, nothing comes again",
)
def test_nothing_is_early_or_late_when_the_clock_jumps(request, site, record, clock, broker, jump):
    here = site(request.getfixturevalue(broker), routes=DELAYS, environment=clock.environment)
    here.bus.start()
    begun = time.monotonic()
    for queue in ("in", "held", "groups"):
        here.publish(5, queue)
    until(lambda: here.bus.log.count("failed at") >= 5, "all wait for their second delivery")
    until(lambda: here.bus.status()["routes"]["held"]["inflight"] == 5, "others are in hand")
    until(lambda: here.bus.status()["routes"]["collect"]["completed"] == 5, "others are in groups")
    assert time.monotonic() - begun < 10, "the machine is too slow for this test's times"
    clock.jump(jump)
    here.healed()
    jumped, ticks = time.monotonic(), here.store.depth("ticks")
    until(lambda: here.out() > 0, "the first comes")
    first = time.monotonic() - begun
    until(lambda: here.out() == 15, "all come")
    last = time.monotonic() - begun
    assert first >= 10
    until(lambda: here.store.depth("ticks") > ticks + 10, "the timer goes on")
    assert here.store.depth("ticks") - ticks <= (time.monotonic() - jumped) / 0.5 + 2
    here.finish(waiting=("in", "held", "groups"))
    record(
        here.account(),
        duplicates=0,
        measured=f"{broker}, {jump:+} s; delays of 10 s ended {first:.1f} to {last:.1f} s after the first message",
    )


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
@pytest.mark.fault(
    "F39",
    "the clock jumps while the bus is down, and messages of the embedded broker wait for their time",
    "none is early or late",
)
def test_a_restart_with_another_clock_moves_no_delay(site, sqlite, record, clock, jump):
    here = site(sqlite, routes=DELAYS.replace("10000, backOff", "15000, backOff"), environment=clock.environment)
    here.bus.start()
    begun = time.monotonic()
    here.publish(5)
    until(lambda: here.bus.log.count("failed at") >= 5, "all wait for their second delivery")
    here.bus.kill()
    clock.jump(jump)
    here.bus.start()
    until(lambda: here.out() > 0, "the first comes")
    first = time.monotonic() - begun
    assert first >= 15
    here.finish()
    record(here.account(), duplicates=0, measured=f"{jump:+} s; a delay of 15 s ended after {first:.1f} s")


SEEN = """
- beans:
    - {name: seen, type: "esb.stores.sqlite:SqliteIdempotentRepository"}
- route:
    id: once
    from:
      uri: bus:in
      parameters: {concurrentConsumers: 4}
      steps:
        - idempotentConsumer:
            simple: "${exchangeId}"
            idempotentRepository: seen
            steps:
              - to: bus:out
"""


@pytest.mark.fault(
    "F39", "messages come again after the clock has jumped, both ways", "the inbox knows them: none repeated"
)
def test_the_inbox_forgets_nothing_when_the_clock_jumps(site, sqlite, record, clock):
    here = site(sqlite, routes=SEEN, environment=clock.environment)
    here.bus.start()
    here.publish(50)
    until(lambda: here.out() == 50, "all are through")
    first = here.collect("out")
    with client(sqlite) as broker:
        for jump in (HOUR, -2 * HOUR):
            clock.jump(jump)
            again(broker, "in", first)
            until(
                lambda: here.store.depth("in") == 0 and not here.bus.status()["routes"]["once"]["inflight"],
                "all are dropped",
            )
    here.finish()
    record(here.account(), duplicates=0, measured="100 messages came again")


CRON = """
- route:
    id: nightly
    from:
      uri: quartz:nightly
      parameters: {cron: "0 30 2 * * ?", trigger.timeZone: Europe/Vienna}
      steps:
        - setBody: {simple: "nightly ${date-with-timezone:now:Europe/Vienna:yyyy-MM-dd}"}
        - to: bus:out
- route:
    id: minutely
    from:
      uri: cron:minutely
      parameters: {schedule: "* * * * *", timeZone: UTC}
      steps:
        - setBody: {simple: "minutely ${date-with-timezone:now:UTC:yyyy-MM-dd HH:mm}"}
        - to: bus:out
"""
NIGHTS = [
    # Eight days apart: a firing that was left out would show with the next.
    pytest.param(dt.datetime(2027, 3, 28, 1, 59, 57, tzinfo=VIENNA), dt.datetime(2027, 3, 28, 3, 29, 57, tzinfo=VIENNA), id="spring"),
    pytest.param(
        dt.datetime(2027, 10, 31, 2, 29, 57, tzinfo=VIENNA), dt.datetime(2027, 10, 31, 2, 29, 57, fold=1, tzinfo=VIENNA), id="autumn"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), NIGHTS)
@pytest.mark.fault(
    "F39",
    "nights in which summer time begins and ends, with a job at 02:30 in a named zone and one every minute",
    "each fires once per intended time: where 02:30 is left out, at the change; where it comes twice, at the first",
)
def test_a_job_fires_once_a_night_also_when_summer_time_changes(site, sqlite, record, clock, first, second):
    clock.set(first - dt.timedelta(minutes=20))
    here = site(sqlite, routes=CRON, environment=clock.environment)
    here.bus.start()
    clock.set(first)
    until(lambda: "nightly" in fired(here), "the job of the night has fired")
    clock.set(second)
    minute = second.astimezone(dt.UTC) + dt.timedelta(minutes=1)
    until(lambda: f"minutely {minute:%Y-%m-%d %H:%M}" in fired(here), "the other 02:30 has passed")
    clock.set(first + dt.timedelta(days=1, minutes=30))
    expected = {"nightly": f"nightly {first:%Y-%m-%d}", "next": f"nightly {first + dt.timedelta(days=1):%Y-%m-%d}"}
    until(lambda: expected["next"] in fired(here), "the job of the next night has fired")
    for key in expected.values():
        here.ledger.invoked(key)
        here.ledger.ok(key)
    here.bus.stop()
    keys = [one.body.decode() for one in here.store.take("out")]
    for key in keys:
        if key.startswith("nightly"):
            here.ledger.arrived(key)
    minutes = [key for key in keys if key.startswith("minutely")]
    assert len(minutes) == len(set(minutes))
    record(here.account(), duplicates=0, measured=f"{first:%Y-%m-%d}; {len(minutes)} minutes, each once")


@pytest.mark.fault(
    "F39",
    "the clock jumps by an hour, both ways, under a job of every minute",
    "no minute fires twice; what was missed fires once",
)
def test_no_minute_fires_twice_when_the_clock_jumps(site, sqlite, record, clock):
    clock.set(dt.datetime(2027, 1, 4, 9, 30, tzinfo=dt.UTC))
    here = site(sqlite, routes=CRON, environment=clock.environment)
    here.bus.start()
    clock.set(dt.datetime(2027, 1, 4, 11, 10, 30, tzinfo=dt.UTC))
    until(lambda: "2027-01-04 11:10" in fired(here), "what was missed fires once")
    clock.set(dt.datetime(2027, 1, 4, 10, 10, 57, tzinfo=dt.UTC))
    over = dt.datetime(2027, 1, 4, 10, 11, 8, tzinfo=dt.UTC).timestamp()
    until(lambda: clock.now() > over, "a minute that was left out has come after all")
    clock.set(dt.datetime(2027, 1, 4, 11, 10, 58, tzinfo=dt.UTC))
    until(lambda: "2027-01-04 11:11" in fired(here), "it goes on")
    told = fired(here).splitlines()
    assert not [line for line in told if line.startswith("minutely 2027-01-04 10:")]
    for key in sorted(set(told)):
        here.ledger.invoked(key)
        here.ledger.ok(key)
    here.finish(waiting=())
    record(here.account(), duplicates=0, measured="+100 and -60 minutes")


def fired(here):
    """What the jobs have sent so far, a line each."""
    return "\n".join(here.store.bodies())


SECURE = """
- beans:
    - name: partner
      type: adapters.soap.security:Security
      properties: {expect: {timestamp: true, usernameToken: {users: {partner: s3cret}}}}
- route:
    id: secure
    from:
      uri: soap:stock.wsdl
      parameters: {path: /stock, security: "#partner"}
      steps:
        - setBody: {python: "{'item': [{'sku': sku, '$': 12} for sku in body['sku']]}"}
"""
MESSAGE = """<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Header>
<wsse:Security S:mustUnderstand="1" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
 xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
<wsu:Timestamp><wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>
<wsse:UsernameToken><wsse:Username>partner</wsse:Username><wsse:Password
 Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">{digest}</wsse:Password><wsse:Nonce
 EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary">{nonce}</wsse:Nonce><wsu:Created>{created}</wsu:Created>
</wsse:UsernameToken></wsse:Security></S:Header><S:Body><s:Check xmlns:s="urn:example:stock"><s:sku>PEN</s:sku></s:Check></S:Body></S:Envelope>"""


def signed(at):
    """A request of the partner, made when its clock showed this."""
    nonce = os.urandom(16)
    created, expires = (f"{dt.datetime.fromtimestamp(at + more, dt.UTC):%Y-%m-%dT%H:%M:%SZ}" for more in (0, 300))
    digest = hashlib.sha1(nonce + created.encode() + b"s3cret", usedforsecurity=False).digest()
    told = {"nonce": base64.b64encode(nonce).decode(), "digest": base64.b64encode(digest).decode()}
    return MESSAGE.format(created=created, expires=expires, **told).encode()


@pytest.mark.fault(
    "F39",
    "WS-Security while the clock of the bus jumps: small differences, an hour forward, an hour back, replays",
    "differences within the skew pass, others are refused, a replay is refused whatever the clock shows; all is well when the clock is",
)
def test_ws_security_fails_closed_while_the_clock_is_wrong(site, sqlite, record, clock):
    here = site(sqlite, routes=SECURE, environment=clock.environment)
    here.bus.write("stock.wsdl", STOCK)
    here.bus.start()

    def call(message):
        [key] = here.keys(1)
        here.ledger.invoked(key)
        status, answer = here.bus.call("/stock", message, headers={"Content-Type": "text/xml"})
        if status == 200:
            here.ledger.ok(key)
            here.ledger.arrived(key)
        else:
            assert (status, b"Security" in answer or b"Message" in answer or b"Auth" in answer) == (500, True), answer
            here.ledger.fail(key)
        return status

    first = signed(time.time())
    assert call(first) == 200
    assert call(first) == 500
    for jump, right in ((40, True), (-80, True), (40 + HOUR, False), (-2 * HOUR, False), (HOUR, True)):
        clock.jump(jump)
        assert call(signed(time.time())) == (200 if right else 500)
        assert call(signed(clock.now())) == 200  # a partner that has the same time
        assert call(first) == 500
    until(
        lambda: here.bus.status()["routes"]["secure"]["completed"] == 9,
        "the route has seen those that passed, and no other",
    )
    account = here.account()
    record(account, duplicates=0, measured=f"{account.ok} passed, {account.failed} refused")
