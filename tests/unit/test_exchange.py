from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from esb.exchange import Headers

NAMES = st.text(alphabet="aAbBxX-İß", min_size=1, max_size=3)


@given(st.lists(st.tuples(NAMES, st.integers())), NAMES)
def test_headers_hold_one_value_for_names_that_differ_in_case_only(pairs: list[tuple[str, int]], wanted: str) -> None:
    headers = Headers()
    plain: dict[tuple[int, str], int] = {}
    spelled: dict[tuple[int, str], str] = {}
    for name, value in pairs:
        headers[name] = value
        key = (len(name), name.lower())
        plain[key] = value
        spelled.setdefault(key, name)
    assert dict(headers) == {spelled[key]: value for key, value in plain.items()}
    key = (len(wanted), wanted.lower())
    assert (headers.get(wanted), wanted in headers) == (plain.get(key), key in plain)


def test_put_is_what_assignment_does() -> None:
    headers = Headers({"Content-Type": "a"})
    headers.put("content-type", "b")
    headers.put("other", 1)
    assert dict(headers) == {"Content-Type": "b", "other": 1}
