import pytest

from esb.context import RouteContext
from esb.exchange import Exchange
from esb.testing.component_suite import Trial, behaviours


def sending(uri):
    def provoke(context: RouteContext) -> None:
        context.send(uri, Exchange("x"))

    return provoke


TRIALS = [
    Trial("direct", consumed="direct:a", sent="direct:b", provoke=sending("direct:a"), called=True),
    Trial("seda", consumed="seda:a", sent="seda:b", provoke=sending("seda:a")),
    Trial("stub", consumed="stub:jms:a", sent="stub:jms:b", provoke=sending("stub:jms:a")),
    Trial("bus", consumed="bus:a", sent="bus:b", provoke=sending("bus:a")),
    Trial("bus", consumed="bus:topic:a?subscription=s", sent="bus:topic:b", provoke=sending("bus:topic:a")),
    Trial("timer", consumed="timer:a?delay=0&period=1"),
    Trial("cron", consumed="cron:a?schedule=0/1 * * * * ?"),
    Trial("quartz", consumed="quartz:a?trigger.repeatInterval=1&triggerStartDelay=0"),
    Trial("mock", sent="mock:a"),
    Trial("log", sent="log:a"),
    Trial("bean", sent="bean:texts"),
    Trial("class", sent="class:builtins:dict"),
    Trial("ref", sent="ref:where"),
    Trial("language", sent="language:simple:x"),
    Trial("controlbus", sent="controlbus:route?routeId=a&action=status"),
]
CASES = [
    pytest.param(trial, behaviour, id=f"{trial.consumed or trial.sent}-{behaviour.__name__}")
    for trial in TRIALS
    for behaviour in behaviours(trial)
]


@pytest.mark.parametrize(("trial", "behaviour"), CASES)
def test_a_component_keeps_the_contract(trial, behaviour, bus):
    bus.bind("bean", "texts", str.upper)
    bus.bind("bean", "where", "mock:a")
    behaviour(trial, bus)
