import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from esb.datatypes.conditions import parse_condition
from esb.datatypes.document import Part
from esb.datatypes.paths import getter
from esb.errors import ConfigError, Position

VALUE = {"n": 5, "t": "abc", "e": "", "z": None, "l": [], "d": dt.date(2024, 5, 6), "deep": {"n": 1}}


def condition(spec: Any) -> Any:
    return parse_condition(Part(spec, lambda _: Position("f", 1, 1)), lambda part: getter(tuple(part.value.split("."))))


@pytest.mark.parametrize(
    ("spec", "holds"),
    [
        ({"field": "n", "equals": 5}, True),
        ({"field": "n", "not_equals": 5}, False),
        ({"field": "deep.n", "equals": 1}, True),
        ({"field": "no", "equals": 1}, False),
        ({"field": "no", "not_equals": 1}, True),
        ({"field": "n", "in": [4, 5]}, True),
        ({"field": "n", "not_in": [4, 5]}, False),
        ({"field": "n", "above": 4, "below": 6}, True),
        ({"field": "n", "above": 5}, False),
        ({"field": "n", "at_least": 5, "at_most": 5}, True),
        ({"field": "n", "below": 5}, False),
        ({"field": "no", "below": 5}, False),
        ({"field": "t", "matches": "[a-c]+"}, True),
        ({"field": "t", "matches": "[a-b]+"}, False),
        ({"field": "n", "matches": "5"}, False),
        ({"field": "t", "present": True}, True),
        ({"field": "e", "present": False}, True),
        ({"field": "z", "present": True}, False),
        ({"field": "l", "present": True}, False),
        ({"field": "d", "equals": "2024-05-06"}, True),
        ({"field": "d", "in": ["2024-05-06"]}, True),
        ({"field": "d", "above": "2024-05-05"}, True),
        ({"field": "d", "at_most": "2024-05-05"}, False),
        ([{"field": "n", "equals": 5}, {"field": "t", "equals": "x"}], False),
        ({"any": [{"field": "n", "equals": 5}, {"field": "t", "equals": "x"}]}, True),
        ({"all": [{"field": "n", "equals": 5}, {"field": "t", "equals": "abc"}]}, True),
        ({"not": {"field": "n", "equals": 5}}, False),
    ],
)
def test_a_condition_holds_or_not(spec: Any, holds: bool) -> None:
    assert condition(spec)(VALUE) is holds


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"field": "n"}, "needs a test"),
        ({"equals": 1}, "needs 'field'"),
        ({"field": "n", "equal": 1}, "did you mean 'equals'"),
        ({"any": [], "field": "n"}, "stands alone"),
        ({"field": "n", "in": 5}, "must be a list"),
        ({"field": "n", "matches": 5}, "must be a regex"),
        ({"field": "n", "matches": "("}, "not accepted"),
        ({"field": "n", "present": 1}, "true or false"),
        ("text", "must be a map"),
    ],
)
def test_a_wrong_condition_is_explained(spec: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        condition(spec)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ({"equals": 19.99}, Decimal("19.99")),
        ({"equals": 19.99}, Decimal("19.990")),
        ({"equals": 19.99}, 19.99),
        ({"in": [0.1, 5]}, Decimal("0.1")),
        ({"in": [0.1, 5]}, 5.0),
        ({"at_least": 0.1, "at_most": 0.1}, Decimal("0.1")),
        ({"at_least": 1000.10}, Decimal("1000.10")),
        ({"above": 1.5}, 2),
    ],
)
def test_a_number_in_a_condition_is_the_one_that_is_written(test: dict[str, Any], found: Any) -> None:
    assert condition({"field": "n", **test})({"n": found})


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ({"above": 19.99}, Decimal("19.99")),
        ({"below": 19.99}, Decimal("19.99")),
        ({"not_equals": 19.99}, Decimal("19.99")),
        ({"not_in": [19.99]}, Decimal("19.99")),
        ({"at_least": 0.1}, float("nan")),
        ({"at_most": 0.1}, Decimal("NaN")),
        ({"at_least": 0.1}, ""),
    ],
)
def test_a_number_is_on_no_side_of_itself_and_what_is_none_on_no_side_at_all(test: dict[str, Any], found: Any) -> None:
    assert not condition({"field": "n", **test})({"n": found})
