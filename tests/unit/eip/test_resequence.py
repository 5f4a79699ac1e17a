import threading

from esb.eip.resequence import BatchConfigSpec, ResequenceSpec, StreamConfigSpec
from esb.exchange import Exchange
from esb.javanames import CamelExchangeException
from esb.testing.process import until

from .support import Bench, do, header


class Ordered:
    def __init__(self, *steps, **options):
        self.out: list[str] = []
        self.bench = Bench(
            ResequenceSpec(expression=header("seq"), steps=[do(lambda e: self.out.append(e.body)), *steps], **options)
        )

    def send(self, *pairs):
        return [self.bench.send(body, seq=seq) for body, seq in pairs]

    def gave(self, expected):
        until(lambda: len(self.out) >= len(expected))
        self.bench.stop()
        return self.out == list(expected)


def batch(**options):
    return Ordered(batch_config=BatchConfigSpec(**options))


def stream(**options):
    return Ordered(stream_config=StreamConfigSpec(**options))


def test_a_full_batch_goes_on_in_order():
    ordered = batch(batch_size=3, batch_timeout=60.0)
    ordered.send(("c", 3), ("a", 1), ("b", 2))
    assert ordered.gave("abc")


def test_a_batch_goes_on_after_its_time():
    ordered = batch(batch_timeout=0.02)
    ordered.send(("b", "b"), ("a", "a"))
    assert ordered.gave("ab")


def test_duplicates_are_dropped_unless_they_are_allowed_and_the_order_can_be_turned():
    dropped = batch(batch_size=3, batch_timeout=60.0)
    outers = dropped.send(("b", 2), ("again", 2), ("a", 1))
    assert dropped.gave("ab")
    assert not any(outer.unit.open for outer in outers)
    kept = batch(batch_size=4, batch_timeout=60.0, allow_duplicates=True, reverse=True)
    kept.send(("a", 1), ("c", 3), ("b", 2), ("B", 2))
    assert kept.gave("cbBa")


def test_a_message_without_key_fails_or_is_dropped():
    strict, lax = batch(), batch(ignore_invalid_exchanges=True)
    assert isinstance(strict.send(("x", None))[0].error, CamelExchangeException)
    assert lax.send(("x", None))[0].error is None
    for ordered in (strict, lax):
        ordered.bench.stop()


def test_numbered_messages_pass_when_the_gap_is_filled():
    ordered = stream(timeout=60.0)
    ordered.send(("b", 2), ("a", 1), ("d", 4), ("c", 3))
    ordered.bench.stop()
    assert ordered.out == list("abcd")


def test_after_the_first_has_waited_its_successors_pass_at_once():
    ordered = stream(timeout=0.02)
    ordered.send(("a", 1))
    until(lambda: ordered.out)
    ordered.send(("c", 3), ("b", "2"))
    until(lambda: len(ordered.out) == 3)
    assert ordered.gave("abc")


def test_a_gap_is_waited_for_only_so_long():
    ordered = stream(timeout=0.02)
    ordered.send(("a", 1), ("c", 3))
    assert ordered.gave("ac")


def test_a_late_message_passes_or_is_refused():
    lax, strict = stream(timeout=0.01), stream(timeout=0.01, reject_old=True)
    for ordered in (lax, strict):
        ordered.send(("c", 3))
        until(lambda ordered=ordered: ordered.out)
    assert isinstance(strict.send(("b", 2))[0].error, CamelExchangeException)
    lax.send(("b", 2))
    assert lax.gave("cb")
    strict.bench.stop()


def test_a_full_stream_makes_senders_wait():
    ordered = stream(timeout=0.3, capacity=1)
    ordered.send(("a", 1))
    sending = threading.Thread(target=ordered.send, args=(("c", 3),))
    sending.start()
    until(lambda: ordered.out)
    sending.join(5)
    assert ordered.gave("ac")


def test_deliveries_stay_open_until_their_message_has_been_through():
    ordered = batch(batch_size=2, batch_timeout=60.0)
    [first] = ordered.send(("b", 2))
    assert first.unit.open
    ordered.send(("a", 1))
    until(lambda: not first.unit.open)
    waiting = ordered.bench.run(Exchange("x", {"seq": 9}, pattern="InOut"))
    assert not waiting.unit.open
    ordered.bench.stop()


def test_what_is_held_goes_on_at_the_stop():
    ordered = batch(batch_timeout=60.0)
    ordered.send(("b", 2), ("a", 1))
    ordered.bench.stop()
    assert ordered.out == ["a", "b"]
