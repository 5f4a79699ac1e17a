"""From a WSDL's own policy (WS-SecurityPolicy 1.1 to 1.3) and our credentials to what is sent and expected, in the form of a declaration.

Spoken are the transport binding, the asymmetric binding, supporting tokens (user, SAML, and an endorsing certificate over TLS), signed and
encrypted Body and header blocks. What an alternative asks for beyond that, or no credential is there for, makes it unusable; if all are, the first
one's reason is told, with the assertion and its line.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.soap.security.assertions import Alternative, Policies
from adapters.soap.security.direction import Credentials, Direction, Unmet
from adapters.soap.security.policy import Reader
from esb.errors import OptionError, Position

if TYPE_CHECKING:
    from adapters.soap.wsdl import Port, Wsdl


@dataclass(slots=True)
class Derived:
    """``send`` and ``expect`` as they would be declared; what the endpoint must do besides."""

    send: dict[str, Any]
    expect: dict[str, Any]
    addressing: bool = False
    mtom: bool = False
    https: str = ""
    """The assertion that wants TLS, empty if none does."""
    client_certificate: str = ""


def read_credentials(given: Any, at: Position) -> Credentials:
    """The map of the bean. Raises OptionError."""
    reader = Reader("credentials", given or {}, at)
    found = Credentials(
        reader.text("username"),
        reader.text("password"),
        reader.take("users"),
        reader.text("key"),
        reader.text("keyPassword"),
        reader.text("certificate"),
        reader.text("partner"),
        reader.text("trust"),
        reader.names("subjects"),
        reader.truth("sha1"),
    )
    reader.done()
    return found


def derive(
    wsdl: Wsdl, port: Port, operations: Sequence[str], given: Credentials, at: Position, *, serving: bool
) -> Derived:
    """What the policies say for these operations, which must be the same for all. Raises ConfigError."""
    policies = Policies(wsdl)
    if not policies.any:
        raise OptionError(
            "the security declares nothing, and the WSDL has no policy", at, "declare 'send' and 'expect'"
        )
    found: dict[str, Derived] = {}
    for name in operations:
        found[name] = _of_operation(policies, port, name, given, at, serving=serving)
    first, *others = found
    for name in others:
        if found[name] != found[first]:
            hint = "name one with the option 'operation', in an endpoint for each"
            raise OptionError(f"the WSDL's policies for {first} and {name} differ", at, hint)
    return found[first]


def _of_operation(
    policies: Policies, port: Port, name: str, given: Credentials, at: Position, *, serving: bool
) -> Derived:
    reason = "the WSDL's policy has no alternative that could be met"
    common = policies.of_port(port, name)
    asked, answered = policies.of_message(port, name, "input"), policies.of_message(port, name, "output")
    reasons = []
    for both, request, answer in itertools.product(common, asked, answered):
        try:
            return _derived(both + request, both + answer, given, serving=serving)
        except Unmet as exc:
            reasons.append(str(exc))
    told = list(dict.fromkeys(reasons))
    more = f" (and each of {len(told) - 1} other alternatives lacks something too)" if len(told) > 1 else ""
    hint = "give what is missing in 'credentials', declare 'send' and 'expect' by hand, or ask the partner for another policy"
    raise OptionError(f"the WSDL's policy for {name}: {told[0] if told else reason}{more}", at, hint)


def _derived(request: Alternative, answer: Alternative, given: Credentials, *, serving: bool) -> Derived:
    asked, answered = Direction(request, True), Direction(answer, False)
    ours, theirs = (answered, asked) if serving else (asked, answered)
    made = Derived(ours.send(given), theirs.expect(given), asked.addressing, asked.mtom)
    if asked.https is not None:
        made.https = str(asked.https)
        if serving:
            made.expect["tls"] = True
    if asked.client_certificate is not None:
        made.client_certificate = str(asked.client_certificate)
        if serving:
            raise Unmet(f"{asked.client_certificate}: who calls is checked by what serves TLS, which is not the bus")
    return made


def merged(derived: Mapping[str, Any], declared: Any) -> dict[str, Any]:
    """A derived side with what is declared on top, option by option."""
    made = dict(derived)
    for name, value in dict(declared or {}).items():
        before = made.get(name)
        made[name] = {**before, **value} if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return made
