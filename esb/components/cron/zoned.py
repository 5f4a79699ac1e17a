"""Schedules in a time zone: what happens when clocks are set forward or back, and which zone is ours."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from esb.components.cron.quartz import QuartzExpression

Next = Callable[[dt.datetime], dt.datetime | None]
"""The first firing after a moment, both with a zone; None if there is none."""

_SECOND = dt.timedelta(seconds=1)


def local_zone() -> dt.tzinfo:
    """The zone of this machine: ``TZ``, else ``/etc/localtime``, else UTC."""
    name = os.environ.get("TZ", "").removeprefix(":")
    localtime = Path("/etc/localtime")
    if not name and localtime.is_symlink():
        name = str(localtime.readlink()).partition("zoneinfo/")[2]
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            pass  # a rule such as CET-1CEST, or a zone this machine does not have
    if localtime.exists():
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file)
    return dt.UTC


def zone(name: str | None) -> dt.tzinfo:
    """A zone by its name (``Europe/Vienna``); this machine's without a name. Raises ValueError."""
    if not name:
        return local_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as missing:
        raise ValueError(f"there is no time zone {name!r}: write it as Europe/Vienna") from missing


def unix(text: str, local: dt.tzinfo) -> Next:
    """A crontab's five fields. Raises ValueError."""
    from cronsim import CronSim, CronSimError

    plain = " ".join("*" if part == "?" else part for part in text.split())
    try:
        CronSim(plain, dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    except CronSimError as error:
        raise ValueError(f"{text!r} is no crontab schedule: {str(error) or 'minute hour day month weekday'}") from error

    def after(moment: dt.datetime) -> dt.datetime | None:
        fitting: Iterator[dt.datetime] = CronSim(plain, moment.astimezone(local))
        return next(fitting, None)

    return after


def quartz(text: str, local: dt.tzinfo) -> Next:
    """A Quartz expression. Raises ValueError.

    A time that a change of the clock skips fires at the change; one that comes twice fires once. Schedules of every hour follow the real time.
    """
    expression = QuartzExpression(text)

    def after(moment: dt.datetime) -> dt.datetime | None:
        at = moment.astimezone(local)
        for _ in range(100):  # each turn passes a change of the clock or a repeated hour
            offset = at.utcoffset()
            wanted = expression.after(at.replace(tzinfo=None, microsecond=0))
            if wanted is None or offset is None:
                return None
            real = (wanted - offset).replace(tzinfo=dt.UTC).astimezone(local)
            if real.replace(tzinfo=None) == wanted:
                if not real.fold or expression.any_hour:
                    return real
                at = real  # the second 02:30 of the night: it has fired at the first
                continue
            change = _change(at, real, local)
            # In UTC: Python's arithmetic inside a zone goes by the face of the clock.
            before = (change.astimezone(dt.UTC) - _SECOND).astimezone(local)
            skipped = before.replace(tzinfo=None) < wanted < change.replace(tzinfo=None)
            if skipped and not expression.any_hour and change.timestamp() > moment.timestamp():
                return change
            at = _just_before(change)
        return None

    return after


def _change(earlier: dt.datetime, later: dt.datetime, local: dt.tzinfo) -> dt.datetime:
    """A moment between the two at which the offset changes, to the second."""
    low, high = earlier.astimezone(dt.UTC), later.astimezone(dt.UTC)
    offset = earlier.utcoffset()
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(local).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.astimezone(local)


def _just_before(change: dt.datetime) -> dt.datetime:
    """The second before a change, told with the offset that holds after it, so that the search goes on from there."""
    offset = change.utcoffset() or dt.timedelta()
    return (change.replace(tzinfo=None) - _SECOND).replace(tzinfo=dt.timezone(offset))
