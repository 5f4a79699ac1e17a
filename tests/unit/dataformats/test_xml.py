import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from esb.dataformats.xml import Xml
from esb.errors import ConversionFailed, Malformed
from esb.exchange import Exchange
from tests.unit.dataformats.sources import refusal

PLAIN = Xml(root_name="r").build(None)
NAMES = st.text("abcXYZ_", min_size=1, max_size=5)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=10
)
MAPS = st.recursive(TEXTS, lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3), max_leaves=8)


@given(st.dictionaries(NAMES, MAPS, min_size=1, max_size=3))
def test_texts_in_maps_are_read_again(value):
    assert PLAIN.unmarshal(Exchange(), PLAIN.marshal(Exchange(), value)) == value


@given(st.dictionaries(NAMES, TEXTS | st.lists(TEXTS, max_size=3) | st.none() | st.integers(), max_size=3))
def test_what_is_written_is_well_formed(value):
    etree.fromstring(PLAIN.marshal(Exchange(), value))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data):
    told = refusal(PLAIN, data)
    assert told is None or "XML" in told


BOMB = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'


@pytest.mark.parametrize(
    "document",
    [
        "",
        " ",
        "text",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a\x00/>",
        "<a>\x00</a>",
        "<a>&nope;</a>",
        BOMB,
        OUTSIDE,
        "<a>" * 5000,
    ],
)
def test_what_is_not_a_sound_document_is_refused(make, document):
    with pytest.raises(Malformed):
        make("jacksonXml").read(document)


def test_a_byte_order_mark_is_read_over(make):
    assert make("jacksonXml").read(b"\xef\xbb\xbf<a><b>1</b></a>") == {"b": "1"}


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ('<a x="1"><b>2</b></a>', {"x": "1", "b": "2"}),
        ("<a><b>1</b><c/><b>3</b></a>", {"b": ["1", "3"], "c": ""}),
        ('<p:a xmlns:p="urn:p" p:x="1"><p:b>2</p:b></p:a>', {"x": "1", "b": "2"}),
        ('<a xmlns:p="urn:p" p:x="1" x="2"><x>3</x></a>', {"x": ["1", "2", "3"]}),
        ("<a>text</a>", {"": "text"}),
        ("<a>mixed<b>1</b>tail</a>", {"": ["mixed", "tail"], "b": "1"}),
        ("<a/>", {}),
        ('<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><b i:nil="true"/></a>', {"b": None}),
        ("<a><b><![CDATA[<x>]]></b></a>", {"b": "<x>"}),
    ],
)
def test_elements_become_maps_as_jackson_makes_them(make, document, value):
    assert make("jacksonXml").read(document) == value


@pytest.mark.parametrize(
    ("value", "document"),
    [
        ({"a": 1, "b": None, "c": []}, "<LinkedHashMap><a>1</a><b/></LinkedHashMap>"),
        ([1, {"a": 2}], "<ArrayList><item>1</item><item><a>2</a></item></ArrayList>"),
        ({"a": "<&>\r"}, "<LinkedHashMap><a>&lt;&amp;>&#xd;</a></LinkedHashMap>"),
        ({}, "<LinkedHashMap/>"),
        ("text", "<String>text</String>"),
        (5, "<Integer>5</Integer>"),
        (None, "<null/>"),
    ],
)
def test_values_are_written_as_jackson_writes_them(make, value, document):
    assert make("jacksonXml").write(value).decode() == document


@pytest.mark.parametrize("key", ["a b", "", "1a", "a>", "a/", "x:y"])
def test_a_key_never_becomes_markup(make, key):
    with pytest.raises(ConversionFailed, match="name of an XML element"):
        make("xml").write({key: 1})


def test_a_text_that_xml_cannot_hold_is_refused(make):
    with pytest.raises(ConversionFailed, match="cannot stand in XML"):
        make("xml").write({"a": "\x00"})
