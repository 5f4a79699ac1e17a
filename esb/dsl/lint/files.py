"""Who may change a route file: whoever can, runs code with the rights of the bus."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from esb.dsl.lint.rules import WRITABLE, Finding
from esb.errors import Position


def ownership(file: Path, name: str, owner: int) -> Iterator[Finding]:
    """The findings about a file, and about the folder it is in: open to all, or owned by somebody else than root, who runs this, or ``owner``.

    ``owner`` is the user that owns the project's folder, who may well be another than the one the bus runs as.
    """
    at = Position(name, 1, 1)
    try:
        own, folder = file.stat(), file.parent.stat()
    except OSError:
        return  # whoever reads it tells
    if own.st_mode & stat.S_IWOTH:
        yield Finding(WRITABLE, f"every user may change {name}", at, f"chmod o-w {name}")
    elif folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        place = Path(name).parent
        yield Finding(WRITABLE, f"every user may replace {name}: its folder is open", at, f"chmod o-w {place}")
    for held, what in ((own, name), (folder, f"the folder of {name}")):
        if held.st_uid not in {0, owner, os.getuid()}:
            hint = "give it to the owner of the project's folder, or to root"
            yield Finding(WRITABLE, f"{what} belongs to user {held.st_uid}", at, hint)
            return
