# Everything a newcomer needs, with Python 3.11+ alone: `make demo` opens the console, `make test` checks the project.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev

.PHONY: demo test lint bed bench clean

# The console on a simulated fleet.
demo: $(RUN)
	@$(BIN)/acp-tui demo

# All checks; system tests skip, with the reason, where the test bed is not built.
test: lint
	@$(BIN)/pytest

# Style, types and which room may import which.
lint: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --platform win32 --no-warn-unreachable --cache-dir .mypy_cache/win32 acp_tui
	@$(BIN)/lint-imports

# Two real clusters with releases on them, until Ctrl+C; the first time Go builds the servers (minutes).
bed: $(DEV)
	@testbed/build.sh
	@$(BIN)/python -m testbed.bed up

bench: $(DEV)
	@$(BIN)/python -m bench

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "acp-tui needs Python 3.11 or newer; PYTHON=... names one")'
	$(PYTHON) -m venv $(VENV)

$(RUN): pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[helm]'
	@touch $@

# Dependency groups need pip 25.1.
$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[helm]' --group dev
	@touch $(RUN) $@
