"""Writing messages as files."""

import codecs
import fcntl
import os
import stat
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.file.content import chunks
from adapters.file.errors import NotStored, Refused
from adapters.file.place import BadName, checked
from esb.errors import Rejected
from esb.exchange import Exchange
from esb.testing.process import until


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("größe", "größe".encode()),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"x"), b"x"),
        ("", b""),
        (etree.fromstring("<a>ö</a>"), "<a>ö</a>".encode()),
    ],
)
def test_bodies_are_written_as_their_bytes(files, body, written):
    files.send("file:out?fileName=a", body)
    assert (files.folder / "out/a").read_bytes() == written


def test_a_file_is_copied_without_being_held(files):
    files.write("in/a", "x" * 3_000_000)
    exchange = files.endpoint("in").poll(0)
    pieces = list(chunks(exchange.body, None, 65536))
    assert max(map(len, pieces)) == 65536
    files.send("file:out", exchange.body, CamelFileName="b")
    exchange.unit.release()
    assert (files.folder / "out/b").stat().st_size == 3_000_000


def test_a_file_is_recoded_to_the_charset(files):
    files.write("in/a", "größe" * 1000, encoding="latin-1")
    exchange = files.endpoint("in", charset="ISO-8859-1", bufferSize=7).poll(0)
    files.send("file:out?charset=UTF-16LE&bufferSize=7", exchange.body, CamelFileName="b")
    assert (files.folder / "out/b").read_text("utf-16-le") == "größe" * 1000


