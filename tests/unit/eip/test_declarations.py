"""What every step declares: the linter, the JSON Schema and the reference pages are made from it."""

import pytest

from esb.registry import steps

CAMEL = {
    "to": "uri parameters pattern variableSend variableReceive",
    "toD": "uri parameters pattern variableSend variableReceive cacheSize ignoreInvalidEndpoint allowOptimisedComponents autoStartComponents",
    "setBody": "expression",
    "setHeader": "name expression",
    "setHeaders": "headers",
    "setProperty": "name expression",
    "setVariable": "name expression",
    "setVariables": "variables",
    "removeHeader": "name",
    "removeHeaders": "pattern excludePattern",
    "removeProperty": "name",
    "removeProperties": "pattern excludePattern",
    "removeVariable": "name",
    "setExchangePattern": "pattern",
    "choice": "when otherwise precondition",
    "filter": "expression statusPropertyName steps",
    "pipeline": "steps",
    "step": "steps",
    "stop": "",
    "throwException": "exceptionType message ref",
    "log": "message loggingLevel logName marker logger logLanguage",
    "process": "ref",
    "bean": "ref beanType method scope",
    "loop": "expression copy doWhile breakOnShutdown onPrepare steps",
    "delay": "expression asyncDelayed callerRunsWhenRejected executorService",
    "throttle": "expression mode correlationExpression timePeriodMillis rejectExecution asyncDelayed callerRunsWhenRejected executorService",
    "convertBodyTo": "type mandatory charset",
    "convertHeaderTo": "name type toName mandatory charset",
    "convertVariableTo": "name type toName mandatory charset",
    "transform": "expression",
    "validate": "expression predicateExceptionFactory",
    "marshal": "variableSend variableReceive",
    "unmarshal": "variableSend variableReceive allowNullBody",
    "transformDataType": "fromType toType",
    "doTry": "steps doCatch doFinally",
    "script": "expression",
    "sort": "expression comparator",
    "sample": "samplePeriod messageFrequency",
    "threads": "executorService poolSize maxPoolSize keepAliveTime timeUnit maxQueueSize allowCoreThreadTimeOut threadName rejectedPolicy"
    " callerRunsWhenRejected",
    "rollback": "message markRollbackOnly markRollbackOnlyLast",
}
"""The options that Camel 4.17 has, besides id, description, note and disabled."""


@pytest.mark.parametrize("name", CAMEL)
def test_every_option_of_camel_is_declared(name):
    wanted = {"id", "description", "note", "disabled", *CAMEL[name].split()}
    assert wanted <= set(steps()[name].fields)


@pytest.mark.parametrize("name", CAMEL)
def test_every_option_and_the_step_are_explained(name):
    spec = steps()[name]
    assert spec.__doc__
    assert [option for option, declared in spec.fields.items() if not declared.doc] == []


def test_a_step_tells_what_it_does_in_one_line(bus):
    bus.route("""
        - setHeader: {name: kind, simple: "${body.kind}"}
        - choice: {when: [{simple: "${header.kind} == 'a'", steps: [{stop: {}}]}], otherwise: {steps: [{log: "rest"}]}}
        - throttle: {constant: 5, timePeriodMillis: 2000}
        - to: mock:after
    """)
    told = [label.sentence for label in bus.context.routes["start"].program.labels]
    assert told == [
        "set header kind to simple ${body.kind}",
        "take the first branch that holds",
        "let '5' messages through in 2 s",
        "send to mock:after",
    ]
