"""What a WSDL says of WS-Security by itself (WS-Policy 1.5, WS-SecurityPolicy 1.1 and 1.2), so that a declaration that forgets it is told at load.

Only what every alternative demands counts, and only policies that the port's binding names: a choice is left to the declaration.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from adapters.soap.names import WSDL, local, namespace
from adapters.soap.security.names import ID

if TYPE_CHECKING:
    from adapters.soap.wsdl import Port, Wsdl

Element = Any  # lxml's stubs are older than lxml

_SECURITY: Final = frozenset(
    {
        "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
        "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
    }
)
_POLICY: Final = frozenset(
    {
        "http://www.w3.org/ns/ws-policy",
        "http://schemas.xmlsoap.org/ws/2004/09/policy",
        "http://www.w3.org/2006/07/ws-policy",
    }
)


def demands(wsdl: Wsdl, port: Port) -> tuple[frozenset[str], frozenset[str]]:
    """What requests and what answers must carry: ``timestamp``, ``usernameToken``, ``signature``, ``encryption``."""
    documents = list(wsdl.documents.values())
    named = {
        f"#{name}": policy
        for root in documents
        for policy in root.iter()
        if _is(policy, _POLICY, "Policy") and (name := policy.get(ID) or policy.get("Name"))
    }
    request: set[str] = set()
    answer: set[str] = set()
    for binding in _bindings(documents, port):
        for node in binding.iter():
            if _is(node, _POLICY, "Policy") and not _within_policy(node):
                policy = node
            elif _is(node, _POLICY, "PolicyReference") and not _within_policy(node):
                policy = named.get(node.get("URI") or "")
            else:
                continue
            found = set() if policy is None else set(_demanded(policy))
            directions = {local(each.tag) for each in node.iterancestors() if namespace(each.tag) == WSDL}
            if "output" not in directions and "fault" not in directions:
                request |= found
            if "input" not in directions and "fault" not in directions:
                answer |= found - {"usernameToken"}
    return frozenset(request), frozenset(answer)


def _bindings(documents: list[Element], port: Port) -> Iterator[Element]:
    wanted = {
        node.get("binding", "").rpartition(":")[2]
        for root in documents
        for node in root.iterfind(f"{{{WSDL}}}service/{{{WSDL}}}port")
        if node.get("name") == port.name
    }
    for root in documents:
        for node in root.iterfind(f"{{{WSDL}}}binding"):
            if node.get("name") in wanted:
                yield node


def _demanded(policy: Element) -> Iterator[str]:
    for node in policy:
        if any(local(name) == "Optional" and value in {"true", "1"} for name, value in node.items()):
            continue
        name = local(node.tag)
        if namespace(node.tag) in _POLICY and name == "ExactlyOne" and len(node) > 1:
            continue
        if namespace(node.tag) in _SECURITY:
            if name == "IncludeTimestamp":
                yield "timestamp"
            elif name == "UsernameToken":
                yield "usernameToken"
            elif name in {"SignedParts", "EncryptedParts"}:
                if not len(node) or any(local(child.tag) == "Body" for child in node):
                    yield "signature" if name == "SignedParts" else "encryption"
                continue
        yield from _demanded(node)


def _within_policy(node: Element) -> bool:
    return any(_is(each, _POLICY, "Policy") for each in node.iterancestors())


def _is(node: Element, uris: frozenset[str], name: str) -> bool:
    return local(node.tag) == name and namespace(node.tag) in uris
