import pytest

from esb.dsl.placeholders import Properties
from esb.errors import ValidationFailed

TEMPLATE = """
- routeTemplate:
    id: greet
    parameters: [{name: from}, {name: word, defaultValue: hello}, {name: tail, required: false}]
    from: {uri: "direct:{{from}}", steps: [{setBody: {simple: "{{word}} ${body}{{?tail}}"}}]}
"""


def test_parameters_defaults_and_optional_ones_are_put_in(bus):
    bus.load(
        TEMPLATE
        + """
- templatedRoute: {routeTemplateRef: greet, parameters: [{name: from, value: a}]}
- templatedRoute:
    routeTemplateRef: greet
    routeId: mine
    parameters: [{name: from, value: b}, {name: word, value: bye}, {name: tail, value: "!"}]
"""
    )
    assert (bus.send("you").body, bus.send("you", "direct:b").body) == ("hello you", "bye you!")
    assert "mine" in bus.context.routes


def test_a_missing_parameter_is_refused_where_the_route_is_asked_for(refused):
    told = refused(TEMPLATE + "- templatedRoute: {routeTemplateRef: greet}\n")
    assert "test.yaml:6:3" in told
    assert "missing parameters of the template 'greet' (test.yaml:2:3): from" in told


def test_an_unknown_template_is_refused_with_the_nearest_name(refused):
    told = refused(TEMPLATE + "- templatedRoute: {routeTemplateRef: great, parameters: []}\n")
    assert "unknown route template 'great'" in told
    assert "greet" in told


def test_an_option_that_templates_do_not_have_is_refused(refused):
    told = refused("- routeTemplate: {id: t, parameter: [], from: {uri: direct:a, steps: [{log: x}]}}\n")
    assert "test.yaml:1:26 [ESB-R012] unknown option of routeTemplate 'parameter'" in told


def test_each_route_has_the_template_s_beans_for_itself(bus):
    bus.load("""
    - routeTemplate:
        id: t
        parameters: [{name: from}, {name: word}]
        beans: [{name: box, type: java.util.HashMap, properties: {k: "{{word}}"}}]
        from: {uri: "direct:{{from}}", steps: [{setBody: {simple: "${ref:{{box}}}"}}]}
    - templatedRoute: {routeTemplateRef: t, parameters: [{name: from, value: a}, {name: word, value: one}]}
    - templatedRoute: {routeTemplateRef: t, parameters: [{name: from, value: b}, {name: word, value: two}]}
    """)
    assert (bus.send().body, bus.send(to="direct:b").body) == ({"k": "one"}, {"k": "two"})


def test_a_prefix_is_put_before_the_ids_of_steps(bus):
    bus.load("""
    - routeTemplate:
        id: t
        from: {uri: "direct:a", steps: [{step: {id: s, steps: [{setBody: {simple: "${stepId}"}}]}}]}
    - templatedRoute: {routeTemplateRef: t, prefixId: "p-"}
    """)
    assert bus.send().body == "p-s"


def test_a_template_holds_numbers_where_numbers_are_expected(bus):
    bus.load("""
    - routeTemplate:
        id: t
        parameters: [{name: times}]
        from: {uri: "direct:a", steps: [{loop: {constant: "{{times}}", steps: [{setBody: {simple: "${body}x"}}]}}]}
    - templatedRoute: {routeTemplateRef: t, parameters: [{name: times, value: "3"}]}
    """)
    assert bus.send("").body == "xxx"


def test_templates_of_an_earlier_load_are_known(bus):
    bus.load(TEMPLATE)
    bus.load("- templatedRoute: {routeTemplateRef: greet, parameters: [{name: from, value: a}]}\n")
    assert bus.send("you").body == "hello you"


# -- kamelets -------------------------------------------------------------------------------------------------------------------------

KAMELET = """
apiVersion: camel.apache.org/v1
kind: Kamelet
metadata: {name: mask}
spec:
  definition:
    required: [sign]
    properties: {sign: {type: string}, more: {type: string, default: "."}}
  template:
    from:
      uri: kamelet:source
      steps: [{setBody: {simple: "{{sign}}${body}{{more}}"}}]
"""


def test_a_kamelet_of_the_project_s_folder_is_found_by_its_name(bus, tmp_path):
    (tmp_path / "kamelets").mkdir()
    (tmp_path / "kamelets" / "mask.kamelet.yaml").write_text(KAMELET)
    bus.load('- from: {uri: direct:a, steps: [{to: "kamelet:mask?sign=*"}]}\n')
    assert bus.send("x").body == "*x."


