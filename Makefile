.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
STATE ?= $(CURDIR)/.state
BIN := $(VENV)/bin
CUMULET := $(BIN)/cumulet
unexport PYTHONDONTWRITEBYTECODE # or each process compiles the program anew, and pytest all of the tests: 5 seconds each

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: pyproject.toml scripts/venv.sh
	@sh scripts/venv.sh $(PYTHON) $(VENV)

up: $(VENV)/installed ## The main job: a cloud with a real guest in it (needs root)
	@$(CUMULET) up --state $(STATE) --install
	@$(CUMULET) hello --state $(STATE)

down: $(VENV)/installed ## Stop every process of the cloud; its state stays
	@$(CUMULET) down --state $(STATE)

clean: $(VENV)/installed ## Stop the cloud and remove its state
	@$(CUMULET) down --state $(STATE) --remove-state

dev: $(VENV)/installed ## A cloud with hosts in memory, in the foreground
	@$(CUMULET) up --fake --foreground --state $(STATE)-dev

test: $(VENV)/installed ## Every test; with root and Debian packages, those with real guests too
	@sh scripts/test.sh $(BIN)

fast: $(VENV)/installed ## The tests that need nothing but Python, without the exhaustive ones
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not real and not exhaustive"

lint: $(VENV)/installed ## Style, types, layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

fix: $(VENV)/installed ## Mend what ruff can mend
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

compat: $(VENV)/installed ## Upstream's test suites against a cloud with hosts in memory, and against placement alone
	@sh scripts/compat.sh smoke
	@sh scripts/compat.sh placement

check: lint test compat ## What CI runs

migration: $(VENV)/installed ## Write the next migration: make migration NAME=more_colours; NAME=baseline writes the first one anew
	@test -n "$(NAME)" || { echo "NAME=… is missing"; exit 1; }
	@$(BIN)/python scripts/migration.py "$(NAME)"

docs: $(VENV)/installed ## Write the pages that are made from the code
	@$(BIN)/python scripts/api_docs.py

bench: $(VENV)/installed ## Speed and memory, beside the budgets
	@$(BIN)/python -m tests.bench

sizes: ## Lines per package, longest files
	@find src -name '*.py' | xargs wc -l | sort -n | tail -15

.PHONY: help up down clean dev test fast lint fix compat check migration docs bench sizes
