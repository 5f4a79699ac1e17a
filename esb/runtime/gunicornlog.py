"""gunicorn's lines through our logging, with its chatter at debug level."""

from __future__ import annotations

import logging
from typing import Any


class QuietLogger:
    """Keeps gunicorn's logger contract (gunicorn.glogging.Logger) on top of the standard library's logging."""

    _CHATTER = (
        "Starting gunicorn",
        "Using worker",
        "Booting worker",
        "Handling signal",
        "Shutting down",
        "Worker exiting",
    )

    _TRIED = ("Connection in use", "Invalid address", "connection to")

    def __init__(self, cfg: Any) -> None:
        self.cfg = cfg
        self._reason = ""
        self.error_log = logging.getLogger("esb.gunicorn")
        self.access_log = logging.getLogger("esb.gunicorn.access")

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg

    def info(self, msg: str, *args: Any, **kwargs: Any) -> None:
        level = logging.DEBUG if msg.startswith(self._CHATTER) else logging.INFO
        self.error_log.log(level, msg, *args, **kwargs)

    def critical(self, msg: str, *args: Any, **kwargs: Any) -> None:
        self.error_log.critical(msg, *args, **kwargs)

    def error(self, msg: str, *args: Any, **kwargs: Any) -> None:
        if msg.startswith(self._TRIED):  # five times, a second apart
            self._reason = msg.rpartition("] ")[2]
            self.error_log.debug(msg, *args, **kwargs)
        elif msg == "Can't connect to %s":  # it means: listen
            self.error_log.error(
                "cannot listen at %s: %s; 'ss -ltnp' names who does, and 'http' and 'management' in esb.yaml say where this instance listens",
                *args,
                self._reason,
            )
        else:
            self.error_log.error(msg, *args, **kwargs)

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        self.error_log.warning(msg, *args, **kwargs)

    def debug(self, msg: str, *args: Any, **kwargs: Any) -> None:
        self.error_log.debug(msg, *args, **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        self.error_log.exception(msg, *args, **kwargs)

    def log(self, lvl: Any, msg: str, *args: Any, **kwargs: Any) -> None:
        level = getattr(logging, lvl.upper(), logging.INFO) if isinstance(lvl, str) else lvl
        self.error_log.log(level, msg, *args, **kwargs)

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Requests are counted by their routes."""

    def reopen_files(self) -> None:
        """There are none: standard output is the supervisor's."""

    def close_on_exec(self) -> None:
        """As reopen_files."""
