"""Options of ``cron:`` and ``quartz:``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from esb.component import Component, Deliver, Endpoint
from esb.components._firing import Periodic, Schedule
from esb.components.cron.consumer import CronConsumer, Named
from esb.components.cron.schedule import ByClock
from esb.components.cron.zoned import Next, quartz, unix, zone
from esb.errors import OptionError
from esb.fields import Kind, field


def _compile(text: str, time_zone: str | None, endpoint: Endpoint) -> Next:
    """The schedule of an option's text: five fields are a crontab's, six or seven Quartz's. Raises OptionError."""
    plain = text.replace("+", " ").strip()  # Camel's pages write blanks as + in URIs, some files do in parameters too
    try:
        local = zone(time_zone)
        return unix(plain, local) if len(plain.split()) == 5 else quartz(plain, local)
    except ValueError as error:
        raise OptionError(
            f"{endpoint.scheme}: {error}",
            endpoint.at,
            "such as '0 6 * * MON-FRI' (crontab) or '0 0 6 ? * MON-FRI' (Quartz)",
        ) from error


class CronEndpoint(Endpoint):
    """Options of ``cron:``. While a route runs, firings do not overlap; those that fall due meanwhile become one."""

    name = field(Kind.TEXT, path=True, doc="Name of the schedule.", example="nightly")
    schedule = field(
        Kind.TEXT,
        doc="Five fields as in a crontab (minute hour day month weekday), or Quartz's six or seven with seconds first.",
        example="0 0 2 * * ?",
    )
    time_zone = field(
        Kind.TEXT, None, doc="Zone of the schedule, by default this machine's (not in Camel).", example="Europe/Vienna"
    )

    def prepare(self) -> None:
        self.next = _compile(self.schedule, self.time_zone, self)

    def consumer(self, deliver: Deliver) -> CronConsumer:
        named = Named(self.name, f"Camel_{self.context.name}")
        return CronConsumer(self, deliver, named, lambda: ByClock(self.next))


class CronComponent(Component):
    """Has no state."""

    schemes = ("cron",)
    endpoint_class = CronEndpoint


class QuartzEndpoint(Endpoint):
    """Options of ``quartz:``: a cron expression, or a simple trigger by interval and count. Jobs live as long as the process."""

    lenient = True

    name = field(Kind.TEXT, path=True, doc="Group and name, or the name alone.", example="reports/daily")
    cron = field(Kind.TEXT, None, doc="Quartz's cron expression (or a crontab's).", example="0 0/5 12-18 ? * MON-FRI")
    repeat_interval = field(
        Kind.DURATION, None, name="trigger.repeatInterval", doc="Time between firings without a cron expression; 1 s."
    )
    repeat_count = field(
        Kind.INT, -1, name="trigger.repeatCount", doc="How often to fire again after the first time; -1: for ever."
    )
    time_zone = field(Kind.TEXT, None, name="trigger.timeZone", doc="Zone of the schedule, by default this machine's.")
    trigger_start_delay = field(Kind.DURATION, 0.5, doc="Time before a simple trigger fires first.")
    fire_now = field(Kind.BOOL, False, doc="Accepted: a simple trigger starts at once in any case.")
    auto_start_scheduler = field(Kind.BOOL, True, doc="Java only, accepted without effect.")
    start_delayed_seconds = field(Kind.INT, 0, doc="Java only, accepted without effect.")
    stateful = field(Kind.BOOL, False, doc="Accepted: jobs never overlap here.")
    delete_job = field(Kind.BOOL, True, doc="Accepted: jobs are not stored.")
    durable_job = field(Kind.BOOL, False, doc="Accepted: jobs are not stored.")
    pause_job = field(Kind.BOOL, False, doc="Accepted: jobs are not stored.")
    recoverable_job = field(Kind.BOOL, False, doc="Accepted: jobs are not stored.")
    prefix_job_name_with_endpoint_id = field(Kind.BOOL, False, doc="Accepted without effect.")
    using_fixed_camel_context_name = field(Kind.BOOL, False, doc="Accepted without effect.")
    ignore_expired_next_fire_time = field(Kind.BOOL, False, doc="Accepted without effect.")
    custom_calendar = field(Kind.REF, None, doc="Java only, accepted without effect.")

    def prepare(self) -> None:
        unknown = [name for name in self.extra if not name.startswith(("trigger.", "job."))]
        if unknown:
            raise OptionError(f"quartz: has no option {', '.join(map(repr, unknown))}", self.at)
        if self.cron is None:
            if self.repeat_interval is not None and self.repeat_interval <= 0:
                raise OptionError("quartz: trigger.repeatInterval must be more than 0", self.at)
            self.schedule: Callable[[], Schedule] = self._simple
        else:
            following = _compile(self.cron, self.time_zone, self)
            self.schedule = lambda: ByClock(following)

    def _simple(self) -> Schedule:
        return Periodic(
            delay=self.trigger_start_delay,
            period=self.repeat_interval or 1.0,
            count=self.repeat_count + 1,
            fixed_rate=True,
        )

    def consumer(self, deliver: Deliver) -> CronConsumer:
        group, slash, name = self.name.partition("/")
        named = Named(name, group) if slash else Named(self.name, f"Camel_{self.context.name}")
        return CronConsumer(self, deliver, named, self.schedule)


class QuartzComponent(Component):
    """Has no state."""

    schemes = ("quartz",)
    endpoint_class = QuartzEndpoint


def next_times(schedule: Next, start: dt.datetime, count: int) -> list[dt.datetime]:
    """The next firings of a schedule: for descriptions and checks."""
    times: list[dt.datetime] = []
    while len(times) < count and (following := schedule(times[-1] if times else start)) is not None:
        times.append(following)
    return times
