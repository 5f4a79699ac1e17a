"""What a run was asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """``quick``: smaller numbers, to see that everything works."""

    rounds: int = 3
    quick: bool = False
