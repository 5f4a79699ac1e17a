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
    try:
        os.replace(source, target)
    except FileNotFoundError:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV or not copy:
            raise
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        _copy(source, target)


def _copy(source: str, target: str) -> None:
    """Under a temporary name first and forced to disk before the source goes: half a file is never seen, and a crash leaves one of them whole."""
    folder = os.path.dirname(target)
    temporary = f"{folder}/.{new_id()}.esb-tmp"
    try:
        shutil.copy2(source, temporary, follow_symlinks=False)
        handle = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, target)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    os.unlink(source)
