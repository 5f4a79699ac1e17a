import pytest
from marshmallow import Schema, fields

from esb.datatypes.catalogue import Catalogue
from esb.errors import ValidationFailed
from esb.javanames import CamelExecutionException


class Mappings:
    def find(self, from_type, to_type, at):
        assert (from_type, to_type) == ("crm.Customer", "erp.Account")
        return lambda value: {"account": value["name"]}


@pytest.mark.parametrize(
    ("to_type", "given", "expected", "media_type"),
    [
        ("text-plain", {"a": 1}, "{a=1}", "text/plain"),
        ("text-plain", None, None, "text/plain"),
        ("application-octet-stream", "text", b"text", "application/octet-stream"),
        ("application-json", '{"a":1}', b'{"a":1}', "application/json"),
        ("application-json", {"a": 1}, b'{"a":1}', "application/json"),
        ("application-x-struct", '{"a":1}', {"a": 1}, "application/x-struct"),
    ],
)
def test_camels_own_types_set_the_media_type(bus, to_type, given, expected, media_type):
    sent = bus.route(f"- transformDataType: {{toType: {to_type}}}").send(given)
    assert (sent.body, sent.headers["Content-Type"]) == (expected, media_type)


def test_what_has_no_such_form_fails_and_keeps_the_message(bus):
    sent = bus.route("- transformDataType: {toType: application-octet-stream}").send({"a": 1})
    assert isinstance(sent.error, CamelExecutionException)
    assert (sent.body, dict(sent.headers)) == ({"a": 1}, {})


def test_the_mapping_of_two_types_is_run(bus):
    bus.context._factories["mappings"] = lambda _context: Mappings()
    assert bus.route("- transformDataType: {fromType: crm.Customer, toType: erp.Account}").send(
        {"name": "Ann"}
    ).body == {"account": "Ann"}


def test_a_type_alone_reads_the_body(bus):
    class Account(Schema):
        since = fields.Date(required=True)

    catalogue = Catalogue()
    catalogue.bind("erp.Account", Account)
    bus.context._factories["datatypes"] = lambda _context: catalogue
    bus.route("- transformDataType: {toType: erp.Account}")
    assert bus.send({"since": "2024-05-01"}).body["since"].year == 2024
    assert isinstance(bus.send({}).error, ValidationFailed)


def test_an_unknown_type_is_refused(bus, refused):
    bus.context._factories["datatypes"] = lambda _context: Catalogue()
    assert "unknown data type 'no.Such'" in refused("- transformDataType: {toType: no.Such}")
