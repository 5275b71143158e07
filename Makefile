# Entry points for people and for continuous integration. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Looked for only when a target needs it: system-packages may have to install it first.
PYTHON ?= $(shell scripts/find-python demo)
VENV := .venv
BIN := $(VENV)/bin
METADATA := pyproject.toml setup.cfg
PIP := $(BIN)/python -m pip -q --disable-pip-version-check

.PHONY: help demo test test-fast chaos bench lint types format messages sandbox clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(VENV)/.plugin ## show the whole story in one process; CHECK=1 checks its outcome
	$(BIN)/python -m cec_plugin.demo $(if $(CHECK),--check)

test: ## everything: style, types, the package, all tests on all databases (as CI)
	scripts/system-packages
	scripts/test-all

test-fast: $(VENV)/.fast ## the tests that need no server, on SQLite
	CEC_TEST_DB=sqlite $(BIN)/python -m pytest -n 2 --dist loadgroup --ignore tests/packaging \
	  -m "not journey and not browser and not concurrency" $(ARGS)

chaos: $(VENV)/.test ## five storms of 2,000 credits over real workers; ARGS="--seed 7 --credits 500"
	$(BIN)/python -m tests.chaos $(or $(ARGS),--seed 1 2 3 4 5 --credits 2000 --patience-s 3000)

bench: ## measure, on a MariaDB with production's durability; ARGS="…"
	scripts/system-packages
	scripts/test-all bench $(ARGS)

lint: $(VENV)/.quality ## style and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(VENV)/.quality ## mypy, strict
	$(BIN)/mypy

format: $(VENV)/.quality ## rewrite the sources in the house's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# With the safe path, for in cec_plugin `selectors` and `tasks` are ours, not the library's.
messages: $(VENV)/.plugin ## collect and compile the French texts
	scripts/system-packages messages
	cd cec_plugin && PYTHONSAFEPATH=1 ../$(BIN)/python -m django makemessages --locale fr \
	  --symlinks --no-wrap --add-location file
	cd cec_plugin && PYTHONSAFEPATH=1 ../$(BIN)/python -m django compilemessages --locale fr

sandbox: $(VENV)/.plugin ## run the registries' sandbox; ARGS="…"
	$(BIN)/python -m cec_plugin.sandbox $(ARGS)

clean: ## remove what the other targets made
	rm -rf $(VENV) .tox build dist *.egg-info .coverage* .hypothesis
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment; each stamp is one set of packages in it. pip learned --group in 25.1.
$(VENV)/.pip:
	scripts/system-packages demo
	@$(MAKE) --no-print-directory virtual-environment

.PHONY: virtual-environment
virtual-environment: # a make of its own: only now is Python sure to be there
	@[ -d $(VENV) ] || rm -f $(VENV)
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	@touch $(VENV)/.pip

$(VENV)/.plugin: $(METADATA) | $(VENV)/.pip
	$(PIP) install -e .
	@touch $@

$(VENV)/.fast: $(METADATA) | $(VENV)/.pip
	$(PIP) install -e . --group fast
	@touch $@

$(VENV)/.test: $(METADATA) | $(VENV)/.pip
	scripts/system-packages
	$(PIP) install -e . --group test
	@touch $@

$(VENV)/.quality: $(METADATA) | $(VENV)/.pip
	$(PIP) install -e . --group quality
	@touch $@
