"""The pages, one module a page: each has ``page()``, and its file is called as the module is.

A module with ``parts()`` makes a page for each part too, in a folder of that name.
"""

from __future__ import annotations

import importlib
import pkgutil

PAGES = tuple(sorted(entry.name for entry in pkgutil.iter_modules(__path__)))


def pages() -> dict[str, str]:
    """The text of each page by its file name. Always the same for the same code."""
    rendered = {}
    for name in PAGES:
        module = importlib.import_module(f"{__name__}.{name}")
        called = name.replace("_", "-")
        rendered[f"{called}.md"] = module.page()
        for part, text in module.parts() if hasattr(module, "parts") else ():
            rendered[f"{called}/{part}.md"] = text
    return rendered
