"""A file that is being processed: what became of it is decided when its unit of work settles."""

from __future__ import annotations

import logging
import mimetypes
import os
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.file.body import FileBody
from adapters.file.claim import Claim
from adapters.file.errors import shown
from adapters.file.found import Found
from adapters.file.moving import move, move_beside
from esb.errors import unknown_outcome
from esb.exchange import IN_ONLY, Exchange
from esb.unit import UnitOfWork

if TYPE_CHECKING:
    from adapters.file.disposal import Disposal

log = logging.getLogger("esb.file")


class Taken:
    """A claimed file with its exchange. The claim is released when the file has been moved, deleted or given back."""

    def __init__(self, found: Found, claim: Claim, key: str | None, disposal: Disposal) -> None:
        self.original = found
        self.found = found
        self.claim = claim
        self.facts = claim.facts
        """Of the file where it is now."""
        self.key = key
        self.disposal = disposal
        self.done_file = disposal.done_file(found)
        self.exchange: Exchange | None = None
        self.body: FileBody | None = None
        self.last_of_batch = False
        self.failed = False
        self.unknown = False
        """A call that its route made may have had its effect: it is not made again by itself."""
        self.trouble = ""
        """Why the file could not be moved, as it was told."""

    def begin(self) -> None:
        """Give the file its ``preMove`` name. Raises OSError."""
        endpoint = self.disposal.endpoint
        if self.disposal.pre_move is None:
            return
        path = self.disposal.pre_move(self.found.as_exchange, self.found)
        self.claim.note(path)
        move(self.found.path, path, copy=endpoint.copy_and_delete_on_rename_fail)
        self.facts = os.lstat(path)  # on another disk it is a copy
        self.found = self.found.moved(path, os.path.relpath(path, endpoint.folder))

    def message(self) -> Exchange:
        """The exchange: headers that tell about the file, and a body that reads it."""
        endpoint, found = self.disposal.endpoint, self.found
        facts = self.facts
        self.body = FileBody(
            found.path, found.name, facts.st_size, endpoint.charset or "utf-8", (facts.st_dev, facts.st_ino)
        )
        exchange = Exchange(self.body, found.headers(), pattern=endpoint.exchange_pattern or IN_ONLY)
        if endpoint.charset:
            exchange.properties["CamelCharsetName"] = endpoint.charset
        if endpoint.probe_content_type:
            kind = mimetypes.guess_type(found.only_name)[0]
            if kind:
                exchange.headers["CamelFileContentType"] = kind
        exchange.from_endpoint = endpoint.uri
        self.exchange = exchange
        return exchange

    def settled(self, unit: UnitOfWork) -> None:
        """The outcome is known. Never raises."""
        self.failed = unit.error is not None
        self.unknown = unit.error is not None and unknown_outcome(unit.error)
        self.disposal.settle(self)

    def finish(self) -> None:
        """Move or delete the file by its outcome. Raises OSError if that cannot be done now; may be tried again."""
        disposal = self.disposal
        exchange = self.exchange or Exchange()
        stays = disposal.endpoint.noop
        if not self.failed:
            if not stays:
                self._commit(exchange)
            return
        if disposal.move_failed is not None and not stays:
            self._put_aside(disposal.move_failed(exchange, self.found))
        elif self.unknown and not stays:
            self._put_aside(disposal.unknown(exchange, self.original))
        elif self.found is not self.original:
            self._put_aside(self.original.path)
        if self.unknown:
            log.error(
                "%s is not read again by itself: a call that its route made may have had its effect. Look at the partner first; the file is %s",
                *map(shown, (self.original.path, self.body.path if self.body is not None else self.found.path)),
            )

    def _commit(self, exchange: Exchange) -> None:
        disposal = self.disposal
        if self._still_there():
            if disposal.endpoint.delete:
                Path(self.found.path).unlink(missing_ok=True)
            else:
                path = disposal.move(exchange, self.found)
                move(self.found.path, path, copy=disposal.endpoint.copy_and_delete_on_rename_fail)
                self._follow(path)
        disposal.remove_done_file(self)

    def _put_aside(self, path: str) -> None:
        """Move a file that is not done: it replaces nothing, neither one that came meanwhile nor one that failed before."""
        if not self._still_there():
            return
        got = move_beside(self.found.path, path, copy=self.disposal.endpoint.copy_and_delete_on_rename_fail)
        if got != path:
            log.warning(
                "%s has failed and is now %s: there is another file %s", *map(shown, (self.found.path, got, path))
            )
        self._follow(got)

    def _follow(self, path: str) -> None:
        if self.body is not None:
            self.body.path = path

    def _still_there(self) -> bool:
        """Whether the file that was read stands under its path. What somebody has put there meanwhile is a new file, which nobody has read."""
        try:
            there = os.lstat(self.found.path)
        except FileNotFoundError:
            log.info("%s was removed while it was processed", shown(self.found.path))
            return False
        if os.path.samestat(there, self.facts):
            return True
        log.warning("%s was replaced while it was processed; the new file is read next", shown(self.found.path))
        return False
