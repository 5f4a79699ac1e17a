import datetime as dt
import threading

import pytest

from esb.components._firing import Firing, Periodic
from esb.components.cron.schedule import ByClock
from esb.components.timer import TimerEndpoint
from esb.errors import OptionError
from esb.testing.process import until


class Clock:
    def __init__(self, now=100.0):
        self.now = now

    def __call__(self):
        return self.now


def periodic(monkeypatch, **options):
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock)
    return Periodic(**options), clock


def firings(schedule, clock, count, run=0.0):
    times = []
    while len(times) < count and (left := schedule.left()) is not None:
        clock.now += max(left, 0.0)
        times.append(round(clock.now - 100.0, 3))
        schedule.advance()
        clock.now += run
    return times


def test_the_period_counts_from_firing_to_firing(monkeypatch):
    assert firings(*periodic(monkeypatch, delay=1.0, period=2.0), 3) == [1.0, 3.0, 5.0]


def test_a_long_run_puts_the_next_firing_off_but_not_those_after_it(monkeypatch):
    assert firings(*periodic(monkeypatch, delay=0.0, period=2.0), 3, run=3.0) == [0.0, 3.0, 6.0]


def test_a_fixed_rate_catches_up_after_a_long_run(monkeypatch):
    schedule, clock = periodic(monkeypatch, delay=0.0, period=2.0, fixed_rate=True)
    assert firings(schedule, clock, 1, run=7.0) == [0.0]
    assert firings(schedule, clock, 4) == [7.0, 7.0, 7.0, 8.0]


def test_the_count_ends_it(monkeypatch):
    assert firings(*periodic(monkeypatch, delay=0.0, period=1.0, count=2), 9) == [0.0, 1.0]


def test_a_negative_delay_fires_without_pause_up_to_the_count(monkeypatch):
    assert firings(*periodic(monkeypatch, delay=-1.0, period=1.0, count=4), 9) == [0.0] * 4


def test_a_period_of_zero_fires_once_whatever_the_count(monkeypatch):
    assert firings(*periodic(monkeypatch, delay=1.0, period=0.0, count=5), 9) == [1.0]


def hourly(moment):
    return moment.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)


def test_a_schedule_on_the_wall_clock_makes_one_firing_of_those_it_missed():
    clock = Clock(dt.datetime(2026, 1, 1, 10, 30, tzinfo=dt.UTC).timestamp())
    schedule = ByClock(hourly, clock)
    assert schedule.left() == 1800
    clock.now += 4 * 3600
    assert schedule.left() < 0
    schedule.advance()
    assert schedule.left() == 1800


def test_a_clock_set_back_does_not_repeat_a_firing():
    clock = Clock(dt.datetime(2026, 1, 1, 10, 59, tzinfo=dt.UTC).timestamp())
    schedule = ByClock(hourly, clock)
    clock.now += 60
    schedule.advance()
    clock.now -= 600
    assert schedule.left() == 3600 + 600


def test_a_clock_that_was_wrong_by_days_does_not_silence_the_schedule_until_then():
    clock = Clock(dt.datetime(2026, 1, 9, 10, 59, tzinfo=dt.UTC).timestamp())
    schedule = ByClock(hourly, clock)
    clock.now += 60
    schedule.advance()
    clock.now -= 8 * 86400
    assert schedule.left() == 3600


def test_a_firing_that_fails_does_not_end_the_thread(caplog):
    fired = []
    twice = threading.Event()

    def fire():
        fired.append(1)
        if len(fired) == 2:
            twice.set()
        raise ValueError("bad")

    firing = Firing("test", lambda: Periodic(delay=-1.0, period=1.0, count=2), fire)
    firing.start()
    assert twice.wait(5.0)
    firing.stop(5.0)
    assert "failed to fire" in caplog.text


def test_a_timer_fires_without_body_and_headers(drive, collected):
    route = collected()
    drive.consumer("timer:tick?delay=0&period=5&repeatCount=3", route)
    route.wait(3)
    first = route.exchanges[0]
    assert (first.body, first.headers, first.properties, first.pattern) == (None, {}, {}, "InOnly")


