"""The reading end of ``file:``: polls its folder on a thread of its own and runs the route file by file."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from adapters.file.errors import shown
from adapters.file.found import Found
from adapters.file.poller import Poller
from esb.component import Consumer, Deliver
from esb.errors import EsbError, ReferenceFault
from esb.exchange import IN_ONLY, Exchange
from esb.unit import UnitOfWork

if TYPE_CHECKING:
    from adapters.file.endpoint import FileEndpoint

log = logging.getLogger("esb.file")


class FileConsumer(Consumer):
    """Runs in one process of the project only; the claims on files keep two that share a folder apart all the same."""

    exclusive: ClassVar[bool] = True

    def __init__(self, endpoint: FileEndpoint, deliver: Deliver) -> None:
        self.endpoint = endpoint
        self.deliver = deliver
        self._poller = Poller(endpoint)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._suspended = False
        self._trouble = ""
        self._idle_polls = 0
        self._bad_polls = 0

    def start(self) -> None:
        """Begin to poll. Raises ReferenceFault if the folder must be there and is not."""
        self._suspended = False
        if self._thread is not None:
            return
        endpoint = self.endpoint
        folder = Path(endpoint.folder)
        if not folder.is_dir():
            if endpoint.auto_create:
                self._make(folder)
            elif endpoint.starting_directory_must_exist:
                raise ReferenceFault(
                    f"the folder {shown(folder)} does not exist and startingDirectoryMustExist is set",
                    endpoint.at,
                    "make it, or leave autoCreate at true",
                )
        if not endpoint.start_scheduler:
            return
        self._poller.open()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stop,), name=f"file-{folder.name}", daemon=True)
        self._thread.start()

    def stop(self, drain: float = 30.0) -> None:
        """Take no new file; wait for those in hand. What is not done by then is moved when it is, or read again after a restart."""
        deadline = time.monotonic() + drain
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if thread is not threading.current_thread():
            thread.join(drain)
            self._poller.wait_idle(max(deadline - time.monotonic(), 0.0))
        self._poller.close()

    def suspend(self) -> None:
        """Take no new file until resumed."""
        self._suspended = True

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("the folder %s cannot be made, which will be tried again: %s", shown(folder), error)

    # -- the thread --------------------------------------------------------------------------------------------------------

    def _run(self, stop: threading.Event) -> None:
        endpoint = self.endpoint
        due = time.monotonic() + endpoint.initial_delay
        count = skip = 0
        while not stop.wait(max(due - time.monotonic(), 0.0)):
            began = time.monotonic()
            polled = 0
            if skip > 0:
                skip -= 1
            elif not self._suspended:
                polled = self._poll_safely(stop)
                skip = self._backoff()
                count += 1
                if endpoint.repeat_count and count >= endpoint.repeat_count:
                    return
            pause = 0.0 if endpoint.greedy and polled > 0 else endpoint.delay
            due = (time.monotonic() if endpoint.use_fixed_delay else began) + pause

    def _backoff(self) -> int:
        """How many polls to leave out now."""
        endpoint = self.endpoint
        if not endpoint.backoff_multiplier:
            return 0
        idle, bad = endpoint.backoff_idle_threshold, endpoint.backoff_error_threshold
        if (idle and self._idle_polls >= idle) or (bad and self._bad_polls >= bad):
            self._idle_polls = self._bad_polls = 0
            return int(endpoint.backoff_multiplier)
        return 0

    def _poll_safely(self, stop: threading.Event) -> int:
        try:
            polled = self._poll(stop)
        except (OSError, EsbError) as error:
            self._bad_polls += 1
            self._tell(f"{type(error).__name__}: {error}")
            if isinstance(error, FileNotFoundError) and self.endpoint.auto_create:
                self._make(Path(self.endpoint.folder))
            return 0
        except Exception:
            self._bad_polls += 1
            log.exception("%s: polling failed", self.endpoint.uri)
            return 0
        self._bad_polls = 0
        self._idle_polls = 0 if polled else self._idle_polls + 1
        if self._trouble:
            log.info("%s can be read again", shown(self.endpoint.folder))
            self._trouble = ""
        return polled

    def _tell(self, trouble: str) -> None:
        """Once, not at every poll."""
        if trouble != self._trouble:
            log.warning("%s cannot be read, which is tried again: %s", shown(self.endpoint.folder), trouble)
            self._trouble = trouble

    def _poll(self, stop: threading.Event) -> int:
        endpoint = self.endpoint
        files = self._poller.poll(endpoint.max_messages_per_poll, stop.wait)
        for index, found in enumerate(files):
            if stop.is_set() or self._suspended:
                break
            self._process(found, index, len(files))
        if not files and endpoint.send_empty_message_when_idle:
            exchange = Exchange(pattern=endpoint.exchange_pattern or IN_ONLY)
            exchange.unit = UnitOfWork()
            exchange.from_endpoint = endpoint.uri
            self.deliver([exchange])
        return len(files)

    def _process(self, found: Found, index: int, size: int) -> None:
        try:
            taken = self._poller.take(found)
        except Exception as error:
            trouble = f"{type(error).__name__}: {error}"
            log.warning("%s cannot be taken, which is tried again later: %s", shown(found.path), trouble)
            self._poller.postpone(found)
            return
        if taken is None or taken.exchange is None:
            log.debug("%s is gone or another's", shown(found.path))
            return
        taken.last_of_batch = index == size - 1
        taken.exchange.properties.update(
            CamelBatchIndex=index, CamelBatchSize=size, CamelBatchComplete=taken.last_of_batch
        )
        self.deliver([taken.exchange])
