"""Every example of the documentation does what the page says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.docs.blocks import Block, blocks, wrong
from tests.docs.examples import ROOT

PAGES = sorted(
    str(file.relative_to(ROOT))
    for pattern in ("*.md", "docs/guides/*.md", "docs/reference/*.md")
    for file in ROOT.glob(pattern)
)
KINDS = sorted(folder.name for folder in (ROOT / "docs/reference").iterdir() if folder.is_dir())


def _run(pages):
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs.examples", *pages],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_examples_of_a_page_do_what_it_says(page):
    _run([page])


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_every_part_does_what_its_page_says(kind):
    _run(sorted(str(file.relative_to(ROOT)) for file in (ROOT / "docs/reference" / kind).glob("*.md")))


def test_a_block_knows_its_line_its_language_and_the_comments_before_it():
    page = "text\n<!-- file: a.yaml -->\n<!-- run: send x expect y -->\n```yaml\n- a: 1\n```\n"
    assert list(blocks(page)) == [Block("yaml", 4, "- a: 1\n", [("file", "a.yaml"), ("run", "send x expect y")])]


def test_a_comment_that_does_not_stand_directly_before_a_block_means_nothing():
    assert [block.directives for block in blocks("<!-- steps -->\n\n```yaml\n```\n")] == [[]]


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```sh\nls\n```", "a shell example is run"),
        ("<!-- not run: -->\n```sh\nls\n```", "needs a reason"),
        ("<!-- rum -->\n```yaml\n```", "unknown comment 'rum'"),
    ],
)
def test_a_block_that_nobody_would_run_is_refused(page, complaint):
    assert complaint in wrong(next(iter(blocks(page))))
