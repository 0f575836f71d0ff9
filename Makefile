# Every target works from an empty clone: it makes .venv and installs what it needs first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two sets of packages, each with a stamp that says it is installed: what the demo runs on, and what work on it needs.
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
DEEP := $(VENV)/.installed-deep
PACKAGES := pyproject.toml constraints.txt
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
CHECKED := aegis benchmarks consumer deploy/image devstack export producer_tools schemas tests

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(DEV) ## Make .venv with everything for working on the project

.PHONY: demo
demo: $(RUN) ## Show the whole pipeline on this machine, with the textures in samples/
	@$(BIN)/aegis demo

.PHONY: test
test: $(DEV) kcat ## Run all tests, on real Kafka, S3 and PostgreSQL that they start themselves
	@echo "test: the whole suite$(if $(shell command -v minio),, (SeaweedFS alone: no minio on the PATH))"
	@$(BIN)/pytest -m "not containers" $(ARGS)

.PHONY: check
check: $(DEV) ## Check style, format, types and the arrows of imports
	@echo "check: ruff";         $(BIN)/ruff check .
	@echo "check: ruff format";  $(BIN)/ruff format --check .
	@echo "check: mypy, strict"; $(BIN)/mypy $(CHECKED)
	@echo "check: imports";      $(BIN)/lint-imports

.PHONY: bench
bench: $(DEV) ## Measure speed beside the limit and the peers, a quarter of an hour; writes build/figures/bench.json and .svg
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-replay
bench-replay: $(DEV) ## Measure replay, retag and gateway with ViT-B-32 of random weights; into build/figures (10 minutes)
	@$(BIN)/python -m benchmarks.replay
	@$(BIN)/python -m benchmarks.gateway

.PHONY: chaos
chaos: $(DEV) ## Kill and cut off every part under load, and count what arrives (8 minutes; ARGS=--short: 2)
	@$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: fuzz
fuzz: $(DEEP) ## Give hostile bytes to whatever reads bytes of strangers (half an hour; ARGS="--seconds 60": three minutes)
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: mutation
mutation: $(DEEP) ## Break the ledger and the fault table in many small ways, and list what no test notices
	@$(BIN)/python -m tests.mutation

.PHONY: coverage
coverage: $(DEV) ## Measure how much of the stream engine its tests reach, branch by branch
	@$(BIN)/python -m tests.coverage

.PHONY: image-test
image-test: $(DEV) ## Build the Docker image and run it; measures it into build/figures/image.json
	@echo "image-test: builds the image, minutes the first time; needs Docker"
	@$(BIN)/pytest tests/containers/test_image.py --timeout 1800 $(ARGS)

.PHONY: compose-test
compose-test: $(DEV) ## Run the README's production section, kill and restart; writes build/figures/compose.json
	@echo "compose-test: builds the image and pulls the others, minutes; needs Docker"
	@$(BIN)/pytest tests/containers/test_compose.py --timeout 1800 $(ARGS)

.PHONY: docs
docs: $(RUN) ## Write again what is generated: schemas, settings, metrics
	@$(BIN)/aegis docs

.PHONY: lock
lock: $(DEV) ## Choose the exact versions of constraints.txt again (UPGRADE=1 for the newest)
	@echo "lock: constraints.txt"
	@$(PIP) uv
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --quiet --no-emit-index-url --no-annotate --no-header \
		$(if $(UPGRADE),--upgrade) --output-file constraints.txt

.PHONY: clean
clean: ## Remove build outputs and caches; keeps .venv, and the services' data (aegis stack reset removes those)
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@echo "clean: removed build outputs and caches"

# The test of the README's kcat lines runs the real one.
.PHONY: kcat
kcat:
	@if ! command -v kcat >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "test: installing kcat with apt-get"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq kcat >/dev/null; \
		else \
			echo "test: kcat is missing, and a test reads the topics with it: sudo apt-get install kcat (macOS: brew install kcat)" >&2; \
			exit 1; \
		fi; \
	fi

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "install: Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "install: making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "install: Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }

$(DEV): $(PACKAGES) | $(BIN)/python
	@echo "install: packages for work and tests, torch among them (minutes the first time)"
	@$(PIP) -e '.[extract,stack,export,dev]'
	@sync # gigabytes: until they are on the disk, every fsync of Kafka and PostgreSQL waits for them
	@touch $(RUN) $(DEV)

$(DEEP): $(DEV)
	@echo "install: packages for fuzzing and mutation"
	@$(PIP) -e '.[deep]'
	@touch $(DEEP)

# Newer packages for work hold those for running.
$(RUN): $(PACKAGES) | $(BIN)/python
	@echo "install: packages (a minute or two the first time)"
	@$(PIP) -e '.[extract,stack]'
	@touch $(RUN)
