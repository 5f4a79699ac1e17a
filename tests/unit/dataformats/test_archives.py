"""zipFile and tarFile."""

import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.coerce import NoConversion
from esb.dataformats._octets import Spooled, Unpackable, Unreadable
from esb.dataformats.tar_file import TarFile
from esb.dataformats.zip_file import ZipFile
from esb.exchange import Exchange
from esb.javanames import IllegalStateException
from tests.unit.dataformats.sources import Made

NAMES = ("zipFile", "tarFile")
HEADERS = {"zipFile": "zipFileName", "tarFile": "CamelTarFileEntryName"}


def packed(name, *entries):
    """An archive by the standard library; a name that ends with a slash is a folder."""
    target = io.BytesIO()
    if name == "zipFile":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, data in entries:
                archive.writestr(entry, data)
        return target.getvalue()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for entry, data in entries:
            info = tarfile.TarInfo(entry.rstrip("/"))
            info.type = tarfile.DIRTYPE if entry.endswith("/") else tarfile.REGTYPE
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


TWO = (("a.txt", b"A"), ("d/", b""), ("d/b.txt", b"B"))


@pytest.mark.parametrize("spec", [ZipFile, TarFile])
@given(data=st.binary(max_size=3000))
def test_what_is_packed_is_unpacked_again(spec, data):
    made = spec().build(None)
    exchange = Exchange(headers={"CamelFileName": "dir/report.txt"})
    archive = made.marshal(exchange, data)
    assert exchange.headers["CamelFileName"] in {"report.txt.zip", "report.txt.tar"}
    assert made.unmarshal(exchange, archive) == data
    assert exchange.headers["CamelFileName"] == "report.txt"


@pytest.mark.parametrize("spec", [ZipFile, TarFile])
@given(data=st.binary(max_size=600))
def test_any_bytes_are_unpacked_or_refused(spec, data):
    with pytest.raises((Unpackable, Unreadable)):
        spec().build(None).unmarshal(Exchange(), data)
    with pytest.raises((Unpackable, Unreadable)):
        list(spec(using_iterator=True).build(None).unmarshal(Exchange(), data))


@pytest.mark.parametrize("name", NAMES)
def test_archives_are_read_by_others(make, name):
    made = make(name)
    made.headers["CamelFileName"] = "r.txt"
    archive = io.BytesIO(made.write("content"))
    if name == "zipFile":
        assert zipfile.ZipFile(archive).read("r.txt") == b"content"
    else:
        with tarfile.open(fileobj=archive) as opened:
            assert opened.extractfile("r.txt").read() == b"content"


@pytest.mark.parametrize("name", NAMES)
def test_a_body_without_a_name_is_called_by_its_exchange(make, name):
    made = make(name)
    made.write("x")
    assert made.headers["CamelFileName"] == f"{made.exchange.id}.{name[:3]}"


