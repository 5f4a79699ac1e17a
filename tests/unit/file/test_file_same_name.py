"""A second file of the same name, which comes while the first is processed."""

import errno
import os
from pathlib import Path

import pytest

from esb.coerce import text


@pytest.fixture
def two_disks(monkeypatch):
    """Folders are on disks of their own: a file is renamed and linked within one only."""

    def within(one, other):
        if Path(one).parent != Path(other).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")

    rename, link = Path.replace, os.link

    def replace(self, target):
        within(self, target)
        return rename(self, target)

    def linked(source, target, **options):
        within(source, target)
        link(source, target, **options)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(os, "link", linked)


def replaced(files, name, content):
    """As a careful sender does: under another name first."""
    files.write(f"{name}.part", content).rename(files.folder / name)


# -- preMove: the file comes back after a failure


def test_a_failed_file_comes_back_beside_a_new_one_of_its_name(files):
    files.write("in/a.csv", "old")
    (taken,) = files.take(files.poller("in", preMove="work"))
    files.write("in/a.csv", "new")
    taken.exchange.unit.release(ValueError("no"))
    assert files.tree() == {"in/a.csv": "new", "in/a~1.csv": "old"}


def test_a_failed_file_replaces_none_that_came_back_before_it(files):
    files.write("in/a.csv", "old")
    files.write("in/a~1.csv", "older")
    (taken,) = files.take(files.poller("in", preMove="work"), "a.csv")
    files.write("in/a.csv", "new")
    taken.exchange.unit.release(ValueError("no"))
    assert files.tree() == {"in/a.csv": "new", "in/a~1.csv": "older", "in/a~2.csv": "old"}


@pytest.mark.parametrize("new", ["", "new"])
def test_a_failed_file_comes_back_where_a_file_system_has_no_hard_links(files, monkeypatch, new):
    def link(*_, **__):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    files.write("in/a", "old")
    (taken,) = files.take(files.poller("in", preMove="work"))
    if new:
        files.write("in/a", new)
    taken.exchange.unit.release(ValueError("no"))
    assert files.tree() == ({"in/a": "new", "in/a~1": "old"} if new else {"in/a": "old"})


def test_a_file_of_a_dead_process_comes_back_although_a_new_one_has_its_name(files):
    files.write("in/work/a.csv", "old")
    files.write("in/a.csv", "new")
    files.write("in/a.csv.camelLock", f"esb\n{files.folder / 'in/work/a.csv'}")
    (taken,) = files.take(files.poller("in", preMove="work"))
    assert text(taken.exchange.body) == "new"
    assert files.tree("in")["a~1.csv"] == "old"
    taken.exchange.unit.release()


def test_a_process_that_died_while_it_gave_a_file_its_name_back_leaves_no_second_one(files):
    files.write("in/work/a", "x")
    (files.folder / "in/a").hardlink_to(files.folder / "in/work/a")
    files.write("in/a.camelLock", f"esb\n{files.folder / 'in/work/a'}")
    (taken,) = files.take(files.poller("in", preMove="work"))
    taken.exchange.unit.release(ValueError("no"))
    assert files.tree() == {"in/a": "x"}


def test_a_file_is_read_where_it_was_copied_to_on_another_disk(files, two_disks):
    files.write("in/a", "x")
    (taken,) = files.take(files.poller("in", preMove="work"))
    assert text(taken.exchange.body) == "x"
    taken.exchange.unit.release()
    assert files.tree() == {"in/work/.camel/a": "x"}


@pytest.mark.parametrize("new", ["", "new"])
def test_a_failed_file_comes_back_from_another_disk(files, two_disks, new):
    files.write("in/a", "old")
    (taken,) = files.take(files.poller("in", preMove="work"))
    if new:
        files.write("in/a", new)
    taken.exchange.unit.release(ValueError("no"))
    assert files.tree() == ({"in/a": "new", "in/a~1": "old"} if new else {"in/a": "old"})


# -- somebody replaces the file while it is processed


@pytest.mark.parametrize("options", [{}, {"move": "done"}, {"delete": "true"}])
def test_a_file_that_replaces_the_one_in_work_is_read_next(files, options):
    files.write("in/a", "old")
    poller = files.poller("in", **options)
    (taken,) = files.take(poller)
    replaced(files, "in/a", "new")
    taken.exchange.unit.release()
    (after,) = files.take(poller)
    assert text(after.exchange.body) == "new"
    after.exchange.unit.release()


def test_a_file_that_replaces_one_that_fails_is_not_taken_for_it(files):
    files.write("in/a", "old")
    (taken,) = files.take(files.poller("in", moveFailed="bad"))
    replaced(files, "in/a", "new")
    taken.exchange.unit.release(ValueError("no"))
    assert files.tree() == {"in/a": "new"}


def test_a_new_done_file_stays_for_the_new_file(files):
    files.write("in/a", "old")
    os.utime(files.write("in/a.done"), (1, 1))
    poller = files.poller("in", doneFileName="${file:name}.done", delete="true")
    (taken,) = files.take(poller)
    replaced(files, "in/a", "new")
    files.write("in/a.done")
    taken.exchange.unit.release()
    assert set(files.tree()) == {"in/a", "in/a.done"}


def test_an_old_done_file_does_not_stand_for_a_new_file(files):
    files.write("in/a", "old")
    files.write("in/a.done")
    poller = files.poller("in", doneFileName="${file:name}.done", delete="true")
    (taken,) = files.take(poller)
    replaced(files, "in/a", "half")
    taken.exchange.unit.release()
    assert set(files.tree()) == {"in/a"}


# -- files that failed before


def test_a_failed_file_does_not_replace_one_that_failed_before(files):
    for content in ("monday", "tuesday"):
        files.write("in/a.csv", content)
        files.read_one("in", error=ValueError("no"), moveFailed="bad")
    assert files.tree() == {"in/bad/a.csv": "monday", "in/bad/a~1.csv": "tuesday"}
