"""WS-Security: what our messages carry, and what we demand of a partner's. Declared as a bean, named by the endpoint's option ``security``.

Parts: :mod:`~adapters.soap.security.policy` reads the declaration, :mod:`~adapters.soap.security.derive` makes one from the WSDL's own policy,
:mod:`~adapters.soap.security.seal` puts it on our messages, :mod:`~adapters.soap.security.guard` holds theirs against it. What is declared and not
met is a fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adapters.soap.security.guard import Guard
    from adapters.soap.security.policy import Side
    from adapters.soap.security.replay import Seen
    from adapters.soap.security.seal import Seal
    from adapters.soap.wsdl import Port, Wsdl
    from esb.errors import Position


@dataclass(frozen=True, slots=True)
class Agreed:
    """What holds between a partner and us at one endpoint.

    ``addressing`` and ``mtom``: the WSDL's policy wants WS-Addressing, or MTOM. ``https`` and ``client_certificate``: the assertion that wants them
    of who calls, empty if none does.
    """

    send: Side
    expect: Side
    addressing: bool = False
    mtom: bool = False
    https: str = ""
    client_certificate: str = ""
    twins: frozenset[str] = frozenset()
    """Names that types of several namespaces of the contract have."""

    def seal(self, path: Callable[[str], Path], at: Position) -> Seal | None:
        """What is done to our messages, None for nothing. Raises ConfigError at ``at``."""
        from adapters.soap.security.seal import Seal

        made = Seal(self.send, path, at)
        return None if made.empty else made

    def guard(self, path: Callable[[str], Path], at: Position, seen: Seen | None = None) -> Guard | None:
        """What is demanded of theirs, None for nothing. Raises ConfigError at ``at``."""
        from adapters.soap.security.guard import Guard

        made = Guard(self.expect, path, at, seen, self.twins)
        return None if made.empty else made


class Security:
    """A partner's policy as a bean, see the guide on WS-Security. Read when an endpoint names it.

    ``send`` and ``expect`` declare it. Where neither is given, or ``credentials`` are, it is the WSDL's own policy with these on top of it.
    """

    def __init__(self) -> None:
        self.send: Any = None
        self.expect: Any = None
        self.credentials: Any = None

    @property
    def from_wsdl(self) -> bool:
        """Whether the WSDL says what holds."""
        return self.credentials is not None or (self.send is None and self.expect is None)

    def agreed(
        self, wsdl: Wsdl, ports: Sequence[Port], operations: Sequence[str], at: Position, *, serving: bool
    ) -> Agreed:
        """What holds at an endpoint with these ports of one service. Raises ConfigError, for what the WSDL demands and we cannot, too."""
        from adapters.soap.security.policy import read_side

        if not self.from_wsdl:
            for port in ports:
                self.check(wsdl, port, at, serving=serving)
            expected = read_side(self.expect, "expect", at)
            return Agreed(read_side(self.send, "send", at), expected, twins=_twins(wsdl))
        from adapters.soap.security.derive import derive, merged, read_credentials
        from esb.errors import OptionError

        given = read_credentials(self.credentials, at)
        found = [
            derive(wsdl, port, [name for name in operations if name in port.operations], given, at, serving=serving)
            for port in ports
        ]
        if any(each != found[0] for each in found):
            raise OptionError(
                f"the WSDL's policies for the ports {' and '.join(port.name for port in ports)} differ",
                at,
                "name one with the option 'port'",
            )
        first = found[0]
        return Agreed(
            read_side(merged(first.send, self.send), "send", at),
            read_side(merged(first.expect, self.expect), "expect", at),
            first.addressing,
            first.mtom,
            first.https,
            first.client_certificate,
            _twins(wsdl),
        )

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
                    f"the policy of the WSDL demands {told}, and the security's {side!r} does not declare it",
                    at,
                    "declare it, or leave 'send' and 'expect' out and give 'credentials': then the policy is followed",
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


def _twins(wsdl: Wsdl) -> frozenset[str]:
    from adapters.soap.names import ENCODING_11, ENCODING_12, XSD, local, namespace

    own = [
        key for key in wsdl.schemas.types if "#" not in key and namespace(key) not in {XSD, ENCODING_11, ENCODING_12}
    ]
    names = Counter(map(local, own))
    return frozenset(name for name, number in names.items() if number > 1)
