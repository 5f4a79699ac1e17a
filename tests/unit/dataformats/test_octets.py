"""base64, gzipDeflater, zipDeflater, lzf: bytes to bytes."""

import base64
import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.coerce import NoConversion
from esb.dataformats._octets import EOFException, Spool, Spooled, Unreadable, ZipException
from esb.dataformats.base64 import Base64
from esb.dataformats.gzip_deflater import GzipDeflater
from esb.dataformats.lzf import Lzf, LZFException
from esb.dataformats.zip_deflater import ZipDeflater
from esb.errors import Malformed, OptionError
from esb.exchange import Exchange
from esb.javanames import caught_by
from tests.unit.dataformats.sources import Made, refusal

FORMATS = [Base64().build(None), GzipDeflater().build(None), ZipDeflater().build(None), Lzf().build(None)]
REPETITIVE = st.lists(st.sampled_from([b"abc", b"aaaa", b"\x00" * 40, b"z"]), max_size=200).map(b"".join)


@pytest.mark.parametrize("made", FORMATS)
@given(data=st.binary(max_size=300) | REPETITIVE)
def test_what_is_packed_is_unpacked_again(made, data):
    assert made.unmarshal(Exchange(), made.marshal(Exchange(), data)) == data


@pytest.mark.parametrize("made", FORMATS[1:])
@given(data=st.binary(max_size=80))
def test_any_bytes_are_unpacked_or_refused(made, data):
    assert refusal(made, data) != ""


@pytest.mark.parametrize("made", FORMATS[1:])
@given(st.data())
def test_a_part_of_what_was_packed_is_refused_or_a_part_of_the_data(made, data):
    packed = made.marshal(Exchange(), b"some text some text some text 12345")
    cut = packed[: data.draw(st.integers(1, len(packed) - 1))]
    with pytest.raises(Malformed):
        made.unmarshal(Exchange(), cut)


@pytest.mark.parametrize("name", ["base64", "gzipDeflater", "zipDeflater", "lzf"])
@pytest.mark.parametrize("body", [None, 5, True, {"a": 1}, [1]])
def test_what_is_no_bytes_is_refused(make, name, body):
    with pytest.raises(NoConversion):
        make(name).write(body)


# -- base64 ----------------------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_base64_is_that_of_others(data):
    one_line = Base64(line_length=0).build(None)
    assert one_line.marshal(Exchange(), data) == base64.b64encode(data)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, b"Pz8/Pj4+\r\n"),
        ({"url_safe": True}, b"Pz8_Pj4-\r\n"),
        ({"line_length": 4, "line_separator": "|"}, b"Pz8/|Pj4+|"),
        ({"line_length": 6}, b"Pz8/\r\nPj4+\r\n"),
        ({"line_length": -1}, b"Pz8/Pj4+"),
    ],
)
def test_lines_are_as_the_route_says(make, options, told):
    assert make("base64", **options).write("???>>>") == told


@pytest.mark.parametrize(
    ("told", "data"),
    [
        ("Pz8_Pj4-", b"???>>>"),
        (" c2hv \t cn\r\nQ= ", b"short"),
        ("YQ", b"a"),
        ("Y", b""),
        ("YQ==YQ==", b"a"),
        ("", b""),
    ],
)
def test_base64_is_read_leniently_as_in_camel(make, told, data):
    assert make("base64").read(told) == data


def test_a_separator_of_letters_is_refused(make):
    with pytest.raises(OptionError, match="letters of base64"):
        make("base64", line_separator="x")


# -- gzip and zlib ---------------------------------------------------------------------------------------------------------------


def test_gzip_has_the_bytes_that_camel_gives(make):
    assert base64.b64encode(make("gzipDeflater").write("abc")) == b"H4sIAAAAAAAA/0tMSgYAwkEkNQMAAAA="


