"""The demo's account: its exit code says whether every message ended where it must, and not only that none is gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from routes.demo import __main__ as demo
from routes.demo import data, orders, others, prices
from routes.demo.ledger import Count, clean

Bus = Callable[[str, Any], tuple[int, Any]]


class Partners:
    """A deployment whose bus answers as the test says, and whose tables and queues hold what the test puts there."""

    def __init__(self, bus: Bus, state: Path = Path()) -> None:
        self.bus, self.state = bus, state
        self.tables: dict[str, dict[str, Any]] = {}
        self.queues: dict[str, set[str]] = {}

    def post(self, name: str, path: str, value: Any, _method: str = "POST") -> tuple[int, Any]:
        return self.bus(path, value) if name == "bus" else (204, None)

    def table(self, name: str, table: str) -> dict[str, Any]:
        return self.tables.get(f"{name}/{table}", {})

    def get(self, _name: str, _path: str) -> dict[str, int]:
        return {"records": len(self.table("crm", "prices"))}

    def keys(self, _header: str, *queues: str) -> set[str]:
        return {key for queue in queues for key in self.queues.get(queue, ())}


def always(status: int, body: Any = None) -> Bus:
    return lambda _path, _value: (status, body)


def at_once(count: Callable[[], int], *_: object) -> int:
    return count()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for scenario in (orders, others, prices):
        monkeypatch.setattr(scenario, "settled", at_once)


# -- orders ----------------------------------------------------------------------------------------------------------------

POSTED = data.orders(200)
VALID = {body["orderId"]: body for kind, body in POSTED.posts if kind != "bad" and isinstance(body, dict)}
REFUSED = {key for key, body in VALID.items() if data.refused(body)}
GOOD = VALID.keys() - REFUSED


def as_it_must(_path: str, value: Any) -> tuple[int, Any]:
    """The door of the orders: what the data call bad is refused."""
    return (202 if any(value is body for kind, body in POSTED.posts if kind != "bad") else 422), None


def all_well() -> Partners:
    made = Partners(as_it_must)
    made.tables = {"crm/orders": dict.fromkeys(GOOD), "erp/orders": {key: {"effects": 1} for key in GOOD}}
    made.queues = {"orders.refused": set(REFUSED)}
    return made


def account(partners: Partners, *, outage: bool = False) -> Count:
    deployment: Any = partners
    return orders.run(deployment, POSTED, outage=outage)


def test_orders_that_all_end_where_they_must_are_clean() -> None:
    count = account(all_well())
    assert REFUSED
    assert (count.lost, count.wrong) == (0, 0)
    assert count.sent == len(POSTED.posts)


@pytest.mark.parametrize("status", [500, 404, 422])
def test_good_orders_that_are_not_accepted_are_wrong(status: int) -> None:
    partners = all_well()
    partners.bus = always(status)
    kinds = [kind for kind, _ in POSTED.posts]
    assert account(partners).wrong == len(kinds) - (kinds.count("bad") if status == 422 else 0)


def test_bad_orders_that_are_accepted_are_wrong() -> None:
    partners = all_well()
    partners.bus = always(202)
    assert account(partners).wrong == sum(1 for kind, _ in POSTED.posts if kind == "bad")


def test_a_post_that_raises_is_wrong_and_ends_no_account() -> None:
    def broken(_path: str, _value: Any) -> tuple[int, Any]:
        raise ValueError("no JSON in the answer")

    partners = all_well()
    partners.bus = broken
    count = account(partners)
    assert count.sent == count.wrong == len(POSTED.posts)


def test_orders_with_two_effects_in_the_erp_are_wrong() -> None:
    partners = all_well()
    for key in list(GOOD)[:3]:
        partners.tables["erp/orders"][key] = {"effects": 2}
    assert account(partners).wrong == 3


def test_good_orders_that_the_erp_refuses_are_wrong() -> None:
    partners = all_well()
    partners.queues["orders.domestic.invalid"] = {*GOOD}
    partners.tables["crm/orders"] = {}
    count = account(partners)
    assert (count.lost, count.wrong) == (0, len(GOOD))


def test_orders_of_blocked_customers_that_are_delivered_are_wrong() -> None:
    partners = all_well()
    partners.tables["crm/orders"] = dict.fromkeys(VALID)
    assert account(partners).wrong == len(REFUSED)


@pytest.mark.parametrize("queue", ["orders.customs.dlq", "orders.confirmed.dlq"])
def test_dead_letters_without_an_outage_are_wrong(queue: str) -> None:
    partners = all_well()
    key = next(iter(GOOD))
    del partners.tables["crm/orders"][key]
    partners.queues[queue] = {key}
    count = account(partners)
    assert (count.lost, count.dead_lettered, count.wrong) == (0, 1, 1)


class WithOutage(Partners):
    """The ERP can be killed and started; whatever is done with it stands in ``erp``."""

    def __init__(self, partners: Partners) -> None:
        super().__init__(partners.bus)
        self.tables, self.queues = partners.tables, partners.queues
        self.erp: list[str] = []

    def kill(self, _name: str) -> None:
        self.erp.append("killed")

    def start(self, _name: str) -> None:
        self.erp.append("started")

    def wait_ready(self, _name: str) -> None:
        self.erp.append("ready")


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> WithOutage:
    monkeypatch.setattr(orders, "OUTAGE", 0.01)
    return WithOutage(all_well())


def test_orders_through_customs_may_give_up_in_an_outage_and_no_others(outage: WithOutage) -> None:
    customs, other = list(GOOD)[:2]
    del outage.tables["crm/orders"][customs], outage.tables["crm/orders"][other]
    outage.queues |= {"orders.customs.dlq": {customs}, "orders.domestic.dlq": {other}}
    count = account(outage, outage=True)
    assert (count.lost, count.dead_lettered, count.wrong) == (0, 2, 1)


def test_the_erp_is_back_before_the_account_is_made_even_where_every_order_is_refused(outage: WithOutage) -> None:
    outage.bus = always(500)
    account(outage, outage=True)
    assert outage.erp == ["killed", "started", "ready"]


# -- the other scenarios ---------------------------------------------------------------------------------------------------


def merged(path: str, _value: Any) -> tuple[int, Any]:
    key = path.rpartition("/")[2]
    match key:
        case "nobody":
            return 404, {"error": "no such customer", "id": key}
        case "john":
            return 200, {"name": "John", "age": "30"}
    number = int(key.removeprefix("M"))
    return 200, data.customer(number, "M", "2026-01-01T00:00:00") | {"name": f"Account {number}", "town": "Bonn"}


def without_the_erp(path: str, value: Any) -> tuple[int, Any]:
    status, body = merged(path, value)
    return status, {name: told for name, told in body.items() if name not in {"town", "age"}}


@pytest.mark.parametrize(
    ("bus", "wrong"),
    [
        pytest.param(merged, 0, id="as it must"),
        pytest.param(always(404, {}), 20, id="nobody is known"),
        pytest.param(always(500, {}), 20, id="all fail"),
        pytest.param(always(200, {"name": "John", "age": "30"}), 19, id="everybody is John"),
        pytest.param(without_the_erp, 19, id="half of the answer"),
    ],
)
def test_customers_whose_answer_is_another_are_wrong(bus: Bus, wrong: int) -> None:
    deployment: Any = Partners(bus)
    assert others.customers(deployment).wrong == wrong


@pytest.mark.parametrize("scenario", [others.tickets, others.campaigns, others.sync])
def test_messages_that_are_all_answered_500_are_wrong(scenario: Callable[[Any], Count]) -> None:
    count = scenario(Partners(always(500)))
    assert count.wrong >= count.rejected > 0


@pytest.mark.parametrize("scenario", [others.tickets, others.campaigns])
def test_bad_messages_that_are_accepted_are_wrong_and_not_lost_besides(scenario: Callable[[Any], Count]) -> None:
    partners = Partners(always(202))
    partners.tables = {
        "crm/tickets": {one["ticketId"]: _solved(one) for one in data.tickets()},
        "marketing/results": {one["campaignId"]: {} for one in data.campaigns()},
    }
    count = scenario(partners)
    assert (count.lost, count.wrong) == (0, {others.tickets: 3, others.campaigns: 2}[scenario])


def _solved(ticket: dict[str, Any]) -> dict[str, Any]:
    people = {(row["category"], row["priority"]): row["person"] for row in others._rules()}
    return {"value": {"status": "solved", "assignee": people.get((ticket["category"], ticket["priority"]))}}


@pytest.fixture
def rejects(tmp_path: Path) -> Iterator[Path]:
    for folder in ("rejects", "cms"):
        (tmp_path / "files" / folder).mkdir(parents=True)
    return tmp_path / "files" / "rejects"


def test_good_rows_of_prices_that_are_rejected_are_wrong(rejects: Path) -> None:
    (rejects / "prices.csv.rejects.csv").write_text("".join(f"{line},price,bad,P\n" for line in range(10)))
    deployment: Any = Partners(always(202), rejects.parents[1])
    count = prices.account(deployment, 10, 8, ("prices.csv",))
    assert (count.lost, count.wrong) == (0, 8)


def test_bad_rows_of_prices_that_are_delivered_are_wrong(rejects: Path) -> None:
    rows = {f"P{number}": {} for number in range(10)}
    (rejects.parent / "cms" / "1.json").write_text(json.dumps([{"sku": key} for key in rows]))
    partners: Any = Partners(always(202), rejects.parents[1])
    partners.tables["crm/prices"] = rows
    count = prices.account(partners, 10, 8, ("prices.csv",))
    assert (count.lost, count.wrong) == (0, 2)


# -- the exit code ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        pytest.param([Count(sent=2, rejected=2)], 0, id="clean"),
        pytest.param([Count(lost=1)], 1, id="lost"),
        pytest.param([Count(wrong=1)], 1, id="wrong"),
        pytest.param([Count(lost=1), Count(lost=-1)], 1, id="too many here, too few there"),
    ],
)
def test_the_exit_code_tells_what_is_lost_or_wrong(
    counts: list[Count], code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Started:
        def __init__(self, _state: Path) -> None: ...
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    accounts = {str(number): count for number, count in enumerate(counts)}
    monkeypatch.setattr("sys.argv", ["demo"])
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    monkeypatch.setattr(demo, "Deployment", Started)
    monkeypatch.setattr(
        demo, "_scenarios", lambda _: {name: lambda _, count=count: count for name, count in accounts.items()}
    )
    assert demo.main() == code
    assert clean(accounts) == (code == 0)
    assert f"wrong: {sum(count.wrong for count in counts)}" in capsys.readouterr().out
    assert json.loads((tmp_path / "build" / "demo.json").read_text())["wrong"] == sum(count.wrong for count in counts)
