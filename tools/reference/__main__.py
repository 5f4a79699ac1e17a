"""``python -m tools.reference``: write the reference pages and the README's score; ``--check`` only says what is stale, with exit code 1."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tools.reference.pages import pages
from tools.reference.readme import README, current

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


def stale(folder: Path, rendered: dict[str, str]) -> list[str]:
    """Names of pages that are missing in the folder or hold something else, and of parts' pages whose part is gone."""
    below = {Path(name).parent for name in rendered} - {Path()}
    there = {file.relative_to(folder).as_posix() for sub in below for file in (folder / sub).glob("*.md")}
    return [
        *(
            name
            for name, text in rendered.items()
            if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
        ),
        *sorted(there - set(rendered)),
    ]


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Write nothing; fail if a page is stale.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, hidden=True, help="For tests.")
def main(check: bool, folder: Path) -> None:
    """Exit code 0 if the pages are (now) up to date, 1 if ``--check`` found stale ones."""
    rendered = pages()
    found = stale(folder, rendered)
    readme = current()
    score = README.read_text(encoding="utf-8") != readme
    if check:
        for name in found:
            click.echo(f"docs/reference/{name} is stale: run 'make docs' and commit it", err=True)
        if score:
            click.echo("the score in README.md is not that of tests/conformance/floor.json: run 'make docs'", err=True)
        sys.exit(1 if found or score else 0)
    for name in found:
        if name in rendered:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(rendered[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    if score:
        README.write_text(readme, encoding="utf-8")
    click.echo(f"{len(found)} of {len(rendered)} pages of docs/reference written anew")


if __name__ == "__main__":
    main()
