"""``esb check``: every finding at its place, none left for the start."""

import json

import pytest
from project_files import write

from esb.dsl.reader import read

STEP = "- route: {id: a, from: {uri: 'direct:a', steps: [%s]}}\n"
SOURCE = "- route: {id: a, from: {uri: '%s', steps: [{log: x}]}}\n"


@pytest.mark.parametrize(
    ("routes", "finding"),
    [
        (STEP % "{to: 'broken:x'}", "needs the package 'nothing_at_all'"),
        (STEP % "{bean: {ref: nobody}}", "nobody"),
        (STEP % "{setBody: {simple: '${body'}}", "no closing"),
        (STEP % "{setBody: {xpath: '//['}}", "//["),
        (STEP % "{setBody: {jq: '.['}}", "jq"),
        (STEP % "{setBody: {python: '1 +'}}", "this is not Python"),
        (STEP % "{unmarshal: {json: {unmarshalType: no.Type}}}", "no.Type"),
        (STEP % "{transformDataType: {fromType: no.A, toType: no.B}}", "no.A"),
        (STEP % "{to: 'soap:no.wsdl'}", "no.wsdl"),
        (STEP % "{to: 'timer:x'}", "cannot be sent to"),
        (STEP % "{log: '{{nothing}}'}", "no property 'nothing'"),
        (STEP % "{marshal: {jsonn: {}}}", "jsonn"),
        (STEP % "{setBody: {simpel: x}}", "simpel"),
        (STEP % "{throwException: {exceptionType: no.Such, message: x}}", "no.Such"),
        (STEP % "{idempotentConsumer: {simple: x, idempotentRepository: nope, steps: [{log: x}]}}", "nope"),
        (SOURCE % "http://partner.invalid", "only sends"),
        (SOURCE % "timer:a?perod=1", "did you mean 'period'"),
        (SOURCE % "bus:topic:prices", "needs a subscription"),
        (SOURCE % "file:in?include=(", "include"),
        (SOURCE % "cron:a?schedule=nope", "nope"),
        (STEP % "{log: x}" + STEP.replace("id: a", "id: b") % "{log: y}", "direct:a has two consumers"),
        (SOURCE % "platform-http:/a" + (SOURCE % "platform-http:/a").replace("id: a", "id: b"), "is taken by"),
        (SOURCE % "direct:x" + SOURCE % "direct:y", "the route id 'a' is taken"),
        (
            STEP % "{log: {id: l, message: x}}, {log: {id: l, message: y}}",
            "'l' is given twice, first at routes/all.yaml:1:",
        ),
        (
            STEP % "{log: {id: b, message: x}}" + SOURCE.replace("id: a", "id: b") % "timer:b",
            "the id 'b' is given twice",
        ),
        (STEP % "{setBody: {simple: x, constant: y}}", "setBody has two expressions, the second one in 'constant'"),
        ("- route: {precondition: '${nope', from: {uri: direct:a, steps: [{log: x}]}}\n", "no closing"),
        ("- rest: {get: [{path: /a, to: 'nope:x'}]}\n", "unknown component 'nope'"),
        ("- a: [\n", "all.yaml"),
    ],
)
def test_what_is_wrong_is_found_at_its_line(esb, project, routes, finding):
    write(project, esb="{}\n", routes__all=routes)
    (project / "adapters").mkdir()
    (project / "adapters" / "broken.py").write_text("import nothing_at_all\n")
    told = esb("-C", project, "check", "--json")
    assert told.code == 1
    found = json.loads(told.out)["findings"]
    assert finding in " ".join(f"{one['file']} {one['message']} {one['hint']}" for one in found)
    assert [one for one in found if one["file"] != "routes/all.yaml" or not one["line"]] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def x(:\n", "beans.py:1: invalid syntax"),
        ("import json\n\njson.nothing\n", "beans.py:3: AttributeError: module 'json'"),
        ("1 / 0\n", "beans.py:1: ZeroDivisionError: division by zero"),
    ],
)
def test_a_module_that_does_not_import_is_told_with_the_place_in_it(esb, project, text, told):
    write(project, esb="{}\n", routes__all=STEP % "{bean: {ref: '#class:beans:X'}}")
    (project / "beans.py").write_text(text)
    out = esb("-C", project, "check").out
    assert (told in out, "routes/all.yaml:1:" in out) == (True, True)


def test_a_schema_that_is_wrong_is_named_below_the_project_as_all_files_are(esb, project):
    write(project, esb="{}\n", routes__all=STEP % "{unmarshal: {json: {unmarshalType: unheard.Order}}}")
    (project / "schemas").mkdir()
    (project / "schemas" / "unheard.py").write_text("import nothing_at_all\n")
    assert esb("-C", project, "check", "schemas/unheard.py").out.startswith("schemas/unheard.py:1:1 ")


def test_a_file_is_parsed_once_for_all_that_look_at_it(esb, project, monkeypatch):
    write(project, esb="{instances: {other: {}}}\n", routes__all=STEP % "{to: 'mock:x'}", routes__bad="- a: [\n")
    parsed = []
    monkeypatch.setattr("esb.cli._documents.read", lambda file, name: parsed.append(name) or read(file, name))
    assert esb("-C", project, "check").code == 1
    assert sorted(parsed) == ["esb.yaml", "routes/all.yaml", "routes/bad.yaml"]


def test_two_routes_that_never_run_at_the_same_time_may_share_a_source(esb, project):
    second = STEP.replace("id: a", "id: b, autoStartup: false") % "{log: y}"
    write(project, esb="{}\n", routes__all=STEP % "{log: x}" + second)
    assert esb("-C", project, "check").code == 0


def test_all_findings_are_told_in_the_order_of_the_files(esb, project):
    write(
        project,
        esb="{}\n",
        routes__b=STEP % "{log: x}, {tox: a}, {toy: b}",
        routes__a=STEP.replace("id: a", "id: c") % "{log: x}, {toz: c}",
    )
    told = json.loads(esb("-C", project, "check", "--json").out)["findings"]
    found = [one for one in told if one["level"] == "error"]
    assert [(one["file"], one["message"][-5:]) for one in found] == [
        ("routes/a.yaml", "'toz'"),
        ("routes/b.yaml", "'tox'"),
        ("routes/b.yaml", "'toy'"),
    ]
