"""What the guides point to is there."""

from __future__ import annotations

import functools
import json
import re

import pytest
import yaml

from tests.docs.blocks import blocks
from tests.docs.examples import ROOT

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]*))?\)")
_PATH = re.compile(r"`((?:routes|schemas|docs|esb|adapters|tests|tools)/[\w./-]+\.\w+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = [link for link in _LINK.findall(page.read_text()) if "://" not in link[0]]
    missing = [link for link, _ in links if not (page.parent / link).exists()]
    assert missing == []
    wrong = [
        (link, anchor) for link, anchor in links if anchor not in {"", *_anchors(page.parent / link if link else page)}
    ]
    assert wrong == []


@functools.cache
def _anchors(page):
    """The anchors of a page's headings, as renderers of Markdown make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "docs/guides/reference-deployment.md"], ids=lambda page: page.name
)
def test_files_of_the_repository_that_a_page_names_are_there(page):
    assert [name for name in _PATH.findall(page.read_text()) if not (ROOT / name).exists()] == []


def test_the_sample_order_keeps_its_type():
    from schemas.crm import Order

    order = Order().load(json.loads((ROOT / "docs/guides/order.json").read_text()))
    assert order["order_id"] == "G-1001"


def test_pages_name_no_index_host_or_machine_path():
    told = "\n".join(page.read_text() for page in PAGES)
    assert not re.search(r"pypi\.org|pythonhosted|/work/|/root/|/home/", told)


def test_every_test_that_the_list_of_differences_names_is_there():
    told = (ROOT / "docs/reference/camel-differences.md").read_text()
    missing = []
    for module, name in re.findall(r"`(test_\w+)(?:::(test_\w+))?`", told):
        files = list(ROOT.glob(f"tests/**/{module}.py"))
        if not files or (name and not any(f"def {name}(" in file.read_text() for file in files)):
            missing.append(f"{module}::{name}")
    assert missing == []


def test_every_case_that_cannot_pass_is_in_the_list_of_differences():
    told = (ROOT / "docs/reference/camel-differences.md").read_text()
    known = yaml.safe_load((ROOT / "tests/conformance/known.yaml").read_text())
    assert set(known) - set(re.findall(r"`case ([\w/-]+)`", told)) == set()


def test_every_case_that_the_list_of_differences_names_is_known_not_to_pass():
    told = (ROOT / "docs/reference/camel-differences.md").read_text()
    known = yaml.safe_load((ROOT / "tests/conformance/known.yaml").read_text())
    assert set(re.findall(r"`case ([\w/-]+)`", told)) - set(known) == set()


def test_the_newest_version_in_the_changelog_is_the_packages():
    import esb

    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == esb.__version__
    assert len(set(versions)) == len(versions)


def test_the_licence_is_the_one_that_the_package_declares():
    licence = (ROOT / "LICENSE").read_text()
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert "license = Apache-2.0" in (ROOT / "setup.cfg").read_text()


def test_every_guide_is_linked_from_the_first_route_or_the_readme():
    told = "".join((ROOT / name).read_text() for name in ("README.md", "docs/guides/first-route.md"))
    assert [guide.name for guide in ROOT.glob("docs/guides/*.md") if guide.name not in told] == []


def test_the_step_that_contributing_shows_works():
    from esb.context import RouteContext
    from esb.exchange import Exchange

    source = next(block.text for block in blocks((ROOT / "CONTRIBUTING.md").read_text()) if "StepSpec" in block.text)
    made: dict[str, object] = {"__name__": "shout"}
    exec(compile(source, "CONTRIBUTING.md", "exec"), made)  # our own page
    context = RouteContext()
    context.registry.bind("step", "shout", made["ShoutSpec"])
    context.load('- from: {uri: "direct:start", steps: [{shout: {mark: "?"}}]}')
    context.start()
    assert context.send("direct:start", Exchange("hello")).body == "HELLO?"
    context.stop()


def test_every_decision_has_a_number_of_its_own_and_is_in_the_list():
    folder = ROOT / "docs/decisions"
    listed = re.findall(r"^\| \[(\d+)\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(), re.MULTILINE)
    pages = {page.name for page in folder.glob("0*.md")}
    assert pages - {name for _, name in listed} == set()
    assert len({number for number, _ in listed}) == len(listed)
    for number, name in listed:
        assert name.startswith(f"{int(number):04}-")
        assert (folder / name).read_text().startswith(f"# {number}. ")
