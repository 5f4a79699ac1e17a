"""Bytes that arrive in pieces."""

from __future__ import annotations

import mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.spool import Spool


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(0, 200))
def test_the_whole_is_what_came_wherever_it_was_kept(pieces: list[bytes], memory: int) -> None:
    spool = Spool(memory, 10_000)
    for piece in pieces:
        spool.write(piece)
    whole = spool.done()
    assert whole[:] == b"".join(pieces)
    assert isinstance(whole, mmap.mmap) is (spool.size > memory)
    assert spool.held == (0 if spool.size > memory else spool.size)


@pytest.mark.parametrize("memory", [None, 1])
def test_what_is_over_the_limit_is_told(memory: int | None) -> None:
    spool = Spool(memory, 3)
    spool.write(b"123")
    assert not spool.over
    spool.write(b"4")
    assert spool.over
    spool.close()
    spool.close()
