"""The account of a run: what is lost, unexpected, duplicated, recovered, out of order, and how long it took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.testing.checker import Ledger


def ledger(*keys, outcome="ok", order=""):
    made = Ledger()
    for key in keys:
        made.invoked(key, order)
        getattr(made, outcome)(key)
    return made


def arrive(made, *keys, place="out"):
    for key in keys:
        made.arrived(key, place)
    return made


def test_all_that_was_accepted_and_arrived_once_is_fine():
    account = arrive(ledger("a", "b"), "b", "a").account()
    assert (account.invoked, account.ok, account.arrived, account.problems()) == (2, 2, 2, [])


def test_accepted_and_nowhere_is_lost():
    account = arrive(ledger("a", "b"), "b").account()
    assert account.lost == ("a",)
    assert account.problems() == ["1 lost: a"]


def test_refused_and_nowhere_is_no_loss():
    assert ledger("a", outcome="fail").account().problems() == []


def test_refused_for_certain_and_there_all_the_same_is_unexpected():
    assert arrive(ledger("a", outcome="fail"), "a").account().unexpected == ("a",)


def test_what_nobody_sent_is_unexpected():
    assert arrive(ledger("a"), "a", "ghost").account().unexpected == ("ghost",)


def test_unknown_and_there_is_recovered():
    account = arrive(ledger("a", "b", outcome="unknown"), "a").account()
    assert (account.unknown, account.recovered, account.lost) == (2, 1, ())


def test_a_message_without_outcome_is_unknown():
    made = Ledger()
    made.invoked("a")
    assert made.account().unknown == 1


def test_each_further_arrival_is_a_duplicate():
    account = arrive(ledger("a", "b"), "a", "a", "b", "a").account()
    assert account.duplicated == {"a": 2}
    assert account.duplicates == 2
    assert account.problems(duplicates=2) == []
    assert account.problems(duplicates=1) == ["2 duplicates, at most 1 may be: a"]
    assert account.problems(duplicates=None) == []


def test_one_arrival_at_each_of_two_places_is_no_duplicate():
    made = arrive(ledger("a"), "a", place="crm")
    assert arrive(made, "a", place="erp").account().duplicates == 0


def test_a_dead_letter_is_not_lost_and_counted_apart():
    made = arrive(ledger("a", "b"), "a")
    account = arrive(made, "b", place="in.dlq").account(failed_places=["in.dlq"])
    assert (account.lost, account.set_aside) == ((), 1)


def test_what_reached_one_of_two_subscribers_is_lost():
    made = ledger("a", "b", "c")
    arrive(made, "a", "b", place="crm")
    arrive(made, "a", place="cms")
    account = made.account(subscribers=2)
    assert account.lost == ("b", "c")
    assert account.problems() == ["2 lost: b (only at crm), c"]


def test_a_repeat_at_one_subscriber_does_not_stand_for_another():
    assert arrive(ledger("a"), "a", "a", place="crm").account(subscribers=2).lost == ("a",)


def test_one_place_is_enough_where_nobody_says_how_many():
    assert arrive(ledger("a"), "a", place="crm").account().problems() == []


def test_a_dead_letter_is_not_lost_where_subscribers_are_counted_either():
    made = arrive(ledger("a"), "a", place="in.dlq")
    assert made.account(failed_places=["in.dlq"], subscribers=2).problems() == []


def test_fewer_than_one_subscriber_is_refused():
    with pytest.raises(ValueError, match="subscribers is 0"):
        Ledger().account(subscribers=0)


def test_delivered_and_a_dead_letter_too_is_told_apart():
    made = arrive(ledger("a", "b", "c"), "a", "b")
    account = arrive(made, "b", "c", place="in.dlq").account(failed_places=["in.dlq"])
    assert (account.also_set_aside, account.set_aside, account.as_dict()["alsoSetAside"]) == (("b",), 1, 1)
    assert account.problems() == ["1 delivered and set aside as well, at most 0 may be: b"]


def test_delivered_and_a_dead_letter_too_is_no_problem_where_it_is_expected():
    made = arrive(arrive(ledger("a"), "a"), "a", place="in.dlq")
    account = made.account(failed_places=["in.dlq"])
    account.check(also_set_aside=1)
    account.check(also_set_aside=None)


def test_order_holds_within_a_lane_only():
    made = ledger("a1", "a2", order="a")
    made.invoked("b1", "b")
    made.ok("b1")
    account = arrive(made, "b1", "a2", "a1").account()
    assert account.disordered == (("a1", "a2"),)
    assert account.problems(ordered=True) == ["1 out of order: a2 before a1"]


def test_a_repeat_does_not_break_the_order():
    assert arrive(ledger("a", "b", "c", order="x"), "a", "b", "a", "c").account().disordered == ()


def test_the_check_tells_the_problem_and_the_figures():
    with pytest.raises(AssertionError, match=r"(?s)1 lost: a.*invoked 1, ok 1"):
        ledger("a").account().check()


def test_long_lists_are_cut():
    account = ledger(*(f"m{n:02}" for n in range(30))).account()
    assert account.problems()[0].endswith("m09 and 20 more")


def test_recovery_is_from_the_end_of_the_fault_to_the_first_arrival_and_to_the_empty_backlog():
    now = 0.0
    made = Ledger(clock=lambda: now)
    made.invoked("a")
    made.invoked("b")
    made.arrived("a")
    now = 10.0
    made.healed()
    now = 11.5
    made.arrived("b")
    now = 14.0
    made.drained()
    account = made.account()
    assert (account.first, account.drained) == (1.5, 4.0)


def test_a_key_is_used_once():
    with pytest.raises(ValueError, match="sent before"):
        ledger("a").invoked("a")


def test_an_outcome_needs_a_message():
    with pytest.raises(ValueError, match="never sent"):
        Ledger().ok("a")


def test_the_file_tells_the_same_account(tmp_path):
    path = tmp_path / "ledger"
    made = Ledger(path)
    for key in "abc":
        made.invoked(key, "lane")
    made.ok("a")
    made.fail("b")
    arrive(made, "c", "c", place="crm")
    made.close()
    assert Ledger.read(path).account() == made.account()


def test_a_line_that_was_cut_off_by_a_kill_is_left_out(tmp_path):
    path = tmp_path / "ledger"
    path.write_text("invoked\ta\nok\ta\ninvo")
    assert Ledger.read(path).account().ok == 1


def test_a_generator_and_a_sink_may_have_a_file_each(tmp_path):
    (tmp_path / "sent").write_text("invoked\ta\nok\ta\n")
    (tmp_path / "got").write_text("arrived\ta\tout\n")
    assert Ledger.read(tmp_path / "sent", tmp_path / "got").account().problems() == []


@given(
    sent=st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["ok", "fail", "unknown"])),
    came=st.lists(st.sampled_from("abcdefghxyz")),
)
def test_every_message_is_in_one_class(sent, came):
    made = Ledger()
    for key, outcome in sent.items():
        made.invoked(key)
        getattr(made, outcome)(key)
    account = arrive(made, *came).account()
    assert account.ok + account.failed + account.unknown == account.invoked == len(sent)
    assert set(account.lost) == {key for key, outcome in sent.items() if outcome == "ok"} - set(came)
    assert account.arrived == len(set(came))
    assert account.duplicates == len(came) - len(set(came))
    # What arrived is accepted and there, recovered, or unexpected.
    assert account.arrived == (account.ok - len(account.lost)) + account.recovered + len(account.unexpected)
