import threading

import pytest

from esb.broker import dead_letters
from esb.broker.contract import Outgoing
from esb.broker.history import causes, history, report_text, without_secrets
from esb.errors import Malformed, StepFailed, Unroutable, ValidationFailed


def put(broker, queue, id, body=b"x", **headers):
    stored = threading.Event()
    broker.queue(queue)
    broker.publish(
        queue,
        Outgoing(id, body, {name.replace("_", "-"): value for name, value in headers.items()}, "text/plain"),
        lambda _: stored.set(),
    )
    assert stored.wait(5.0)


@pytest.fixture
def broker(memory_broker):
    memory_broker.queue("q")
    memory_broker.queue("q.invalid")
    for number in range(5):
        put(
            memory_broker,
            "q.dlq",
            f"m{number}",
            b"%d" % number,
            h=number,
            esb_origin_queue="q",
            esb_error="bad",
            esb_attempts=6,
        )
    return memory_broker


def ids(broker, queue):
    return [stored.id for stored in broker.browse(queue)]


def test_queues_of_failed_messages_are_found_by_name_or_by_what_is_on_them(broker):
    put(broker, "morgue", "x", esb_origin_queue="q")
    found = [(one.name, one.kind, one.depth) for one in dead_letters.failed_queues(broker)]
    assert found == [("morgue", "dead", 1), ("q.dlq", "dead", 5), ("q.invalid", "invalid", 0)]


def test_a_letter_tells_its_history_apart_from_the_message(broker):
    first = next(dead_letters.letters(broker, "q.dlq"))
    assert (first.id, first.body, first.headers, first.content_type) == ("m0", b"0", {"h": 0}, "text/plain")
    assert (first.origin, first.error, first.attempts, first.report) == ("q", "bad", 6, [])


def test_letters_come_in_pages_without_anybody_noticing(broker, monkeypatch):
    monkeypatch.setattr(dead_letters, "_PAGE", 2)
    assert [one.id for one in dead_letters.letters(broker, "q.dlq")] == ["m0", "m1", "m2", "m3", "m4"]
    assert [one.id for one in dead_letters.letters(broker, "q.dlq", limit=3)] == ["m0", "m1", "m2"]
    assert [one.id for one in dead_letters.letters(broker, "q.dlq", after="m3")] == ["m4"]


def test_a_letter_is_found_by_the_beginning_of_its_id(broker):
    put(broker, "q.dlq", "other-1", esb_origin_queue="q")
    assert dead_letters.letter(broker, "q.dlq", "oth").id == "other-1"
    assert dead_letters.letter(broker, "q.dlq", "m3").id == "m3"
    assert dead_letters.letter(broker, "q.dlq", "m") is None
    assert dead_letters.letter(broker, "q.dlq", "zzz") is None


@pytest.mark.parametrize("page", [2, 100])
def test_a_replay_sends_all_back_as_they_were_delivered(broker, monkeypatch, page):
    monkeypatch.setattr(dead_letters, "_PAGE", page)
    steps = []
    result = dead_letters.replay(broker, "q.dlq", progress=steps.append)
    assert (result.done, result.failed) == (["m0", "m1", "m2", "m3", "m4"], {})
    assert steps[-1] == 5
    assert ids(broker, "q.dlq") == []
    assert [(stored.id, stored.body, stored.headers) for stored in broker.browse("q")] == [
        (f"m{number}", b"%d" % number, {"h": number}) for number in range(5)
    ]


@pytest.mark.parametrize("page", [1, 100])
def test_a_replay_of_some_leaves_the_others(broker, monkeypatch, page):
    monkeypatch.setattr(dead_letters, "_PAGE", page)
    result = dead_letters.replay(broker, "q.dlq", ["m3", "m1", "gone"])
    assert (sorted(result.done), result.missing) == (["m1", "m3"], ["gone"])
    assert ids(broker, "q.dlq") == ["m0", "m2", "m4"]


def test_a_replay_may_go_elsewhere_with_another_body(broker):
    broker.queue("other")
    dead_letters.replay(broker, "q.dlq", ["m1"], to="other", bodies={"m1": b"mended"})
    assert [stored.body for stored in broker.browse("other")] == [b"mended"]


def test_what_cannot_be_sent_back_stays(broker):
    put(broker, "q.dlq", "lost", esb_error="bad")
    put(broker, "q.dlq", "homeless", esb_origin_queue="demolished")
    result = dead_letters.replay(broker, "q.dlq", ["lost", "homeless", "m0"])
    assert result.done == ["m0"]
    assert "does not say where it came from" in result.failed["lost"]
    assert "demolished" in result.failed["homeless"]
    assert result.missing == []
    assert ids(broker, "q.dlq") == ["m1", "m2", "m3", "m4", "lost", "homeless"]


def test_a_replay_to_the_same_queue_is_refused_and_nothing_is_lost(broker):
    result = dead_letters.replay(broker, "q.dlq", to="q.dlq")
    assert result.done == []
    assert "already" in result.failed["m0"]
    assert len(ids(broker, "q.dlq")) == 5


@pytest.mark.parametrize(("chosen", "left"), [(["m0", "m4", "gone"], ["m1", "m2", "m3"]), (None, [])])
def test_what_is_discarded_is_gone(broker, monkeypatch, chosen, left):
    monkeypatch.setattr(dead_letters, "_PAGE", 2)
    assert dead_letters.discard(broker, "q.dlq", chosen) == 5 - len(left)
    assert ids(broker, "q.dlq") == left


def test_a_queue_that_is_not_there_is_an_error(broker):
    with pytest.raises(Unroutable):
        list(dead_letters.letters(broker, "nothing"))
    with pytest.raises(Unroutable):
        dead_letters.replay(broker, "nothing")


def test_a_history_is_short_enough_for_a_header_table():
    error = ValidationFailed(
        "x" * 100_000, [{"path": f"rows[{n}].name", "message": "missing" * 10} for n in range(10_000)]
    )
    headers = history(error, route="r", step="s", at="f:1:2", attempts=1, origin="q")
    assert sum(len(str(value)) for value in headers.values()) < 20_000
    assert headers["esb-report"].endswith('more"}]')


def test_a_history_leaves_out_what_is_not_known():
    headers = history(StepFailed("bad"), route="", step="", at="", attempts=1, origin="q")
    assert not {"esb-failed-route", "esb-step", "esb-step-at", "esb-report"} & set(headers)


def test_a_report_is_json_whatever_it_holds():
    import decimal
    import json

    assert json.loads(report_text([{"path": "a", "message": "no", "value": decimal.Decimal("1.5")}])) == [
        {"path": "a", "message": "no", "value": "1.5"}
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://u:p@host/x", "https://***@host/x"),
        ("password=abc next", "password=*** next"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("{'api_key': 'x y'}", "{'api_key': ***}"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_are_cut_out_of_error_texts(text, expected):
    assert without_secrets(text) == expected


def test_causes_end_even_if_they_run_in_a_circle():
    one, two = StepFailed("one"), Malformed("two")
    one.__cause__, two.__cause__ = two, one
    assert list(causes(one)) == [one, two]
