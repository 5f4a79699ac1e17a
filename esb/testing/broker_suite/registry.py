"""The list of behaviours."""

from __future__ import annotations

from collections.abc import Callable

from esb.testing.broker_trial import Trial

BEHAVIOURS: list[Callable[[Trial], None]] = []


def behaviour(function: Callable[[Trial], None]) -> Callable[[Trial], None]:
    """Enter a function into the suite."""
    BEHAVIOURS.append(function)
    return function
