"""GnuPG with a home of its own: the keys of some rings, and its commands on data in memory.

GnuPG reads and writes all that partners send (compressed, signed within, by old keys); OpenPGP libraries for Python do not. It is one process
a call; its agent, which holds the secret keys, lives as long as the home, and the home as long as the worker.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from esb.component import Context
from esb.errors import ConfigError, Malformed, OptionError, Position, ReferenceFault

LONGEST: Final = 300.0
"""Seconds that one call may take."""
_STATUS: Final = "[GNUPG:] "
# Nothing is read from the user's own configuration, nothing is fetched, and nobody is asked.
_WORDS: Final = (
    "--no-options --batch --no-tty --quiet --pinentry-mode loopback --trust-model always "
    "--disable-dirmngr --no-auto-key-retrieve --no-auto-check-trustdb"
).split()


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a ring."""

    fingerprint: str
    users: tuple[str, ...]
    secret: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call gave: its output, and what it said as (keyword, words)."""

    done: bool
    data: bytes
    status: tuple[tuple[str, str], ...]
    said: str

    def all(self, *keywords: str) -> list[str]:
        """The words of each line with one of the keywords."""
        return [words for keyword, words in self.status if keyword in keywords]


class Home:
    """A private folder of GnuPG. Thread-safe: its calls are processes of their own. Removed with the object, or at the end of the process."""

    def __init__(self, at: Position) -> None:
        self._gpg = shutil.which("gpg") or ""
        if not self._gpg:
            raise ConfigError("pgp needs the program gpg, which is not there", at, "install GnuPG (Debian: gnupg)")
        self._folder = tempfile.mkdtemp(
            prefix="esb-pgp-"
        )  # readable by us alone; short, for the agent's socket is in it
        # The agent opens a key with its password at each use. Rings keep theirs well protected; in here, behind the folder's rights, the
        # costly stretching of the password would only be repeated for each message (0.1 s and more).
        (Path(self._folder) / "gpg-agent.conf").write_text("s2k-count 65536\n", encoding="ascii")
        weakref.finalize(self, _removed, self._folder, os.getpid())

    def call(self, *words: str, data: bytes = b"", password: str | None = None) -> Outcome:
        """Run gpg. Raises Malformed if it takes too long."""
        given, end = os.pipe()
        try:
            with os.fdopen(end, "w", encoding="utf-8") as pipe:
                pipe.write(password or "")
            with tempfile.NamedTemporaryFile("r", dir=self._folder, encoding="utf-8", errors="replace") as status:
                ran = subprocess.run(  # noqa: S603  # no shell; user ids come in as fingerprints only
                    [
                        self._gpg,
                        "--homedir",
                        self._folder,
                        *_WORDS,
                        "--status-file",
                        status.name,
                        "--passphrase-fd",
                        str(given),
                        *words,
                    ],
                    input=data,
                    capture_output=True,
                    check=False,
                    pass_fds=(given,),
                    timeout=LONGEST,
                    env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                )
                lines = [line.removeprefix(_STATUS).rstrip().partition(" ") for line in status]
        except subprocess.TimeoutExpired:
            raise Malformed(f"gpg took more than {LONGEST:.0f} s") from None
        finally:
            os.close(given)
        said = [
            line.removeprefix("gpg: ") for line in ran.stderr.decode("utf-8", "replace").splitlines() if line.strip()
        ]
        return Outcome(
            ran.returncode == 0, ran.stdout, tuple((key, rest) for key, _, rest in lines), said[-1] if said else ""
        )


class Ring:
    """The keys of one ring, put into a home. Immutable."""

    def __init__(self, home: Home, context: Context, told: str, at: Position) -> None:
        data, self._name = _content(context, told, at)
        self._at = at
        shown = home.call("--with-colons", "--show-keys", data=data)
        self.keys = _listed(shown.data.decode("utf-8", "replace").splitlines())
        if not self.keys or not home.call("--import", data=data).all("IMPORT_OK"):
            raise ReferenceFault(
                f"the key ring {self._name!r} has no key of OpenPGP: {shown.said or 'nothing in it'}",
                at,
                "gpg --export (or --export-secret-keys) makes such a file",
            )

    def of(self, user: str | None) -> Key:
        """The one key whose user ids contain the text, or the only key where none is asked for. Raises OptionError."""
        found = self.all_of(user)
        if len(found) == 1:
            return found[0]
        # Camel encrypts for all of them: then whoever gets a key into the ring can read along.
        raise OptionError(
            f"{self._name}: {len(found)} keys fit the user id {user or ''!r}",
            self._at,
            f"say which one of: {self._users()}",
        )

    def all_of(self, user: str | None) -> tuple[Key, ...]:
        """All that fit; at least one. Raises OptionError."""
        found = tuple(
            key for key in self.keys if user is None or any(user in one for one in (*key.users, key.fingerprint))
        )
        if not found:
            raise OptionError(f"{self._name}: no key has the user id {user!r}", self._at, f"it has: {self._users()}")
        return found

    def _users(self) -> str:
        return ", ".join(sorted({one for key in self.keys for one in key.users}))


def _content(context: Context, told: str, at: Position) -> tuple[bytes, str]:
    if told.lstrip().startswith("-----BEGIN PGP"):
        return told.encode(), "the given keys"
    name = told.removeprefix("file:").removeprefix("classpath:")
    try:
        return context.path(name).read_bytes(), name
    except OSError as error:
        raise ReferenceFault(
            f"the key ring {name!r} cannot be read: {error.strerror or error}",
            at,
            "the path begins at the project's folder",
        ) from error


def _listed(lines: Sequence[str]) -> tuple[Key, ...]:
    """The keys of ``--with-colons``: a key's own lines follow its ``pub`` or ``sec``, the first ``fpr`` is its own (doc/DETAILS of GnuPG)."""
    found: list[tuple[bool, list[str], list[str]]] = []
    for line in lines:
        record = line.split(":")
        if record[0] in {"pub", "sec"}:
            found.append((record[0] == "sec", [], []))
        elif found and record[0] == "fpr":
            found[-1][1].append(record[9])
        elif found and record[0] == "uid":
            found[-1][2].append(record[9].replace("\\x3a", ":"))
    return tuple(Key(prints[0], tuple(users), secret) for secret, prints, users in found if prints)


def _removed(folder: str, owner: int) -> None:
    if os.getpid() != owner:  # a fork has the object, too, but the home is its parent's
        return
    agents = shutil.which("gpgconf")
    if agents:
        words = [agents, "--homedir", folder, "--kill", "all"]
        subprocess.run(words, check=False, capture_output=True, timeout=LONGEST)  # noqa: S603  # as above
    shutil.rmtree(folder, ignore_errors=True)
