import logging

import pytest


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO)
    return lambda: [(record.name, record.levelname, record.getMessage()) for record in caplog.records]


def test_the_default_is_info_on_the_routes_own_logger(bus, lines):
    bus.route('- log: "got ${body}"').send("x")
    assert ("start", "INFO", "got x") in lines()


def test_level_and_logger_may_be_given(bus, lines):
    bus.route('- log: {message: "h ${header.h}", loggingLevel: warn, logName: "${routeId}.audit"}').send("x", h=1)
    assert ("start.audit", "WARNING", "h 1") in lines()


def test_a_level_that_is_not_written_is_not_evaluated(bus, lines):
    bus.route("""
        - log: {message: "${body.nothing.there}", loggingLevel: DEBUG}
        - log: {message: "${body.nothing.there}", loggingLevel: "OFF"}
    """)
    assert bus.send("x").error is None


def test_another_language_may_be_used(bus, lines):
    bus.route('- log: {message: "$.a", logLanguage: jsonpath}').send('{"a": 5}')
    assert ("start", "INFO", "5") in lines()


def test_a_marker_goes_with_the_line(bus, caplog):
    caplog.set_level(logging.INFO)
    bus.route("- log: {message: m, marker: AUDIT}").send()
    assert next(record for record in caplog.records if record.name == "start").marker == "AUDIT"


def test_a_logger_may_be_a_bean(bus, lines):
    bus.bind("own", logging.getLogger("own.logger"))
    bus.route('- log: {message: m, logger: "#own"}').send()
    assert ("own.logger", "INFO", "m") in lines()


def test_percent_signs_in_data_are_text(bus, lines):
    bus.route('- log: "${body}"').send("100 %s %(name)s")
    assert ("start", "INFO", "100 %s %(name)s") in lines()


@pytest.mark.parametrize(
    ("step", "said"), [("{loggingLevel: INFO}", "needs 'message'"), ("{message: x, loggingLevel: LOUD}", "LOUD")]
)
def test_what_cannot_be_logged_is_refused(refused, step, said):
    assert said in refused(f"- log: {step}")
