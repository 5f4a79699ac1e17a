"""The component: what the endpoints of a process share."""

from __future__ import annotations

from adapters.file.appending import Appender
from adapters.file.endpoint import FileEndpoint
from adapters.file.poller import Poller
from adapters.file.writing import sweep
from esb.component import Component, Context


class FileComponent(Component):
    """Holds the files that messages are appended to, so that many endpoints and threads write one file line by line. Thread-safe."""

    schemes = ("file",)
    endpoint_class = FileEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.appender = Appender()
        self._swept: set[str] = set()
        self._pollers: list[Poller] = []

    def opened(self, poller: Poller) -> Poller:
        """Open what pollEnrich polls with, until the bus stops."""
        poller.open()
        self._pollers.append(poller)
        return poller

    def sweep(self, folder: str) -> None:
        """Remove temporary files of dead processes from a folder, once and in the background."""
        if folder not in self._swept:
            self._swept.add(folder)
            self.context.background(lambda: sweep(folder))

    def stop(self) -> None:
        self.appender.close()
        pollers, self._pollers = self._pollers, []
        for poller in pollers:
            poller.close()
