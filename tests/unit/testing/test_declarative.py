"""The engine of ``esb test``: each test here is a small project with one declarative test, and what came of it."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from esb.errors import ConfigErrors
from esb.project import Project
from esb.testing.casefile import read_cases
from esb.testing.coverage import Coverage
from esb.testing.declarative import Outcome, find, run_case

ROUTES = """
- route:
    id: in
    from: {uri: direct:in, steps: [{to: 'bus:work'}, {setBody: {constant: taken}}]}
- route:
    id: work
    from:
      uri: bus:work
      parameters: {maximumRedeliveries: 3, redeliveryDelay: 5s}
      steps:
        - to: http://partner.invalid/things
        - to: bus:done
"""


class Trial:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "routes" / "tests").mkdir(parents=True)
        (folder / "esb.yaml").write_text("project: trial\nproperties: {greeting: hello}\n")
        self.routes(ROUTES)

    def routes(self, text: str) -> None:
        (self.folder / "routes" / "all.yaml").write_text(textwrap.dedent(text))

    def document(self, text: str) -> Path:
        file = self.folder / "routes" / "tests" / "all.test.yaml"
        file.write_text(textwrap.dedent(text))
        return file

    def run(self, text: str, coverage: Coverage | None = None) -> Outcome:
        """The outcome of the first test of a document, or of one test's own keys."""
        indented = textwrap.indent(textwrap.dedent(text).strip(), "    ")
        file = self.document(text if "tests:" in text else f"tests:\n  -\n{indented}\n")
        case = read_cases(file, "all.test.yaml")[0]

        def opened(instance: str, properties: dict[str, str]) -> Project:
            return Project.open(self.folder, instance, properties)

        return run_case(case, opened, "", coverage)


@pytest.fixture
def trial(tmp_path):
    path = list(sys.path)
    yield Trial(tmp_path)
    sys.path[:] = path


def told(outcome: Outcome) -> str:
    return "\n".join(map(str, outcome.misses))


def passes(outcome: Outcome) -> None:
    assert outcome.passed, told(outcome)


def test_a_mock_stands_in_for_a_partner_and_the_queues_are_drained(trial):
    passes(
        trial.run("""
            mocks: {"http:*": {body: made}}
            send: {to: direct:in, body: tea}
            expect:
              body: taken
              received: {"http:*": [{body: tea}], "bus:done": [{body: made}]}
        """)
    )


def test_what_leaves_the_bus_without_a_mock_is_refused_and_said(trial):
    outcome = trial.run("send: {to: direct:in, body: tea}\nexpect: {received: {'bus:work.dlq': 1}}")
    assert "nothing answers for http://partner.invalid/things in this test: add it under 'mocks'" in told(outcome)


def test_a_message_that_fails_behind_the_reply_fails_the_test_though_nothing_was_asked_of_it(trial):
    outcome = trial.run("""
        mocks: {"http:*": {fault: {message: no such thing, code: Client}}}
        send: {to: direct:in, body: tea}
        expect: {body: taken}
    """)
    assert "1 message failed to work.invalid, which no expectation names: work at routes/all.yaml:" in told(outcome)
    assert "RemoteFault: no such thing" in told(outcome)


def test_a_sequence_plays_an_outage_and_pauses_of_redelivery_cost_no_time(trial):
    outcome = trial.run("""
        mocks: {"http:*": {sequence: [{error: NotConnected}, {error: {class: java.net.ConnectException, message: down}}, {body: made}]}}
        send: {to: direct:in, body: tea}
        expect: {received: {"http:*": 3, "bus:done": 1}}
    """)
    passes(outcome)
    assert outcome.seconds < 4


def test_an_outage_that_does_not_end_is_a_dead_letter_after_all_tries(trial):
    passes(
        trial.run("""
            mocks: {"http:*": {status: 503}}
            send: {to: direct:in, body: tea}
            expect:
              received:
                "http:*": 4
                "bus:work.dlq": [{body: tea, headers: {esb-origin-queue: work, esb-attempts: 4}}]
        """)
    )


