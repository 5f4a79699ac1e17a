"""WS-Security: what our messages carry, and what we demand of a partner's. Declared as a bean, named by the endpoint's option ``security``.

Parts: :mod:`~adapters.soap.security.policy` reads the declaration, :mod:`~adapters.soap.security.seal` puts it on our messages,
:mod:`~adapters.soap.security.guard` holds theirs against it. What is declared and not met is a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapters.soap.security.guard import Guard
    from adapters.soap.security.replay import Seen
    from adapters.soap.security.seal import Seal
    from adapters.soap.wsdl import Port, Wsdl
    from esb.errors import Position


class Security:
    """A partner's policy as a bean: ``send`` and ``expect`` are maps, see the guide on WS-Security. Read when an endpoint names it."""

    def __init__(self) -> None:
        self.send: Any = None
        self.expect: Any = None

    def check(self, wsdl: Wsdl, port: Port, at: Position, *, serving: bool) -> None:
        """Raise OptionError for what the WSDL's own policy demands and nobody has declared."""
        from adapters.soap.security.policy import read_side
        from adapters.soap.security.wspolicy import demands
        from esb.errors import OptionError

        request, answer = demands(wsdl, port)
        theirs, ours = (request, answer) if serving else (answer, request)
        for side, given, demanded in (("send", self.send, ours), ("expect", self.expect, theirs)):
            missing = demanded - read_side(given, side, at).declared
            if missing:
                told = ", ".join(sorted(missing))
                raise OptionError(
                    f"the policy of the WSDL demands {told}, and the security's {side!r} does not declare it", at
                )

    def seal(self, path: Callable[[str], Path], at: Position) -> Seal:
        """What is done to our messages. Raises ConfigError at ``at``."""
        from adapters.soap.security.policy import read_side
        from adapters.soap.security.seal import Seal

        return Seal(read_side(self.send, "send", at), path, at)

    def guard(self, path: Callable[[str], Path], at: Position, seen: Seen | None = None) -> Guard:
        """What is demanded of theirs. Raises ConfigError at ``at``."""
        from adapters.soap.security.guard import Guard
        from adapters.soap.security.policy import read_side

        return Guard(read_side(self.expect, "expect", at), path, at, seen)
