"""``platform-http:``: what a request becomes, and what becomes of the message."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.rest.server import _given
from esb.errors import DeadlineExceeded, NotConnected, OptionError, Rejected, StepFailed, ValidationFailed
from esb.exchange import Headers

ECHO = """
  - from:
      uri: platform-http:/echo/{id}
      steps:
        - to: mock:got
"""


def answering(*steps: str, path: str = "/x") -> str:
    return f"- from:\n    uri: platform-http:{path}\n    steps:\n" + "".join(f"      - {step}\n" for step in steps)


def test_path_query_and_headers_become_headers(load):
    serve = load(ECHO)
    serve("GET", "/echo/5?q=a%20b&q=c&empty=", x_own="1", content_type="text/plain")
    (got,) = serve.got("got")
    assert dict(got.headers) == {
        "X-Own": "1",
        "Content-Type": "text/plain",
        "q": ["a b", "c"],
        "empty": "",
        "id": "5",
        "CamelHttpMethod": "GET",
        "CamelHttpPath": "/echo/5",
        "CamelHttpUri": "/echo/5?q=a%20b&q=c&empty=",
        "CamelHttpUrl": "http://bus:80/echo/5",
        "CamelHttpQuery": "q=a%20b&q=c&empty=",
        "CamelHttpRawQuery": "q=a%20b&q=c&empty=",
    }
    assert got.body is None


@pytest.mark.parametrize(
    ("target", "headers", "body"),
    [
        ("/echo/5?CamelFileName=evil&camelHttpMethod=PUT", {}, ""),
        ("/echo/5", {"camelfilename": "evil", "CAMELHTTPURI": "http://evil"}, ""),
        ("/echo/5?org.apache.camel.x=evil&esb.pathParameters=evil", {}, ""),
        ("/echo/5", {"content_type": "application/x-www-form-urlencoded"}, "CamelFileName=evil&x=1"),
    ],
)
def test_nobody_outside_sets_what_steers_the_bus(load, target, headers, body):
    serve = load(ECHO)
    serve("POST", target, body, **headers)
    assert "evil" not in str(
        {
            name: value
            for name, value in serve.got("got")[0].headers.items()
            if "Query" not in name and name != "CamelHttpUri"
        }
    )


@given(
    st.dictionaries(
        st.sampled_from(["Camel", "CAMEL", "cAmEl"]).flatmap(
            lambda head: st.text("abX-", max_size=4).map(head.__add__)
        ),
        st.text("ab"),
        max_size=3,
    )
)
def test_what_steers_the_bus_never_leaves_it(headers):
    assert list(_given(Headers(headers), ())) == []


def test_a_form_is_a_map_and_headers(load):
    serve = load(ECHO)
    serve("POST", "/echo/5", "a=1&a=2&b=%C3%A4", content_type="application/x-www-form-urlencoded")
    (got,) = serve.got("got")
    assert (got.body, got.headers["a"], got.headers["b"]) == ({"a": ["1", "2"], "b": "ä"}, ["1", "2"], "ä")


def test_more_fields_than_a_person_fills_in_are_refused(load):
    serve = load(ECHO)
    assert serve("GET", "/echo/5?" + "&".join(["a=1"] * 1001)).status == 400


@pytest.mark.parametrize(
    ("steps", "status", "body", "content_type"),
    [
        (["setBody: {constant: text}"], 200, "text", None),
        (["setBody: {simple: '${null}'}"], 204, "", None),
        (["setBody: {constant: ''}"], 200, "", None),
        (["setHeader: {name: CamelHttpResponseCode, constant: 201}", "setBody: {constant: made}"], 201, "made", None),
        (["setHeader: {name: Content-Type, constant: text/html}", "setBody: {constant: <b/>}"], 200, "<b/>", "text/html"),
        (["setBody: {constant: '[1, {\"a\": null}]'}", "unmarshal: {json: {}}"], 200, '[1,{"a":null}]', None),
        (["setBody: {simple: {expression: '5', resultType: int}}"], 200, "5", None),
    ],
)  # fmt: skip
def test_the_message_becomes_the_answer(load, steps, status, body, content_type):
    answer = load(answering(*steps))("GET", "/x")
    assert (answer.status, answer.body, answer.headers.get("content-type")) == (status, body, content_type)


def test_headers_go_back_but_not_those_of_the_connection_the_path_or_a_secret(load):
    serve = load(
        answering(
            "setHeader: {name: X-Mine, constant: m}", "setHeader: {name: CamelInternal, constant: c}", path="/x/{id}"
        )
    )
    answer = serve(
        "GET", "/x/5?q=1", x_own="o", host="h", accept="text/html", user_agent="u", authorization="s", cookie="s", origin="o", te="t", if_match="i"
    )  # fmt: skip
    assert answer.headers == {"x-own": "o", "q": "1", "x-mine": "m"}


def test_a_header_with_several_values_is_given_several_times(load):
    answer = load(answering("setBody: {constant: x}"))("GET", "/x?a=1&a=2")
    assert answer.pairs == [("a", "1"), ("a", "2")]


# -- failures --------------------------------------------------------------------------------------------------------------------


class Failing:
    """Raises what it was made with."""

    def __init__(self, error):
        self.error = error

    def process(self, exchange):
        raise self.error


def test_an_error_tells_nothing_of_what_happened_inside(load):
    serve = load(answering("process: {ref: failing}"), failing=Failing(RuntimeError("secret")))
    answer = serve("GET", "/x")
    assert (answer.status, answer.body) == (500, "")


def test_an_error_is_told_where_the_route_says_so(load):
    serve = load(
        answering("process: {ref: failing}", path="/x?muteException=false"), failing=Failing(RuntimeError("told"))
    )
    assert serve("GET", "/x").body == "RuntimeError: told\n"


@pytest.mark.parametrize("error", [NotConnected("cannot connect to erp:80"), Rejected("the broker refused it")])
def test_a_system_that_is_away_is_503_with_when_to_try_again(load, error):
    answer = load(answering("process: {ref: failing}"), failing=Failing(error))("POST", "/x", "b")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "erp" not in answer.body


def test_a_refusal_that_is_for_good_is_502_and_does_not_ask_to_try_again(load):
    error = Rejected("erp:80 answered with HTTP status 401")
    error.retriable = False
    answer = load(answering("process: {ref: failing}"), failing=Failing(error))("POST", "/x", "b")
    assert (answer.status, "retry-after" in answer.headers) == (502, False)
    assert answer.body.startswith("a system behind this one refuses this: trying again does not help; exchange ")
    assert "erp" not in answer.body


def test_an_answer_of_a_partner_that_cannot_be_read_is_no_fault_of_the_client(load):
    error = ValidationFailed("the answer of CreateSalesOrder: /status is 'MAYBE'", [{"path": "/status"}])
    error.uncertain = True
    answer = load(answering("process: {ref: failing}"), failing=Failing(error))("POST", "/x", "b")
    assert (answer.status, "retry-after" in answer.headers) == (502, False)
    assert answer.body.startswith("this may have been done: look before you send it again; exchange ")


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_call_of_unknown_outcome_is_502_that_says_so_and_does_not_ask_to_try_again(load, wrapped):
    error = DeadlineExceeded("erp:80 did not answer within 30 s")
    error.uncertain = True
    if wrapped:
        outer = StepFailed("the step failed")
        outer.__cause__ = error
        error = outer
    answer = load(answering("process: {ref: failing}"), failing=Failing(error))("POST", "/x", "b")
    assert (answer.status, "retry-after" in answer.headers) == (502, False)
    assert answer.body.startswith("this may have been done: look before you send it again; exchange ")
    assert "erp" not in answer.body


def test_a_body_that_breaks_its_type_is_422_with_every_field(load):
    serve = load(answering("unmarshal: {json: {unmarshalType: crm.Order}}"))
    answer = serve("POST", "/x", '{"amount": "x", "nope": 1}')
    assert answer.status == 422
    assert sorted(one["path"] for one in answer.json["fields"]) == ["amount", "id", "nope"]


@pytest.mark.parametrize("body", ["{", "[" * 10_000, "\ufeff"])
def test_a_body_that_is_not_json_is_400(load, body):
    assert load(answering("unmarshal: {json: {}}"))("POST", "/x", body).status == 400


def test_no_body_where_one_is_needed_is_400(load):
    assert load(answering("unmarshal: {json: {}}"))("POST", "/x").status == 400


@pytest.mark.parametrize("status", ["99", "600", "nonsense"])
def test_a_status_that_is_none_is_500_and_never_silence(load, status):
    serve = load(answering(f"setHeader: {{name: CamelHttpResponseCode, constant: {status}}}"))
    assert serve("GET", "/x").status == 500


def test_an_exchange_that_wants_no_answer_is_accepted(load):
    serve = load(answering("to: mock:got", path="/x?exchangePattern=InOnly"))
    assert (serve("POST", "/x", "b").status, len(serve.got("got"))) == (202, 1)


# -- media types -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "application/json"}, 200),
        ({"content_type": "Application/JSON; charset=utf-8"}, 200),
        ({"content_type": "text/plain"}, 415),
        ({}, 415),
        ({"content_type": "application/json", "accept": "text/html"}, 406),
        ({"content_type": "application/json", "accept": "text/html, application/*;q=0.5"}, 200),
        ({"content_type": "application/json", "accept": "*/*"}, 200),
    ],
)
def test_media_types_that_do_not_fit_are_refused_with_the_status_alone(load, headers, status):
    serve = load(answering("setBody: {constant: x}", path="/x?consumes=application/json&produces=application/json"))
    answer = serve("POST", "/x", "{}", **headers)
    assert answer.status == status
    assert status == 200 or (answer.body, answer.pairs) == ("", [])


def test_a_request_without_a_body_has_no_media_type_to_refuse(load):
    assert load(answering("setBody: {constant: x}", path="/x?consumes=application/json"))("GET", "/x").status == 200


def test_methods_are_restricted(load):
    serve = load(answering("setBody: {constant: x}", path="/x?httpMethodRestrict=GET,PUT"))
    assert [serve(method, "/x").status for method in ("GET", "PUT", "POST", "DELETE")] == [200, 200, 405, 405]


def test_what_stands_below_a_path_is_taken_on_demand(load):
    serve = load(answering("setBody: {simple: '${header.CamelHttpPath}'}", path="/x?matchOnUriPrefix=true"))
    assert (serve("GET", "/x/a/b").body, serve("GET", "/y").status) == ("/x/a/b", 404)


def test_a_stopped_route_takes_its_path_away(load):
    serve = load(answering("setBody: {constant: x}"))
    (route,) = serve.context.routes.values()
    route.stop(1.0)
    assert serve("GET", "/x").status == 404


def test_a_path_cannot_be_sent_to(load):
    context = load(ECHO).context
    with pytest.raises(OptionError, match="use http: or https:"):
        context.endpoint("platform-http:/x").producer()


def test_any_request_gets_an_answer(load):
    serve = load(ECHO)
    values = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=10)

    @settings(max_examples=50)
    @given(
        st.text(max_size=20),
        st.binary(max_size=30),
        values,
        st.sampled_from(["text/plain", "application/x-www-form-urlencoded"]),
    )
    def check(query, body, value, kind):
        assert serve("POST", f"/echo/5?{query}", body, x_a=value, content_type=kind).status in {200, 204, 400}

    check()
