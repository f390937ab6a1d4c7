# Amends. `make` alone lists what can be done.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests wait for clocks and processes, too: a worker more than there are cores. Each costs ten seconds to begin with.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() + 1)")

# A system is many Python processes, and its tests start hundreds: each finds its modules compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up demo test check rehearsal audit setup bench faults soak fuzz docs words screenshots format lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(STAMP) ## the whole system in this terminal (ARGS="--data-dir D" and so on); Ctrl-C stops it
	@exec $(BIN)/amends up $(ARGS)

demo: $(STAMP) ## the system, with a month at an invented bank, and a story on clocks of seconds
	@exec $(BIN)/amends demo $(ARGS)

test: $(STAMP) ## every test but those below, on real PostgreSQL and NATS (ARGS="-k name" and so on)
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(STAMP) ## format, lint (image and scripts, too), types, import rules
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports
	@# Where their wheels are: Linux on x86-64.
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint deploy/Dockerfile; fi
	@if [ -x $(BIN)/shellcheck ]; then $(BIN)/shellcheck .ci/run $$(find deploy -name '*.sh'); fi

rehearsal: $(STAMP) ## the image without an engine, the units under systemd, and an upgrade while clients work
	@$(BIN)/pytest -n 0 tests/rehearsal $(ARGS)

audit: $(STAMP) ## look up known vulnerabilities of what is locked; says so where that cannot be asked
	@$(BIN)/python -m tests.support.audit

setup: $(STAMP) ## install into .venv, and nothing else

bench: $(STAMP) ## benchmarks, side by side in one run; writes docs/benchmarks.md
	@$(BIN)/python -m tests.bench $(ARGS)

faults: $(STAMP) ## break a running system in every way we know, while clients work, and hold it to its promises
	@$(BIN)/pytest -n 0 tests/faults $(ARGS)

soak: $(STAMP) ## the same for as long as you like (ARGS="--faults 1000 --seed N --for 2h")
	@$(BIN)/python -m tests.faults $(ARGS)

fuzz: $(STAMP) ## both services asked whatever their documents allow, and more (ARGS="--examples 100 --seed N")
	@$(BIN)/python -m tests.fuzz $(ARGS)

docs: $(STAMP) ## regenerate what is generated: interfaces, the client, tables and diagrams of docs
	@$(BIN)/python -m tests.support.generated_docs

words: $(STAMP) ## find every message that is shown to people, for its translation (words/zh.po)
	@$(BIN)/python -m tests.support.word_catalog $(ARGS)

screenshots: $(STAMP) ## take the pictures of the README anew, with the machine's Chromium (ARGS=NAME for one)
	@$(BIN)/python -m tests.support.screenshots $(ARGS)

format: $(STAMP) ## format and mend what can be mended by itself
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

lock: $(STAMP) ## resolve the dependencies anew into requirements/
	@for set in "bootstrap.in bootstrap.txt" "build.in build.txt" \
	    "../pyproject.toml runtime.txt --extra analytics --extra pdf --extra telemetry" \
	    "../pyproject.toml dev.txt --extra embedded --extra analytics --extra pdf --extra telemetry --extra dev -c runtime.txt"; do \
	  set -- $$set; \
	  (cd requirements && ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	    --generate-hashes --no-header $$1 -o $$2 "$${@:3}"); \
	done

clean: ## remove what make made (never your data)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(STAMP): pyproject.toml requirements/bootstrap.txt requirements/build.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Amends needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || \
	  { echo "Python cannot make a virtual environment. On Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	@echo "Installing into $(VENV) ..."
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes --require-build-hashes \
	  --build-constraints requirements/build.txt requirements/bootstrap.txt requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-build-hashes \
	  --build-constraints requirements/build.txt --editable .
	@touch $(STAMP)
