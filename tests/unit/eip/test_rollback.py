import pytest

from esb.javanames import RollbackExchangeException


@pytest.mark.parametrize(
    ("step", "said"),
    [('{message: "undo ${body}"}', "undo ${body}. "), ("{}", "Intended rollback. "), ("text", "text. ")],
)
def test_the_message_fails_and_its_text_is_not_evaluated(bus, step, said):
    error = bus.route(f"- rollback: {step}").send("x").error
    assert isinstance(error, RollbackExchangeException)
    assert str(error).startswith(said)


def test_a_rollback_is_not_tried_again(bus):
    bus.load("""
        - errorHandler: {deadLetterChannel: {deadLetterUri: mock:dead, redeliveryPolicy: {maximumRedeliveries: 2, redeliveryDelay: 0}}}
        - from: {uri: direct:start, steps: [{to: direct:inner}]}
        - route: {errorHandler: {noErrorHandler: {}}, from: {uri: direct:inner, steps: [{to: mock:tried}, {rollback: {}}]}}
    """)
    bus.send("x")
    assert (bus.got("tried"), bus.got("dead")) == (["x"], ["x"])


@pytest.mark.parametrize("mark", ["markRollbackOnly", "markRollbackOnlyLast"])
def test_a_mark_ends_the_route_without_an_error(bus, mark):
    sent = bus.route(f"[{{rollback: {{{mark}: true}}}}, {{to: mock:after}}]").send("x")
    assert (sent.error, bus.got("after")) == (None, [])


def test_both_marks_are_refused(refused):
    assert "exclude each other" in refused("- rollback: {markRollbackOnly: true, markRollbackOnlyLast: true}")
