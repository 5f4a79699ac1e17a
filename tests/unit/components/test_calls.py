import pytest

from esb.errors import OptionError, ReferenceFault, UnknownName
from esb.exchange import Exchange
from esb.javanames import AmbiguousMethodCallException, CamelExchangeException, MethodNotFoundException
from esb.testing.process import until


class Texts:
    made = 0

    def __init__(self):
        type(self).made += 1
        self.calls = 0

    def upper(self, body):
        self.calls += 1
        return f"{body}".upper()

    def join(self, first, second):
        return f"{first}-{second}"

    def count(self, exchange):
        self.calls += 1
        exchange.body = self.calls


class Shout:
    def process(self, exchange):
        exchange.body = f"{exchange.body}!"


@pytest.fixture(autouse=True)
def beans(context):
    Texts.made = 0
    context.bind("bean", "texts", Texts())
    context.bind("bean", "shout", Shout())
    context.bind("bean", "where", "mock:there")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("bean:texts?method=upper", "X"),
        ("bean:texts?method=join(${body}, 'y')", "x-y"),
        ("bean:shout", "x!"),
        (f"class:{__name__}:Texts?method=upper", "X"),
        (f"class:{__name__}.Shout", "x!"),
    ],
)
def test_the_result_of_a_bean_becomes_the_body(drive, uri, expected):
    assert drive.send(uri, Exchange("x")).body == expected


@pytest.mark.parametrize(
    ("scope", "expected"), [("Singleton", [1, 2, 3]), ("Request", [1, 2, 1]), ("Prototype", [1, 1, 1])]
)
def test_the_scope_says_how_long_an_object_lives(drive, scope, expected):
    producer = drive.producer(f"class:{__name__}:Texts?method=count&scope={scope}")
    first, second = Exchange(), Exchange()
    bodies = []
    for exchange in (first, first, second):
        producer.send(exchange)
        bodies.append(exchange.body)
    assert bodies == expected


def test_properties_of_a_class_are_set(drive):
    uri = f"class:{__name__}:Texts?method=count&bean.calls=7"
    with pytest.raises(TypeError):  # as text: there is no type to read it by
        drive.send(uri, Exchange())


def test_an_unknown_bean_or_class_is_refused_at_load(drive):
    with pytest.raises(UnknownName, match="unknown bean 'nobody'"):
        drive.endpoint("bean:nobody")
    with pytest.raises(ReferenceFault, match="there is no class"):
        drive.endpoint("class:no.such:Thing")
    with pytest.raises(OptionError, match="no option 'colour'"):
        drive.endpoint("bean:texts?colour=red")


def test_an_unknown_method_fails_per_message_and_is_logged_at_load(drive, caplog):
    producer = drive.producer("bean:texts?method=nothing")
    assert "will fail for every message" in caplog.text
    with pytest.raises(MethodNotFoundException):
        producer.send(Exchange())


def test_a_bean_of_several_methods_must_name_one(drive):
    with pytest.raises(AmbiguousMethodCallException):
        drive.send("bean:texts", Exchange())


def test_a_reference_stands_for_the_endpoint_it_names(drive):
    drive.send("ref:where", Exchange("x"))
    assert [got.body for got in drive.endpoint("mock:there").received] == ["x"]


@pytest.mark.parametrize(("name", "error"), [("nobody", UnknownName), ("texts", ReferenceFault)])
def test_a_reference_to_no_endpoint_is_refused_at_load(drive, name, error):
    with pytest.raises(error):
        drive.endpoint(f"ref:{name}")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("language:simple:Hello ${body}", "Hello x"),
        ("language:simple:Hello ${body}?transform=false", "x"),
        ("language:constant:5?resultType=int", 5),
        ("language:simple?script=Hi ${body}", "Hi x"),
    ],
)
def test_a_script_in_the_uri_is_evaluated(drive, uri, expected):
    assert drive.send(uri, Exchange("x")).body == expected


