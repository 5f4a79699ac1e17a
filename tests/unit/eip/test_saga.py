import pytest

from esb.context import RouteContext
from esb.exchange import IN_OUT, Exchange
from esb.javanames import IllegalStateException
from esb.stores.contract import SagaStatus
from esb.stores.coordinator import HEADER, SagaService, SqliteSagaService
from esb.stores.sagas import MemorySagaLog, SqliteSagaLog
from esb.testing.process import until


@pytest.fixture(params=["memory", "sqlite"])
def log(request, tmp_path):
    made = MemorySagaLog() if request.param == "memory" else SqliteSagaLog()
    made.open(tmp_path)
    yield made
    made.close()


def test_a_saga_takes_steps_until_it_ends(log):
    saga = log.begin(automatic=True)
    assert log.enlist(saga, "a", {"n": 1}, None)
    assert log.enlist(saga, "b", {}, None)
    steps = log.end(saga, completing=True)
    assert [(step.number, step.step, step.options) for step in steps] == [(0, "a", {"n": 1}), (1, "b", {})]
    assert not log.enlist(saga, "c", {}, None)


def test_a_saga_ends_once(log):
    saga = log.begin(automatic=True)
    assert log.end(saga, completing=False) == []
    assert log.end(saga, completing=True) is None
    assert log.status(saga) is SagaStatus.COMPENSATING


def test_what_has_acted_is_not_left(log):
    saga = log.begin(automatic=True)
    for step in "ab":
        log.enlist(saga, step, {}, None)
    log.end(saga, completing=False)
    log.acted(saga, 1)
    assert [step.step for step in log.left(saga)] == ["a"]


def test_a_finished_saga_is_forgotten(log):
    saga = log.begin(automatic=True)
    log.end(saga, completing=True)
    log.finish(saga, failed=False)
    assert log.status(saga) is None
    with pytest.raises(KeyError):
        log.end(saga, completing=True)


def test_ids_cannot_be_guessed_from_each_other(log):
    one, other = log.begin(automatic=True), log.begin(automatic=True)
    assert len(one) >= 32
    assert one[:8] != other[:8]


def test_a_log_on_disk_gives_what_another_one_left_to_the_next(tmp_path):
    first = SqliteSagaLog()
    first.open(tmp_path)
    running, ending, failed = (first.begin(automatic=automatic) for automatic in (False, True, True))
    first.enlist(running, "a", {"when": 5}, 123.0)
    first.end(ending, completing=True)
    first.end(failed, completing=False)
    first.finish(failed, failed=True)
    first.close()
    second = SqliteSagaLog()
    second.open(tmp_path)
    try:
        found = {left.saga: left for left in second.recover()}
        assert (found[running].status, found[running].deadline, found[running].automatic) == (
            SagaStatus.RUNNING,
            123.0,
            False,
        )
        assert (found[ending].status, found[ending].completing) == (SagaStatus.COMPLETING, True)
        assert found[failed].status is SagaStatus.FAILED
        assert second.recover() == []
        assert second.left(running)[0].options == {"when": 5}
    finally:
        second.close()


ROUTES = """
- beans: [{name: saga, type: "esb.stores.coordinator:SqliteSagaService", properties: {retryDelayInMilliseconds: 1}}]
- route:
    id: order
    from:
      uri: direct:order
      steps:
        - saga:
            id: order-saga
            sagaService: saga
            compensation: direct:cancel
            completion: direct:confirm
            option: [{key: orderId, expression: {simple: "${body}"}}]
            steps:
              - to: mock:work
              - filter: {simple: "${header.fail}", steps: [{throwException: {exceptionType: java.io.IOException, message: no}}]}
- from: {uri: direct:cancel, steps: [{to: mock:cancel}, {process: {ref: flaky}}]}
- from: {uri: direct:confirm, steps: [{to: mock:confirm}]}
"""


