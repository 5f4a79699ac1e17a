"""Several RabbitMQ nodes on loopback that form one cluster, each under the test's control: what quorum queues are for."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Self

from esb.testing.rabbitmq import RabbitNode


class RabbitCluster:
    """A cluster that is not running yet. A context manager: starts all nodes and joins them; at the end everything is removed."""

    def __init__(self, size: int = 3) -> None:
        self.nodes: list[RabbitNode] = []
        self._size = size
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            first = self._stack.enter_context(RabbitNode())
            self.nodes.append(first)
            for _ in range(self._size - 1):
                node = self._stack.enter_context(RabbitNode(beside=first))
                node.ctl("stop_app")
                node.ctl("join_cluster", first.name)
                node.ctl("start_app")
                self.nodes.append(node)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """The broker URL with all nodes, in their order."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"amqp://guest:guest@{hosts}/"

    def leader(self, queue: str) -> RabbitNode:
        """The node that leads a quorum queue, by its name on the broker. Raises LookupError if there is none."""
        for node in self.nodes:
            if node.running:
                for line in node.ctl("list_queues", "name", "leader").splitlines():
                    name, _, leader = line.partition("\t")
                    if name == queue:
                        return next(each for each in self.nodes if each.name == leader)
        raise LookupError(f"no node leads the queue {queue}")
