"""NTLM over HTTP, for Windows servers that know nothing else: a proof in three steps, which holds for the connection and not for the request.

Source: MS-NTHT (NTLM Over HTTP). The proof itself is the work of the package ``pyspnego``, which comes with the extra ``ntlm``. Give the caller of a
partner like that connections of each thread's own (``HttpCaller(per_thread=True)``): the steps must go over one connection. Not spoken is the binding
to the TLS channel (Extended Protection), which some servers demand.
"""

from __future__ import annotations

import base64
import importlib.util
import threading
from typing import Any
from urllib.parse import urlsplit

from esb.errors import NOWHERE, Position, ProjectError, Rejected
from esb.httpcall import Answer


class Ntlm:
    """Proof of a password, anew with each call, since nobody knows whether the connection is still the one that was proved. Thread-safe."""

    def __init__(self, username: str, password: str, at: Position = NOWHERE) -> None:
        r"""``username`` may begin with a domain: ``DOMAIN\name``. Raises ProjectError where the package is missing."""
        if importlib.util.find_spec("spnego") is None:
            raise ProjectError(
                "NTLM needs the package 'pyspnego', which is not installed",
                at,
                "install it, or the extra that brings it: pip install 'esb[ntlm]'",
            )
        self._username = username
        self._password = password
        self._mine = threading.local()

    def header(self, method: str, url: str) -> str | None:
        """The first step, or after a challenge the last one. Raises Rejected for a challenge that cannot be answered."""
        _ = method
        challenge, proof = getattr(self._mine, "challenge", None), getattr(self._mine, "proof", None)
        self._mine.challenge = None
        if challenge is None or proof is None:
            proof = self._mine.proof = self._begin(url)
            challenge = None
        return f"NTLM {base64.b64encode(_step(proof, challenge, url)).decode('ascii')}"

    def refused(self, answer: Answer) -> bool:
        """Whether the server gives a challenge: then it has not yet refused."""
        self._mine.challenge = None
        for name, value in answer.headers:
            scheme, _, token = value.strip().partition(" ")
            if name.lower() == "www-authenticate" and scheme.lower() == "ntlm" and token.strip():
                try:
                    self._mine.challenge = base64.b64decode(token.strip(), validate=True)
                except ValueError:
                    return False
                return True
        self._mine.proof = None
        return False

    def _begin(self, url: str) -> Any:
        import spnego

        return spnego.client(
            self._username, self._password, hostname=urlsplit(url).hostname or "", service="http", protocol="ntlm"
        )


def _step(proof: Any, challenge: bytes | None, url: str) -> bytes:
    try:
        token: bytes | None = proof.step(challenge)
    except Exception as exc:  # it reads what a server sent, and fails in as many ways as that can be wrong
        raise Rejected(f"the NTLM challenge of {url} cannot be answered: {exc}", endpoint=url) from exc
    if not token:
        raise Rejected(f"the NTLM challenge of {url} leads nowhere", endpoint=url)
    return token