@pytest.mark.parametrize(
    ("expectation", "miss"),
    [
        ("body: given", 'body: expected "given", got "taken"'),
        ("headers: {colour: red}", "header colour: expected"),
        ("status: 202", "status: expected 202, got 200"),
        ("error: NotConnected", 'error: expected "NotConnected", but the exchange did not fail'),
        ("that: ['${body} == 1']", "that: ${body} == 1 does not hold"),
        ("received: {'bus:work': 2}", "bus:work: expected 2 messages, got 1"),
        ("received: {'bus:work': [{body: coffee}]}", 'bus:work: body: expected "coffee", got "tea"'),
        ("received: {'ftp:x': 1}", "unknown mock or bus channel 'ftp:x'"),
        ("files: {out/a: x}", "file out/a was not written"),
    ],
)
def test_an_expectation_that_does_not_hold_is_told_with_its_line(trial, expectation, miss):
    outcome = trial.run(f"mocks: {{'http:*': {{}}}}\nsend: {{to: direct:in, body: tea}}\nexpect:\n  {expectation}\n")
    assert miss in told(outcome)
    assert told(outcome).startswith("all.test.yaml:6:")


@pytest.mark.parametrize(
    "wanted",
    [
        "RemoteFault",
        "ESB-T020",
        "org.apache.cxf.binding.soap.SoapFault",
        "{class: RemoteFault, message: no such, code: ESB-T020}",
    ],
)
def test_an_error_is_expected_by_class_message_or_code(trial, wanted):
    trial.routes("- route: {from: {uri: direct:in, steps: [{to: http://partner.invalid}]}}\n")
    mocks = "mocks: {'http:*': {fault: no such thing}}"
    passes(trial.run(f"{mocks}\nsend: {{to: direct:in}}\nexpect: {{error: {wanted}}}"))


def test_a_failure_nobody_expected_fails_the_test(trial):
    trial.routes("- route: {from: {uri: direct:in, steps: [{to: http://partner.invalid}]}}\n")
    outcome = trial.run("mocks: {'http:*': {fault: no such thing}}\nsend: {to: direct:in}\nexpect: {}")
    assert "the exchange failed, and no error was expected: RemoteFault [ESB-T020]: no such thing" in told(outcome)


def test_a_status_outside_of_what_the_endpoint_accepts_is_a_failure_as_from_a_server(trial):
    trial.routes("""
        - route: {from: {uri: direct:strict, steps: [{to: http://partner.invalid}]}}
        - route: {from: {uri: direct:lenient, steps: [{to: 'http://partner.invalid?throwExceptionOnFailure=false'}]}}
    """)
    passes(
        trial.run(
            "mocks: {'http:*': {status: 404}}\nsend: {to: direct:strict}\nexpect: {error: HttpOperationFailedException}"
        )
    )
    passes(trial.run("mocks: {'http:*': {status: 404}}\nsend: {to: direct:lenient}\nexpect: {status: 404}"))


def test_a_source_that_begins_on_its_own_stands_still_and_is_fed_by_its_route(trial):
    trial.routes(
        "- route: {id: tick, from: {uri: 'timer:t?delay=0&period=1', steps: [{setBody: {simple: '${body}!'}}, {to: mock:out}]}}\n"
    )
    passes(trial.run("send: {route: tick, body: now}\nexpect: {received: {'mock:out': [{body: now!}]}}"))


def test_a_request_goes_through_the_web_servers_paths(trial):
    trial.routes("""
        - rest: {path: /things, get: [{path: '/{id}', to: direct:get}]}
        - route: {from: {uri: direct:get, steps: [{setBody: {simple: 'thing ${header.id} ${header.q}'}}]}}
    """)
    passes(trial.run("send: {request: 'GET /things/7?q=x'}\nexpect: {status: 200, body: thing 7 x}"))
    passes(trial.run("send: {request: 'GET /nothing'}\nexpect: {status: 404}"))
    passes(trial.run("send: {request: 'PUT /things/7'}\nexpect: {status: 405}"))


def test_files_are_written_below_the_tests_own_folder_only(trial):
    trial.routes("- route: {from: {uri: direct:in, steps: [{to: 'file:{{out}}?fileName=a.json'}]}}\n")
    passes(
        trial.run("""
            properties: {out: "{{test.folder}}/out"}
            send: {to: direct:in, json: {a: 1, b: 2}}
            expect: {files: {out/a.json: {json: {a: 1}}, "out/*": 1}}
        """)
    )
    outcome = trial.run("properties: {out: out}\nsend: {to: direct:in, body: x}\nexpect: {error: Unmocked}")
    assert "is outside of the test's folder" in told(outcome)
    assert not (trial.folder / "out").exists()


