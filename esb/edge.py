"""What may cross the bus's edges: the header filter that every consumer and producer uses.

Camel's control headers choose files, operations and targets; a sender must never fill them. The filter is by prefix and ignores case
(Camel's security model; CVE-2025-27636 and its successors are what happens when one edge forgets).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

CONTROL_PREFIXES = ("camel", "org.apache.camel", "esb-", "esb.", "esb_")
HTTP_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What can name an HTTP header: a token of RFC 9110. Messages have other names too: a form's ``order[id]`` is a header of its message."""


def is_control(name: str) -> bool:
    """Whether a header of this name steers the bus and so may not come from outside, nor go there."""
    return name.lower().startswith(CONTROL_PREFIXES)


def without_control(headers: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The headers that may cross an edge, in either direction."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in pairs:
        if not is_control(name):
            yield name, value
