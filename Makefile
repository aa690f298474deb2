# Everything a newcomer needs: `make up`, and `make help` for the rest.
# Works in a bare checkout with Python 3.12 or newer: bootstrap.py makes .venv and installs the locked requirements.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BOOTSTRAP := $(PYTHON) pilar/runtime/bootstrap.py
PY := .venv/bin/python
# A command with the secrets of this installation and the addresses of the sandbox.
LOCAL := $(PY) -m pilar.runtime run
# Checks and tests have a data folder and a database server of their own and leave those of `make up` alone.
APART := PILAR_DATA_DIR=$(CURDIR)/var/test
TEST_SERVER := $(APART) $(PY) -m pilar.runtime.postgres
UNIT := -p no:schemathesis $(addprefix --ignore=tests/,browser e2e drills sandbox api/test_schemathesis.py) -m "not sandbox and not requests and not committed and not processes and not browser and not drill and not thorough"
ALL := -m "not drill"
CSS := npx --no-install tailwindcss -i pilar/ui/frontend/pilar.css --minify

# Every process of a test run would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up test test-unit check checks bench bench-pages drill shots css css-check fmt shell clean dev browser

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: ## Start everything; prints the address and the demo logins, Ctrl-C stops it
	@$(BOOTSTRAP) -m pilar.runtime up

test: dev browser ## Run the whole suite, browser tests included
	@$(TEST_SERVER) start
	@code=0; $(APART) $(PY) -m pytest -n 2 $(ALL) || code=$$?; $(TEST_SERVER) stop-if-idle; exit $$code

test-unit: dev ## Run the tests of single parts: no process, provider, browser or request, no database of their own, no crowd
	@$(TEST_SERVER) start
	@code=0; $(APART) $(PY) -m pytest -n 2 $(UNIT) || code=$$?; $(TEST_SERVER) stop-if-idle; exit $$code

check: dev ## Format, lint, types, import floors, migrations, deployment settings, generated files
	@$(TEST_SERVER) start
	@code=0; $(MAKE) --no-print-directory checks || code=$$?; $(TEST_SERVER) stop-if-idle; exit $$code

checks:
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(APART) $(LOCAL) mypy
	$(APART) $(LOCAL) lint-imports
	$(APART) $(LOCAL) python manage.py makemigrations --check --dry-run
	PILAR_SANDBOX=0 PUBLIC_BASE_URL=https://pilar.example ALLOWED_HOSTS=pilar.example \
		$(APART) $(LOCAL) python manage.py check --deploy --fail-level WARNING
	$(APART) $(LOCAL) python manage.py translations --check
	$(MAKE) --no-print-directory css-check

bench: dev ## Measure; prints a table and writes var/bench.json; then the pages, when `make up` runs
	$(LOCAL) python -m tests.bench
	@$(LOCAL) python -m tests.bench.lighthouse

bench-pages: dev ## Lighthouse on a phone over the pages of a running `make up`
	$(LOCAL) python -m tests.bench.lighthouse

drill: dev ## Break things on purpose and watch the promises hold; one alone: ONLY=tests/drills/test_storm.py
	@$(TEST_SERVER) start
	@code=0; $(APART) $(PY) -m pytest -m drill $(ONLY) || code=$$?; $(TEST_SERVER) stop-if-idle; exit $$code

shots: dev browser ## Take a picture of every page of a running `make up` at three widths, light and dark
	$(LOCAL) python -m tests.browser.shots

css: node_modules ## Rebuild the committed stylesheet (needs Node)
	$(CSS) -o static/css/pilar.css

css-check:
	@command -v npm >/dev/null || { echo "No Node here: whether the stylesheet is current was not checked."; exit 0; }; \
	$(MAKE) --no-print-directory node_modules && mkdir -p var/test && $(CSS) -o var/test/pilar.css 2>/dev/null || exit 1; \
	cmp -s var/test/pilar.css static/css/pilar.css || { echo "static/css/pilar.css is not current: make css"; exit 1; }

# Not `npm ci`: it refuses a lock that leaves out the binaries of other systems. The versions and hashes are the lock's.
node_modules: package-lock.json
	npm install --no-save --ignore-scripts --no-audit --no-fund --silent
	@touch node_modules

fmt: dev ## Format and sort
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

shell: ## A Python shell inside the local installation
	@$(BOOTSTRAP) -m pilar.runtime run python manage.py shell

clean: ## Remove caches and the data of the tests; the data of `make up` stays
	@if [ -x $(PY) ]; then $(TEST_SERVER) remove; fi
	rm -rf var/test .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

dev:
	@$(BOOTSTRAP) --dev

browser:
	@$(PY) -m pilar.runtime browser