def test_a_kamelet_document_may_be_loaded_beside_the_routes(bus):
    bus.context.load_all(
        [(KAMELET, "mask.kamelet.yaml"), ('- from: {uri: direct:a, steps: [{kamelet: "mask?sign=*"}]}', "a.yaml")]
    )
    bus.context.start()
    assert bus.send("x").body == "*x."


def test_a_kamelet_without_a_required_parameter_is_refused_where_it_is_used(bus, refused):
    told = refused(
        '- routeTemplate: {id: k, parameters: [{name: p}], from: {uri: "kamelet:source", steps: [{log: "{{p}}"}]}}\n'
        '- from: {uri: direct:a, steps: [{to: "kamelet:k"}]}\n'
    )
    assert "test.yaml:2:" in told
    assert "missing parameters of the template 'k'" in told


def test_a_kamelet_s_name_is_never_a_path(refused, tmp_path):
    (tmp_path / "secret.kamelet.yaml").write_text(KAMELET)
    assert "unknown kamelet '..'" in refused('- from: {uri: direct:a, steps: [{to: "kamelet:../secret?sign=x"}]}\n')


def test_kamelet_source_outside_of_a_template_is_refused(refused):
    told = refused('- from: {uri: "kamelet:source", steps: [{log: x}]}\n')
    assert "kamelet:source stands outside of a template" in told


def test_each_kamelet_step_with_steps_goes_on_with_its_own(bus):
    bus.load("""
    - routeTemplate:
        id: around
        from: {uri: "kamelet:source", steps: [{setBody: {simple: "<${body}"}}, {to: "kamelet:sink"}, {setBody: {simple: "${body}>"}}]}
    - from:
        uri: direct:a
        steps:
          - kamelet: {name: around, steps: [{setBody: {simple: "${body}1"}}]}
          - kamelet: {name: around, steps: [{setBody: {simple: "${body}2"}}]}
    """)
    assert bus.send("x").body == "<<x1>2>"


def test_a_failure_below_a_kamelet_step_is_the_route_s_own(bus):
    # Camel loses it: the sender sees neither an error nor what the handler does.
    bus.load("""
    - onException: {exception: [java.io.IOException], handled: {constant: "true"}, steps: [{to: mock:handled}]}
    - routeTemplate: {id: around, from: {uri: "kamelet:source", steps: [{to: "kamelet:sink"}]}}
    - from:
        uri: direct:a
        steps: [{kamelet: {name: around, steps: [{throwException: {exceptionType: java.io.IOException, message: down}}]}}]
    """)
    assert bus.send("x").error is None
    assert bus.got("handled") == ["x"]


def test_a_kamelet_named_by_a_message_is_made_when_it_comes(bus):
    bus.load("""
    - routeTemplate: {id: k, parameters: [{name: p}], from: {uri: "kamelet:source", steps: [{setBody: {simple: "${body}{{p}}"}}]}}
    - from: {uri: direct:a, steps: [{toD: "kamelet:k?p=${header.p}"}]}
    """)
    assert [bus.send("x", p=value).body for value in (1, 2, 1)] == ["x1", "x2", "x1"]
    assert sum(name.startswith("k-") for name in bus.context.routes) == 2


def test_properties_give_parameters_of_kamelets(tmp_path):
    from esb.context import RouteContext
    from esb.exchange import IN_OUT, Exchange

    context = RouteContext(
        "test", Properties({"camel.kamelet.k.p": "all", "camel.kamelet.k.one.p": "own"}), folder=tmp_path
    )
    context.load(
        '- routeTemplate: {id: k, parameters: [{name: p}], from: {uri: "kamelet:source", steps: [{setBody: {constant: "{{p}}"}}]}}\n'
        '- from: {uri: direct:a, steps: [{to: "kamelet:k"}]}\n'
        '- from: {uri: direct:b, steps: [{to: "kamelet:k/one"}]}\n'
    )
    context.start()
    try:
        assert [context.send(uri, Exchange(pattern=IN_OUT)).body for uri in ("direct:a", "direct:b")] == ["all", "own"]
    finally:
        context.stop(1.0)


