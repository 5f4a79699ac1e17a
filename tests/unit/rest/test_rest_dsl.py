"""The rest DSL: bindings, checks of requests, cross-origin calls."""

import pytest

from esb.errors import ConfigErrors

JSON = "application/json"
TARGETS = """
- from: {uri: direct:echo, steps: [{to: mock:got}]}
- from: {uri: direct:text, steps: [{setBody: {constant: words}}]}
- from: {uri: direct:null, steps: [{setBody: {simple: "${null}"}}]}
- from: {uri: direct:bad, steps: [{setHeader: {name: CamelHttpResponseCode, constant: 409}}, {setBody: {constant: no}}]}
- from: {uri: direct:html, steps: [{setHeader: {name: Content-Type, constant: text/html}}, {setBody: {constant: <b/>}}]}
- from: {uri: direct:fails, steps: [{throwException: {exceptionType: java.lang.IllegalStateException, message: x}}]}
"""


def rest(verbs: str, configuration: str = "", options: str = "") -> str:
    head = f"- restConfiguration: {{{configuration}}}\n" if configuration else ""
    return f"{head}- rest:\n    path: /r\n{options}{verbs}\n{TARGETS}"


BOUND = rest("""
    post:
      - {path: /echo, to: direct:echo}
      - {path: /order, type: crm.Order, outType: crm.Order, to: direct:echo2}
      - {path: /orders, type: "crm.Order[]", to: direct:echo3}
    get:
      - {path: /text, to: direct:text}
      - {path: /null, to: direct:null}
      - {path: /bad, to: direct:bad}
      - {path: /html, to: direct:html}
""", "bindingMode: json") + "".join(f"- from: {{uri: direct:echo{n}, steps: [{{to: mock:got}}]}}\n" for n in (2, 3))  # fmt: skip


@pytest.mark.parametrize(
    ("body", "value"), [('{"a": [1, null]}', {"a": [1, None]}), ("[1]", [1]), ('"t"', "t"), ("5", 5)]
)
def test_json_becomes_values_and_values_json(load, body, value):
    serve = load(BOUND)
    answer = serve("POST", "/r/echo", body, content_type=JSON)
    assert serve.got("got")[0].body == value
    assert (answer.json, answer.headers["content-type"]) == (value, JSON)


@pytest.mark.parametrize("body", ["{", "<a/>", "[" * 10_000, b"\xff"])
def test_what_is_not_json_is_400(load, body):
    serve = load(BOUND)
    answer = serve("POST", "/r/echo", body, content_type=JSON)
    assert (answer.status, answer.body, serve.got("got")) == (400, "", [])


@pytest.mark.parametrize(
    ("path", "status", "body", "kind"),
    [
        ("/r/text", 200, '"words"', JSON),
        ("/r/null", 204, "", JSON),
        ("/r/bad", 409, "no", JSON),  # an error's text is left as it is
        ("/r/html", 200, "<b/>", "text/html"),
    ],
)
def test_answers_are_bound_where_they_are_values(load, path, status, body, kind):
    answer = load(BOUND)("GET", path)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (status, body, kind)


def test_a_verbs_types_check_the_request_and_write_the_answer(load):
    serve = load(BOUND)
    answer = serve("POST", "/r/order", '{"id": "1", "amount": "1.50"}', content_type=JSON)
    assert str(serve.got("got")[0].body["amount"]) == "1.50"
    assert answer.json["id"] == "1"
    refused = serve("POST", "/r/order", '{"id": "1"}', content_type=JSON)
    assert (refused.status, refused.json["fields"][0]["path"]) == (422, "amount")


def test_a_list_of_a_type_is_written_with_brackets(load):
    serve = load(BOUND)
    assert serve("POST", "/r/orders", '[{"id": "1", "amount": 2}]', content_type=JSON).status == 200
    assert serve("POST", "/r/orders", '{"id": "1", "amount": 2}', content_type=JSON).status == 400


def test_a_key_that_comes_twice_is_refused_where_a_type_is_named(load):
    serve = load(BOUND)
    assert serve("POST", "/r/order", '{"id": "1", "amount": 1, "amount": 2}', content_type=JSON).status == 400


@pytest.mark.parametrize(
    ("headers", "value", "answer"),
    [
        ({"content_type": "application/xml"}, {"b": "1"}, "<LinkedHashMap><b>1</b></LinkedHashMap>"),
        ({"content_type": "application/xml", "accept": JSON}, {"b": "1"}, "<LinkedHashMap><b>1</b></LinkedHashMap>"),
    ],
)
def test_xml_is_bound_where_it_is_sent(load, headers, value, answer):
    serve = load(rest("    post: [{path: /e, to: direct:echo}]", "bindingMode: auto"))
    assert serve("POST", "/r/e", "<a><b>1</b></a>", **headers).body == answer
    assert serve.got("got")[0].body == value


