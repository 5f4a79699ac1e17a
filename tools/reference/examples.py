"""Examples: Markdown beside this module, one for each part.

A file ``examples/KIND/NAME.md`` is put on the part's page as it is, with the comments that make the tests run its blocks (CONTRIBUTING tells them).
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("examples")


def example(kind: str, name: str) -> str:
    """The example of a part. Raises FileNotFoundError, which says what to write, if there is none."""
    file = FOLDER / kind / f"{name}.md"
    if not file.is_file():
        raise FileNotFoundError(
            f"{kind}/{name} has no example: write tools/reference/examples/{kind}/{name}.md (CONTRIBUTING.md tells how)"
        )
    return file.read_text(encoding="utf-8").strip()
