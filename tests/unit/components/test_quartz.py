import calendar
import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esb.components.cron.endpoint import next_times
from esb.components.cron.quartz import DAYS, MONTHS, QuartzExpression
from esb.components.cron.zoned import local_zone, quartz, unix

# ruff: noqa: DTZ001 -- expressions are about the face of the clock, whatever the zone

VIENNA = ZoneInfo("Europe/Vienna")


def days(expression, start, count):
    found, moment = [], start
    compiled = QuartzExpression(expression)
    while len(found) < count and (moment := compiled.after(moment)) is not None:
        found.append(moment.date())
    return found


def date(*parts):
    return dt.date(*parts)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("L * ?", [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]),
        ("L-3 * ?", [date(2024, 1, 28), date(2024, 2, 26), date(2024, 3, 28)]),
        ("LW * ?", [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 29)]),
        ("15W * ?", [date(2024, 1, 15), date(2024, 2, 15), date(2024, 3, 15)]),
        (
            "1W * ?",
            [
                date(2024, 1, 1),
                date(2024, 2, 1),
                date(2024, 3, 1),
                date(2024, 4, 1),
                date(2024, 5, 1),
                date(2024, 6, 3),
            ],
        ),
        ("31 * ?", [date(2024, 1, 31), date(2024, 3, 31), date(2024, 5, 31)]),
        ("29 2 ?", [date(2024, 2, 29), date(2028, 2, 29)]),
        ("? * 6#3", [date(2024, 1, 19), date(2024, 2, 16), date(2024, 3, 15)]),
        ("? * MON#5", [date(2024, 1, 29), date(2024, 4, 29), date(2024, 7, 29)]),
        ("? * 6L", [date(2024, 1, 26), date(2024, 2, 23), date(2024, 3, 29)]),
        ("? * L", [date(2024, 1, 6), date(2024, 1, 13)]),
        ("? * FRI-MON", [date(2024, 1, 1), date(2024, 1, 5), date(2024, 1, 6), date(2024, 1, 7), date(2024, 1, 8)]),
        ("1,15 JAN,JUL ?", [date(2024, 1, 1), date(2024, 1, 15), date(2024, 7, 1)]),
        ("1/10 * ?", [date(2024, 1, 1), date(2024, 1, 11), date(2024, 1, 21), date(2024, 1, 31), date(2024, 2, 1)]),
        ("1 NOV-FEB ?", [date(2024, 1, 1), date(2024, 2, 1), date(2024, 11, 1), date(2024, 12, 1)]),
        ("1 1 ? 2025-2099/10", [date(2025, 1, 1), date(2035, 1, 1)]),
    ],
)
def test_days(fields, expected):
    assert days(f"0 0 12 {fields}", dt.datetime(2023, 12, 31, 23), len(expected)) == expected


def test_an_expression_whose_years_are_over_has_no_next_time():
    assert QuartzExpression("0 0 0 1 1 ? 2020").after(dt.datetime(2024, 1, 1)) is None


def test_a_range_of_hours_may_cross_midnight():
    compiled = QuartzExpression("0 0 22-1 * * ?")
    moment, hours = dt.datetime(2024, 1, 1, 12), []
    for _ in range(5):
        moment = compiled.after(moment)
        hours.append(moment.hour)
    assert hours == [22, 23, 0, 1, 22]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * * *",
        "0 0 12 * * *",
        "0 0 12 ? * ?",
        "60 0 12 * * ?",
        "0 60 12 * * ?",
        "0 0 24 * * ?",
        "0 0 12 32 * ?",
        "0 0 12 0 * ?",
        "0 0 12 * 13 ?",
        "0 0 12 ? * 8",
        "0 0 12 ? * 0",
        "0 0 12 ? * MON#6",
        "0 0 12 ? * MON#",
        "0 0 12 L-31 * ?",
        "0 0 12 32W * ?",
        "0 0 12 W * ?",
        "0 0/0 12 * * ?",
        "0 0/ 12 * * ?",
        "0 /x 12 * * ?",
        "0 1- 12 * * ?",
        "0 1,,2 12 * * ?",
        "0 ² 12 * * ?",
        "0 0 12 * * ? 1969",
        "0 0 12 * * ? 2030-2020",
    ],
)
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        QuartzExpression(text)


def field_of(low, high, names=()):
    value = st.integers(low, high)
    number = value.map(str)
    texts = st.one_of(
        st.just("*"),
        number,
        st.lists(number, min_size=1, max_size=4).map(",".join),
        st.tuples(value, value).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        st.tuples(value, st.integers(1, high)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    )
    return st.one_of(texts, st.sampled_from(names)) if names else texts


def allowed(text, low, high, names=()):
    """What a field means, by a second reading of the rules."""
    found = set()
    for part in text.split(","):
        if part in names:
            found.add(names.index(part) + 1)
        elif part == "*":
            found |= set(range(low, high + 1))
        elif "/" in part:
            start, step = map(int, part.split("/"))
            found |= set(range(start, high + 1, step))
        elif "-" in part:
            start, end = map(int, part.split("-"))
            found |= set(range(start, end + 1))
        else:
            found.add(int(part))
    return found


moments = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2060, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)


