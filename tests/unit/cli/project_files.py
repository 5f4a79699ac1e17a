"""Small projects for the tests of the command line."""

from __future__ import annotations

from pathlib import Path


def write(folder: Path, **files: str) -> None:
    """Files by name, with __ for a slash and the extension .yaml."""
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