@pytest.mark.parametrize("name", NAMES)
def test_folders_are_kept_on_demand(make, name):
    made = make(name, preserve_path_elements=True)
    made.headers["CamelFileName"] = "/d/../e/f.txt"
    archive = made.write("x")
    entries = make(name, using_iterator=True, allow_empty_directory=True).read(archive)
    assert [entry.headers["CamelFileName"] for entry in entries] == ["d/", "d/e/", "d/e/f.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_entries_are_messages_with_the_headers_of_the_whole(make, name):
    made = make(name, using_iterator=True)
    made.headers["h"] = 1
    got = [(one.body, dict(one.headers)) for one in made.read(packed(name, *TWO))]
    assert got == [
        (b"A", {"h": 1, HEADERS[name]: "a.txt", "CamelFileName": "a.txt"}),
        (b"B", {"h": 1, HEADERS[name]: "d/b.txt", "CamelFileName": "d/b.txt"}),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_an_archive_with_more_than_one_entry_is_refused_where_one_is_meant(make, name):
    with pytest.raises(IllegalStateException, match="has more than 1 entry"):
        make(name).read(packed(name, *TWO))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("entry", ["../evil", "a/../../evil", "/etc/passwd", "..\\evil", "C:\\evil", "a/..", "x\ny"])
def test_an_entry_that_leads_out_of_the_folder_is_refused(make, name, entry):
    archive = packed(name, ("good", b""), (entry, b"x"))
    with pytest.raises(Unpackable, match="leads out of the folder"):
        list(make(name, using_iterator=True).read(archive))
    with pytest.raises(Unpackable):
        make(name).read(packed(name, (entry, b"x")))


def test_no_entry_of_a_zip_file_is_given_out_before_all_names_are_seen(make):
    entries = make("zipFile", using_iterator=True).read(packed("zipFile", ("good", b""), ("../evil", b"x")))
    with pytest.raises(Unpackable):
        next(entries)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("iterate", [True, False])
def test_what_is_no_archive_is_refused(make, name, iterate):
    for data in (b"no archive", b""):
        with pytest.raises(IllegalStateException, match="it may be corrupted"):
            list(make(name, using_iterator=iterate).read(data))


@pytest.mark.parametrize("name", NAMES)
def test_an_archive_that_is_cut_off_is_refused(make, name):
    archive = packed(name, ("a.txt", bytes(range(256)) * 90))
    with pytest.raises(Unreadable):
        make(name).read(archive[: len(archive) // 2])


THREE = tuple((f"order{number}.xml", b"body%d" % number) for number in range(3))
SECOND = 2 * tarfile.BLOCKSIZE  # where the header of the second entry begins


def damaged_behind_the_first_entry(how):
    archive = bytearray(packed("tarFile", *THREE))
    if how == "a changed bit in the header":
        archive[SECOND] ^= 1
        return bytes(archive)
    return bytes(archive[: SECOND + (300 if how == "cut within the header" else 0)])


@pytest.mark.parametrize("how", ["a changed bit in the header", "cut within the header", "cut before the header"])
@pytest.mark.parametrize("iterate", [True, False])
def test_a_tar_file_damaged_behind_an_entry_is_refused(make, how, iterate):
    with pytest.raises(Unreadable, match="cut off or damaged"):
        list(make("tarFile", using_iterator=iterate).read(damaged_behind_the_first_entry(how)))


def test_one_empty_block_is_enough_as_the_end_of_a_tar_file(make):
    archive = packed("tarFile", *THREE)[: 7 * tarfile.BLOCKSIZE]
    assert [one.body for one in make("tarFile", using_iterator=True).read(archive)] == [body for _, body in THREE]


@pytest.mark.parametrize("name", NAMES)
def test_entries_together_stay_within_the_size(make, name):
    archive = packed(name, *[(f"{number}", b"x" * 100) for number in range(5)])
    entries = make(name, using_iterator=True, max_decompressed_size=350).read(archive)
    with pytest.raises(Unreadable, match="unpacks to more than 50 bytes"):
        list(entries)


def test_a_bomb_is_refused_by_its_ratio(make):
    with pytest.raises(Unreadable, match="as a bomb does"):
        make("zipFile").read(packed("zipFile", ("bomb", b"\x00" * (20 << 20))))


def test_a_damaged_entry_is_refused(make):
    archive = bytearray(packed("zipFile", ("a.txt", b"some content")))
    archive[40] ^= 0xFF
    with pytest.raises(Unreadable, match="cannot be unpacked"):
        make("zipFile").read(bytes(archive))


def test_an_encrypted_entry_is_refused(make):
    archive = bytearray(packed("zipFile", ("a.txt", b"some content")))
    archive[6] |= 1
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Unreadable, match="encrypted"):
        make("zipFile").read(bytes(archive))


def test_a_link_in_a_tar_file_is_refused(make):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        info = tarfile.TarInfo("a")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(Unpackable, match="a link or a device"):
        make("tarFile").read(target.getvalue())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [None, 5, {"a": 1}, [1]])
def test_what_is_no_bytes_is_refused(make, name, body):
    with pytest.raises(NoConversion):
        make(name).write(body)


@pytest.mark.parametrize("name", NAMES)
def test_a_large_source_is_packed_and_unpacked_without_being_held(make, name):
    made = make(name)
    made.headers["CamelFileName"] = "big.txt"
    archive = made.write(Made(lambda: (b"%07d\n" % number for number in range(300_000))))
    body = made.read(archive)
    assert isinstance(body, Spooled)
    with body.open() as content:
        assert sum(1 for _ in content) == 300_000