def test_a_timer_tells_about_itself_if_asked(drive, collected):
    route = collected()
    drive.consumer("timer:tick?delay=0&period=5&repeatCount=2&includeMetadata=true", route)
    first, second = route.wait(2)
    assert {name: value for name, value in first.properties.items() if name != "CamelTimerFiredTime"} == {
        "CamelTimerName": "tick",
        "CamelTimerPeriod": 5,
        "CamelTimerCounter": 1,
    }
    assert second.properties["CamelTimerCounter"] == 2
    assert set(first.headers) == {"CamelTimerFiredTime", "CamelMessageTimestamp"}


def test_a_timer_whose_time_is_past_fires_at_once(drive, collected):
    route = collected()
    drive.consumer("timer:tick?time=2020-01-01T00:00:00&period=5&repeatCount=1&includeMetadata=true", route)
    (only,) = route.wait(1)
    assert only.properties["CamelTimerTime"] == dt.datetime(2020, 1, 1).astimezone()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("time=2020-01-02 03:04:05", (2020, 1, 2, 3, 4, 5)),
        ("time=02.01.2020&pattern=dd.MM.yyyy", (2020, 1, 2, 0, 0, 0)),
        ("time=2020-01-02T0304&pattern=yyyy-MM-dd'T'HHmm", (2020, 1, 2, 3, 4, 0)),
    ],
)
def test_the_first_time_of_a_timer_is_local_and_its_pattern_java(drive, options, expected):
    endpoint = drive.endpoint(f"timer:tick?{options}")
    assert isinstance(endpoint, TimerEndpoint)
    assert endpoint.first == dt.datetime(*expected).astimezone()


@pytest.mark.parametrize("options", ["period=-1", "repeatCount=-1", "time=tomorrow", "time=1&pattern=QQ"])
def test_wrong_options_of_a_timer_are_refused(drive, options):
    with pytest.raises(OptionError):
        drive.endpoint(f"timer:tick?{options}")


def test_a_stopped_timer_has_no_thread(drive, collected):
    route = collected()
    consumer = drive.consumer("timer:brief?delay=0&period=1", route)
    route.wait(1)
    consumer.stop()
    assert "timer-brief" not in [thread.name for thread in threading.enumerate()]


def test_firings_are_left_out_while_suspended():
    fired = []
    firing = Firing("test", lambda: Periodic(delay=-1.0, period=1.0, count=3), lambda: fired.append(1))
    firing.suspended = True
    firing.start()
    firing._thread.join(5.0)
    assert fired == []


def test_a_suspended_timer_goes_on_when_it_is_resumed(drive, collected):
    route = collected()
    consumer = drive.consumer("timer:tick?delay=0&period=1", route)
    consumer.suspend()
    before = len(route.exchanges)
    consumer.resume()
    route.wait(before + 2)


def test_a_timer_cannot_be_sent_to(drive):
    with pytest.raises(OptionError, match="timer: cannot be sent to"):
        drive.producer("timer:tick")


def test_a_cron_endpoint_fires_with_the_headers_of_quartz(drive, collected):
    route = collected()
    drive.consumer("cron:tab?schedule=0/1 * * * * ?", route)
    (first,) = route.wait(1)[:1]
    assert first.headers["triggerName"] == "tab"
    assert first.headers["triggerGroup"] == "Camel_test"
    assert first.headers["fireTime"].tzinfo is not None


def test_a_simple_trigger_of_quartz_fires_once_more_than_it_repeats(drive, collected):
    route = collected()
    uri = "quartz:grp/job?trigger.repeatInterval=5&trigger.repeatCount=1&triggerStartDelay=0"
    consumer = drive.consumer(uri, route)
    route.wait(2)
    until(lambda: not consumer._firing._thread.is_alive())
    assert len(route.exchanges) == 2
    assert route.exchanges[0].headers["triggerGroup"] == "grp"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("cron:x?schedule=* * * *", "cron"),
        ("cron:x?schedule=0 0 25 * * ?", "'25' is no hour"),
        ("cron:x?schedule=* * * * * *", "exactly one"),
        ("cron:x?schedule=61 * * * *", "crontab"),
        ("cron:x?schedule=0 6 * * *&timeZone=Atlantis", "no time zone 'Atlantis'"),
        ("quartz:x?colour=red", "no option 'colour'"),
        ("quartz:x?trigger.repeatInterval=0", "repeatInterval"),
    ],
)
def test_wrong_schedules_are_refused_at_load(drive, uri, message):
    with pytest.raises(OptionError, match=message):
        drive.endpoint(uri)
