# Every target works in a fresh clone: it creates .venv and installs what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Sets of packages, each with a stamp file: for running the product, for development, for fuzzing and mutation tests.
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
DEEP := $(VENV)/.installed-deep
PACKAGES := pyproject.toml constraints.txt
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
# Python 3.11 brings a pip that does not know dependency groups (--group needs 25.1).
PIP_ITSELF := pip==26.3
CHECKED := aegis benchmarks consumer deploy/image devstack export producer_tools schemas testkit tests

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(DEV) ## Create .venv with everything for development

.PHONY: demo
demo: $(RUN) ## Run the whole pipeline on this machine, on the textures in samples/
	@$(BIN)/aegis demo

.PHONY: test
test: $(DEV) kcat chromium ## Run all tests, on real Kafka, S3 and PostgreSQL that they start
	@echo "test: the whole suite$(if $(shell command -v minio),, (on SeaweedFS only: minio is not on the PATH))"
	@$(BIN)/pytest -m "not containers" -n 2 --dist loadfile $(ARGS)

.PHONY: check
check: $(DEV) ## Check style, format, spelling, types and import rules
	@echo "check: ruff";         $(BIN)/ruff check .
	@echo "check: ruff format";  $(BIN)/ruff format --check .
	@echo "check: spelling";     $(BIN)/codespell
	@echo "check: mypy, strict"; $(BIN)/mypy $(CHECKED)
	@echo "check: imports";      $(BIN)/lint-imports

.PHONY: bench
bench: $(DEV) ## Compare the speed with peers (15 minutes; ARGS="--before CHECKOUT": and another build); writes build/figures
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-replay
bench-replay: $(DEV) ## Measure replay, retag and gateway with a random ViT-B-32 (10 minutes); writes build/figures
	@$(BIN)/python -m benchmarks.replay
	@$(BIN)/python -m benchmarks.gateway

.PHONY: bench-lake
bench-lake: $(DEV) ## Measure the lake: rows a second, bytes an asset (5 minutes); writes build/figures/lake.json
	@$(BIN)/python -m benchmarks.lake $(ARGS)

.PHONY: bench-extract
bench-extract: $(DEV) ## Measure aegis extract on Unity bundles (ARGS="--before CHECKOUT"); writes build/figures
	@$(BIN)/python -m benchmarks.formats.extraction $(ARGS)

.PHONY: bench-sink
bench-sink: $(DEV) ## Measure the sink (ARGS="--before CHECKOUT": against another build); writes build/figures
	@$(BIN)/python -m benchmarks.sink $(ARGS)

.PHONY: bench-search
bench-search: $(DEV) ## Measure search in a million textures (15 minutes); writes build/figures/search.json
	@$(BIN)/python -m benchmarks.search $(ARGS)

.PHONY: lint-bench
lint-bench: $(DEV) ## Measure the findings of aegis lint on real textures (TEXTURES="DIR DIR"); writes build/figures
	@nice -n 10 $(BIN)/python -m benchmarks.findings $(TEXTURES:%=--textures %)

.PHONY: page-bench
page-bench: $(DEV) chromium ## Measure the page on 100 000 textures (5 minutes); writes build/figures/page.json
	@$(BIN)/python -m benchmarks.page $(ARGS)

.PHONY: chaos
chaos: $(DEV) ## Kill and disconnect every part under load, and verify what arrives (8 minutes; ARGS=--short: 2)
	@$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: simulate
simulate: $(DEV) ## Break the stream engine in virtual time, and mutants of it (SEEDS=100000); writes build/figures
	@$(BIN)/python -m tests.simulation --mutants --seeds $(or $(SEEDS),2000) $(ARGS)

.PHONY: cluster-test
cluster-test: $(DEV) ## Kill brokers of a cluster of three and fail the database over, under load (5 minutes)
	@$(BIN)/python -m tests.cluster $(ARGS)

.PHONY: spark-test
spark-test: $(DEV) ## Prove the lake with Apache Spark, after kills (5 minutes; needs Java 17; installs 0.5 GB)
	@$(BIN)/python -m tests.spark $(ARGS)

.PHONY: soak
soak: $(DEV) ## Watch the memory of tagger, sink and gateway under a steady light load (2 hours)
	@$(BIN)/python -m benchmarks.soak $(ARGS)

.PHONY: fuzz
fuzz: $(DEEP) ## Fuzz the parsers of untrusted input (30 minutes; ARGS="--seconds 60": 3)
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: mutation
mutation: $(DEEP) ## Mutate the ledger and the fault table, and list the mutants that survive the tests
	@$(BIN)/python -m tests.mutation

.PHONY: coverage
coverage: $(DEV) ## Measure the branch coverage of the stream engine by its tests
	@$(BIN)/python -m tests.coverage

.PHONY: image-test
image-test: $(DEV) ## Build, run and measure the Docker image; writes build/figures/image.json
	@echo "image-test: builds the image, minutes the first time; needs Docker"
	@$(BIN)/pytest tests/containers/test_image.py --timeout 1800 $(ARGS)

.PHONY: compose-test
compose-test: $(DEV) ## Test the README's production section with Docker Compose; writes build/figures/compose.json
	@echo "compose-test: builds the image and pulls the others, minutes; needs Docker"
	@$(BIN)/pytest tests/containers/test_compose.py tests/containers/test_compose_seaweedfs.py --timeout 1800 $(ARGS)

.PHONY: docs
docs: $(RUN) ## Regenerate the schemas and the reference pages
	@$(BIN)/aegis docs

.PHONY: lock
lock: $(DEV) ## Resolve constraints.txt again (UPGRADE=1: with the newest versions)
	@echo "lock: constraints.txt"
	@$(PIP) uv
	@$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --group deep --universal --quiet --no-emit-index-url --no-annotate --no-header \
		$(if $(UPGRADE),--upgrade) --output-file constraints.txt

.PHONY: clean
clean: ## Remove build outputs and caches, but not .venv or the services' data (see aegis stack reset)
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@echo "clean: removed build outputs and caches"

# A test runs the README's kcat commands, others look at the page with a browser.
.PHONY: kcat chromium
kcat chromium:
	@if ! command -v $@ >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "test: installing $@ with apt-get"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $@ >/dev/null; \
		else \
			echo "test: $@ is missing, which a test needs: sudo apt-get install $@ (macOS: brew install $@)" >&2; \
			exit 1; \
		fi; \
	fi

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "install: Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "install: creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "install: Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }

$(DEV): $(PACKAGES) | $(BIN)/python
	@echo "install: packages for development, including torch (minutes the first time)"
	@$(PIP) '$(PIP_ITSELF)'
	@$(PIP) -e '.[extract,stack,export,train,msk,otel,lake]' --group dev
	@sync # Gigabytes: until they are on disk, every fsync of Kafka and PostgreSQL waits for them.
	@touch $(RUN) $(DEV)

$(DEEP): $(DEV)
	@echo "install: packages for fuzzing and mutation tests"
	@$(PIP) --group deep
	@touch $(DEEP)

# The development packages include those for running.
$(RUN): $(PACKAGES) | $(BIN)/python
	@echo "install: packages (a minute or two the first time)"
	@$(PIP) -e '.[extract,stack]'
	@touch $(RUN)
