# Vigie: `make run` and `make test` are the two commands; `make help` names the others.
# Needs: Python >= 3.11 with its venv module, and make. Everything else is installed into .venv, pinned with hashes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= config/vigie.yaml
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:

.DEFAULT_GOAL := help
.PHONY: help install run demo check lint types test test-fast test-slow bench docs clean

help: ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Vigie needs Python 3.11 or newer; $(PYTHON) is not. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "The venv module is missing. On Debian: apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.installed: deploy/requirements.lock deploy/build.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Vigie needs, pinned with hashes (a minute or so)"
	@$(PIP_INSTALL) -r deploy/build.lock -r deploy/requirements.lock
	@said=$$($(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable . 2>&1) || \
	  { echo "$$said" >&2; exit 1; }
	@$(BIN)/python -m compileall -q monitor probes  # as pip does; else each start compiles where Python may not write
	@touch $@

$(VENV)/.installed-dev: deploy/dev.lock $(VENV)/.installed
	@echo "Installing what the tests need, pinned with hashes"
	@$(PIP_INSTALL) -r deploy/dev.lock
	@touch $@

install: $(VENV)/.installed ## Install Vigie into .venv

run: $(VENV)/.installed ## Run Vigie with config/vigie.yaml; the board is on http://127.0.0.1:9180/
	@exec $(BIN)/vigie run --config $(CONFIG)

demo: $(VENV)/.installed ## A recorded day in two minutes: no internet, no account
	@exec $(BIN)/python -m monitor.demo

check: lint types ## Lint, format, types and floors

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: lint ## Everything that must hold, in a few minutes
	@$(MAKE) --no-print-directory -j 2 types test-fast

# Three at a time also where there are two cores: the edge tests mostly wait for a real clock.
test-fast: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal

test-slow: $(VENV)/.installed-dev ## The marked slow set
	@$(BIN)/python -m pytest -q -m slow --timeout 1800 -n 2 --dist worksteal

bench: $(VENV)/.installed-dev ## Speed and memory, as ratios and figures of one run, beside their goals
	@$(BIN)/python -m tests.bench

docs: $(VENV)/.installed-dev ## Write the generated parts of the documentation anew
	@$(BIN)/python -m tests.docs --write

clean: ## Remove what was made here: the environment and the caches, not var/
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
