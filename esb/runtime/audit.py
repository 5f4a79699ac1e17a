"""Who changed what by hand: a line of JSON for each action, appended to ``audit.jsonl`` in the project's state folder.

Written by the command line and by the management API, before the answer. The file is only ever appended to; rotate it by renaming.
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
import logging
import os
from pathlib import Path
from typing import Any

_log = logging.getLogger("esb.audit")
FILE = "audit.jsonl"


def record(folder: Path, action: str, by: str, **details: Any) -> None:
    """Append a line. Safe from several processes: one write each, to a file opened for appending.

    A folder that cannot be written is an error in the log, not of the action, which is done by then.
    """
    told = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"), "by": by, "action": action} | details
    line = json.dumps(told, default=str, ensure_ascii=False)
    _log.info("%s", line)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, f"{line}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        _log.error("%s could not be written in %s: %s", FILE, folder, error)


def person() -> str:
    """Who sits at the command line: the one who called sudo, if so."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return f"uid {os.getuid()}"