def test_the_client_may_ask_for_xml(load):
    serve = load(rest("    post: [{path: /e, to: direct:echo}]", "bindingMode: json_xml"))
    answer = serve("POST", "/r/e", '{"b": 1}', content_type=JSON, accept="application/xml")
    assert (answer.body, answer.headers["content-type"]) == (
        "<LinkedHashMap><b>1</b></LinkedHashMap>",
        "application/xml",
    )


def test_empty_answers_are_204_on_demand(load):
    serve = load(rest("    post: [{path: /e, to: direct:echo}]", "bindingMode: json, enableNoContentResponse: true"))
    assert [serve("POST", "/r/e", body, content_type=JSON).status for body in ("{}", "[]", "[0]")] == [204, 204, 200]


CHECKED = rest("""
    post:
      - path: /a
        consumes: application/json
        produces: application/json
        param:
          - {name: q, type: query}
          - {name: X-H, type: header}
          - {name: kind, type: query, required: false, allowableValues: [{value: x}, {value: y}]}
          - {name: size, type: query, defaultValue: "10"}
          - {name: body, type: body}
        to: direct:echo
""", "clientRequestValidation: true")  # fmt: skip


@pytest.mark.parametrize(
    ("target", "headers", "body", "expected"),
    [
        ("/r/a?q=1", {"x_h": "1"}, "{}", (200, "{}")),
        ("/r/a", {"x_h": "1"}, "{}", (400, "Some of the required query parameters are missing.")),
        ("/r/a?q=1", {}, "{}", (400, "Some of the required HTTP headers are missing.")),
        (
            "/r/a?q=1&kind=z",
            {"x_h": "1"},
            "{}",
            (400, "Some of the query parameters or HTTP headers has a not-allowed value."),
        ),
        ("/r/a?q=1", {"x_h": "1"}, "", (400, "The request body is missing.")),
        ("/r/a?q=1", {"x_h": "1"}, "{", (400, "Invalid JSon payload.")),
        ("/r/a?q=1", {"x_h": "1", "content_type": "text/plain"}, "{}", (415, "")),
        ("/r/a?q=1", {"x_h": "1", "accept": "text/html"}, "{}", (406, "")),
    ],
)
def test_requests_are_checked_on_demand(load, target, headers, body, expected):
    answer = load(CHECKED)("POST", target, body, **{"content_type": JSON, **headers})
    assert (answer.status, answer.body) == expected


def test_a_parameter_that_is_not_there_has_its_default(load):
    serve = load(CHECKED)
    serve("POST", "/r/a?q=1", "{}", x_h="1", content_type=JSON)
    assert serve.got("got")[0].headers["size"] == "10"


CROSS = rest(
    "    get: [{path: /a, to: direct:text}, {path: /f, to: direct:fails}]\n    post: [{path: /a, to: direct:null}]",
    "enableCORS: true, corsHeaders: [{key: Access-Control-Allow-Origin, value: 'http://me'}]",
)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/r/a", 200), ("OPTIONS", "/r/a", 200), ("GET", "/r/f", 500)]
)
def test_browsers_of_other_origins_may_call_and_may_see_failures(load, method, path, status):
    answer = load(CROSS)(method, path)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, "http://me")
    assert "access-control-allow-credentials" not in answer.headers


def test_without_cors_a_browser_gets_no_permission(load):
    serve = load(rest("    get: [{path: /a, to: direct:text}]"))
    assert serve("OPTIONS", "/r/a").status == 405
    assert not [
        name for name in serve("GET", "/r/a", origin="http://evil").headers if name.startswith("access-control")
    ]


@pytest.mark.parametrize(
    ("verbs", "told"),
    [
        ("    get: [{path: /a}]", "GET /r/a needs 'to'"),
        ("    get: [{path: /a, to: direct:text}, {path: /b, to: direct:text}]", "direct:text already answers GET /r/a"),
        ("    get: [{path: /a, to: direct:text, bindingMode: yaml}]", "not one of off, auto"),
        ("    fetch: [{path: /a, to: direct:text}]", "unknown option of rest 'fetch'"),
        ("    get: [{path: /a, to: direct:text, type: crm.Nothing}]", "crm.Nothing"),
        ("    get: [{path: /a, to: direct:text, param: [{name: q, type: nope}]}]", "not one of body, formData"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_load(load, verbs, told):
    with pytest.raises(ConfigErrors, match=told):
        load(rest(verbs))
