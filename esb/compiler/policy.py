"""Redelivery policies: how often and when a failed step is tried again.

Defaults and the computing of delays are Camel's (RedeliveryPolicy of 4.17): one second between tries, at most one minute, factor 2.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from esb.dsl.model import RedeliveryPolicySpec
from esb.errors import OptionError
from esb.fields import convert, yaml_name


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy with every value known. Times in seconds; ``maximum_redeliveries`` -1 is for ever."""

    maximum_redeliveries: int = 0
    redelivery_delay: float = 1.0
    maximum_redelivery_delay: float = 60.0
    back_off_multiplier: float = 2.0
    use_exponential_back_off: bool = False
    use_collision_avoidance: bool = False
    collision_avoidance_factor: float = 0.15
    delay_pattern: tuple[tuple[int, float], ...] = ()
    log_exhausted: bool = True
    log_handled: bool = False
    log_retry_attempted: bool = True
    retry_attempted_log_level: str = "DEBUG"
    retries_exhausted_log_level: str = "ERROR"

    def delay(self, previous: float, attempt: int) -> float:
        """Seconds to wait before try number ``attempt`` (1 = the first further one), given the delay before."""
        if self.delay_pattern:
            # The delay of the nearest lower number holds; before the first number there is none.
            return next((delay for number, delay in reversed(self.delay_pattern) if attempt >= number), 0.0)
        if not self.redelivery_delay:
            return 0.0
        delay = (
            previous * self.back_off_multiplier if previous and self.use_exponential_back_off else self.redelivery_delay
        )
        if self.use_collision_avoidance:
            # Not for security: it only keeps many failing messages from trying again at the same moment.
            delay *= 1 + (random.random() * 2 - 1) * self.collision_avoidance_factor  # noqa: S311
        return min(delay, self.maximum_redelivery_delay) if self.maximum_redelivery_delay > 0 else delay

    def again(self, attempts: int) -> bool:
        """Whether there is a further try after ``attempts`` of them."""
        return self.maximum_redeliveries < 0 or attempts < self.maximum_redeliveries


NO_REDELIVERY: Final = Policy()
_NAMES: Final = {known.name for known in fields(Policy)}


def policy_of(spec: RedeliveryPolicySpec | None, parent: Policy = NO_REDELIVERY) -> Policy:
    """The policy that a spec gives, on top of what it inherits. Raises OptionError for a wrong delay pattern."""
    if spec is None:
        return parent
    if spec.disable_redelivery:
        return replace(parent, maximum_redeliveries=0)
    given = {name: getattr(spec, name) for name in _NAMES if getattr(spec, name, None) is not None}
    if "delay_pattern" in given:
        given["delay_pattern"] = _pattern(spec)
    if given.get("back_off_multiplier") and "use_exponential_back_off" not in given:
        given["use_exponential_back_off"] = parent.use_exponential_back_off
    return replace(parent, **given)


def policy_from_properties(properties: dict[str, Any]) -> Policy:
    """A policy declared as a bean with properties."""
    values: dict[str, Any] = {}
    for declared in RedeliveryPolicySpec.fields.values():
        value = properties.get(yaml_name(declared.attribute))
        if value is not None:
            values[declared.attribute] = convert(
                declared, str(value).lower() if isinstance(value, bool) else str(value)
            )
    return policy_of(RedeliveryPolicySpec(**values))


def _pattern(spec: RedeliveryPolicySpec) -> tuple[tuple[int, float], ...]:
    try:
        pairs = [part.split(":") for part in str(spec.delay_pattern).split(";") if part.strip()]
        return tuple(sorted((int(number), int(millis) / 1000) for number, millis in pairs))
    except ValueError:
        raise OptionError(
            f"'delayPattern' is not of the form '1:1000;5:5000': {spec.delay_pattern!r}", spec.at
        ) from None