@pytest.fixture
def start(tmp_path):
    contexts = []

    def made(flaky=lambda exchange: None, routes=ROUTES):
        context = RouteContext("test", folder=tmp_path)
        contexts.append(context)
        context.bind("bean", "flaky", flaky)
        context.load(routes, "saga.yaml")
        context.start()
        return context

    yield made
    for context in contexts:
        context.stop(5.0)


def got(context, mock):
    return list(context.endpoint(f"mock:{mock}").received)


def service(context) -> SagaService:
    return context.lookup("bean", "saga")


def test_options_are_headers_of_what_undoes(start):
    context = start()
    exchange = context.send("direct:order", Exchange("17", {"fail": True}, pattern=IN_OUT))
    assert exchange.error is not None
    until(lambda: got(context, "cancel"))
    assert got(context, "cancel")[0].headers["orderId"] == "17"
    assert not got(context, "confirm")


def test_an_action_that_fails_is_tried_again(start):
    tries = []

    def flaky(exchange):
        tries.append(exchange.headers["orderId"])
        if len(tries) < 3:
            raise OSError("down")

    context = start(flaky)
    context.send("direct:order", Exchange("17", {"fail": True}, pattern=IN_OUT))
    until(lambda: len(tries) == 3)
    until(lambda: not service(context).log._connection.execute("SELECT * FROM saga").fetchall())


def test_a_failed_saga_stays_on_disk_and_is_tried_again_by_the_next_process(start):
    def broken(exchange):
        raise OSError("down")

    first = start(broken)
    first.send("direct:order", Exchange("17", {"fail": True}, pattern=IN_OUT))
    until(lambda: len(got(first, "cancel")) == 5)
    first.stop(5.0)
    second = start()
    until(lambda: got(second, "cancel"))
    assert got(second, "cancel")[0].headers["orderId"] == "17"


def test_a_saga_interrupted_in_the_middle_is_undone_by_the_next_process(start, tmp_path):
    dead = SqliteSagaLog()
    dead.open(tmp_path / "var")
    saga = dead.begin(automatic=True)
    dead.enlist(saga, "order/order-saga", {"orderId": "18"}, None)
    dead.close()
    context = start()
    until(lambda: got(context, "cancel"))
    assert got(context, "cancel")[0].headers["orderId"] == "18"


def test_a_saga_that_ends_by_hand_goes_on_after_a_restart(start, tmp_path):
    dead = SqliteSagaLog()
    dead.open(tmp_path / "var")
    saga = dead.begin(automatic=False)
    dead.enlist(saga, "order/order-saga", {"orderId": "19"}, None)
    dead.close()
    context = start(routes=ROUTES + '- from: {uri: direct:end, steps: [{to: "saga:complete"}]}\n')
    assert context.send("direct:end", Exchange(None, {HEADER: saga}, pattern=IN_OUT)).error is None
    until(lambda: got(context, "confirm"))
    assert not got(context, "cancel")


def test_ending_a_saga_both_ways_is_an_error(start):
    context = start()
    saga = service(context).begin(automatic=False)
    service(context).complete(saga)
    until(lambda: not service(context).knows(saga))
    with pytest.raises(IllegalStateException):
        service(context).compensate(saga)


def test_nothing_of_a_message_but_its_options_is_on_disk(start, tmp_path):
    context = start()
    context.send("direct:order", Exchange("17", {"fail": True, "password": "hunter2"}, pattern=IN_OUT))
    until(lambda: got(context, "cancel"))
    assert b"hunter2" not in b"".join(file.read_bytes() for file in (tmp_path / "var").iterdir() if file.is_file())


def test_what_is_no_saga_service_is_refused():
    context = RouteContext("test")
    context.bind("bean", "list", [])
    with pytest.raises(Exception, match="is no saga service"):
        context.load("- from: {uri: direct:a, steps: [{saga: {sagaService: list, steps: [{log: x}]}}]}\n")
    context.stop(1.0)


def test_the_service_is_a_bean_with_a_path():
    assert SqliteSagaService("other.db").log.path == "other.db"
