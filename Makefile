# The two commands are `make demo` and `make test`; both make .venv first, with Python 3.11 or newer.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN = .venv/bin
STAMP = .venv/installed

.PHONY: install browser demo test chaos check bench pictures format clean

install: $(STAMP)

$(STAMP): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found: set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# What drives Chromium, for the page's tests and the pictures; Chromium itself comes from the system's packages.
browser: .venv/browser

.venv/browser: requirements-browser.txt $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-browser.txt
	@touch $@

demo: $(STAMP)
	@$(BIN)/python -m demo

test: $(STAMP)
	$(BIN)/python -m pytest -n 4 --dist loadgroup --cov --cov-report=term

# For so many seconds people go on asking; SEED=... plays the plan of an earlier run again.
SECONDS = 600
chaos: $(STAMP)
	CHAOS_SECONDS=$(SECONDS) CHAOS_SEED=$(SEED) $(BIN)/python -m pytest tests/chaos

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# What draws its plots is installed only for it.
.venv/bench: requirements-bench.txt $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

bench: .venv/bench
	@$(BIN)/python -m bench

pictures: browser
	@$(BIN)/python -m demo.pictures

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage .coverage.* confirm_safe.egg-info