def test_a_script_can_be_a_file_of_the_project(drive, context, tmp_path):
    context.folder = tmp_path
    (tmp_path / "hello.txt").write_text("Hello ${body}")
    assert drive.send("language:simple:resource:file:hello.txt", Exchange("x")).body == "Hello x"
    assert drive.send("language:constant:file:hello.txt?binary=true", Exchange("x")).body == b"Hello ${body}"
    with pytest.raises(ReferenceFault, match="cannot be read"):
        drive.endpoint("language:simple:resource:file:none.txt")


def test_without_a_script_there_is_nothing_to_evaluate(drive):
    with pytest.raises(CamelExchangeException, match="no script"):
        drive.send("language:simple", Exchange("x"))


def test_a_script_comes_from_a_header_only_if_the_route_says_so(drive):
    headers = {"CamelLanguageScript": "from header ${body}"}
    assert drive.send("language:simple:in uri", Exchange("x", headers)).body == "in uri"
    assert drive.send("language:simple?allowTemplateFromHeader=true", Exchange("x", headers)).body == "from header x"


@pytest.mark.parametrize("uri", ["language:python?allowTemplateFromHeader=true", "controlbus:language:python"])
def test_no_message_may_bring_python(drive, uri):
    with pytest.raises(OptionError, match="could run code"):
        drive.endpoint(uri)


@pytest.mark.parametrize("uri", ["controlbus:nothing", "controlbus:route?routeId=a", "controlbus:route?action=explode"])
def test_wrong_commands_are_refused_at_load(drive, uri):
    with pytest.raises(OptionError):
        drive.endpoint(uri)


CONTROLLED = """
- route: {id: worker, from: {uri: "direct:worker", steps: [{setBody: {constant: worked}}]}}
- from: {uri: "direct:status", steps: [{to: "controlbus:route?routeId=worker&action=status"}]}
- from: {uri: "direct:stop", steps: [{to: "controlbus:route?routeId=worker&action=stop"}]}
- from: {uri: "direct:start", steps: [{to: "controlbus:route?routeId=worker&action=start"}]}
- from: {uri: "direct:suspend", steps: [{to: "controlbus:route?routeId=worker&action=suspend"}]}
- from: {uri: "direct:restart", steps: [{to: "controlbus:route?routeId=worker&action=restart&restartDelay=1"}]}
- from: {uri: "direct:background", steps: [{to: "controlbus:route?routeId=worker&action=stop&async=true"}]}
- from: {uri: "direct:unknown", steps: [{to: "controlbus:route?routeId=nobody&action=stop"}]}
- from: {uri: "direct:evaluate", steps: [{to: "controlbus:language:simple"}]}
- route: {id: own, from: {uri: "direct:own", steps: [{to: "controlbus:route?routeId=current&action=stop"}]}}
"""


@pytest.fixture
def controlled(context):
    context.load(CONTROLLED)
    context.start()
    return lambda uri, body="x": context.send(uri, Exchange(body, pattern="InOut"))


def test_the_control_bus_stops_starts_and_tells(controlled):
    assert controlled("direct:status").body == "Started"
    controlled("direct:stop")
    assert controlled("direct:status").body == "Stopped"
    controlled("direct:start")
    assert controlled("direct:worker").body == "worked"
    controlled("direct:suspend")
    assert controlled("direct:status").body == "Suspended"
    controlled("direct:restart")
    assert controlled("direct:status").body == "Started"


def test_a_command_in_the_background_gives_no_result(controlled):
    assert controlled("direct:background").body == "x"
    until(lambda: controlled("direct:status").body == "Stopped")


def test_a_command_that_fails_is_logged_and_the_message_goes_on(controlled, caplog):
    exchange = controlled("direct:unknown")
    assert (exchange.body, exchange.error) == ("x", None)
    assert "failed for route 'nobody'" in caplog.text


def test_the_control_bus_evaluates_the_body(controlled, context):
    (route,) = [route.id for route in context.routes.values() if route.endpoint.uri.endswith("evaluate")]
    assert controlled("direct:evaluate", "${routeId}").body == route
    assert controlled("direct:evaluate", "${nosuch}").body == "${nosuch}"


def test_a_route_can_stop_itself_without_waiting_for_itself(controlled, context):
    assert controlled("direct:own").error is None
    until(lambda: context.routes["own"].status == "Stopped")
