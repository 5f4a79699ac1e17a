"""SQLite's errors in the bus's words."""

from __future__ import annotations

from esb.errors import Rejected, TransportError

_HINTS = {
    "SQLITE_FULL": "the disk is full; free space, the broker goes on by itself",
    "SQLITE_IOERR": "the disk failed to read or write; check the disk and the kernel's log",
    "SQLITE_READONLY": "the file or its folder cannot be written; check owner and permissions",
    "SQLITE_CANTOPEN": "the file cannot be opened or made; check the path and the permissions",
    "SQLITE_BUSY": "another process held the file's write lock too long",
    "SQLITE_CORRUPT": "the file is damaged; stop the bus, restore the file or move it away",
    "SQLITE_NOTADB": "the file is not a SQLite database; name another file",
    "SQLITE_TOOBIG": "a message is larger than SQLite can store (1 GB)",
}


def explained(cause: BaseException, path: str) -> TransportError:
    """What went wrong with the file at ``path``, and what to do about it."""
    if isinstance(cause, TransportError):
        return cause
    name = getattr(cause, "sqlite_errorname", "")
    hint = next((text for code, text in _HINTS.items() if name.startswith(code)), "see the log")
    return Rejected(f"{path}: {cause} ({name or type(cause).__name__}): {hint}", endpoint=path)