@given(
    text=st.text(st.characters(codec="utf-8")),
    size=st.integers(1, 9),
    charset=st.sampled_from(["utf-16", "utf-8-sig", "utf-32-le"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_recoding_in_pieces_gives_what_recoding_in_one_gives(tmp_path, text, size, charset):
    path = tmp_path / "text"
    path.write_bytes(text.encode())

    class Body:
        charset = "utf-8"

        def open(self):
            return path.open("rb")

    assert b"".join(chunks(Body(), charset, size)) == codecs.encode(text, charset)


@pytest.mark.parametrize("body", [1, 1.5, True, {"a": 1}, ["a"], ("a",), object()])
def test_numbers_maps_and_lists_are_refused(files, body):
    with pytest.raises(Refused):
        files.send("file:out?fileName=a", body)
    with pytest.raises(Refused):
        files.send("file:out?fileName=a&fileExist=Append", body)
    assert files.tree() == {}


@pytest.mark.parametrize(("body", "charset"), [("€", "ISO-8859-1"), (b"\xff", "UTF-16")])
def test_text_that_the_charset_cannot_hold_is_refused(files, body, charset):
    with pytest.raises(Refused):
        files.send(f"file:out?fileName=a&charset={charset}", body)
    assert files.tree() == {}


def test_no_body_is_refused_unless_it_is_allowed(files):
    with pytest.raises(Refused, match="allowNullBody"):
        files.send("file:out?fileName=a")
    files.send("file:out?fileName=a&allowNullBody=true")
    assert files.tree() == {"out/a": ""}


# -- the name


def test_the_option_beats_the_header(files):
    exchange = files.send("file:out?fileName=${header.n}.txt", "x", CamelFileName="b", n="a")
    assert files.tree() == {"out/a.txt": "x"}
    assert exchange.headers == {"CamelFileName": "b", "n": "a", "CamelFileNameProduced": "out/a.txt"}


def test_an_overruling_name_is_used_once(files):
    exchange = files.send("file:out", "x", CamelFileName="b", CamelOverruleFileName="a")
    assert files.tree() == {"out/a": "x"}
    assert "CamelOverruleFileName" not in exchange.headers
    assert exchange.headers["CamelFileName"] == "b"


def test_without_a_name_the_exchange_gives_one(files):
    exchange = files.send("file:out", "x")
    assert files.tree() == {f"out/{exchange.id}": "x"}
    assert exchange.headers["CamelFileName"] is None


def test_folders_of_the_name_are_made_or_dropped(files):
    files.send("file:out", "1", CamelFileName="a/b/c")
    files.send("file:out?flatten=true", "2", CamelFileName="a/b/c")
    assert files.tree() == {"out/a/b/c": "1", "out/c": "2"}


def test_without_auto_create_a_missing_folder_is_an_error(files):
    with pytest.raises(NotStored, match="autoCreate") as failure:
        files.send("file:none?autoCreate=false&fileName=a", "x")
    assert isinstance(failure.value, OSError)
    assert isinstance(failure.value, Rejected)
    assert failure.value.retriable
    assert not (files.folder / "none").exists()


HOSTILE = [
    "../x",
    "a/../../x",
    "a/..",
    "..",
    ".",
    "/etc/x",
    "//x",
    "..\\x",
    "a\\b",
    "C:\\x",
    "a\0b",
    "a\nb",
    "a\x1b[0m",
    "a\x7f",
    "",
    "/",
    "a/",
    "x" * 256,
    "é" * 128,
    "/".join(["x" * 200] * 21),
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("exist", ["Override", "Append", "Fail", "Ignore"])
def test_names_that_lead_out_or_are_no_names_are_refused_and_nothing_is_written(files, name, exist):
    before = sorted(files.folder.rglob("*"))
    with pytest.raises(BadName) as failure:
        files.send(f"file:out?fileExist={exist}", "x", CamelFileName=name)
    assert isinstance(failure.value, ValueError)
    assert str(failure.value).isprintable()
    assert sorted(files.folder.rglob("*")) == before


@pytest.mark.parametrize("name", ["..%2fx", "...", "a..b", "~root", "CON", "a:b", "$HOME", "\u2024\u2024/x"])
def test_names_that_only_look_hostile_stay_in_the_folder(files, name):
    files.send("file:out", "x", CamelFileName=name)
    assert files.tree("out") == {name: "x"}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_checked_name_never_leaves_its_folder(name):
    try:
        told = checked(name, "/base", jailed=True)
    except BadName:
        return
    assert os.path.normpath(f"/base/{told}") == f"/base/{told}"
    assert told


def test_a_link_below_the_folder_is_not_followed(files):
    files.write("out/x")
    files.write("elsewhere/y", "mine")
    (files.folder / "out/link").symlink_to(files.folder / "elsewhere")
    (files.folder / "out/file").symlink_to(files.folder / "elsewhere/y")
    for uri in ("file:out", "file:out?fileExist=Append"):
        for name in ("link/z", "file"):
            with pytest.raises(NotStored):
                files.send(uri, "x", CamelFileName=name)
    assert files.tree("elsewhere") == {"y": "mine"}


def test_without_the_jail_a_name_may_lead_out(files):
    files.send("file:out?jailStartingDirectory=false", "x", CamelFileName="../a")
    files.send("file:out?jailStartingDirectory=false", "y", CamelFileName=str(files.folder / "b"))
    files.send("file:out?jailStartingDirectory=false&fileExist=Append", "z", CamelFileName="../a")
    assert files.tree() == {"a": "xz", "b": "y"}


# -- the file exists


def test_override_replaces_the_file(files):
    files.write("out/a", "a long old text")
    files.send("file:out?fileName=a", "new")
    assert files.tree() == {"out/a": "new"}


def test_fail_refuses_to_touch_the_file_for_good(files):
    files.write("out/a", "old")
    with pytest.raises(Refused) as failure:
        files.send("file:out?fileName=a&fileExist=Fail", "new")
    assert not failure.value.retriable
    assert files.tree() == {"out/a": "old"}


def test_ignore_leaves_the_file_and_goes_on(files):
    files.write("out/a", "old")
    exchange = files.send("file:out?fileName=a&fileExist=Ignore", "new")
    assert files.tree() == {"out/a": "old"}
    assert exchange.headers["CamelFileNameProduced"] == "out/a"


def test_a_name_that_is_taken_while_we_write_is_not_replaced_by_fail(files):
    class Racing:
        charset = "utf-8"

        def open(self):
            files.write("out/a", "theirs")
            return (files.folder / "out/a").open("rb")

    with pytest.raises(Refused):
        files.send("file:out?fileName=a&fileExist=Fail", Racing())
    assert files.tree() == {"out/a": "theirs"}


@pytest.mark.parametrize(
    ("existing", "moved"),
    [
        ("old", "out/s/old/a"),
        ("${file:parent}/${file:onlyname}.bak", "out/s/a.bak"),
        ("kept/${file:onlyname}", "out/kept/a"),
    ],
)
def test_move_keeps_the_old_file(files, existing, moved):
    files.write("out/s/a", "old")
    files.send(f"file:out?fileExist=Move&moveExisting={existing}", "new", CamelFileName="s/a")
    assert files.tree() == {"out/s/a": "new", moved: "old"}


def test_a_folder_under_the_name_is_no_file_to_replace(files):
    files.write("out/a/b")
    with pytest.raises(Refused, match="no regular file"):
        files.send("file:out?fileName=a", "x")


# -- how it is written


class Watching:
    """A body that looks into the folder while it is read."""

    charset = "utf-8"

    def __init__(self, folder, fail=False):
        self.folder = folder
        self.seen = []
        self.fail = fail

    def open(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def read(self, size=-1):
        self.seen.append({entry.name: entry.read_bytes() for entry in self.folder.iterdir()})
        if len(self.seen) > 3 and self.fail:
            raise OSError(5, "the source broke")
        return b"x" * 10 if len(self.seen) < 6 else b""


def test_the_name_is_never_seen_with_half_a_file(files):
    body = Watching(files.folder / "out")
    files.write("out/a", "old")
    files.send("file:out?fileName=a", body)
    assert len(body.seen) == 6
    assert all(seen["a"] == b"old" for seen in body.seen)
    assert all(
        name == "a" or (name.startswith(".a.") and name.endswith(".esb-tmp")) for seen in body.seen for name in seen
    )
    assert files.tree() == {"out/a": "x" * 50}


def test_the_temporary_name_is_as_told(files):
    body = Watching(files.folder / "out")
    files.write("out/keep", "")
    files.send("file:out?fileName=a&tempPrefix=tmp-", body)
    assert set(body.seen[-1]) == {"keep", "tmp-a"}
    body = Watching(files.folder / "out")
    files.send(
        "file:out?fileName=b&tempFileName=${file:onlyname.noext}${header.n}.part", body, n="7", CamelFileName="b.x"
    )
    assert "b7.part" in body.seen[-1]
    assert set(files.tree("out")) == {"keep", "a", "b"}


class Meeting:
    """A body of letters, the last of which comes when another writer asks for the lock of its temporary file."""

    charset = "utf-8"

    def __init__(self, letter, met):
        self.pieces = [letter.encode() * 10, letter.encode() * 10]
        self.met = met

    def read(self, size=-1):
        if len(self.pieces) == 1:
            assert self.met.wait(10)
        return self.pieces.pop() if self.pieces else b""


def test_messages_that_share_a_temporary_name_are_written_one_after_the_other(files, monkeypatch):
    met, lock = threading.Event(), fcntl.flock

    def flock(handle, operation):
        if threading.current_thread() is second:
            met.set()
        lock(handle, operation)

    uri = "file:out?tempFileName=upload.tmp"
    first = threading.Thread(target=lambda: files.send(uri, Meeting("a", met), CamelFileName="a"))
    second = threading.Thread(target=lambda: files.send(uri, Meeting("b", met), CamelFileName="b"))
    monkeypatch.setattr(fcntl, "flock", flock)
    first.start()
    until(lambda: (files.folder / "out/upload.tmp").exists() and files.tree("out")["upload.tmp"])
    second.start()
    first.join(10)
    second.join(10)
    assert files.tree("out") == {"a": "a" * 20, "b": "b" * 20}


def test_what_a_dead_writer_left_under_the_temporary_name_is_not_written_through(files):
    placed = files.write("out/placed", "whole")
    (files.folder / "out/upload.tmp").hardlink_to(placed)
    files.send("file:out?fileName=a&tempFileName=upload.tmp", "x")
    assert files.tree("out") == {"placed": "whole", "a": "x"}


def test_a_link_under_the_temporary_name_is_not_followed(files):
    placed = files.write("elsewhere", "whole")
    (files.folder / "out").mkdir()
    (files.folder / "out/upload.tmp").symlink_to(placed)
    files.send("file:out?fileName=a&tempFileName=upload.tmp", "x")
    assert files.tree() == {"elsewhere": "whole", "out/a": "x"}


def test_a_body_that_breaks_leaves_nothing(files):
    files.write("out/a", "old")
    with pytest.raises(NotStored):
        files.send("file:out?fileName=a", Watching(files.folder / "out", fail=True))
    with pytest.raises(NotStored):
        files.send("file:out?fileName=a&fileExist=Append", Watching(files.folder / "out", fail=True))
    assert files.tree() == {"out/a": "old"}


def test_a_done_file_comes_after_the_file(files):
    files.send("file:out?fileName=s/a.txt&doneFileName=${file:name.noext}.done", "x")
    assert files.tree() == {"out/s/a.txt": "x", "out/s/a.done": ""}


def test_mode_and_time_are_as_told(files):
    uri = "file:out?chmod=640&chmodDirectory=750&keepLastModified=true"
    files.send(uri, "x", CamelFileName="s/a", CamelFileLastModified=1_500_000_000_123)
    facts = (files.folder / "out/s/a").stat()
    assert stat.S_IMODE(facts.st_mode) == 0o640
    assert facts.st_mtime_ns == 1_500_000_000_123_000_000
    assert stat.S_IMODE((files.folder / "out/s").stat().st_mode) == 0o750


def test_a_checksum_is_written_beside(files):
    files.send("file:out?fileName=a&checksumFileAlgorithm=sha256", "x")
    assert files.tree()["out/a.sha256"].startswith("2d711642b726b044")


def test_a_long_name_has_room_for_a_temporary_one(files):
    files.send("file:out", "x", CamelFileName="n" * 255)
    assert files.tree() == {"out/" + "n" * 255: "x"}


# -- the disk


def test_file_and_folder_are_forced_to_disk_before_the_send_returns(files, monkeypatch):
    synced = []

    def fsync(handle):
        synced.append((stat.S_ISDIR(os.fstat(handle).st_mode), "out/a" in files.tree()))

    monkeypatch.setattr(os, "fsync", fsync)
    files.send("file:out?fileName=a", "x")
    assert synced == [(False, False), (True, True)]
    synced.clear()
    files.send("file:out?fileName=b&forceWrites=false", "x")
    assert synced == []


@pytest.mark.parametrize("exist", ["Override", "Fail"])
def test_an_fsync_that_fails_means_not_stored(files, monkeypatch, exist):
    def fsync(_):
        raise OSError(5, "Input/output error")

    (files.folder / "out").mkdir()
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(NotStored) as failure:
        files.send(f"file:out?fileName=a&fileExist={exist}", "x")
    assert failure.value.retriable
    assert files.tree() == {}


def test_temporary_files_of_dead_writers_are_swept_away(files):
    old = files.write("out/.a.123.esb-tmp")
    os.utime(old, (1, 1))
    files.write("out/.b.123.esb-tmp")  # young: its writer may not have locked it yet
    files.write("out/keep")
    producer = files.endpoint("out").producer()
    producer.start()
    until(lambda: set(files.tree("out")) == {".b.123.esb-tmp", "keep"})


def test_a_temporary_file_that_is_being_written_is_not_swept_away(files):
    from adapters.file.writing import sweep

    class Sweeping(Watching):
        def read(self, size=-1):
            for entry in self.folder.iterdir():
                os.utime(entry, (1, 1))
            sweep(str(self.folder))
            return super().read(size)

    (files.folder / "out").mkdir()
    files.send("file:out?fileName=a", Sweeping(files.folder / "out"))
    assert files.tree() == {"out/a": "x" * 50}


def test_an_exchange_without_a_unit_is_written_too(files):
    producer = files.context.endpoint("file:out?fileName=a&fileExist=Append").producer()
    producer.send(Exchange("x"))
    assert files.tree() == {"out/a": "x"}
