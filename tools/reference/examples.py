"""Examples: Markdown beside this module, one for each part.

A file ``examples/KIND/NAME.md`` is put on the part's page as it is, with the comments that make the tests run its blocks (CONTRIBUTING tells them).
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("examples")


def example(kind: str, name: str) -> str:
    """The example of a part; empty if there is none, which a test tells."""
    file = FOLDER / kind / f"{name}.md"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""