def test_each_test_has_a_state_of_its_own(trial):
    trial.routes("""
        - beans:
            - {name: seen, type: 'esb.stores.sqlite:SqliteIdempotentRepository', constructors: {"0": "{{esb.state}}/seen.db"}}
        - route:
            from:
              uri: direct:in
              steps: [{idempotentConsumer: {simple: '${body}', idempotentRepository: seen, steps: [{to: 'mock:once'}]}}]
    """)
    text = "send: [{to: direct:in, body: a}, {to: direct:in, body: a}]\nexpect: {received: {'mock:once': 1}}"
    passes(trial.run(text))
    passes(trial.run(text))


def test_beans_and_properties_are_replaced_for_a_test(trial):
    (trial.folder / "parts_of_trial.py").write_text(
        "def real(body):\n    return 'real'\n\n\nclass Fake:\n    def call(self, body):\n        return 'fake'\n"
    )
    trial.routes("""
        - beans: [{name: part, type: 'esb.stores.memory:MemoryIdempotentRepository'}]
        - route: {from: {uri: direct:in, steps: [{bean: {ref: part, method: call}}, {setBody: {simple: '{{greeting}} ${body}'}}]}}
    """)
    passes(
        trial.run("""
            properties: {greeting: moin}
            beans: {part: {type: "parts_of_trial:Fake"}}
            send: {to: direct:in, body: x}
            expect: {body: moin fake}
        """)
    )


def test_a_group_that_is_completed_by_time_is_waited_for(trial):
    trial.routes(
        """
        - route:
            from:
              uri: direct:in
              steps:
                - aggregate:
                    correlationExpression: {constant: all}
                    aggregationStrategy: {'#class': x}
                    completionTimeout: 200
                    steps: [{to: 'mock:out'}]
    """.replace("{'#class': x}", "'#class:org.apache.camel.processor.aggregate.GroupedBodyAggregationStrategy'")
    )
    passes(
        trial.run(
            "send: [{to: direct:in, body: a}, {to: direct:in, body: b}]\nexpect: {received: {'mock:out': [{json: [a, b]}]}}"
        )
    )


def test_a_polled_endpoint_gives_what_its_mock_says(trial):
    trial.routes(
        "- route: {from: {uri: direct:in, steps: [{pollEnrich: {constant: 'file:drop?fileName=a', timeout: 0}}]}}\n"
    )
    passes(trial.run("mocks: {'file:drop': {body: content}}\nsend: {to: direct:in, body: x}\nexpect: {body: content}"))


def test_dynamic_endpoints_are_mocked_by_a_pattern(trial):
    trial.routes("- route: {from: {uri: direct:in, steps: [{toD: 'http://partner.invalid/${body}'}]}}\n")
    passes(
        trial.run(
            "mocks: {'http://partner.invalid/a*': {body: A}, 'http:*': {body: other}}\nsend: {to: direct:in, body: abc}\nexpect: {body: A}"
        )
    )
    passes(
        trial.run(
            "mocks: {'http://partner.invalid/a*': {body: A}, 'http:*': {body: other}}\nsend: {to: direct:in, body: xyz}\nexpect: {body: other}"
        )
    )


def test_a_message_redelivered_without_end_is_given_up_and_said(trial):
    trial.routes("- route: {from: {uri: 'bus:work?maximumRedeliveries=-1', steps: [{to: http://partner.invalid}]}}\n")
    outcome = trial.run("mocks: {'http:*': {error: NotConnected}}\nsend: {to: bus:work, body: x}\nexpect: {}")
    assert "a message is redelivered without end" in told(outcome)


