"""Properties of a project that nothing asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from esb.dsl.lint.rules import DEAD_PROPERTY, Finding
from esb.dsl.nodes import MapNode, Node

_COMPOSED: Final = re.compile(r"\{\{[^}]*\{\{")


def dead_properties(configuration: Node | None, texts: Iterable[str]) -> Iterator[Finding]:
    """The properties of an ``esb.yaml``, of the project and its instances, whose name is in none of the texts of the project.

    Nothing is said where a name may be put together at run time (a placeholder in a placeholder), nor of Camel's own properties.
    """
    if not isinstance(configuration, MapNode):
        return
    said = "\n".join(texts)
    if _COMPOSED.search(re.sub(r"\{\{(?:env|sys):[^{}]*:\{\{", "", said)):
        return
    instances = configuration.get("instances")
    holders = [configuration, *(value for _, value in instances)] if isinstance(instances, MapNode) else [configuration]
    for holder in holders:
        properties = holder.get("properties") if isinstance(holder, MapNode) else None
        for key, _ in properties if isinstance(properties, MapNode) else ():
            name = re.escape(key.text)
            if key.text.startswith("camel.") or re.search(rf"\{{\{{\s*\??{name}\s*[:}}]|[\"']{name}[\"']", said):
                continue
            yield Finding(DEAD_PROPERTY, f"nothing asks for the property {key.text!r}", key.at, "remove it")
