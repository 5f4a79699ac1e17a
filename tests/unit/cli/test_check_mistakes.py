"""The slips that people make, through ``esb check``: each at its line and column, with its cause and how to mend it."""

from __future__ import annotations

import json

import pytest
from project_files import write

ROUTE = "- route:\n    id: a\n    from:\n      uri: timer:t\n      steps:\n"
"""Steps begin in line 6, column 9; their names in column 11."""


def steps(text: str) -> str:
    return ROUTE + "".join(f"        {line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "place", "code", "message", "hint"),
    [
        (steps("- chioce:\n    when: []"), (6, 11), "ESB-R012", "unknown step 'chioce'", "did you mean 'choice'?"),
        (steps("- setHeader: {nmae: x, constant: y}"), (6, 23), "ESB-R012", "unknown option of setHeader 'nmae'", "'name'"),
        (
            steps("- choice:\n    when:\n      - simpel: x\n        steps: [{stop: {}}]"),
            (8, 17),
            "ESB-R012",
            "unknown option of when 'simpel'",
            "did you mean 'simple'",
        ),
        (
            steps("- setBody:\n    expression:\n      simple: {expression: '${boddy}'}"),
            (8, 37),
            "ESB-R001",
            "unknown simple function 'boddy'",
            "did you mean 'body'",
        ),
        (
            steps("- filter: {simple: \"${body} =~= 'x'\", steps: [{stop: {}}]}"),
            (6, 37),
            "ESB-R001",
            "unexpected \"=~= 'x'\"",
            "an operator needs a blank on either side",
        ),
        (steps("- to: {uri: 'sedaa:x'}"), (6, 21), "ESB-R012", "unknown component 'sedaa'", "did you mean 'seda'"),
        (steps("- to: {uri: 'seda:x?sze=3'}"), (6, 21), "ESB-R012", "unknown option of seda 'sze'", "did you mean 'size'?"),
        (
            steps("- to:\n    uri: seda:x\n    parameters:\n      size: 5\n      sze: 3"),
            (10, 15),
            "ESB-R012",
            "unknown option of seda 'sze'",
            "did you mean 'size'?",
        ),
        (
            steps("- to:\n    uri: seda:x\n    parameters: {size: many}"),
            (8, 26),
            "ESB-R020",
            "option 'size' of seda: 'many' is not a whole number",
            "",
        ),
        (
            steps("- multicast:\n    parallelProcessing: maybe\n    steps: [{to: 'mock:x'}]"),
            (7, 33),
            "ESB-R020",
            "'parallelProcessing': 'maybe' is neither true nor false",
            "",
        ),
        (
            steps("- throttle: {constant: 5, timePeriodMillis: soon}"),
            (6, 53),
            "ESB-R020",
            "'timePeriodMillis': 'soon' is not a duration",
            "",
        ),
        (
            steps("- log: {message: x, loggingLevel: LOUD}"),
            (6, 43),
            "ESB-R020",
            "'LOUD' is not one of TRACE, DEBUG, INFO, WARN, ERROR, OFF",
            "",
        ),
        (steps("- setHeader: {constant: y}"), (6, 11), "ESB-R020", "setHeader needs 'name'", "Name of the header"),
        (steps("- filter: {steps: [{stop: {}}]}"), (6, 11), "ESB-R020", "filter needs an expression", ""),
        (steps("- to: {parameters: {a: 1}}"), (6, 11), "ESB-R020", "to needs 'uri'", ""),
        ("- route:\n    id: a\n    steps: [{stop: {}}]\n", (1, 3), "ESB-R020", "route needs 'from'", ""),
        (steps("- log: {message: x}\n  to: 'mock:y'"), (6, 11), "ESB-R001", "a step has one key", "indent 'to' below 'log'"),
        (steps("- stop"), (6, 11), "ESB-R001", "a step is a map with its name as the key", "write '- stop: {}'"),
        (steps("- bean: {ref: nobody}"), (6, 11), "ESB-R012", "unknown bean 'nobody'", ""),
        (
            steps("- unmarshal: {json: {unmarshalType: crm.Ordr}}"),
            (6, 23),
            "ESB-R012",
            "unknown data type 'crm.Ordr'",
            "did you mean 'crm.Order'?",
        ),
        (
            steps("- throwException: {exceptionType: java.lang.IlegalArgumentException, message: x}"),
            (6, 11),
            "ESB-R012",
            "unknown exception class 'java.lang.IlegalArgumentException'",
            "did you mean 'java.lang.IllegalArgumentException'",
        ),
        (steps("- marshal: {jsn: {}}"), (6, 21), "ESB-R012", "unknown option of marshal 'jsn'", "did you mean 'json'?"),
        (steps("- log: {message: '{{nothign}}'}"), (6, 26), "ESB-R030", "no property 'nothign'", "give a default"),
        (steps("- to: {uri: 'kamelet:nope'}"), (6, 21), "ESB-R012", "unknown kamelet 'nope'", "kamelets/nope.kamelet.yaml"),
        (steps("- to: {uri: 'direct:b'}"), (6, 21), "ESB-L010", "no route consumes direct:b", "add a route from direct:b"),
        (
            steps("- wireTap: {uri: 'bus:oders'}") + steps("- stop: {}").replace("timer:t", "bus:orders").replace("id: a", "id: b"),
            (6, 26),
            "ESB-L011",
            "no route consumes bus:oders",
            "did you mean 'orders'?",
        ),
        (steps("- stop: {}\n- log: {message: x}"), (7, 11), "ESB-L020", "log is never reached", "remove it"),
        (steps("- to: {uri: 'http://u:geheim@h/x'}"), (6, 21), "ESB-L030", "a password in this URI stands in clear", "{{credential:NAME}}"),
        (steps("- log: hello"), (6, 11), "ESB-L001", "log: ... is the compact notation", "write log: {message: ...}"),
        (steps("- stop: {}").replace("timer:t", "direct:lone"), (4, 12), "ESB-L012", "no route sends to direct:lone", "slip"),
        ("- route: {id: a, steps: [{stop: {}}]\n", (1, 10), "ESB-R001", "the bracket or brace that opens here is never closed", ""),
        ("- route: {id: a\n- route: {id: b}\n", (2, 8), "ESB-R001", "this is not YAML", "close the bracket or brace that opens in line 1"),
        (
            steps("- transformDataType: {fromType: crm.Order, toType: crm.Odrer}"),
            (6, 11),
            "ESB-R012",
            "unknown data type 'crm.Odrer'",
            "did you mean 'crm.Order'?",
        ),
        (
            steps("- transformDataType: {fromType: crm.Order, toType: crm.Order}"),
            (6, 11),
            "ESB-R012",
            "unknown mapping 'crm.Order -> crm.Order'",
            "schemas/mappings",
        ),
        ("- rout: {}\n", (1, 3), "ESB-R012", "unknown element 'rout'", "did you mean 'route'?"),
        ("- route:\n\tid: a\n", (2, 1), "ESB-R001", "this is not YAML", "indent with blanks"),
        ("- route: {id: a, id: b}\n", (1, 18), "ESB-R001", "the key 'id' is given twice", "remove one"),
        ("route: {id: a}\n", (1, 1), "ESB-L004", "this file is a map", "write '- route:'"),
    ],
)  # fmt: skip
def test_a_slip_is_told_at_its_place_with_cause_and_fix(esb, project, text, place, code, message, hint):
    write(project, esb="{}\n", schemas__crm="types: {Order: {fields: {id: {type: string}}}}\n", routes__all=text)
    told = json.loads(esb("-C", project, "check", "--json").out)["findings"]
    [one] = [one for one in told if one["code"] == code and message in one["message"]]
    assert (one["file"], one["line"], one["column"]) == ("routes/all.yaml", *place)
    assert hint in one["hint"]