def test_coverage_counts_the_steps_that_ran_by_route(trial):
    trial.routes("""
        - route:
            id: way
            from:
              uri: direct:in
              steps:
                - choice:
                    when: [{simple: "${body} == 'a'", steps: [{to: 'mock:a'}]}]
                    otherwise: {steps: [{to: 'mock:b'}]}
    """)
    coverage = Coverage()
    passes(trial.run("send: {to: direct:in, body: a}\nexpect: {received: {'mock:a': 1}}", coverage))
    ran, total, missed = coverage.by_route()["way"]
    assert (ran, total) == (2, 3)
    assert [at.line for _, at, _ in missed] == [9]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("tests: [{send: {to: direct:a}, expct: {}}]", "unknown key of a test 'expct'; did you mean 'expect'?"),
        ("tests: [{expect: {}}]", "a test needs 'send'"),
        ("tests: [{send: {body: x}}]", "'send' needs one of 'to', 'route' and 'request'"),
        ("tests: [{send: {to: a, route: b}}]", "'send' needs one of"),
        ("tests: [{send: {to: a, body: x, json: {}}}]", "body and json are the same body"),
        (
            "tests: [{send: {to: a}, mocks: {'http:*': {bdy: x}}}]",
            "unknown key of a mock's answer 'bdy'; did you mean 'body'?",
        ),
        ("tests: [{send: {to: a}, mocks: {'http:*': {sequence: 7}}}]", "'sequence' is a list of answers"),
        ("tests: [{send: {to: a}, expect: {boby: x}}]", "unknown expectation 'boby'; did you mean 'body'?"),
        ("tests: []", "a test document needs a list of 'tests'"),
        ("mock: {}\ntests: [{send: {to: a}}]", "unknown key of a test document 'mock'; did you mean 'mocks'?"),
    ],
)
def test_a_document_that_is_wrong_is_told_before_anything_runs(trial, text, finding):
    with pytest.raises(ConfigErrors) as refused:
        read_cases(trial.document(text), "all.test.yaml")
    assert finding in str(refused.value)
    assert all(one.at.line for one in refused.value.findings)


@pytest.mark.parametrize(
    ("text", "miss"),
    [
        ("send: {route: wrok, body: x}", "unknown route 'wrok'"),
        ("send: {to: dirct:in, body: x}", "unknown component 'dirct'"),
        ("send: {request: /things}", "'/things' is no request"),
        ("send: {to: direct:in, file: nothing.json}", "cannot read 'nothing.json'"),
        ("mocks: {'http:*': {error: Nonsense}}\nsend: {to: direct:in, body: x}", "unknown error class 'Nonsense'"),
        ("send: {to: 'direct:{{nothing}}', body: x}", "no property 'nothing'"),
    ],
)
def test_what_a_test_names_and_is_not_there_is_a_miss_at_its_place(trial, text, miss):
    outcome = trial.run(text)
    assert miss in told(outcome)
    assert "all.test.yaml:" in told(outcome)


def test_an_error_in_the_routes_is_a_miss_at_the_routes_line(trial):
    trial.routes("- route: {from: {uri: direct:in, steps: [{tox: 'mock:a'}]}}\n")
    assert told(trial.run("send: {to: direct:in}")).startswith("routes/all.yaml:1:")


def test_tests_are_found_beside_the_routes_and_in_the_folder_tests(trial):
    beside = trial.folder / "routes" / "one.test.yaml"
    beside.write_text("tests: []\n")
    inside = trial.document("tests: []\n")
    assert find([Project.open(trial.folder)]) == [beside, inside]


def test_a_file_is_sent_with_its_name_and_is_looked_for_beside_the_document(trial):
    (trial.folder / "routes" / "tests" / "in.csv").write_text("a;b\n")
    trial.routes(
        "- route: {id: in, from: {uri: 'file:{{test.folder}}/in', steps: ["
        "{setBody: {simple: '${header.CamelFileName}: ${body}'}}, {to: mock:out}]}}\n"
    )
    passes(trial.run("send: {route: in, file: in.csv}\nexpect: {received: {'mock:out': [{body: \"in.csv: a;b\\n\"}]}}"))


def test_a_request_answered_with_an_error_fails_the_test_unless_a_status_is_expected(trial):
    trial.routes("""
        - rest: {path: /things, post: [{to: direct:post}]}
        - route:
            from:
              uri: direct:post
              steps: [{to: bus:things}, {throwException: {exceptionType: java.lang.IllegalStateException, message: late}}]
    """)
    outcome = trial.run("send: {request: POST /things, body: x}\nexpect: {received: {'bus:things': 1}}")
    assert "the request was answered 500, and no status was expected" in told(outcome)
    passes(trial.run("send: {request: POST /things, body: x}\nexpect: {status: 500, received: {'bus:things': 1}}"))


def test_a_request_for_a_path_that_nobody_serves_fails_the_test(trial):
    outcome = trial.run("send: {request: POST /thigns, body: x}\nexpect: {received: {'bus:work': 0}}")
    assert "the request was answered 404, and no status was expected" in told(outcome)


