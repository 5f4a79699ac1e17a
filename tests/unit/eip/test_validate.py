from marshmallow import Schema, fields

from esb.datatypes.catalogue import Catalogue
from esb.errors import Malformed, ValidationFailed
from esb.javanames import PredicateValidationException


class Order(Schema):
    id = fields.Integer(required=True)


def typed(bus):
    catalogue = Catalogue()
    catalogue.bind("crm.Order", Order)
    bus.context._factories["datatypes"] = lambda _context: catalogue
    return bus.route("- validate: {dataType: crm.Order}")


def test_a_condition_that_does_not_hold_fails_the_message(bus):
    bus.route("- validate: {simple: \"${body} range '1..10'\"}")
    assert bus.send(5).error is None
    error = bus.send(11).error
    assert isinstance(error, PredicateValidationException)
    assert str(error).startswith("Validation failed for Predicate[${body} range '1..10'].")


def test_the_exception_may_be_made_by_a_bean(bus):
    bus.bind("make", lambda exchange, condition: ValueError(f"{exchange.body} breaks {condition}"))
    bus.route("- validate: {header: ok, predicateExceptionFactory: make}")
    assert str(bus.send("x").error) == "x breaks ok"


def test_a_body_of_the_type_goes_on_unchanged(bus):
    typed(bus)
    assert [bus.send(body).body for body in ({"id": 1}, '{"id": 1}', b'{"id": 1}')] == [
        {"id": 1},
        '{"id": 1}',
        b'{"id": 1}',
    ]


def test_a_body_that_breaks_the_type_fails_with_a_report(bus):
    error = typed(bus).send({"id": "one"}).error
    assert isinstance(error, ValidationFailed)
    assert [entry["path"] for entry in error.report] == ["id"]


def test_text_that_is_not_json_is_malformed(bus):
    assert isinstance(typed(bus).send("{id: 1").error, Malformed)


def test_a_condition_or_a_type_is_required(refused):
    assert "needs a condition or 'dataType'" in refused("- validate: {}")
