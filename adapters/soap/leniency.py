"""What partners get wrong so often that an option takes it all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.soap.names import local, namespace
from esb.errors import ValidationFailed

Element = Any  # lxml's stubs are older than lxml


def unqualify(wrapper: Element, check: Callable[[], None]) -> None:
    """Take the namespace off rpc parts, which have none (WS-I Basic Profile 1.1, R2735), and off their members if that is what it takes.

    node's soap and SOAP::Lite qualify both with the wrapper's namespace.
    """
    uri = namespace(wrapper.tag)
    for part in wrapper:
        if uri and namespace(part.tag) == uri:
            part.tag = local(part.tag)
    try:
        check()
    except ValidationFailed:
        for part in wrapper:
            for member in part.iterdescendants():
                if namespace(member.tag) == uri:
                    member.tag = local(member.tag)
