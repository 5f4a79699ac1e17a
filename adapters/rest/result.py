"""A call that was answered with a status that means failure."""

from __future__ import annotations

from typing import Any

from esb.errors import RemoteFault

_RETRIABLE = frozenset({408, 425, 429})


class HttpOperationFailedException(RemoteFault):
    """The server answered, with a status outside the accepted range.

    ``status_code``, ``status_text`` and ``response_body`` tell what; 5xx, 408, 425 and 429 are worth another try, others are the caller's fault.
    502 and 504 to a call that is not idempotent are ``uncertain``: a gateway's word, which says nothing of the server behind it.
    Camel's name, since routes catch it by that name.
    """

    code = "ESB-T021"

    def __init__(self, url: str, status: int, reason: str, body: bytes, retry_after: float | None = None) -> None:
        super().__init__(
            f"{url} answered {status} {reason}".rstrip(), endpoint=url, fault_code=str(status), detail=_shown(body)
        )
        self.status_code = status
        self.status_text = reason
        self.response_body = _shown(body)
        self.retriable = status >= 500 or status in _RETRIABLE
        self.retry_after = retry_after


def _shown(body: bytes) -> Any:
    return body[:100_000].decode("utf-8", "replace")