@pytest.mark.parametrize("name", ["bus:wrok", "bus:wrok.dlq", "bus:topic:work", "mock:otu"])
def test_nought_of_a_channel_that_nobody_names_does_not_hold(trial, name):
    outcome = trial.run(
        f"mocks: {{'http:*': {{}}}}\nsend: {{to: direct:in, body: x}}\nexpect: {{received: {{'{name}': 0}}}}"
    )
    assert f"unknown mock or bus channel '{name}'" in told(outcome)


def test_nought_holds_of_every_channel_that_the_routes_name_and_of_its_failed_messages(trial):
    trial.routes("""
        - route:
            from:
              uri: direct:in
              steps:
                - filter:
                    simple: "${body} == 'a'"
                    steps: [{to: 'bus:a?deadLetterQueue=morgue'}, {to: 'bus:topic:news'}, {to: 'mock:out'}]
        - route: {id: later, autoStartup: false, from: {uri: 'bus:topic:news?subscription=me', steps: [{to: 'mock:news'}]}}
    """)
    names = "bus:a bus:queue:a bus://a bus:morgue bus:a.invalid bus:topic:news bus:topic:news:me bus:news.me.dlq mock:out mock:news"
    noughts = ", ".join(f"'{name}': 0" for name in names.split())
    passes(trial.run(f"send: {{to: direct:in, body: b}}\nexpect: {{received: {{{noughts}}}}}"))


def test_a_content_is_that_of_one_file(trial):
    trial.routes("- route: {from: {uri: direct:in, steps: [{to: 'file:{{test.folder}}/out?fileName=${body}.txt'}]}}\n")
    sends = "send: [{to: direct:in, body: a}, {to: direct:in, body: b}]"
    outcome = trial.run(f"{sends}\nexpect: {{files: {{'out/*.txt': a}}}}")
    assert "files out/*.txt: this is the content of one, but there are 2; there are out/a.txt, out/b.txt" in told(
        outcome
    )


FIRST_FAILS = """
- route:
    from:
      uri: direct:in
      steps:
        - choice: {when: [{simple: "${body} == 'bad'", steps: [{throwException: {exceptionType: java.io.IOException, message: broken}}]}]}
"""


def test_a_message_that_fails_before_the_last_fails_the_test(trial):
    trial.routes(FIRST_FAILS)
    outcome = trial.run("send: [{to: direct:in, body: bad}, {to: direct:in, body: good}]\nexpect: {body: good}")
    assert "all.test.yaml:3:" in told(outcome)
    assert "the exchange failed, and no error was expected" in told(outcome)


def test_a_message_before_the_last_says_itself_that_it_fails(trial):
    trial.routes(FIRST_FAILS)
    sends = "send: [{{to: direct:in, body: {}, error: {{message: broken}}}}, {{to: direct:in, body: good}}]\nexpect: {{body: good}}"
    passes(trial.run(sends.format("bad")))
    assert "but the exchange did not fail" in told(trial.run(sends.format("good")))


def test_a_request_before_the_last_says_its_own_status(trial):
    sends = "send: [{{request: GET /nothing, status: {}}}, {{to: mock:out, body: x}}]\nexpect: {{received: {{'mock:out': 1}}}}"
    passes(trial.run(sends.format(404)))
    assert "status: expected 200, got 404" in told(trial.run(sends.format(200)))


@pytest.mark.parametrize(
    ("wanted", "miss"),
    [
        ("null", "error: expected none, got"),
        ("{clas: IOException}", "unknown key of an error 'clas'; did you mean 'class'?"),
    ],
)
def test_an_expected_error_that_says_nothing_does_not_hold_for_any(trial, wanted, miss):
    trial.routes(FIRST_FAILS)
    assert miss in told(trial.run(f"send: {{to: direct:in, body: bad}}\nexpect: {{error: {wanted}}}"))


@pytest.mark.parametrize("key", ["json", "body"])
def test_an_amount_is_held_against_all_its_digits(trial, key):
    trial.routes(
        """- route: {from: {uri: direct:in, steps: [{setBody: {constant: '{"amount": 12345678901234567.89}'}}]}}"""
    )
    passes(trial.run(f"send: {{to: direct:in}}\nexpect: {{{key}: {{amount: 12345678901234567.89}}}}"))
    outcome = trial.run(f"send: {{to: direct:in}}\nexpect: {{{key}: {{amount: 12345678901234568.0}}}}")
    assert 'amount: expected 1.2345678901234568e+16, got "12345678901234567.89"' in told(outcome)
