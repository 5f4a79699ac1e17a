"""A failed message as a text to edit."""

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.broker.dead_letters import DeadLetter
from esb.cli._editing import read, written
from esb.edge import is_control
from esb.errors import OptionError

LETTER = DeadLetter(
    id="m1",
    queue="q.dlq",
    body=b"body\n\nwith an empty line",
    headers={
        "text": "a b",
        "lines": "a\nb",
        "number": 7,
        "share": Decimal("1.50"),
        "flag": True,
        "none": None,
        "digits": "12",
    },
    content_type="text/plain",
    published_at=None,
    origin="q",
    route="r",
    step="s",
    step_at="",
    error_class="esb.errors.StepFailed",
    error="it\nbroke",
    attempts=3,
    failed_at="",
)


def test_a_text_saved_as_it_was_is_the_same_message():
    assert read(written(LETTER), LETTER) == (LETTER.headers, "text/plain", LETTER.body)


@given(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])))
def test_every_body_without_carriage_returns_comes_back(text):
    letter = dataclasses.replace(LETTER, body=text.encode())
    assert read(written(letter), letter)[2] == text.encode()


NAMES = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda name: not is_control(name))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = TEXTS | st.booleans() | st.integers() | st.floats() | st.decimals() | st.none()


@given(st.dictionaries(NAMES | st.sampled_from(["content-type", "a:b", "a", '"a"', "#a"]), VALUES), TEXTS | st.none())
def test_headers_of_every_name_and_value_come_back_as_they_were(headers, content_type):
    letter = dataclasses.replace(LETTER, headers=headers, content_type=content_type)
    # As text: a number that is none is not equal to itself, and true is equal to 1.
    assert repr(read(written(letter), letter)) == repr((headers, content_type, LETTER.body))


CLOUD = dataclasses.replace(
    LETTER, headers={"cloudEvents:id": "42", "cloudEvents:type": "order:new", "url": "http://a"}
)


def test_a_header_with_a_colon_in_its_name_stays_when_the_body_is_changed():
    text = written(CLOUD).replace("with an empty line", "with a change")
    assert read(text, CLOUD) == (CLOUD.headers, "text/plain", b"body\n\nwith a change")


def test_a_new_header_may_have_a_colon_in_its_name_if_it_stands_in_quotes():
    text = written(CLOUD).replace("url: http://a", '"cloudEvents:source" : /shop:1\nplace: http://b')
    headers = read(text, CLOUD)[0]
    assert (headers["cloudEvents:source"], headers["place"]) == ("/shop:1", "http://b")


def test_an_id_of_several_lines_is_a_remark_all_the_same():
    letter = dataclasses.replace(LETTER, id="m1\n\nevil: 1")
    assert read(written(letter), letter) == (LETTER.headers, "text/plain", LETTER.body)


def test_a_changed_number_stays_a_number_and_a_changed_text_a_text():
    headers, _, _ = read(written(LETTER).replace("number: 7", "number: 8").replace("digits: 12", "digits: 13"), LETTER)
    assert (headers["number"], headers["digits"]) == (8, "13")


def test_a_line_taken_away_takes_the_header_away():
    headers, content_type, _ = read(
        written(LETTER).replace("flag: true\n", "").replace("Content-Type: text/plain\n", ""), LETTER
    )
    assert "flag" not in headers
    assert content_type is None


def test_the_line_end_that_an_editor_adds_is_not_part_of_the_body():
    assert read(written(LETTER) + "\n", LETTER)[2] == LETTER.body


@pytest.mark.parametrize("line", ["number 7", ": 7", '"number: 7', '"number" 7', '"a\\q": 7'])
def test_a_line_that_is_no_header_is_refused(line):
    with pytest.raises(OptionError, match="no header"):
        read(written(LETTER).replace("number: 7", line), LETTER)


@pytest.mark.parametrize("body", [b"\xff\x00", b"a\r\nb"])
def test_a_body_that_an_editor_would_spoil_is_not_opened(body):
    with pytest.raises(OptionError, match="body"):
        written(dataclasses.replace(LETTER, body=body))
