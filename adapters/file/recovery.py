"""After a crash: a file that was renamed before it was read (``preMove``) gets its name back from the marker that stands for it.

Whoever may write into the folder can write such a marker, too. So it is obeyed only where it names what ``preMove`` itself makes of that file.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.file.claim import MARKER, left_by_us, locked
from adapters.file.errors import shown
from adapters.file.found import Found
from adapters.file.moving import move_beside
from adapters.file.naming import target
from esb.exchange import Exchange, new_id

if TYPE_CHECKING:
    from adapters.file.endpoint import FileEndpoint

log = logging.getLogger("esb.file")

_VARIES: Final = re.compile(
    r"\$(?:simple)?\{(?:date(?:-with-timezone)?:(?:now|millis|exchangeCreated)|uuid|random|exchangeId|messageId|id)\b[^{}]*\}"
)
"""Functions of simple that give something else each time."""
_ANYTHING: Final = "EsbAnything"
_MOST_TOLD: Final = 1000


class Recovery:
    """Clears markers of dead processes away, for one endpoint. For one thread at a time."""

    def __init__(self, endpoint: FileEndpoint) -> None:
        self._endpoint = endpoint
        written = _VARIES.sub(f"${{header.{_ANYTHING}}}", endpoint.pre_move or "")
        self._target = target(endpoint.context, written, endpoint.folder, endpoint.at) if written else None
        self._told: dict[str, str] = {}

    def clear(self, marker_path: str) -> bool:
        """If it is one of ours whose owner is dead, bring its file back and remove it; False if it must stay, and keeps its file from being read."""
        try:
            marker = locked(marker_path)
            if marker is None:
                return True  # there is none, or its owner lives
            try:
                return self._cleared(marker, marker_path)
            finally:
                os.close(marker)
        except OSError as error:
            self._tell(marker_path, f"it cannot be cleared away: {error}")
        return False

    def _cleared(self, marker: int, marker_path: str) -> bool:
        original = marker_path.removesuffix(MARKER)
        meanwhile = left_by_us(marker)
        if meanwhile is None:
            return True  # Camel's
        facts = _regular(meanwhile) if meanwhile else None
        if facts is not None:
            if not self._believed(original, meanwhile, facts):
                self._tell(
                    marker_path,
                    f"it names {shown(meanwhile)}, where preMove does not put that file. It may be forged and is not obeyed, and no file of that "
                    "name is read; if the file is yours (preMove was changed), move it back, and remove the marker in any case",
                )
                return False
            back = move_beside(meanwhile, original)
            log.warning("%s was left half done by a process that died; it is read again", shown(back))
        Path(marker_path).unlink(missing_ok=True)
        self._told.pop(marker_path, None)
        return True

    def _believed(self, original: str, meanwhile: str, facts: os.stat_result) -> bool:
        if self._target is None:
            return False
        endpoint, anything = self._endpoint, new_id()
        found = Found(endpoint.folder, endpoint.shown_folder, os.path.relpath(original, endpoint.folder))
        found.facts = facts  # a rename keeps size and time
        try:
            made = self._target(Exchange(headers={_ANYTHING: anything}), found)
        except Exception:  # whatever an expression does: no name came of it
            log.debug("%s: preMove gives no name", shown(original), exc_info=True)
            return False
        pattern = ".+".join(re.escape(part) for part in made.split(anything))
        return (
            re.fullmatch(pattern, meanwhile, re.DOTALL) is not None
            and os.path.normpath(meanwhile) == meanwhile
            and self._without_links(meanwhile)
        )

    def _without_links(self, path: str) -> bool:
        """Whether no link is on the way below the input folder, where others may make one."""
        folder = self._endpoint.folder
        inside = path.removeprefix(f"{folder}/")
        return inside == path or Path(path).resolve() == Path(folder).resolve() / inside

    def _tell(self, marker_path: str, trouble: str) -> None:
        """Once, not at every poll."""
        if self._told.get(marker_path) == trouble:
            return
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told[marker_path] = trouble
        log.error("the marker file %s stays: %s", shown(marker_path), trouble)


def _regular(path: str) -> os.stat_result | None:
    """The facts of a file, if that is what stands under the path. Raises OSError if nobody can know."""
    try:
        facts = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: a NUL
        return None
    return facts if stat.S_ISREG(facts.st_mode) else None
