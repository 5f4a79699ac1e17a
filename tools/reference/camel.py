"""Where Camel's own manual tells about a part: the names of its pages, as its repository has them."""

from __future__ import annotations

from typing import Final

_MANUAL: Final = "https://camel.apache.org"

OURS: Final = {
    "steps": frozenset[str](),
    "languages": frozenset[str](),
    "dataformats": frozenset({"fixed", "xml"}),
    "components": frozenset({"bus", "kombu", "soap"}),
}
"""Parts that Camel does not have under their names; ``soap`` is its ``cxf``."""

_OTHERWISE: Final = {
    "steps/doTry": "manual/try-catch-finally",
    "steps/setExchangePattern": "components/next/eips/requestReply-eip",
    "steps/throwException": "manual/exception-clause",
    "languages/language": "manual/languages",
    "languages/method": "components/next/languages/bean-language",
    "dataformats/custom": "manual/data-format",
    "dataformats/json": "components/next/dataformats/jackson-dataformat",
    "dataformats/yaml": "components/next/dataformats/snakeYaml-dataformat",
    "components/rabbitmq": "components/next/spring-rabbitmq-component",
}
"""Pages that are not called as their part is."""

_USUAL: Final = {
    "steps": "components/next/eips/{}-eip",
    "languages": "components/next/languages/{}-language",
    "dataformats": "components/next/dataformats/{}-dataformat",
    "components": "components/next/{}-component",
}


def manual(kind: str, name: str) -> str:
    """A link to Camel's page about a part, by the page's name; empty for what Camel does not have."""
    if name in OURS[kind]:
        return ""
    page = _OTHERWISE.get(f"{kind}/{name}") or _USUAL[kind].format(name)
    return f"[{page.rpartition('/')[2]}]({_MANUAL}/{page}.html)"
