# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
TESTS ?= # all, or some: make test TESTS=tests/unit
ACTIONLINT_VERSION := 1.7.12
VENV := .venv
# The site's generator brings many packages of its own, at versions that need not fit the others.
DOCS := .venv-docs
BIN := $(VENV)/bin
ACTIONLINT := .cache/actionlint-$(ACTIONLINT_VERSION)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test coverage lint workflows pages docs lanes hosts pins dist sbom bench backends backends-prometheus backends-fleet fleet-up fleet-down fleet-test fleet-bench kubernetes compose-test compose-scale-test operator-test memory-test up down clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 - \2/p' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "langspan needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml requirements/newest.txt | $(BIN)/python
	$(PIP) -c requirements/newest.txt -e '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml requirements/newest.txt | $(BIN)/python
	$(PIP) -r requirements/newest.txt -e .
	@touch $@ $(VENV)/.demo

$(DOCS)/.docs: requirements/docs.txt | $(BIN)/python
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/docs.txt
	@touch $@

demo: $(VENV)/.demo ## trace an offline agent and show its tree
	$(BIN)/langspan demo

test: $(VENV)/.dev ## run the tests
	$(BIN)/python -m pytest -n auto $(TESTS)

# Without the tests that weigh memory: what counts the lines weighs too.
coverage: $(VENV)/.dev ## run the tests and tell which lines and branches they reach; pages in htmlcov/
	$(BIN)/python -m pytest -n auto --ignore=tests/soak --cov --cov-report=term:skip-covered --cov-report=html $(TESTS)

lint: $(VENV)/.dev workflows ## check style, types and workflows
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

pages: $(VENV)/.dev ## write the generated pages docs/telemetry.md, docs/providers.md, docs/settings.md, and the dashboards
	PYTHONPATH=tests $(BIN)/python tools/telemetry.py
	PYTHONPATH=tests $(BIN)/python tools/providers.py
	PYTHONPATH=tests $(BIN)/python tools/settings.py
	$(BIN)/python tools/kubernetes.py
	$(BIN)/python tools/dashboards/dashboards.py

docs: pages $(DOCS)/.docs ## build the documentation into site/; fails on a dead link or an unlisted page
	$(DOCS)/bin/python tools/build_site.py

# Needs Go, which nothing else of the checks does: where it is missing, this one is left to who has it.
workflows: ## check the workflows under .github
	@if ! [ -x $(ACTIONLINT) ] && ! command -v go >/dev/null; then \
		echo "workflows: not checked, that needs Go: install golang"; exit 0; \
	fi; \
	set -e; \
	if ! [ -x $(ACTIONLINT) ]; then \
		GOBIN="$(CURDIR)/.cache" go install github.com/rhysd/actionlint/cmd/actionlint@v$(ACTIONLINT_VERSION); \
		mv .cache/actionlint $(ACTIONLINT); \
	fi; \
	$(ACTIONLINT) -shellcheck= -pyflakes=

lanes: ## run the tests with the oldest versions, and on every Python that is found
	sh requirements/lanes.sh $(LANES)

hosts: $(VENV)/.dev ## run LangChain's and LangGraph's own tests, untraced and traced, and compare (a quarter of an hour)
	$(BIN)/python tools/hosts/hosts.py $(HOSTS)

pins: ## raise requirements/newest.txt to the newest versions that fit together
	PYTHON="$(PYTHON)" sh requirements/raise.sh

dist: $(VENV)/.dev ## build the sources' archive and the wheel
	rm -rf dist
	$(BIN)/python -m hatchling build

sbom: dist ## list what an installation of the wheel brings along: build/langspan.cdx.json
	PYTHON="$(PYTHON)" sh requirements/sbom.sh

bench: $(VENV)/.dev ## measure the added time per operation, then of whole processes with their export
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.whole

backends: ## build the real collector and Jaeger from Go modules (about six minutes, once)
	sh collector-config/backends/build.sh

kubernetes: ## build what checks deploy/kubernetes without a cluster (some minutes, once)
	sh deploy/kubernetes/build-checkers.sh

# STANDINS=1: for an engine without a registry, with images made of what `make backends` has built.
compose-test: $(VENV)/.dev ## bring docker-compose.yml up beside what runs, use it, harm it, remove it; needs an engine
	@if [ -n "$(STANDINS)" ]; then PYTHON="$(PYTHON)" sh tools/compose/standins.sh; fi
	LANGSPAN_COMPOSE_TEST=1 $(BIN)/python -m pytest -rs tests/compose

compose-scale-test: $(VENV)/.dev ## the same with docker-compose.scale.yml; needs 6 GB of memory
	@if [ -n "$(STANDINS)" ]; then \
		PYTHON="$(PYTHON)" sh tools/compose/standins.sh && sh tools/compose/standins-fleet.sh; \
	fi
	LANGSPAN_COMPOSE_TEST=1 LANGSPAN_SCALE_TEST=1 $(BIN)/python -m pytest -rs tests/compose/test_scale.py

operator-test: $(VENV)/.dev ## build deploy/operator/Dockerfile and trace an application with it; needs an engine
	@if [ -n "$(STANDINS)" ]; then PYTHON="$(PYTHON)" sh tools/compose/standins-operator.sh; fi
	LANGSPAN_OPERATOR_TEST=1 $(BIN)/python -m pytest -rs tests/cluster/test_operator_built.py

memory-test: $(VENV)/.dev ## fill Jaeger with 2 200 traces of 1 MB, within the limits of docker-compose.yml (ten minutes)
	LANGSPAN_MEMORY_TEST=1 $(BIN)/python -m pytest -rs tests/stack/test_memory.py

backends-prometheus: ## build what the tests of dashboards and alerts need: Prometheus, promtool and more (some minutes, once)
	sh collector-config/backends/build.sh prometheus promtool dashboardcheck

backends-fleet: ## make what the fleet's tests need besides: its collector, Kafka, OpenSearch (needs Go, a JDK, Maven)
	sh collector-config/backends/fleet.sh

fleet-up: ## start a whole fleet with the shipped configuration, without docker
	sh collector-config/fleet/up.sh

fleet-down: ## stop it
	sh collector-config/fleet/down.sh

fleet-test: $(VENV)/.dev ## kill each part of a fleet of real processes under load, and compare trace by trace (eight minutes)
	FLEET_TEST=1 $(BIN)/python -m pytest -q tests/fleet

fleet-bench: $(VENV)/.dev ## measure the processor time of each tier of the fleet
	PYTHONPATH=tests $(BIN)/python -m benchmarks.fleet

up: ## start both with the shipped configuration, without docker
	sh collector-config/backends/up.sh

down: ## stop them
	sh collector-config/backends/down.sh

clean: ## remove everything that make has made, but for the built backends
	rm -rf $(VENV) $(DOCS) site .cache .lanes .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* htmlcov build dist traces
	find . -name __pycache__ -type d -not -path './.backends/*' -prune -exec rm -rf {} +
