"""What goes wrong with files, in the bus's tree of errors. Each is also an OSError, so that a route's ``java.io.IOException`` catches it."""

from __future__ import annotations

from esb.errors import Rejected, RouteError


class NotStored(Rejected, OSError):
    """The message is not in the file: disk full, no permission, no folder. Another try may help; nothing stands under the final name."""

    __str__ = Exception.__str__  # OSError's own form wants an errno


class Refused(NotStored):
    """The file will not be written, however often it is tried: it exists, or the body is nothing that a file can hold."""

    retriable = False


class FileGone(RouteError, OSError):
    """The file behind a body was removed or replaced while a route was reading it."""

    __str__ = Exception.__str__


def shown(name: object) -> str:
    """A file name for logs and messages: control characters and what is no text are escaped, so that no name writes log lines of its own."""
    told = str(name)
    return told if told.isprintable() else told.encode("unicode_escape", "backslashreplace").decode("ascii")
