"""The component: what the endpoints of a process share."""

from __future__ import annotations

from adapters.file.appending import Appender
from adapters.file.endpoint import FileEndpoint
from esb.component import Component, Context


class FileComponent(Component):
    """Holds the files that messages are appended to, so that many endpoints and threads write one file line by line. Thread-safe."""

    schemes = ("file",)
    endpoint_class = FileEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.appender = Appender()

    def stop(self) -> None:
        self.appender.close()
