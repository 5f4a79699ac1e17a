import pytest

GIVEN = {"ax": 1, "abx": 2, "Ay": 3, "c": 4, "D": 5, "e.f": 6}


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ('pattern: "a*", excludePattern: "ab*"', ["abx", "c", "D", "e.f"]),
        ('pattern: "(c|d)"', ["ax", "abx", "Ay", "e.f"]),
        ('pattern: "*", excludePattern: "e.f"', ["e.f"]),
        ('pattern: "A."', ["abx", "c", "D", "e.f"]),
        ("pattern: nothing", list(GIVEN)),
    ],
)
def test_headers_that_fit_go_and_case_does_not_count(bus, options, left):
    assert list(bus.route(f"- removeHeaders: {{{options}}}").send(None, **GIVEN).headers) == left


def test_a_pattern_that_cannot_be_read_is_refused(refused):
    assert "test.yaml:6:11" in refused('- removeHeaders: "(a"')


def test_a_pattern_is_matched_in_linear_time(bus):
    sent = bus.route('- removeHeaders: "(a+)+b"').send(None, **{"a" * 5000: 1})
    assert len(sent.headers) == 1
