"""What partners get wrong so often that an option takes it all the same."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from adapters.soap.names import local, namespace
from esb.errors import ValidationFailed

Element = Any  # lxml's stubs are older than lxml


def unqualify(wrapper: Element, check: Callable[[], None], declared: Collection[str]) -> None:
    """Take the namespace off rpc parts, which have none (WS-I Basic Profile 1.1, R2735), and off their members if that is what it takes.

    node's soap, SOAP::Lite and Axis 1 qualify both, mostly with the wrapper's namespace. ``declared`` are the parts' right names.
    """
    wrong = {namespace(part.tag) for part in wrapper if part.tag not in declared} - {""}
    for part in wrapper:
        if part.tag not in declared:
            part.tag = local(part.tag)
    try:
        check()
    except ValidationFailed:
        for part in wrapper:
            for member in part.iterdescendants():
                if isinstance(member.tag, str) and namespace(member.tag) in wrong:
                    member.tag = local(member.tag)
