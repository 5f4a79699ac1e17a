"""Text that must not be shown."""

from __future__ import annotations


class Secret(str):
    """A text whose ``repr`` is ``***``: a password from a credential file, or any text that one was put into.

    It works wherever a text works; a traceback, a dataclass or a container that shows it shows the stars. ``str(secret)`` and formatting
    give the text itself, since that is how it gets to the other side.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"
