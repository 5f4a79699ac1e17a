"""Values that a log line must not show (Camel's ``logMask``): after the names of secrets in ``name=value``, in XML and in JSON."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "xxxxx"
_NAMES: Final = "|".join(
    [
        *("access-?_?key", "account-?_?key", "api-?_?key", "auth-?_?key", "auth-?_?token", "authorization", "bearer"),
        *(
            "client-?_?secret",
            "connection-?_?string",
            "credential",
            "passphrase",
            "passwd",
            "password",
            "private-?_?key",
        ),
        *("sas-?_?key", "sas-?_?signature", "secret", "shared-?_?key", "token", "user"),
    ]
)
_PAIR: Final = re.compile(rf"(\w{{0,64}}(?:{_NAMES})\w{{0,64}}\s*=\s*['\"]?)([^'\",]+)", re.IGNORECASE)
_ELEMENT: Final = re.compile(rf"(<(\w{{0,64}}(?:{_NAMES})\w{{0,64}})(?:\s[^<>]*)?>)([^<]+)(</\2>)", re.IGNORECASE)
_MEMBER: Final = re.compile(
    rf"(\"\w{{0,64}}(?:{_NAMES})\w{{0,64}}\"\s*:\s*)(\"(?:[^\"\\]|\\.)*\"|[\d.eE+-]+)", re.IGNORECASE
)


def masked(line: str) -> str:
    """The line without secrets. What it is (XML, JSON, other text) is told by its first character, as in Camel; bounded in time."""
    if line.startswith("<"):
        return _PAIR.sub(rf"\1{MASK}", _ELEMENT.sub(rf"\1{MASK}\4", line))
    if line.startswith(("{", "[")):
        return _MEMBER.sub(rf'\1"{MASK}"', line)
    return _PAIR.sub(rf"\1{MASK}", line)
