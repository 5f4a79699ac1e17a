"""Who a caller says it is over HTTP: basic, digest, a bearer token, or OAuth 2 client credentials.

Sources: RFC 7617 (Basic), RFC 7616 (Digest, with MD5 and SHA-256, ``qop=auth``), RFC 6750 (Bearer), RFC 6749 section 4.4 (client credentials).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import time
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

from esb.errors import NotConnected, Rejected
from esb.httpcall import UNKNOWN_OUTCOME, Answer, HttpCaller

_PAIR: Final = re.compile(r'([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256"}
_EARLY: Final = 30.0
"""A token is fetched anew this many seconds before it expires."""
_TOKEN_SECONDS: Final = 20.0
_MAX_TOKEN: Final = 1 << 20


class Authentication(Protocol):
    """One partner's. Thread-safe."""

    def header(self, method: str, url: str) -> str | None:
        """The Authorization header, None to go without (and be asked)."""

    def refused(self, answer: Answer) -> bool:
        """Learn from a 401; whether another try has other credentials to show."""


class Basic:
    """A name and a password with every request."""

    def __init__(self, username: str, password: str) -> None:
        self._header = f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode('ascii')}"

    def header(self, method: str, url: str) -> str | None:
        _ = method, url
        return self._header

    def refused(self, answer: Answer) -> bool:
        _ = answer
        return False


class Bearer:
    """A token that somebody else got for us."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def header(self, method: str, url: str) -> str | None:
        _ = method, url
        return self._header

    def refused(self, answer: Answer) -> bool:
        _ = answer
        return False


class Digest:
    """Proof of a password. The first request is sent without, to be told what to prove; later ones carry it at once."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._lock = threading.Lock()
        self._challenge: dict[str, str] = {}
        self._count = 0

    def header(self, method: str, url: str) -> str | None:
        with self._lock:
            told = self._challenge
            if not told:
                return None
            self._count += 1
            count = f"{self._count:08x}"
        parts = urlsplit(url)
        uri = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        algorithm = told.get("algorithm", "MD5")
        client = secrets.token_hex(16)

        def digest(text: str) -> str:
            return hashlib.new(_HASHES[algorithm.upper()], text.encode(), usedforsecurity=False).hexdigest()

        secret = digest(f"{self._username}:{told['realm']}:{self._password}")
        asked = digest(f"{method}:{uri}")
        proof = digest(f"{secret}:{told['nonce']}:{count}:{client}:auth:{asked}")
        fields = [
            f'username="{_quoted(self._username)}"',
            f'realm="{_quoted(told["realm"])}"',
            f'nonce="{_quoted(told["nonce"])}"',
            f'uri="{uri}"',
            f"algorithm={algorithm}",
            f'response="{proof}"',
            "qop=auth",
            f"nc={count}",
            f'cnonce="{client}"',
            *([f'opaque="{_quoted(told["opaque"])}"'] if "opaque" in told else []),
        ]
        return "Digest " + ", ".join(fields)

    def refused(self, answer: Answer) -> bool:
        challenges = [
            {name.lower(): quoted or plain for name, quoted, plain in _PAIR.findall(value[7:])}
            for key, value in answer.headers
            if key.lower() == "www-authenticate" and value[:7].lower() == "digest "
        ]
        usable = [
            each
            for each in challenges
            if each.get("algorithm", "MD5").upper() in _HASHES
            and "auth" in re.split(r"[\s,]+", each.get("qop", ""))
            and "realm" in each
            and "nonce" in each
        ]
        if not usable:
            return False
        best = max(usable, key=lambda each: each.get("algorithm", "MD5").upper() == "SHA-256")
        with self._lock:
            stale = best.get("stale", "").lower() == "true"
            first = not self._challenge
            self._challenge, self._count = best, 0
        return first or stale


class ClientCredentials:
    """Tokens of an OAuth 2 server, fetched when they are needed and kept until shortly before they expire."""

    def __init__(self, http: HttpCaller, endpoint: str, client: str, secret: str, scope: str = "") -> None:
        self._http = http
        self._endpoint = endpoint
        self._basic = Basic(client, secret)
        self._scope = scope
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def header(self, method: str, url: str) -> str | None:
        """Raises NotConnected and Rejected: without a token there is no request, so that its outcome is known."""
        _ = method, url
        with self._lock:  # one thread fetches, the others wait for it
            if not self._token or time.monotonic() >= self._until:
                self._fetch()
            return f"Bearer {self._token}"

    def refused(self, answer: Answer) -> bool:
        """A token that is refused before its time is fetched once more."""
        _ = answer
        with self._lock:
            fresh = time.monotonic() - self._fetched < 1.0
            self._token = ""
        return not fresh

    def _fetch(self) -> None:
        form = {"grant_type": "client_credentials", **({"scope": self._scope} if self._scope else {})}
        try:
            answer = self._http.call(
                "POST",
                self._endpoint,
                {
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Accept": "application/json",
                    "Authorization": self._basic.header("POST", self._endpoint) or "",
                },
                urlencode(form).encode(),
                deadline=_TOKEN_SECONDS,
                max_body=_MAX_TOKEN,
            )
        except UNKNOWN_OUTCOME as error:  # of the token alone: the call that needs it has not begun
            raise NotConnected(f"no access token: {error}", endpoint=self._endpoint) from error
        try:
            told = json.loads(answer.body) if answer.status == 200 else {}
            token, seconds = told.get("access_token"), float(told.get("expires_in") or 300.0)
        except (ValueError, TypeError, AttributeError):
            token, seconds = None, 0.0
        if not isinstance(token, str) or not token or not token.isprintable():
            raise Rejected(f"{self._endpoint} gave no access token (status {answer.status})", endpoint=self._endpoint)
        self._token = token
        self._fetched = time.monotonic()
        self._until = self._fetched + max(seconds - _EARLY, seconds / 2)

    _fetched = 0.0


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
