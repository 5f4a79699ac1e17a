"""What the benchmarks of one run have in common: one private RabbitMQ node, and a folder for what they write."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Self

from esb.errors import NotConnected
from esb.testing.rabbitmq import RabbitNode
from tests.benchmarks.table import Table


class Bench:
    """Started where it is first wanted, removed at the end. A context manager."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def rabbit(self, table: Table) -> RabbitNode | None:
        """The node, the same for all contenders; None after noting in the table that there is no server here."""
        try:
            return self._node
        except NotConnected as error:
            table.skipped.append(str(error))
            return None

    @cached_property
    def _node(self) -> RabbitNode:
        return self._open.enter_context(RabbitNode(plugins=["rabbitmq_shovel"]))

    @cached_property
    def folder(self) -> Path:
        """For files that several rounds read."""
        return Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="esb-bench-")))

    @property
    def versions(self) -> list[str]:
        """Of the node, if it runs."""
        if "_node" not in self.__dict__:
            return []
        return [f"RabbitMQ {self._node.ctl('version').strip()}"]
