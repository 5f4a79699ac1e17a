import pytest


def test_a_header_keeps_its_first_spelling(bus):
    sent = bus.route("- setHeader: {name: FOO, constant: new}").send("x", Foo=1)
    assert dict(sent.headers) == {"Foo": "new"}


def test_a_name_may_be_an_expression(bus):
    sent = bus.route('- setHeader: {name: "${body}-id", constant: 1}').send("order")
    assert dict(sent.headers) == {"order-id": "1"}


def test_a_name_that_comes_to_nothing_fails(bus):
    assert "came to nothing" in str(bus.route('- setHeader: {name: "${header.absent}", constant: 1}').send("x").error)


def test_no_value_keeps_the_key(bus):
    assert dict(bus.route("- setHeader: {name: h, header: absent}").send("x").headers) == {"h": None}


@pytest.mark.parametrize(
    "step", ["setHeader: {constant: x}", "setProperty: {constant: x}", "setVariable: {constant: x}"]
)
def test_a_name_is_required(refused, step):
    assert "needs 'name'" in refused(f"- {step}")
