# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
# The site's generator brings many packages of its own, at versions that need not fit the others.
DOCS := .venv-docs
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test lint pages docs lanes bench backends up down clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1 - \2/p' $(MAKEFILE_LIST)

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
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.dev ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

pages: $(VENV)/.dev ## write the generated pages: docs/telemetry.md, docs/providers.md, docs/settings.md
	PYTHONPATH=tests $(BIN)/python tools/telemetry.py
	PYTHONPATH=tests $(BIN)/python tools/providers.py
	PYTHONPATH=tests $(BIN)/python tools/settings.py

docs: pages $(DOCS)/.docs ## build the documentation into site/; fails on a dead link or an unlisted page
	$(DOCS)/bin/python tools/build_site.py

lanes: ## run the tests with the oldest versions, and on every Python that is found
	sh requirements/lanes.sh $(LANES)

bench: $(VENV)/.dev ## measure the added time per operation
	$(BIN)/python -m benchmarks

backends: ## build the real collector and Jaeger from Go modules (about six minutes, once)
	sh collector-config/backends/build.sh

up: ## start both with the shipped configuration, without docker
	sh collector-config/backends/up.sh

down: ## stop them
	sh collector-config/backends/down.sh

clean: ## remove everything that make has made, but for the built backends
	rm -rf $(VENV) $(DOCS) site .cache .lanes .mypy_cache .pytest_cache .ruff_cache .hypothesis dist traces
	find . -name __pycache__ -type d -not -path './.backends/*' -prune -exec rm -rf {} +
