# Every target makes the virtual environment that it needs from the locks in requirements/, with plain
# `python3 -m venv` and pip. Nothing is installed outside of .venv, but for what `make test` says it needs
# from Debian's packages (PostgreSQL, Chromium, poppler-utils, openssl, kubectl), which it installs as root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: setup demo test check bench bench-peers lock docs pictures clean

setup: $(VENV)/.runtime $(VENV)/.front-end

demo: $(VENV)/.demo $(VENV)/.front-end
	$(BIN)/auditwright demo

test: $(VENV)/.dev $(VENV)/.front-end
	./scripts/test-needs
	$(BIN)/python -m compileall -q src   # hundreds of tests start the program anew
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/tidy

bench: $(VENV)/.dev
	$(BIN)/python bench/run.py

bench-peers: $(VENV)/.dev
	$(BIN)/python bench/run.py --peers

docs: $(VENV)/.dev
	$(BIN)/python scripts/generate-docs.py

pictures: $(VENV)/.dev $(VENV)/.front-end
	$(BIN)/python scripts/take-pictures.py

# Locks are made from pyproject.toml, with hashes and without the names of registries.
lock: $(VENV)/.dev
	$(PIP) install uv
	$(BIN)/uv pip compile pyproject.toml --extra postgres --python-version 3.11 --generate-hashes --no-header -q -o requirements/runtime.txt
	$(BIN)/uv pip compile pyproject.toml --extra postgres --group demo --python-version 3.11 --generate-hashes --no-header -q -o requirements/demo.txt
	$(BIN)/uv pip compile pyproject.toml --extra postgres --group demo --group dev --python-version 3.11 --generate-hashes --no-header -q -o requirements/dev.txt
	$(BIN)/uv pip compile requirements/build.in --python-version 3.11 --generate-hashes --no-header -q -o requirements/build.txt

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Auditwright needs Python 3.11 or newer; name one: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	touch $@

# One environment for all targets: each lock below holds the one before with the same versions.
$(VENV)/.runtime: $(VENV)/.created requirements/runtime.txt requirements/build.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.demo: $(VENV)/.runtime requirements/demo.txt
	$(PIP) install --require-hashes -r requirements/demo.txt
	touch $@

$(VENV)/.dev: $(VENV)/.demo requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@

# What the web app shows and others made. Where it cannot be fetched, the next `make` tries again.
$(VENV)/.front-end: $(VENV)/.created scripts/front-end requirements/front-end.txt
	$(BIN)/python scripts/front-end
	test ! -f src/auditwright/web/static/vendor/front-end.txt || touch $@
