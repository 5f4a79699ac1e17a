import pytest

from esb.javanames import InvalidPayloadException


@pytest.mark.parametrize(
    ("type_", "given", "expected"),
    [
        ("int", "12", 12),
        ("java.lang.Integer", 12.7, 12),
        ("boolean", "TRUE", True),
        ("String", {"a": 1}, "{a=1}"),
        ("java.util.Map", {"a": 1}, {"a": 1}),
        ("double", "1.50", 1.5),
        ("bytes", "x", b"x"),
        ("int", None, None),
    ],
)
def test_types_are_known_by_java_names_and_ours(bus, type_, given, expected):
    assert bus.route(f"- convertBodyTo: {type_}").send(given).body == expected


@pytest.mark.parametrize(
    ("type_", "given"),
    [("int", "12x"), ("int", True), ("java.util.Map", "x"), ("java.util.List", "x,y"), ("boolean", "yes")],
)
def test_what_cannot_be_converted_fails_and_keeps_the_body(bus, type_, given):
    sent = bus.route(f"- convertBodyTo: {type_}").send(given)
    assert isinstance(sent.error, InvalidPayloadException)
    assert sent.body == given


def test_without_mandatory_an_impossible_type_gives_nothing(bus):
    assert bus.route("- convertBodyTo: {type: java.util.Map, mandatory: false}").send("x").body is None


def test_without_mandatory_a_value_that_cannot_be_read_still_fails(bus):
    assert bus.route("- convertBodyTo: {type: int, mandatory: false}").send("12x").error is not None


def test_a_charset_holds_for_text_and_bytes(bus):
    bus.route("""
        - convertBodyTo: {type: "byte[]", charset: ISO-8859-1}
        - to: mock:bytes
        - convertBodyTo: {type: String, charset: ISO-8859-1}
    """)
    assert bus.send("äx").body == "äx"
    assert bus.got("bytes") == [b"\xe4x"]


@pytest.mark.parametrize(("type_", "given"), [("String", b"\xff\xfe"), ("bytes", "€")])
def test_what_the_charset_does_not_have_fails(bus, type_, given):
    charset = "UTF-8" if type_ == "String" else "ISO-8859-1"
    assert bus.route(f"- convertBodyTo: {{type: {type_}, charset: {charset}}}").send(given).error is not None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("type: com.foo.Bar", "unknown type 'com.foo.Bar'"),
        ("type: int, charset: nosuch", "no charset 'nosuch'"),
        ("charset: UTF-8", "needs 'type'"),
    ],
)
def test_unknown_types_and_charsets_are_refused(refused, options, said):
    assert said in refused(f"- convertBodyTo: {{{options}}}")
