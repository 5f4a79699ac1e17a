"""Options of whole routes."""

import logging

import pytest

from esb.errors import ValidationFailed


class Orders:
    """A catalogue with one data type."""

    def type(self, name, at=None):
        assert name == "shop.Order"
        return self

    def load(self, value):
        if not isinstance(value, dict) or "total" not in value:
            raise ValidationFailed("no total", [{"path": "total", "message": "missing"}])
        return value


@pytest.fixture
def typed(bus):
    bus.context._factories["datatypes"] = lambda _: Orders()
    return bus


def test_an_input_that_breaks_its_type_goes_to_the_error_handler(typed):
    typed.load("""
    - onException: {exception: [java.lang.Exception], handled: {constant: "true"}, steps: [{to: mock:bad}]}
    - route: {inputType: {urn: shop.Order, validate: true}, from: {uri: direct:a, steps: [{to: mock:good}]}}
    """)
    typed.send({"total": 1})
    typed.send({"sum": 1})
    assert (typed.got("good"), typed.got("bad")) == ([{"total": 1}], [{"sum": 1}])


def test_an_output_that_breaks_its_type_fails_at_the_caller(typed):
    typed.load("""
    - route: {outputType: {urn: shop.Order, validate: true}, from: {uri: direct:a, steps: [{setBody: {constant: x}}]}}
    """)
    assert isinstance(typed.send({"total": 1}).error, ValidationFailed)


def test_a_type_that_is_only_named_is_not_held_against_anything(typed):
    typed.load("- route: {inputType: {urn: shop.Order}, from: {uri: direct:a, steps: [{log: x}]}}\n")
    assert typed.send("anything").error is None


def test_a_masked_route_shows_no_secret_in_its_log(bus, caplog):
    caplog.set_level(logging.INFO)
    bus.load("""
    - route:
        logMask: true
        from: {uri: direct:a, steps: [{log: {logName: masked, message: "${body}"}}]}
    """)
    bus.send('{"password": "p1", "name": "n"}')
    bus.send("password=p2, name=n")
    bus.send("<a><secretKey>p3</secretKey><name>n</name></a>")
    lines = [record.getMessage() for record in caplog.records if record.name == "masked"]
    assert lines == [
        '{"password": "xxxxx", "name": "n"}',
        "password=xxxxx, name=n",
        "<a><secretKey>xxxxx</secretKey><name>n</name></a>",
    ]


def test_history_names_each_step_passed_with_its_place(bus):
    bus.load("""
    - route:
        id: r
        messageHistory: true
        from: {uri: direct:a, steps: [{setBody: {id: first, constant: x}}, {setHeader: {id: second, name: h, constant: x}}]}
    """)
    history = bus.send("x").properties["CamelMessageHistory"]
    assert [(entry.route_id, entry.node_id) for entry in history] == [("r", "first"), ("r", "second")]
    assert "test.yaml:" in str(history[0])


def test_two_routes_with_one_startup_order_are_refused(refused):
    told = refused("""
    - route: {id: one, startupOrder: 5, from: {uri: direct:a, steps: [{log: x}]}}
    - route: {id: two, startupOrder: 5, from: {uri: direct:b, steps: [{log: x}]}}
    """)
    assert "the startupOrder 5 is that of the route 'one' already" in told


def test_a_route_policy_is_refused_as_java_s(refused):
    told = refused("- route: {routePolicy: myPolicy, from: {uri: direct:a, steps: [{log: x}]}}\n")
    assert "route policies are Java classes" in told


def test_a_language_of_the_jvm_is_refused_by_its_name(refused):
    told = refused("- from: {uri: direct:a, steps: [{setBody: {groovy: body}}]}\n")
    assert "'groovy'" in told
    assert "write python instead" in told


def test_steps_are_not_named_in_kebab_case(refused):
    told = refused("- from: {uri: direct:a, steps: [{set-body: {constant: x}}]}\n")
    assert "unknown step 'set-body'; did you mean 'setBody'" in told


def test_the_path_of_a_uri_may_stand_among_the_parameters(bus):
    bus.load("""
    - from: {uri: direct, parameters: {name: a}, steps: [{to: {uri: mock, parameters: {name: out}}}]}
    """)
    bus.send("x")
    assert bus.got("out") == ["x"]


def test_an_optional_placeholder_that_nobody_gives_leaves_the_route_out(bus):
    bus.load("""
    - route: {id: kept, from: {uri: direct:a, steps: [{log: x}]}}
    - route: {id: gone, precondition: "{{?feature}}", from: {uri: direct:b, steps: [{log: x}]}}
    """)
    assert list(bus.context.routes) == ["kept"]
