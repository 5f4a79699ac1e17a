import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.methods import method_call, split


class Scope:
    """No language is asked for where no parameter has functions."""

    def language(self, name):
        raise AssertionError(name)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("a", ["a"]),
        ("a, b", ["a", " b"]),
        ("'a,b',c", ["'a,b'", "c"]),
        ("${bean:x.join(a,b)}, 1", ["${bean:x.join(a,b)}", " 1"]),
        ('"it\'s, so", x', ['"it\'s, so"', " x"]),
        ("a,", ["a", ""]),
    ],
)
def test_parameters_are_cut_at_commas_outside_quotes_and_brackets(text, parts):
    assert list(split(text)) == parts


@given(st.lists(st.text(alphabet="ab,() {}$").map(lambda text: f"'{text}'"), max_size=5))
def test_quoted_parameters_come_back_as_they_were(parts):
    assert list(split(",".join(parts))) == parts


@given(st.text())
def test_any_text_can_be_cut(text):
    assert "".join(split(text)).replace(",", "") == text.replace(",", "") or not text.strip()


def test_a_builtin_without_a_signature_gets_what_is_written():
    assert method_call("a-b", "split('-')", Scope()).invoke(None) == ["a", "b"]