def test_a_route_that_ends_below_a_kamelet_is_still_pipelined(bus):
    bus.load("""
    - routeTemplate: {id: k, from: {uri: "kamelet:source", steps: [{setHeader: {name: h, constant: x}}]}}
    - from: {uri: direct:a, steps: [{kamelet: k}, {to: bus:out}]}
    - from: {uri: bus:out, steps: [{to: mock:out}]}
    """)
    block = bus.context.component("kamelet").line("k-1").block
    assert "send_without_waiting" in block.steps[-1].__qualname__
    bus.send("x")
    assert bus.awaited("out") == [b"x"]


def test_messages_cannot_make_routes_without_end(bus, monkeypatch):
    monkeypatch.setattr("esb.components.kamelet._MOST", 3)
    bus.load("""
    - routeTemplate: {id: k, parameters: [{name: p}], from: {uri: "kamelet:source", steps: [{setBody: {constant: "{{p}}"}}]}}
    - from: {uri: direct:a, steps: [{toD: "kamelet:k?p=${body}"}]}
    """)
    errors = [bus.send(str(number)).error for number in range(5)]
    assert errors[:3] == [None, None, None]
    assert "more than 3 kamelets" in str(errors[4])


BY_MESSAGE = """
- routeTemplate: {id: k, parameters: [{name: p}], from: {uri: "kamelet:source", steps: [{setBody: {simple: "${body} {{p}}"}}]}}
- from: {uri: direct:a, steps: [{toD: "kamelet:k?timeout=5s&p=${header.p}"}]}
- from: {uri: direct:id, steps: [{toD: "kamelet:k/${header.p}?p=1"}]}
- from: {uri: direct:name, steps: [{toD: "kamelet:${header.p}?timeout=5s&p=1"}]}
"""


@pytest.mark.parametrize(
    "value",
    ["{{env:HOME}}", "{{none:$}}{env.HOME}", "$simple{env.HOME}", "' == ''", "x?fail=1", "a&b", "a,b", "%24", "a\nb"],
)
def test_what_a_message_brings_as_a_parameter_is_no_text_of_a_route(bus, value):
    bus.load(BY_MESSAGE)
    failed = bus.send("x", p=value)
    assert isinstance(failed.error, ValidationFailed)
    assert failed.body == "x"


@pytest.mark.parametrize("value", ["..", "../b", "a/../b", ".", "a:.."])
def test_a_parameter_that_a_message_brings_does_not_climb(bus, value):
    bus.load(BY_MESSAGE)
    assert "climbs out of its path" in str(bus.send("x", p=value).error)


@pytest.mark.parametrize("value", ["Zoë Müller", "a.b-c_d/e", "me@example.org", "2026-11-21T21:01:34+00:00", "~"])
def test_names_numbers_times_and_paths_may_be_parameters_that_a_message_brings(bus, value):
    bus.load(BY_MESSAGE)
    assert bus.send("x", p=value).body == f"x {value}"


def test_the_route_id_of_a_kamelet_that_a_message_brings_is_no_placeholder(bus):
    bus.load(BY_MESSAGE)
    assert isinstance(bus.send("x", "direct:id", p="{{env:HOME}}").error, ValidationFailed)


def test_a_kamelet_that_a_message_names_gives_its_own_kamelets_any_text(bus):
    bus.load("""
    - routeTemplate: {id: inner, parameters: [{name: q}], from: {uri: "kamelet:source", steps: [{setBody: {simple: "{{q}}"}}]}}
    - routeTemplate:
        id: k
        parameters: [{name: p}]
        from: {uri: "kamelet:source", steps: [{kamelet: {name: inner, parameters: {q: "<${body}-{{p}}>"}}}]}
    - from: {uri: direct:a, steps: [{toD: "kamelet:k?p=${header.p}"}]}
    """)
    assert bus.send("x", p=1).body == "<x-1>"


def test_routes_that_are_loaded_later_give_kamelets_any_text(bus):
    bus.load(BY_MESSAGE)
    bus.load("""- from: {uri: direct:later, steps: [{kamelet: {name: k, parameters: {p: "'${body}'"}}}]}\n""")
    assert bus.send("x", "direct:later").body == "x 'x'"


def test_each_message_is_told_that_its_kamelet_is_unknown(bus):
    bus.load(BY_MESSAGE)
    errors = [str(bus.send("x", "direct:name", p="nosuch").error) for _ in range(2)]
    assert all("unknown kamelet 'nosuch'" in error for error in errors)
