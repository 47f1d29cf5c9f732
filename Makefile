# Every target does its own set-up: a fresh machine needs a Python from 3.10 on, git and make.
# `make` or `make help` lists the targets. PYTHON=/path/to/python3 chooses the Python that .venv is made from.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Relative, so that a path with spaces above this folder is no trouble.
VENV := .venv
PY := $(VENV)/bin/python
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev

# Tests run on all cores; `make test PYTEST='-n0 -x -k drift'` passes options of yours.
PYTEST ?=
PROJECT ?=
export PYTHON PROJECT TARGETS YES

# Node comes as a wheel and pyright inside of its own: type checking downloads nothing.
export PYRIGHT_PYTHON_GLOBAL_NODE := 0

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
	    printf '  make %-16s %s\n' "$$name" "$$text"; done

$(RUN_READY): pyproject.toml constraints.txt tools/bootstrap
	@tools/bootstrap run
	@touch $@

$(DEV_READY): pyproject.toml constraints.txt tools/bootstrap
	@tools/bootstrap dev
	@touch $(RUN_READY) $@

.PHONY: run
run: $(RUN_READY) ## Show it at work in a temporary folder; PROJECT=/path: in a worktree of yours, after asking
	@$(PY) demo/run.py

.PHONY: test
test: $(DEV_READY) ## Run the tests
	@$(PY) -m pytest -n auto --dist worksteal -m "not harnesses and not projects" $(PYTEST)

.PHONY: test-all
test-all: $(DEV_READY) ## Run the tests on every Python from 3.10 to 3.13 that this machine has
	@tools/test-all $(PYTEST)

.PHONY: coverage
coverage: $(DEV_READY) ## Run the tests more slowly, and measure what they cover
	@rm -rf .cache/coverage && mkdir -p .cache/coverage
	@# A failing test is the business of `make test`, where nothing slows it down; and the slices of the sweeps run
	@# processes of their own, which are not measured.
	@$(PY) -m coverage run -m pytest -q -n auto --dist worksteal -m "not harnesses and not projects" --tb=line \
	    --ignore tests/reliability $(PYTEST) \
	    || echo "Some tests failed while they were measured: the figure is too low." >&2
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report
	@echo "$$($(PY) -m coverage report --format=total) % at $$(git describe --always --dirty)" >.cache/coverage/total

.cache/coverage/total: | $(DEV_READY)
	@$(MAKE) --no-print-directory coverage

.PHONY: check
check: lint typecheck contracts docs .cache/coverage/total ## Check style, types, imports and documents; tell coverage
	@echo "Coverage: $$(cat .cache/coverage/total), without the processes that tests start (make coverage measures anew)"

.PHONY: lint
lint: $(DEV_READY) ## Lint, and check the formatting
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check --quiet || { echo "Not formatted: run make format." >&2; exit 1; }

.PHONY: format
format: $(DEV_READY) ## Format, and fix what can be fixed without thought
	@$(VENV)/bin/ruff check --fix
	@$(VENV)/bin/ruff format

.PHONY: typecheck
typecheck: $(DEV_READY) ## Check the types with mypy and pyright, both strict
	@$(VENV)/bin/mypy
	@MYPYPATH=tests $(VENV)/bin/mypy tests/harnesses/*.py
	@$(VENV)/bin/pyright --warnings

.PHONY: contracts
contracts: $(DEV_READY) ## Check which module imports which
	@$(VENV)/bin/lint-imports --cache-dir .cache/import-linter

.PHONY: docs
docs: $(DEV_READY) ## Check that links lead somewhere and that generated documents are true
	@$(PY) tools/check_links.py
	@$(PY) tools/generated.py

.PHONY: generate
generate: $(DEV_READY) ## Print the generated documents anew
	@$(PY) tools/generated.py --write

.PHONY: bench
bench: $(DEV_READY) ## Measure how fast it is
	@$(PY) -m benchmarks

.PHONY: plots
plots: $(DEV_READY) ## Measure how time and memory grow, and draw it into docs/
	@$(PY) -m pip install --quiet --disable-pip-version-check 'matplotlib>=3.9,<4'
	@mkdir -p .cache && $(PY) -m benchmarks growth --json .cache/growth.json
	@$(PY) -m benchmarks.plots .cache/growth.json

.PHONY: test-harnesses
test-harnesses: $(DEV_READY) ## Run the real programs of the harnesses on what we write (needs npm, Python 3.12)
	@$(PY) tests/harnesses/install.py
	@$(PY) -m pytest -m harnesses tests/harnesses $(PYTEST)

.PHONY: test-projects
test-projects: $(DEV_READY) ## Try every target on fifty projects as people keep them, of which make test has six
	@$(PY) -m pytest -n auto --dist worksteal tests/projects $(PYTEST)

# --- sweeps: many thousands of faults, for an hour or more; `make test` has a slice of each. See docs/reliability.md.
# `make sweep-kill SWEEP='--scene first --every 10'` passes options of yours.

SWEEP ?=
SWEEPS := kill errno power races filesystems windows hostile socket model singleton load
sweep-kill: SCRIPT := kills.py
sweep-errno: SCRIPT := errnos.py
sweep-power: SCRIPT := power.py
sweep-races: SCRIPT := races.py
sweep-filesystems: SCRIPT := filesystems.py
sweep-windows: SCRIPT := windows.py
sweep-hostile: SCRIPT := hostile.py
sweep-socket: SCRIPT := sockets.py
sweep-model: SCRIPT := model_sweep.py
sweep-singleton: SCRIPT := singleton.py
sweep-load: SCRIPT := load.py

.PHONY: $(SWEEPS:%=sweep-%)
$(SWEEPS:%=sweep-%): $(DEV_READY)
	@PYTHONPATH=. $(PY) tests/reliability/$(SCRIPT) $(SWEEP)

.PHONY: sweep
sweep: $(DEV_READY) ## Run all sweeps of faults, one after the other; one alone: sweep-kill, sweep-errno, …
	@failed=; for each in $(SWEEPS); do \
	    $(MAKE) --no-print-directory sweep-$$each || failed="$$failed $$each"; \
	done; test -z "$$failed" || { echo "Something was wrong in:$$failed" >&2; exit 1; }

.PHONY: build
build: $(DEV_READY) ## Build the wheel and the sdist into dist/
	@rm -rf dist
	@$(PY) -m build --no-isolation --outdir dist .

.PHONY: clean
clean: ## Remove everything that make made
	@rm -rf .venv .cache dist .hypothesis .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
