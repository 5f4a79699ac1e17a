"""The generated functions and marshmallow, side by side on random schemas and random data."""

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esb.datatypes.compile import compile_dump, compile_load, compile_rows
from tests.unit.datatypes.side_by_side import VALUES, fitting, outcome, schemas

RELAXED = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


@RELAXED
@given(st.data())
def test_load_gives_what_marshmallow_gives(data: st.DataObject) -> None:
    schema = data.draw(schemas())()
    value = data.draw(fitting(schema) if data.draw(st.integers(0, 5)) else VALUES)
    assert outcome(compile_load(schema).call, value) == outcome(schema.load, value)


@RELAXED
@given(st.data())
def test_dump_gives_what_marshmallow_gives(data: st.DataObject) -> None:
    schema = data.draw(schemas())()
    value = data.draw(fitting(schema) if data.draw(st.integers(0, 5)) else VALUES)
    with contextlib.suppress(Exception):  # dumping what is not valid must be the same, too
        value = schema.load(value)
    assert outcome(compile_dump(schema).call, value) == outcome(schema.dump, value)


@RELAXED
@given(st.data())
def test_a_row_loads_as_its_dict(data: st.DataObject) -> None:
    schema = data.draw(schemas(depth=0))()
    value = data.draw(fitting(schema))
    load = compile_rows(schema, list(value))
    if load is None:
        return
    expected = outcome(schema.load, value)
    got = outcome(load, list(value.values()))
    assert got == expected or (expected[0] != "value" and got[0] != "value")
