import pytest

CHOICE = """
    - choice:
        when:
          - simple: "${body} == 'a'"
            steps: [{to: mock:a}]
          - simple: "${body} contains 'a'"
            steps: [{to: mock:contains}]
        otherwise:
          steps: [{to: mock:rest}]
    - to: mock:after
"""


@pytest.mark.parametrize(("body", "branch"), [("a", "a"), ("xa", "contains"), ("b", "rest")])
def test_the_first_branch_that_holds_is_taken_and_the_route_goes_on(bus, body, branch):
    bus.route(CHOICE).send(body)
    assert {name: bus.got(name) for name in ("a", "contains", "rest", "after") if bus.got(name)} == {
        branch: [body],
        "after": [body],
    }


def test_without_otherwise_a_message_goes_on_unchanged(bus):
    bus.route("""
        - choice: {when: [{header: wanted, steps: [{setBody: {constant: changed}}]}]}
        - to: mock:after
    """)
    bus.send("kept")
    bus.send("kept", wanted=True)
    assert bus.got("after") == ["kept", "changed"]


def test_a_stop_in_a_branch_ends_the_route(bus):
    bus.route("""
        - choice: {when: [{simple: "${body} == 'end'", steps: [{stop: {}}]}]}
        - to: mock:after
    """)
    bus.send("end")
    bus.send("go")
    assert bus.got("after") == ["go"]


def test_a_precondition_chooses_once_and_leaves_the_other_branches_out(bus):
    bus.route("""
        - choice:
            precondition: true
            when:
              - {simple: "'a' == 'a'", steps: [{setBody: {constant: chosen}}]}
              - {constant: "true", steps: [{to: "mock:never"}]}
            otherwise: {steps: [{setBody: {constant: rest}}]}
    """)
    assert bus.send("x").body == "chosen"
    assert "mock:never" not in bus.context.component("mock").endpoints


def test_disabled_branches_are_left_out(bus):
    bus.route("""
        - choice:
            when: [{constant: "true", disabled: true, steps: [{setBody: {constant: never}}]}]
            otherwise: {steps: [{setBody: {constant: rest}}]}
    """)
    assert bus.send("x").body == "rest"


def test_a_choice_without_branches_does_nothing(bus):
    assert bus.route("- choice: {}").send("x").body == "x"


def test_a_branch_needs_a_condition(refused):
    assert "when needs an expression" in refused("- choice: {when: [{steps: [{stop: {}}]}]}")


BY_KIND = """
    - choice:
        when:
          - simple: "${header.kind} == 'a'"
            steps: [{to: mock:a}]
          - simple: "${header.Kind} == 'b'"
            steps: [{to: mock:b}]
          - simple: "${header.kind} == 'a'"
            steps: [{to: mock:never}]
          - simple: "${header.kind} == 'true'"
            steps: [{to: mock:flag}]
        otherwise:
          steps: [{to: mock:rest}]
"""
SAME_KIND = BY_KIND.replace("header.Kind", "header.kind")


@pytest.mark.parametrize("route", [BY_KIND, SAME_KIND], ids=["in turn", "by value"])
@pytest.mark.parametrize(
    ("headers", "branch"),
    [
        ({"kind": "a"}, "a"),
        ({"KIND": "b"}, "b"),
        ({"kind": "A"}, "rest"),
        ({"kind": True}, "flag"),
        ({"kind": 7}, "rest"),
        ({"kind": None}, "rest"),
        ({}, "rest"),
    ],
)
def test_a_choice_by_one_header_takes_the_same_branch_as_one_condition_after_the_other(bus, route, headers, branch):
    bus.route(route).send("x", **headers)
    assert [name for name in ("a", "b", "never", "flag", "rest") if bus.got(name)] == [branch]
