"""How a message is refused: with one of the specification's faults for the sender, and the reason for our log."""

from __future__ import annotations

from typing import Final

from adapters.soap.envelope import CLIENT, SoapFault
from adapters.soap.security.names import WSSE, WSU

_WORDS: Final = {
    "InvalidSecurity": "the message's security header is not what is required here",
    "InvalidSecurityToken": "a security token is not valid",
    "UnsupportedSecurityToken": "a security token is of a kind that is not taken here",
    "UnsupportedAlgorithm": "an algorithm is not taken here",
    "FailedAuthentication": "the security token could not be authenticated",
    "FailedCheck": "the signature or decryption is not valid",
    "SecurityTokenUnavailable": "a referenced security token cannot be found",
    "MessageExpired": "the message has expired, or its time is wrong",
}


class Refused(SoapFault):
    """A message whose security is not what was declared. The sender learns the kind; ``reason`` is for us."""

    def __init__(self, name: str, reason: str) -> None:
        """``name``: the local name of a fault code of WS-Security 1.1.1, section 12."""
        uri = WSU if name == "MessageExpired" else WSSE
        super().__init__(_WORDS[name], CLIENT, subcode=f"{{{uri}}}{name}")
        self.reason = reason
