"""Which files a poll finds, and in which order."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.file.matching import ant
from esb.errors import ConfigError, OptionError


@pytest.fixture
def folder(files):
    for name in ("a.txt", "B.TXT", "c.csv", ".hidden.txt", "s/d.txt", "s/t/e.csv", ".dir/f.txt"):
        files.write(f"in/{name}", name)
    return files


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"a.txt", "B.TXT", "c.csv"}),
        ({"include": r".*\.txt"}, {"a.txt", "B.TXT"}),
        ({"exclude": r".*\.txt"}, {"c.csv"}),
        ({"include": r"[ac].*", "exclude": r".*csv"}, {"a.txt"}),
        ({"includeExt": "csv,xml"}, {"c.csv"}),
        ({"excludeExt": "txt"}, {"c.csv"}),
        ({"fileName": "c.csv"}, {"c.csv"}),
        ({"fileName": "none.csv"}, set()),
        ({"recursive": "true"}, {"a.txt", "B.TXT", "c.csv", "s/d.txt", "s/t/e.csv"}),
        ({"recursive": "true", "minDepth": 2}, {"s/d.txt", "s/t/e.csv"}),
        ({"recursive": "true", "maxDepth": 2}, {"a.txt", "B.TXT", "c.csv", "s/d.txt"}),
        ({"recursive": "true", "antInclude": "**/*.csv"}, {"c.csv", "s/t/e.csv"}),
        ({"recursive": "true", "antInclude": "s/*.txt,*.csv"}, {"s/d.txt", "c.csv"}),
        ({"recursive": "true", "antExclude": "s/**"}, {"a.txt", "B.TXT", "c.csv"}),
        ({"antInclude": "*.txt", "antFilterCaseSensitive": "false"}, {"a.txt", "B.TXT"}),
        ({"filterFile": "${file:size} > 4"}, {"a.txt", "B.TXT", "c.csv"}),
        ({"filterFile": "${file:ext} == 'csv'"}, {"c.csv"}),
        ({"recursive": "true", "filterDirectory": "${file:name} != 's/t'"}, {"a.txt", "B.TXT", "c.csv", "s/d.txt"}),
        ({"includeHiddenFiles": "true"}, {"a.txt", "B.TXT", "c.csv", ".hidden.txt"}),
        (
            {"recursive": "true", "includeHiddenDirs": "true", "include": r"f.*"},
            {".dir/f.txt"},
        ),
    ],
)
def test_filters_choose_what_is_read(folder, options, expected):
    assert set(folder.names("in", **options)) == expected


def test_a_bean_decides_as_a_filter(folder):
    folder.context.bind("bean", "long", lambda found: found.length > 5)
    assert folder.names("in", filter="#long", preSort="true") == []
    folder.context.bind("bean", "short", lambda found: found.length == 5)
    assert set(folder.names("in", filter="#short")) == {"a.txt", "B.TXT", "c.csv"}


def test_folders_that_a_route_moves_to_are_not_read_again(folder):
    folder.write("in/done/old.txt")
    folder.write("in/s/done/old.txt")
    assert not [name for name in folder.names("in", recursive="true", move="done") if "old" in name]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("file:name", ["A.csv", "b.csv", "c.txt"]),
        ("reverse:file:name", ["c.txt", "b.csv", "A.csv"]),
        ("ignoreCase:file:name", ["A.csv", "b.csv", "c.txt"]),
        ("file:length", ["c.txt", "A.csv", "b.csv"]),
        ("file:modified", ["b.csv", "c.txt", "A.csv"]),
        ("file:ext;reverse:file:name", ["b.csv", "A.csv", "c.txt"]),
        ("file:ext;file:length", ["A.csv", "b.csv", "c.txt"]),
    ],
)
def test_sort_by_orders_files(files, sort, expected):
    for name, text, age in (("b.csv", "333", 30), ("A.csv", "22", 10), ("c.txt", "1", 20)):
        path = files.write(f"in/{name}", text)
        os.utime(path, (time.time() - age,) * 2)
    assert files.names("in", sortBy=sort) == expected


def test_the_limit_is_applied_after_sorting_when_it_is_not_eager(files):
    for name in "dbca":
        files.write(f"in/{name}")
    options = {"sortBy": "file:name", "eagerMaxMessagesPerPoll": "false"}
    assert files.names("in", limit=2, **options) == ["a", "b"]


def test_an_eager_limit_ends_the_listing(files):
    for name in "dbca":
        files.write(f"in/{name}")
    assert len(files.names("in", limit=2, sortBy="file:name")) == 2


def test_shuffle_keeps_every_file(files):
    for name in "abcdef":
        files.write(f"in/{name}")
    assert sorted(files.names("in", shuffle="true")) == list("abcdef")


def test_a_file_waits_for_its_done_file(files):
    files.write("in/a.txt")
    assert files.names("in", doneFileName="${file:name}.done") == []
    files.write("in/a.txt.done")
    assert files.names("in", doneFileName="${file:name}.done") == ["a.txt"]


def test_a_done_file_may_have_the_name_without_extension_or_a_fixed_name(files):
    files.write("in/a.txt")
    files.write("in/ready-a")
    assert files.names("in", doneFileName="ready-${file:name.noext}") == ["a.txt"]
    files.write("in/go")
    assert "go" not in files.names("in", doneFileName="go")


def test_only_regular_files_are_found(files):
    files.write("secret/key", "secret")
    files.write("in/real")
    (files.folder / "in/link").symlink_to(files.folder / "secret/key")
    (files.folder / "in/links").symlink_to(files.folder / "secret")
    os.mkfifo(files.folder / "in/pipe")
    assert files.names("in", recursive="true") == ["real"]


def test_a_link_with_the_name_that_is_asked_for_is_not_read(files):
    files.write("secret", "secret")
    files.write("in/other")
    (files.folder / "in/link").symlink_to(files.folder / "secret")
    assert files.read_one("in", fileName="link") is None


def test_listing_takes_time_in_proportion_to_the_number_of_files(files):
    folder = files.folder / "in"
    folder.mkdir()
    poller = files.poller("in", includeExt="csv", sortBy="file:name", readLock="markerFile")

    def spent(total):
        for number in range(len(list(folder.iterdir())), total):
            (folder / f"{number:05}.csv").touch()
        tries = []
        for _ in range(3):
            began = time.process_time()
            assert len(poller.poll(0, lambda _: False)) == total
            tries.append(time.process_time() - began)
        return min(tries)

    few = spent(1000)
    assert spent(10_000) < 40 * few  # ten times as many; a hundred times the time if it were quadratic


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*.txt", "a.txt", True),
        ("*.txt", "s/a.txt", False),
        ("**/*.txt", "a.txt", True),
        ("**/*.txt", "s/t/a.txt", True),
        ("s/**", "s/t/a.txt", True),
        ("s/**/a.txt", "s/a.txt", True),
        ("s/**/a.txt", "s/t/u/a.txt", True),
        ("?.txt", "a.txt", True),
        ("?.txt", "ab.txt", False),
        ("s/", "s/t", True),
        ("a+b.txt", "a+b.txt", True),
        ("a+b.txt", "aab.txt", False),
    ],
)
def test_ant_patterns_match_as_in_ant(pattern, name, matches):
    assert ant((pattern,))(name) is matches


@given(st.text(alphabet="abc./", min_size=1, max_size=20))
def test_an_ant_pattern_without_wildcards_matches_itself_only(name):
    if name.endswith("/"):
        return
    assert ant((name,))(name)
    assert not ant((name,))(name + "x")


@pytest.mark.parametrize(
    "options",
    [
        {"delete": "true", "move": "done"},
        {"delete": "true", "noop": "true"},
        {"readLock": "idempotent"},
        {"readLock": "nonsense"},
        {"fileExist": "Move"},
        {"moveExisting": "x"},
        {"fileExist": "TryRename"},
        {"fileExist": "Append", "tempPrefix": "x"},
        {"charset": "no-such"},
        {"nosuch": "1"},
        {"delay": -1},
    ],
)
def test_options_that_make_no_sense_are_refused_at_load(files, options):
    with pytest.raises(ConfigError):
        files.endpoint("in", **options)


@pytest.mark.parametrize(
    "options",
    [
        {"include": "("},
        {"doneFileName": "${date:now:yyyy}"},
        {"idempotentRepository": "#class:no.such.Class", "noop": "true"},
        {"idempotentRepository": "#class:esb.exchange:Message", "noop": "true"},
    ],
)
def test_options_of_reading_that_make_no_sense_are_refused(files, options):
    with pytest.raises(OptionError):
        files.endpoint("in", **options).consumer(lambda _: None)


@pytest.mark.parametrize("options", [{"chmod": "999"}, {"chmod": "1777777"}, {"doneFileName": "${body}"}])
def test_options_of_writing_that_make_no_sense_are_refused(files, options):
    with pytest.raises(OptionError):
        files.endpoint("out", **options).producer()


def test_a_folder_cannot_be_an_expression(files):
    with pytest.raises(OptionError, match="fileName"):
        files.endpoint("in/${header.x}")
