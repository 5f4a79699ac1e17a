"""``sample``: lets a part of the messages through (Camel's Sample EIP)."""

from __future__ import annotations

import threading
import time

from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class SampleSpec(StepSpec):
    """Let one message a period through, or every n-th; for the others the route ends here, without an error."""

    name = "sample"
    sample_period = field(Kind.DURATION, 1.0, scalar=True, doc="One message in this time.", example="1s")
    message_frequency = field(Kind.INT, None, doc="Every n-th message, instead of a period.", example="10")

    def build(self, builder: Builder) -> Step:
        if self.message_frequency is not None:
            return self._every(self.message_frequency)
        if self.sample_period <= 0:
            raise OptionError("'samplePeriod' must be more than nothing", self.at)
        period, lock = self.sample_period, threading.Lock()
        next_at = 0.0

        def sample_period(exchange: Exchange) -> None:
            nonlocal next_at
            with lock:
                now = time.monotonic()
                chosen = now >= next_at
                if chosen:
                    next_at = now + period
            if not chosen:
                exchange.halted = True

        return sample_period

    def _every(self, frequency: int) -> Step:
        if frequency <= 0:
            raise OptionError("'messageFrequency' must be at least 1", self.at)
        lock = threading.Lock()
        count = 0

        def sample_frequency(exchange: Exchange) -> None:
            nonlocal count
            with lock:
                count = (count + 1) % frequency
                chosen = count == 0
            if not chosen:
                exchange.halted = True

        return sample_frequency

    def sentence(self) -> str:
        if self.message_frequency is not None:
            return f"let every message number {self.message_frequency} through"
        return f"let one message in {self.sample_period:g} s through"
