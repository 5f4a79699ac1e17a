import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from esb.datatypes.patterns import compile_whole, is_plain

PLAIN = [
    "[A-Z]{2}[0-9]{6}",
    "O-[0-9]+",
    r"\d{5}(?:)"[:5],
    r"[A-Za-z0-9_.]+",
    r"\w{1,10}",
    "AB?C?",
    r"\+\d{3,15}",
    "[^,]*",
    "x",
]
OTHERS = [
    "(a+)+",
    "a*b*",
    "a|b",
    "(ab)",
    "a+?",
    ".*",
    "[a-z]+[0-9]*",
    "a?b?c?d?e?",
    r"\bx",
    "^x",
    "ü+",
    r"[\s]",
]


@pytest.mark.parametrize("pattern", PLAIN)
def test_plain_patterns_run_in_pythons_engine(pattern: str) -> None:
    assert isinstance(compile_whole(pattern), re.Pattern)


@pytest.mark.parametrize("pattern", OTHERS)
def test_all_others_run_in_re2(pattern: str) -> None:
    assert not is_plain(pattern)
    assert not isinstance(compile_whole(pattern), re.Pattern)


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "(", "[z-a]", "a{2000}", "a{2}{3}"])
def test_what_re2_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        compile_whole(pattern)


def test_the_whole_text_must_match() -> None:
    for pattern in ("ab+", "(ab+)"):
        match = compile_whole(pattern).match
        assert match("abb")
        assert not match("abb\n")
        assert not match("xabb")


TEXTS = st.text(st.sampled_from("AZaz09_ -.,+\n\u0660\u00e4x"), max_size=12)


@given(st.sampled_from(PLAIN) | st.text(st.sampled_from("aAx0[]^-\\dw.{}12,+*?"), max_size=8), TEXTS)
def test_both_engines_agree_on_plain_patterns(pattern: str, text: str) -> None:
    if not is_plain(pattern):
        return
    options = re2.Options()
    options.log_errors = False
    try:
        theirs = re2.compile(rf"\A(?:{pattern})\z", options)
    except re2.error:
        return
    assert bool(compile_whole(pattern).match(text)) == bool(theirs.match(text))


def test_a_long_text_that_fails_late_takes_no_time() -> None:
    assert not compile_whole("[a-z]+a?a?a?a?!").match("a" * 200_000)
