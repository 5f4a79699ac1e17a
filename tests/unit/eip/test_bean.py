import pytest

from esb.javanames import AmbiguousMethodCallException, MethodNotFoundException


class Texts:
    def upper(self, body: str) -> str:
        return body and body.upper()

    def join(self, a, b) -> str:
        return f"{a}-{b}"

    def add(self, a: int, b: int) -> int:
        return a + b

    def mark(self, exchange):
        exchange.headers["marked"] = True

    def both(self, body, headers, suffix="!"):
        return f"{body}{headers['h']}{suffix}"


class One:
    made = 0

    def __init__(self):
        type(self).made += 1
        self.calls = 0

    def count(self, body) -> int:
        self.calls += 1
        return self.calls


@pytest.fixture
def call(bus):
    bus.bind("texts", Texts())

    def run(method, body="x", **headers):
        return bus.route(f"- bean: {{ref: texts, method: {method!r}}}").send(body, **headers)

    return run


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("upper", "X"),
        ("join(${body}, ${header.h})", "x-5"),
        ("join(${body}, 'a, b')", "x-a, b"),
        ("join(*, 5)", "x-5"),
        ("join(${body})", "x-None"),
        ('join("a", 1.5)', "a-1.5"),
        ("join(true, null)", "True-None"),
        ("upper(header.h)", "HEADER.H"),
        ("upper('${header.h}')", "5"),
        ("add(1, ${header.h})", 6),
        ("both", "x5!"),
        ("both(a, *, b)", "a5b"),
    ],
)
def test_parameters_are_written_or_bound_by_name(call, method, expected):
    assert call(method, h=5).body == expected


def test_a_value_that_does_not_fit_its_parameter_fails(call):
    assert "parameter 'b' of add" in str(call("add(1, ${body})").error)


def test_too_few_or_too_many_parameters_fail_the_message(call):
    assert isinstance(call("upper()").error, MethodNotFoundException)


def test_too_many_parameters_fail_the_message(call):
    assert isinstance(call("add(1, 2, 3)").error, MethodNotFoundException)


def test_a_result_of_nothing_is_one_only_if_the_method_returns_a_value(call, bus):
    sent = call("mark")
    assert (sent.body, sent.headers["marked"]) == ("x", True)


def test_a_declared_result_of_nothing_becomes_the_body(call):
    assert call("upper(null)").body is None


def test_message_data_is_never_a_call(call):
    assert call("upper", "${bean:texts.upper('x')}").body == "${BEAN:TEXTS.UPPER('X')}"


def test_a_function_is_a_bean(bus):
    bus.bind("double", lambda body: body * 2)
    assert bus.route("- bean: double").send("ab").body == "abab"


def test_several_methods_and_none_named_fail_the_message(bus):
    bus.bind("texts", Texts())
    assert isinstance(bus.route("- bean: texts").send("x").error, AmbiguousMethodCallException)


def test_the_only_method_need_not_be_named(bus):
    assert bus.route(f'- bean: {{ref: "#class:{__name__}:One"}}').send().body == 1


@pytest.mark.parametrize(("scope", "expected"), [("Singleton", [1, 2]), ("Prototype", [1, 1])])
def test_scope_says_how_long_an_object_lives(bus, scope, expected):
    bus.route(f'- bean: {{beanType: "{__name__}:One", method: count, scope: {scope}}}')
    assert [bus.send().body, bus.send().body] == expected


def test_one_object_a_request(bus):
    step = f'bean: {{beanType: "{__name__}:One", method: count, scope: Request}}'
    bus.route(f"- {step}\n- {step}")
    assert [bus.send().body, bus.send().body] == [2, 2]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("ref: texts, method: uper", "did you mean 'upper'"),
        ("ref: texts, method: __init__", "unknown method of Texts '__init__'"),
        ("ref: texts, method: 'join(${body}'", "not a method call"),
        ("ref: nobody, method: upper", "unknown bean 'nobody'"),
        ("method: upper", "needs 'ref' or 'beanType'"),
        ("beanType: 'no.such:Thing'", "no class 'no.such:Thing'"),
    ],
)
def test_what_cannot_be_called_is_refused(bus, refused, options, said):
    bus.bind("texts", Texts())
    assert said in refused(f"- bean: {{{options}}}")
