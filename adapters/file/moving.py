"""Giving a file another name, in another folder or on another disk."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from esb.exchange import new_id

NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})
"""What a file system says that has no hard links (or a kernel, of files of others): there, the look and the rename are two steps."""


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
        _copy(file, Path(target), fresh=False)


def move_beside(source: str, target: str, *, copy: bool = True) -> str:
    """As :func:`move`, but nothing is replaced: where the name is taken, the file gets one beside it, ``a~1.csv``. Returns what it got."""
    if source == target:
        return target
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    for path in _beside(target):
        try:
            _move_fresh(source, path, copy=copy)
        except FileExistsError:
            if not os.path.samestat(os.lstat(source), os.lstat(path)):
                continue
            Path(source).unlink()  # who did this before us died between the two steps
        return path
    raise AssertionError  # there is always a next number


def _beside(path: str) -> Iterator[str]:
    yield path
    folder, _, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    for number in itertools.count(1):
        yield f"{folder}/{stem}~{number}{dot}{extension}"


def _move_fresh(source: str, target: str, *, copy: bool) -> None:
    """Raises FileExistsError if the name is taken, even if it was taken a moment ago: a link fails then, a rename would replace."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        other_disk = error.errno == errno.EXDEV and copy
        if not other_disk and error.errno not in NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from error
        if other_disk:
            _copy(Path(source), Path(target), fresh=True)
        else:
            Path(source).replace(target)
    else:
        Path(source).unlink()


def _copy(source: Path, target: Path, *, fresh: bool) -> None:
    """Under a temporary name first and forced to disk before the source goes: half a file is never seen, and a crash leaves one of them whole."""
    temporary = target.with_name(f".{new_id()}.esb-tmp")
    try:
        shutil.copy2(source, temporary, follow_symlinks=False)
        handle = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if fresh:
            _move_fresh(str(temporary), str(target), copy=False)
        else:
            temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    source.unlink()
