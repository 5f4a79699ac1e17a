"""What a run was asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """``quick``: smaller numbers, to see that everything works."""

    rounds: int = 3
    quick: bool = False
    count: int = 0
    """Messages a run, where a benchmark has such a number; 0 for its own."""
    only: tuple[str, ...] = ()
    """Contenders whose names begin so; the usual ones if there are none."""

    def wants(self, contender: str, *, usual: bool = True) -> bool:
        """Whether a contender shall run. One that is not ``usual`` runs only when it is asked for."""
        return contender.lower().startswith(tuple(name.lower() for name in self.only)) if self.only else usual

    def messages(self, usual: int, quick: int) -> int:
        """How many messages a run takes."""
        return self.count or (quick if self.quick else usual)
