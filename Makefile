# Two commands matter: `make run` and `make test`. `make help` lists the others.
.DEFAULT_GOAL := help
.PHONY: help run test install lint format bench chaos laws fuzz replay screenshots clean

PY := .venv/bin/python

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: .venv/run ## Run Signalbox and print its address; Ctrl-C stops it (PORT, DATABASE_URL, REDIS_URL, EMAIL_URL)
	@$(PY) manage.py up

test: .venv/test ## Prove everything: lint, types, import rules, templates, unit, integration and browser tests
	@$(MAKE) --no-print-directory lint
	@bash .ci/tools
	@$(PY) -m pytest -n 2 --dist loadfile # a file's tests may share a running Signalbox

install: .venv/test ## Make .venv with pinned requirements, and nothing else

lint: .venv/test ## Check style, types, import rules and templates
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@.venv/bin/djlint --lint --quiet templates

format: .venv/test ## Let ruff tidy the code
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: .venv/test ## Measure, on an empty database of its own: make bench SCALE=full PARTS="core durable"
	@$(PY) -m orchestrator.embedded run --temporary -- $(PY) -m benchmarks --scale $(or $(SCALE),quick) $(PARTS)

chaos: .venv/test ## Break running services with full counts, for hours: make chaos, or make chaos FAULTS="3 4 22-sagas"
	@bash .ci/tools
	@$(PY) -m tests.chaos $(FAULTS)

laws: .venv/test ## Try the laws of charts and formats on five times as many random charts as the tests do
	@LAWS=full $(PY) -m pytest -n 2 tests/statechart tests/formats

fuzz: .venv/test ## Give every reader of a format spoilt texts: make fuzz INPUTS=100000
	@$(PY) -m tests.formats.fuzz $(or $(INPUTS),100000)

replay: .venv/run ## Replay an event log at full speed: make replay LOG=FILE MACHINE=SLUG
	@test -n "$(LOG)" -a -n "$(MACHINE)" || { echo 'Say which: make replay LOG=FILE MACHINE=SLUG' >&2; exit 2; }
	@$(PY) manage.py up --run $(PY) manage.py replay "$(LOG)" --machine "$(MACHINE)" --speed max

screenshots: .venv/test ## Take the pictures of the README anew, with the bank's log: make screenshots LOG=FILE
	@var=$$(mktemp -d) && SIGNALBOX_VAR=$$var $(PY) manage.py up --run $(PY) docs/make_screenshots.py "$(LOG)"; \
		ended=$$?; rm -rf "$$var"; exit $$ended

clean: ## Remove .venv and what tools have cached; the data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache staticfiles
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/run: requirements.txt constraints.txt .ci/venv
	@bash .ci/venv requirements.txt
	@touch $@

.venv/test: requirements.txt requirements-dev.txt constraints.txt .ci/venv
	@bash .ci/venv requirements-dev.txt
	@touch .venv/run $@
