"""``cron:name`` and ``quartz:group/name``: start an exchange by a schedule (Camel's cron and quartz components)."""

from esb.components.cron.endpoint import CronComponent, CronEndpoint, QuartzComponent, QuartzEndpoint

__all__ = ["CronComponent", "CronEndpoint", "QuartzComponent", "QuartzEndpoint"]
