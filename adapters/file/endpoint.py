"""Options of ``file:``."""

from __future__ import annotations

import codecs
import os
import threading
import time
from typing import TYPE_CHECKING

from adapters.file.consumer import FileConsumer
from adapters.file.naming import dynamic
from adapters.file.poller import Poller, pause_until
from adapters.file.producer import FileProducer
from esb.component import Deliver, Endpoint
from esb.errors import EsbError, NotConnected, OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field

if TYPE_CHECKING:
    from adapters.file.component import FileComponent

_TIME_UNITS = {"MILLISECONDS": 1.0, "SECONDS": 1000.0, "MINUTES": 60_000.0, "HOURS": 3_600_000.0, "DAYS": 86_400_000.0}


class FileEndpoint(Endpoint):
    """Options of ``file:``, for both ends. What Camel has for Java's sake only (schedulers, strategies as classes) is not known here."""

    component: FileComponent

    directory_name = field(Kind.TEXT, path=True, doc="The folder, below the project's unless absolute.", example="in")

    # -- both ends
    charset = field(Kind.TEXT, None, doc="Character set of the file; UTF-8 if not given.", example="ISO-8859-1")
    file_name = field(
        Kind.TEXT,
        None,
        doc="To write: the name, in simple; it beats the header CamelFileName. To read: the only name to look for.",
        example="orders-${date:now:yyyyMMdd}.csv",
    )
    done_file_name = field(
        Kind.TEXT,
        None,
        doc="A file beside the other that says it is complete; ${file:name} and ${file:name.noext} may stand in it.",
        example="${file:name}.done",
    )
    auto_create = field(Kind.BOOL, True, doc="Make missing folders.")
    copy_and_delete_on_rename_fail = field(
        Kind.BOOL, True, doc="Move to another file system by copy and delete; otherwise such a move fails."
    )
    rename_using_copy = field(Kind.BOOL, False, doc="Accepted: a rename is used wherever it works.")
    buffer_size = field(Kind.SIZE, 131_072, doc="Bytes copied at a time.")
    synchronous = field(Kind.BOOL, False, doc="Accepted: reading and writing are synchronous in any case.")

    # -- reading: what becomes of the file
    delete = field(Kind.BOOL, False, doc="Delete the file when its route is done.")
    noop = field(Kind.BOOL, False, doc="Leave the file where it is, and read each once (see idempotent).")
    move = field(
        Kind.TEXT,
        None,
        doc="Where a file goes when its route is done: a folder, or a name in simple. By default .camel.",
        example="done/${date:now:yyyyMMdd}/${file:name}",
    )
    move_failed = field(
        Kind.TEXT,
        None,
        doc="Where it goes when the route failed, beside files of its name that failed before. By default it stays and is retried; "
        "but where a call may have had its effect it goes to the folder .unknown beside it, and waits for somebody to decide.",
    )
    pre_move = field(Kind.TEXT, None, doc="Where it goes before it is read; it comes back if nothing else is said.")

    # -- reading: which files
    recursive = field(Kind.BOOL, False, doc="Read folders below, too.")
    min_depth = field(Kind.INT, 0, doc="1 is the folder itself, 2 those directly below.")
    max_depth = field(Kind.INT, 2**31 - 1, doc="How deep to go.")
    include = field(Kind.TEXT, None, doc="Regular expression of names to read, ignoring case.", example=r".*\.csv")
    exclude = field(Kind.TEXT, None, doc="Regular expression of names not to read, ignoring case.")
    include_ext = field(Kind.NAMES, (), doc="Extensions to read.", example="csv,txt")
    exclude_ext = field(Kind.NAMES, (), doc="Extensions not to read.")
    ant_include = field(Kind.NAMES, (), doc="Ant patterns of paths to read.", example="**/*.csv")
    ant_exclude = field(Kind.NAMES, (), doc="Ant patterns of paths not to read.")
    ant_filter_case_sensitive = field(Kind.BOOL, True, doc="Whether Ant patterns look at case.")
    filter = field(
        Kind.REF,
        None,
        doc="Bean that decides: a function of a file (name, path, length, modified), or its accept method.",
    )
    filter_file = field(Kind.TEXT, None, doc="Predicate in simple.", example="${file:size} > 5000")
    filter_directory = field(Kind.TEXT, None, doc="Predicate in simple on the folders to enter.")
    include_hidden_files = field(Kind.BOOL, False, doc="Read files whose names begin with a dot.")
    include_hidden_dirs = field(Kind.BOOL, False, doc="Enter folders whose names begin with a dot.")
    idempotent = field(Kind.BOOL, False, doc="Read no file twice, by its path or idempotentKey; noop brings this.")
    idempotent_key = field(
        Kind.TEXT, None, doc="What makes two files the same, in simple.", example="${file:name}-${file:modified}"
    )
    idempotent_repository = field(Kind.REF, None, doc="Where keys are kept; in memory if not given.")
    idempotent_eager = field(Kind.BOOL, False, doc="Accepted: a key is known as started from the beginning.")

    # -- reading: order and number
    sort_by = field(Kind.TEXT, None, doc="Keys, in simple.", example="file:modified;reverse:ignoreCase:file:name")
    pre_sort = field(Kind.BOOL, False, doc="Go through folders in the order of names.")
    shuffle = field(Kind.BOOL, False, doc="Read in random order.")
    max_messages_per_poll = field(Kind.INT, 0, doc="Most files a poll; 0: all.")
    eager_max_messages_per_poll = field(Kind.BOOL, True, doc="Stop listing at that number, before sorting.")

    # -- reading: is the file complete, and is it ours
    read_lock = field(
        Kind.TEXT,
        "none",
        enum=(
            *("none", "markerFile", "fileLock", "rename", "changed"),
            *("idempotent", "idempotent-changed", "idempotent-rename"),
        ),
        doc="How to know that nobody else reads or writes the file. A file is claimed by a lock of the kernel in any case; "
        "markerFile keeps Camel's own readers off as well, changed waits until the file stands still.",
    )
    read_lock_check_interval = field(Kind.DURATION, 1.0, doc="changed: how long a file must stand still.")
    read_lock_timeout = field(Kind.DURATION, 10.0, doc="Accepted: no poll waits longer than one check interval.")
    read_lock_min_length = field(Kind.INT, 1, doc="changed: smallest size in bytes; 0 for files that may be empty.")
    read_lock_min_age = field(Kind.DURATION, 0.0, doc="changed: how old the file must be as well.")
    read_lock_marker_file = field(Kind.BOOL, True, doc="changed, rename, fileLock: make a marker file as well.")
    read_lock_delete_orphan_lock_files = field(Kind.BOOL, True, doc="Take over marker files that no process holds.")
    read_lock_remove_on_commit = field(Kind.BOOL, False, doc="idempotent: forget the key when the route is done.")
    read_lock_remove_on_rollback = field(Kind.BOOL, True, doc="idempotent: forget the key when the route failed.")
    read_lock_idempotent_release_async = field(Kind.BOOL, False, doc="Accepted without effect.")
    read_lock_idempotent_release_delay = field(Kind.DURATION, 0.0, doc="Accepted without effect.")
    read_lock_logging_level = field(Kind.TEXT, "DEBUG", doc="Accepted without effect.")

    # -- reading: when
    initial_delay = field(Kind.DURATION, 1.0, doc="Time before the first poll.")
    delay = field(Kind.DURATION, 0.5, doc="Time between polls.")
    use_fixed_delay = field(Kind.BOOL, True, doc="Count the delay from the end of a poll rather than from its start.")
    time_unit = field(Kind.TEXT, "MILLISECONDS", enum=tuple(_TIME_UNITS), doc="What bare numbers of both delays mean.")
    repeat_count = field(Kind.INT, 0, doc="How many polls; 0: for ever.")
    greedy = field(Kind.BOOL, False, doc="Poll again at once if files were found.")
    start_scheduler = field(Kind.BOOL, True, doc="Whether to poll at all.")
    run_logging_level = field(Kind.TEXT, "TRACE", doc="Accepted without effect.")
    send_empty_message_when_idle = field(Kind.BOOL, False, doc="Run the route with no body if there was no file.")
    backoff_multiplier = field(Kind.INT, 0, doc="Polls to leave out after the thresholds below.")
    backoff_idle_threshold = field(Kind.INT, 0, doc="That many polls without a file.")
    backoff_error_threshold = field(Kind.INT, 0, doc="That many failed polls.")
    starting_directory_must_exist = field(Kind.BOOL, False, doc="Without autoCreate: do not start without the folder.")
    starting_directory_must_have_access = field(Kind.BOOL, False, doc="Accepted: a folder without access is told.")
    directory_must_exist = field(Kind.BOOL, False, doc="As startingDirectoryMustExist.")
    probe_content_type = field(Kind.BOOL, False, doc="Set CamelFileContentType by the extension.")

    # -- writing
    file_exist = field(
        Kind.TEXT,
        "Override",
        enum=("Override", "Append", "Fail", "Ignore", "Move", "TryRename"),
        doc="What to do if the file exists.",
    )
    move_existing = field(Kind.TEXT, None, doc="fileExist=Move: where the old file goes, as move.")
    append_chars = field(Kind.TEXT, None, raw=True, doc=r"Text after each message, such as \n.")
    temp_prefix = field(Kind.TEXT, None, doc="Write under this prefix first. Without it a hidden name is used.")
    temp_file_name = field(
        Kind.TEXT,
        None,
        doc="Write under this name first, in simple. Messages that share a temporary name wait for each other.",
    )
    eager_delete_target_file = field(Kind.BOOL, True, doc="Accepted: the old file is replaced in one step.")
    allow_null_body = field(Kind.BOOL, False, doc="Write an empty file for a message without a body.")
    chmod = field(Kind.TEXT, None, doc="Mode of written files, octal.", example="640")
    chmod_directory = field(Kind.TEXT, None, doc="Mode of folders that are made, octal.", example="750")
    keep_last_modified = field(Kind.BOOL, False, doc="Keep the time in the header CamelFileLastModified.")
    flatten = field(Kind.BOOL, False, doc="Drop folders from the name.")
    jail_starting_directory = field(Kind.BOOL, True, doc="Refuse names that lead out of the folder.")
    force_writes = field(
        Kind.BOOL,
        True,
        doc="Force files to disk before the message counts as written. Appended messages share the cost: each is acknowledged "
        "to its source when it is on disk.",
    )
    checksum_file_algorithm = field(
        Kind.TEXT, None, enum=("md5", "sha1", "sha256", "sha512"), doc="Write the checksum beside the file."
    )

    def prepare(self) -> None:
        if dynamic(self.directory_name):
            raise OptionError(
                f"file:{self.directory_name}: the folder cannot have functions in it",
                self.at,
                "put them into fileName, or use toD",
            )
        self.shown_folder: str = self.directory_name.rstrip("/") or "/"
        self.folder: str = os.path.normpath(self.context.path(self.shown_folder).absolute())
        self._check()
        unit = _TIME_UNITS[self.time_unit]
        self.delay *= unit
        self.initial_delay *= unit
        self._poller: Poller | None = None
        self._polling = threading.Lock()

    def _check(self) -> None:
        told = f"file:{self.directory_name}"
        if self.delete and self.move:
            raise OptionError(f"{told}: delete and move exclude each other", self.at, "leave one of them out")
        if self.delete and self.noop:
            raise OptionError(f"{told}: delete and noop exclude each other", self.at, "leave one of them out")
        if self.read_lock.startswith("idempotent") and not self.idempotent_repository:
            raise OptionError(f"{told}: readLock={self.read_lock} needs an idempotentRepository", self.at)
        if self.file_exist == "Move" and not self.move_existing:
            raise OptionError(f"{told}: fileExist=Move needs moveExisting", self.at, "name the folder for old files")
        if self.move_existing and self.file_exist != "Move":
            raise OptionError(f"{told}: moveExisting needs fileExist=Move", self.at)
        if self.file_exist == "TryRename" and not (self.temp_prefix or self.temp_file_name):
            raise OptionError(f"{told}: fileExist=TryRename needs tempPrefix or tempFileName", self.at)
        if self.file_exist == "Append" and (self.temp_prefix or self.temp_file_name):
            raise OptionError(f"{told}: fileExist=Append and a temporary name exclude each other", self.at)
        if self.delay < 0 or self.initial_delay < 0:
            raise OptionError(f"{told}: delay and initialDelay must not be negative", self.at)
        if self.charset:
            try:
                codecs.lookup(self.charset)
            except LookupError:
                raise OptionError(f"{told}: there is no charset {self.charset!r}", self.at) from None

    def producer(self) -> FileProducer:
        return FileProducer(self)

    def consumer(self, deliver: Deliver) -> FileConsumer:
        return FileConsumer(self, deliver)

    def poll(self, timeout: float | None) -> Exchange | None:
        """One file; it is moved when the exchange's unit settles. Raises NotConnected if the folder cannot be read."""
        deadline = None if timeout is None else time.monotonic() + timeout
        stop = self.context.stopping
        while True:
            with self._polling:
                if self._poller is None:
                    self._poller = self.component.opened(Poller(self))
                exchange = self._take_one(self._poller, stop)
            if exchange is not None or pause_until(deadline, stop, min(self.delay, 0.5) or 0.01):
                return exchange

    def _take_one(self, poller: Poller, stop: threading.Event) -> Exchange | None:
        try:
            for found in poller.poll(0 if self.sort_by or self.shuffle else 16, stop.wait):
                taken = poller.take(found)
                if taken is not None:
                    taken.last_of_batch = True
                    return taken.exchange
        except FileNotFoundError:
            return None
        except EsbError:
            raise
        except OSError as error:
            raise NotConnected(f"the folder {self.folder} cannot be read: {error}", endpoint=self.uri) from error
        return None
