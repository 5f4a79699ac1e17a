"""``threads``: Camel's hand-over to a thread pool in the middle of a route."""

from __future__ import annotations

from typing import Final

from esb.errors import OptionError
from esb.fields import Kind, field
from esb.step import Builder, StepSpec

_UNITS: Final = ("NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS")


class ThreadsSpec(StepSpec):
    """Accepted without effect: consumers here have workers of their own, so a message stays on its thread. The sender waits either way.

    To go on beside the sender, send to ``seda:`` or ``bus:``; how many run at once is an option of the consumer.
    """

    name = "threads"
    executor_service = field(Kind.REF, None, doc="Java only, accepted without effect.")
    pool_size = field(Kind.INT, None, doc="Accepted without effect.")
    max_pool_size = field(Kind.INT, None, doc="Accepted without effect.")
    keep_alive_time = field(Kind.INT, None, doc="Accepted without effect.")
    time_unit = field(Kind.TEXT, None, enum=_UNITS, doc="Accepted without effect.")
    max_queue_size = field(Kind.INT, None, doc="Accepted without effect.")
    allow_core_thread_time_out = field(Kind.BOOL, False, doc="Accepted without effect.")
    thread_name = field(Kind.TEXT, "Threads", doc="Accepted without effect.")
    rejected_policy = field(Kind.TEXT, None, enum=("Abort", "CallerRuns"), doc="Accepted without effect.")
    caller_runs_when_rejected = field(Kind.TEXT, "true", doc="Accepted without effect.")

    def build(self, builder: Builder) -> None:
        if self.pool_size and self.max_pool_size and self.max_pool_size < self.pool_size:
            raise OptionError(f"'maxPoolSize' {self.max_pool_size} is less than 'poolSize' {self.pool_size}", self.at)

    def sentence(self) -> str:
        return "go on (threads has no effect here)"