@given(
    field_of(0, 59),
    field_of(0, 59),
    field_of(0, 23),
    field_of(1, 31),
    field_of(1, 12, MONTHS),
    field_of(1, 7, DAYS),
    st.booleans(),
    moments,
)
@settings(max_examples=150, deadline=None)
def test_the_next_time_fits_and_none_before_it_does(second, minute, hour, day, month, weekday, by_weekday, start):
    text = f"{second} {minute} {hour} {'?' if by_weekday else day} {month} {weekday if by_weekday else '?'}"
    following = QuartzExpression(text).after(start)

    def fits(moment):
        on_day = (
            (calendar.weekday(moment.year, moment.month, moment.day) + 1) % 7 + 1 in allowed(weekday, 1, 7, DAYS)
            if by_weekday
            else moment.day in allowed(day, 1, 31)
        )
        return (
            on_day
            and moment.second in allowed(second, 0, 59)
            and moment.minute in allowed(minute, 0, 59)
            and moment.hour in allowed(hour, 0, 23)
            and moment.month in allowed(month, 1, 12, MONTHS)
        )

    if following is None:  # the 31st of February, say
        assert not by_weekday
        return
    assert following > start
    assert fits(following)
    # Of the days between none fits at all, but for the first, of which only what lies before.
    times = sorted(
        dt.time(h, m, s)
        for h in allowed(hour, 0, 23)
        for m in (min(allowed(minute, 0, 59)), max(allowed(minute, 0, 59)))
        for s in (min(allowed(second, 0, 59)), max(allowed(second, 0, 59)))
    )
    for offset in range(min((following.date() - start.date()).days + 1, 400)):
        on = start.date() + dt.timedelta(days=offset)
        for time in times:
            candidate = dt.datetime.combine(on, time)
            assert not (start < candidate < following and fits(candidate))


@given(st.text(alphabet="0123456789*?/-,LW#MONJAN ", max_size=40))
@settings(max_examples=300)
def test_any_text_is_compiled_or_refused(text):
    try:
        compiled = QuartzExpression(text)
    except ValueError:
        return
    compiled.after(dt.datetime(2024, 1, 1))


def local_times(following, start, count):
    return [moment.strftime("%d. %H:%M %z") for moment in next_times(following, start, count)]


@pytest.mark.parametrize("schedule", [lambda: quartz("0 30 2 * * ?", VIENNA), lambda: unix("30 2 * * *", VIENNA)])
def test_a_time_that_summer_time_skips_fires_when_the_clock_is_set(schedule):
    times = local_times(schedule(), dt.datetime(2026, 3, 28, 20, tzinfo=VIENNA), 2)
    assert times == ["29. 03:00 +0200", "30. 02:30 +0200"]


@pytest.mark.parametrize("schedule", [lambda: quartz("0 30 2 * * ?", VIENNA), lambda: unix("30 2 * * *", VIENNA)])
def test_a_time_that_comes_twice_fires_once(schedule):
    times = local_times(schedule(), dt.datetime(2026, 10, 24, 20, tzinfo=VIENNA), 2)
    assert times == ["25. 02:30 +0200", "26. 02:30 +0100"]


def test_a_time_that_has_come_is_not_made_up_for_in_the_repeated_hour():
    start = dt.datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=VIENNA)
    assert local_times(quartz("0 30 2 * * ?", VIENNA), start, 1) == ["26. 02:30 +0100"]


@pytest.mark.parametrize(("month", "first", "count"), [(3, 1, 4), (10, 1, 6)])
def test_a_schedule_of_every_hour_keeps_its_distance_over_a_change_of_the_clock(month, first, count):
    day = {3: 29, 10: 25}[month]
    start = dt.datetime(2026, month, day, first, tzinfo=VIENNA)
    times = [moment.timestamp() for moment in next_times(quartz("0 0/30 * * * ?", VIENNA), start, count)]
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {1800.0}


@given(
    st.sampled_from(["0 30 2 * * ?", "0 0 3 ? * SUN", "0 0/10 * * * ?", "0 0 0 L * ?", "30 59 1,2,3 * * ?"]),
    st.sampled_from(["Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1)),
)
@settings(max_examples=150, deadline=None)
def test_firings_go_forward_in_real_time_in_every_zone(text, name, start):
    moment = start.replace(tzinfo=dt.UTC)
    following = quartz(text, ZoneInfo(name))
    for _ in range(4):
        later = following(moment)
        assert later.timestamp() > moment.timestamp()
        moment = later


def test_the_zone_of_this_machine_can_be_set(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert str(local_zone()) == "Asia/Tokyo"
    monkeypatch.setenv("TZ", "Nowhere/AtAll")
    assert local_zone() is not None