@given(st.binary(max_size=300))
def test_gzip_is_read_by_others_and_theirs_by_us(data):
    made = FORMATS[1]
    assert gzip.decompress(made.marshal(Exchange(), data)) == data
    assert made.unmarshal(Exchange(), gzip.compress(data)) == data


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4))
def test_members_of_gzip_data_follow_each_other(parts):
    assert FORMATS[1].unmarshal(Exchange(), b"".join(map(gzip.compress, parts))) == b"".join(parts)


def test_what_follows_gzip_data_is_refused(make):
    with pytest.raises(Unreadable, match="other data follow"):
        make("gzipDeflater").read(gzip.compress(b"a", mtime=0) + b"x")


def test_what_follows_zlib_data_is_not_read_as_in_camel(make):
    assert make("zipDeflater").read(zlib.compress(b"a") + b"x") == b"a"


@pytest.mark.parametrize("level", ["-1", "0", "9"])
def test_the_level_is_the_routes_affair(make, level):
    assert zlib.decompress(make("zipDeflater", compression_level=level).write("abc")) == b"abc"


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("gzipDeflater", b"plain", Unreadable),
        ("gzipDeflater", b"", Unreadable),
        ("gzipDeflater", gzip.compress(b"a", mtime=0)[:-1], EOFException),
        ("gzipDeflater", gzip.compress(b"a", mtime=0)[:-4] + b"xxxx", Unreadable),
        ("zipDeflater", b"plain", ZipException),
        ("zipDeflater", b"", EOFException),
        ("zipDeflater", zlib.compress(b"a")[:-1] + b"x", ZipException),
        ("lzf", b"junk", LZFException),
        ("lzf", b"ZV\x01\x00\x03\x00\x10\xff\x00\x00", LZFException),
    ],
)
def test_damage_has_the_class_that_camels_routes_catch(make, name, data, error):
    with pytest.raises(error) as caught:
        make(name).read(data)
    assert isinstance(caught.value, caught_by("java.io.IOException"))
    assert isinstance(caught.value, Malformed)


def test_java_names_of_damage_lead_to_these_classes():
    assert caught_by("java.util.zip.ZipException") == (ZipException,)
    assert caught_by("java.io.EOFException") == (EOFException,)


BOMB = zlib.compress(b"\x00" * (20 << 20), 9)


def test_a_bomb_is_refused_by_its_ratio(make):
    with pytest.raises(Unreadable, match="as a bomb does"):
        make("zipDeflater").read(BOMB)
    with pytest.raises(Unreadable, match="as a bomb does"):
        make("gzipDeflater").read(gzip.compress(b"\x00" * (20 << 20)))


def test_a_bomb_of_bombs_is_refused_by_its_ratio(make):
    with pytest.raises(Unreadable, match="as a bomb does"):
        make("gzipDeflater").read(gzip.compress(b"\x00" * (1 << 20)) * 30)


def test_the_route_may_allow_any_ratio_and_bound_the_size(make):
    assert make("zipDeflater", max_ratio=0).read(BOMB).open().read(4) == b"\x00" * 4
    with pytest.raises(Unreadable, match="more than 1000000 bytes"):
        make("zipDeflater", max_ratio=0, max_decompressed_size=1_000_000).read(BOMB)
    with pytest.raises(Unreadable, match="more than 10 bytes"):
        make("lzf", max_decompressed_size=10).read(make("lzf").write("a" * 100))


def test_a_large_result_is_a_source_that_can_be_read_again_and_again(make):
    packed = make("gzipDeflater").write(Made(lambda: (b"%07d\n" % number for number in range(500_000))))
    body = make("gzipDeflater").read(packed)
    assert isinstance(body, Spooled)
    with body.open() as first, body.open() as second:
        assert first.readline() == second.readline() == b"0000000\n"
        first.seek(-8, io.SEEK_END)
        assert first.read() == b"0499999\n"
    assert repr(body) == "<4000000 bytes>"


@given(st.lists(st.binary(max_size=1 << 12), max_size=5))
def test_a_spool_gives_what_it_was_given(parts):
    spool = Spool()
    assert [spool.write(part) for part in parts] == [len(part) for part in parts]
    assert spool.body() == b"".join(parts)
