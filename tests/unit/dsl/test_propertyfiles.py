"""Property files in both notations."""

from pathlib import Path

import pytest

from esb.dsl.propertyfiles import flatten, load, parse
from esb.dsl.reader import read
from esb.errors import RouteSyntaxError


def test_java_properties_are_read_as_java_reads_them() -> None:
    text = "# c\n! c\na=1\n b : two \nc three\nd\ne=x\\\n   y\nf=\\u00e6\\n\\t\\\\\nk\\=k=v=w\na=2\n\n=no key\n"
    assert parse(text) == {
        "a": "2",
        "b": "two ",
        "c": "three",
        "d": "",
        "e": "xy",
        "f": "æ\n\t\\",
        "k=k": "v=w",
        "": "no key",
    }


def test_nested_yaml_becomes_dotted_keys_and_keeps_its_texts() -> None:
    document = read("erp: {url: 'http://x', retries: 3}\nhosts: [a, b]\nrate: 1.50\nempty:\nflag: yes\n")
    assert flatten(document) == {
        "erp.url": "http://x",
        "erp.retries": "3",
        "hosts[0]": "a",
        "hosts[1]": "b",
        "rate": "1.50",
        "empty": "",
        "flag": "yes",
    }


def test_a_file_is_read_by_its_ending(tmp_path: Path) -> None:
    (tmp_path / "a.properties").write_text("k = v\n")
    (tmp_path / "a.yaml").write_text("k: {j: v}\n")
    assert load(tmp_path / "a.properties") == {"k": "v"}
    assert load(tmp_path / "a.yaml") == {"k.j": "v"}


def test_properties_that_are_no_map_are_refused() -> None:
    with pytest.raises(RouteSyntaxError, match="a map of names and values, not a list of 1"):
        flatten(read("[a]"))
