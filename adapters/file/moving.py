"""Giving a file another name, in another folder or on another disk."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from esb.exchange import new_id


def move(source: str, target: str, *, copy: bool = True) -> None:
    """Rename, replacing what stands under the new name; folders are made. ``copy``: to another file system by copy and delete. Raises OSError."""
    if source == target:
        return
    file = Path(source)
    try:
        file.replace(target)
    except FileNotFoundError:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV or not copy:
            raise
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        _copy(file, Path(target))


def _copy(source: Path, target: Path) -> None:
    """Under a temporary name first and forced to disk before the source goes: half a file is never seen, and a crash leaves one of them whole."""
    temporary = target.with_name(f".{new_id()}.esb-tmp")
    try:
        shutil.copy2(source, temporary, follow_symlinks=False)
        handle = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    source.unlink()
