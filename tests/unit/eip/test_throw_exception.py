import pytest

from esb.errors import RemoteFault
from esb.javanames import IllegalStateException


def test_the_message_is_evaluated(bus):
    sent = bus.route('- throwException: {exceptionType: java.lang.IllegalStateException, message: "bad ${body}"}').send(
        "x"
    )
    assert isinstance(sent.error, IllegalStateException)
    assert str(sent.error) == "bad x"


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("java.io.IOException", OSError),
        ("ValueError", ValueError),
        ("esb.errors.RemoteFault", RemoteFault),
        ("java.lang.Exception", Exception),
    ],
)
def test_classes_are_known_by_java_names_and_ours(bus, name, cls):
    assert isinstance(bus.route(f'- throwException: {{exceptionType: "{name}", message: m}}').send().error, cls)


def test_a_message_may_be_missing(bus):
    assert str(bus.route("- throwException: {exceptionType: java.lang.RuntimeException}").send().error) == ""


def test_a_bean_is_thrown_as_a_new_exception_each_time(bus):
    bus.bind("broken", ValueError("from the registry"))
    bus.route("- throwException: {ref: broken}")
    first, second = bus.send().error, bus.send().error
    assert (str(first), str(second)) == ("from the registry", "from the registry")
    assert first is not second


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("message: only text", "needs 'exceptionType' or 'ref'"),
        ("exceptionType: com.foo.Bar", "unknown exception class 'com.foo.Bar'"),
        ("exceptionType: java.lang.IllegalStateExeption", "did you mean 'java.lang.IllegalStateException'"),
        ("ref: nobody", "unknown bean 'nobody'"),
    ],
)
def test_what_cannot_be_thrown_is_refused(refused, options, said):
    assert said in refused(f"- throwException: {{{options}}}")


def test_a_bean_that_is_no_exception_is_refused(bus, refused):
    bus.bind("texts", "text")
    assert "'texts' is not an exception" in refused("- throwException: {ref: texts}")
