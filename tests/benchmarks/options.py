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
    """Contenders whose names begin so; all if there are none."""
    consumed: bool = False
    """Whether the outputs of W1 and W2 are consumed meanwhile, with manual acks, rather than piling up."""

    classic: bool = False
    """Whether W1 and W2 run on classic durable queues, made by somebody else, which the bus reaches by its component ``rabbitmq:``."""

    def wants(self, contender: str) -> bool:
        """Whether a contender shall run."""
        return not self.only or contender.lower().startswith(tuple(name.lower() for name in self.only))

    def messages(self, usual: int, quick: int) -> int:
        """How many messages a run takes."""
        return self.count or (quick if self.quick else usual)
