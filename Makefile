# Everything a developer does, the same here and in CI. `make` alone tells what there is.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RABBITMQ_NODE := build/rabbitmq
export PYTHONDONTWRITEBYTECODE ?=

.DEFAULT_GOAL := help
.PHONY: help install system-packages check format lint types layers generated test unit integration interop conformance system faults soak bench demo run docs wheel clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*##/:/' | awk -F': *' '{printf "  %-16s %s\n", $$1, $$2}'

install: $(STAMP)  ## Make the virtual environment with everything the tests need

$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet -e '.[test,dev]'
	@touch $@

system-packages:  ## Install RabbitMQ, PHP and SOAP::Lite (Debian) for the integration tests, where they are missing
	@tools/system-packages

check: install lint types layers generated  ## Style, types, layers, generated files

lint:  ## ruff, all rules with reasoned exceptions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format:  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types:  ## mypy, strict
	$(BIN)/mypy

layers:  ## Dependencies point one way (import-linter)
	$(BIN)/lint-imports

generated: install  ## Generated pages and schemas are up to date
	$(BIN)/python -m tools.reference --check
	$(BIN)/python -m tools.faults --check

docs: install  ## Generate the reference pages
	$(BIN)/python -m tools.reference

test: install system-packages check  ## Everything but the slow groups: what CI runs
	$(BIN)/pytest tests/unit tests/contract tests/docs -n 2 -q
	$(BIN)/pytest tests/integration tests/system tests/conformance -q $(SECOND_LOOK)
	$(BIN)/pytest tests/faults/test_kill_worker.py tests/faults/test_security.py -m 'not slow' -q -n0

unit: install  ## Unit and contract tests only
	$(BIN)/pytest tests/unit tests/contract -n 2 -q

integration: install system-packages  ## Tests with real brokers, servers and peers
	$(BIN)/pytest tests/integration tests/system -q

interop: install system-packages  ## SOAP against foreign stacks (CXF with WSS4J, node, SOAP::Lite, PHP), and the page that shows it (slow; fetches)
	tests/integration/soap_node/build.sh
	tests/integration/soap_cxf/build.sh
	$(BIN)/pytest tests/integration/test_soap_cxf.py tests/integration/test_soap_security_cxf.py tests/integration/test_soap_node.py tests/integration/test_soap_perl.py tests/integration/test_soap_php.py tests/integration/test_soap_python.py -q
	$(BIN)/python tests/integration/soap_matrix.py

conformance: install  ## Score against recorded Camel behaviour, by area
	$(BIN)/python -m tests.conformance

faults: install system-packages  ## Kill, cut and starve, and count what was lost (slow); writes docs/reference/faults.md
	rm -f build/faults.json
	$(BIN)/pytest tests/faults -q -s -n0
	$(BIN)/python -m tools.faults

soak: install system-packages  ## Faults at random for MINUTES (20), and the account of all messages; SEED repeats a run, PAGE takes the result
	$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),20) $(if $(SEED),--seed $(SEED)) $(if $(PAGE),--markdown $(PAGE))

bench: install system-packages  ## Benchmarks beside the design's goals (slow): SET=delivery, soap or all, ROUNDS, MINUTES; writes docs/reference/benchmarks.md
	$(if $(filter soap all,$(SET)),tests/integration/soap_cxf/build.sh)
	$(BIN)/python -m tests.benchmarks $(or $(SET),delivery) --rounds $(or $(ROUNDS),5) --minutes $(or $(MINUTES),45) \
		--json build/bench-$(or $(SET),delivery).json --markdown docs/reference/benchmarks.md

demo: install  ## Run the reference deployment through all scenarios; DATA=folder drives it with a folder of CSV tables
	$(BIN)/python -m routes.demo $(if $(DATA),--data $(DATA))

run: install  ## Start the reference deployment and its partners to stay
	$(BIN)/python -m routes.demo --stay

wheel: install  ## Build the wheel
	$(BIN)/python -m build --wheel --outdir build/dist .

clean:  ## Remove what was made
	rm -rf build var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
