# Everything a contributor runs. Needs Python 3.11, make and, for the tests, Node 20 with npm.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NPM    := tests/npm
# A crashed worker is not replaced: loadscope would give the next one the same test, for ever.
# What goes together, and in which order, is said in tests/schedule.py.
PYTEST := $(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder --max-worker-restart=0

EXAMPLES := examples/treasury.strat examples/eth_carry.strat
REFUTED  := examples/refuted/eth_carry_45.strat

# A stamp is written only after its install succeeded, so an interrupted set-up is simply repeated.
RUNTIME := $(VENV)/runtime.stamp
DEV     := $(VENV)/dev.stamp
NODE    := $(NPM)/node_modules/installed.stamp
CRE     := tests/cre/node_modules/installed.stamp
WHEEL   := $(VENV)/wheel.stamp
PROM    := $(BIN)/promtool
SILVER  := $(VENV)/silverback.stamp
BROWSER := $(VENV)/browser.stamp
PINS    := pyproject.toml constraints.txt

# npm and pip have nothing to do with each other, and both wait for the network.
MAKEFLAGS += --jobs=2

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long fuzz fuzz-proofs lint fix benchmark benchmark-gas vscode clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(DEV) $(NODE) $(WHEEL) ## everything the tests need: .venv, the npm packages and two wheels

demo: $(RUNTIME) ## prove and build the examples, then refute one; needs Python only
	$(BIN)/stratc build $(EXAMPLES) --out build
	@echo "The same carry, had it to outlive an hour of -45%: this one must be refuted."
	@echo "$(BIN)/stratc verify $(REFUTED)"
	@$(BIN)/stratc verify $(REFUTED); status=$$?; test $$status -eq 1 || \
	    { echo "demo: expected a refutation (exit status 1), got $$status" >&2; exit 1; }

test: setup lint ## lint, types, layers, and every test that takes no minutes
	@$(PYTEST) -m "not long"

test-long: setup $(PROM) $(SILVER) $(CRE) $(BROWSER) ## the tests that take minutes
	@$(PYTEST) -m long

MINUTES ?= 60
fuzz: $(DEV) ## attack the language with random texts for MINUTES (60)
	@PYTHONPATH=tests $(BIN)/python tests/fuzzing/long.py $(MINUTES)

COUNT ?= 1000
FIRST ?= 0
fuzz-proofs: $(DEV) ## verify COUNT (1000) random strategies from FIRST (0) on, attack what is proved; goes on where it stopped
	@PYTHONPATH=tests $(BIN)/python tests/fuzzing/proofs.py $(COUNT) --first $(FIRST)

lint: $(DEV) ## style, types and the order of layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix: $(DEV) ## format, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(DEV) ## what commands, proofs and the language take; minutes
	@$(BIN)/python tests/benchmarks/commands.py
	@$(BIN)/python tests/benchmarks/proofs.py
	@$(BIN)/python tests/benchmarks/language.py
	@$(BIN)/python tests/benchmarks/paths.py

benchmark-gas: setup ## gas of emitted vaults beside OpenZeppelin's and snekmate's; sizes and gas by compiler mode
	@PYTHONPATH=tests $(BIN)/python tests/benchmarks/gas.py
	@PYTHONPATH=tests $(BIN)/python tests/benchmarks/modes.py

vscode: ## the extension for VS Code, as editors/vscode/stratc.vsix; needs Node 20 with npm
	cd editors/vscode && npm ci --ignore-scripts --no-audit --no-fund && npm run package

clean: ## remove what was made, .venv and npm packages too
	rm -rf editors/vscode/node_modules editors/vscode/*.vsix
	rm -rf $(VENV) $(NPM)/node_modules tests/cre/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "stratc needs Python 3.11 or newer; $(PYTHON) is older (choose one: make PYTHON=python3.11 ...)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# -qq: pip still says what fails, but not what it thinks of this machine's own settings.
$(RUNTIME): $(PINS) | $(BIN)/python
	$(BIN)/python -m pip install -qq -c constraints.txt -e .
	@touch $@

$(DEV): $(PINS) | $(BIN)/python
	$(BIN)/python -m pip install -qq -c constraints.txt -e '.[dev]'
	@touch $(RUNTIME) $@

$(NODE): $(NPM)/package.json $(NPM)/package-lock.json
	cd $(NPM) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# Chainlink's types, TypeScript and what they ask for: only the long tests compile against them.
$(CRE): tests/cre/package.json tests/cre/package-lock.json
	cd tests/cre && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# In an environment of its own: it wants other versions of what the keeper uses. Only the long tests need it.
$(SILVER): tests/silverback.txt | $(BIN)/python
	$(PYTHON) -m venv $(VENV)/silverback
	$(VENV)/silverback/bin/python -m pip install -qq -r tests/silverback.txt
	@touch $@

# The one on this machine, or else Debian's: only the long tests need it.
$(PROM): | $(BIN)/python
	@if command -v promtool >/dev/null; then ln -s "$$(command -v promtool)" $@; else \
	    mkdir -p $(VENV)/prometheus && cd $(VENV)/prometheus && \
	    get='apt-get -qq -o APT::Sandbox::User=root'; { $$get download prometheus || { $$get update && $$get download prometheus; }; } && \
	    dpkg -x prometheus_*.deb . && mv usr/bin/promtool ../bin/promtool && rm -rf ../prometheus; fi

# The same of a browser, which comes with many libraries: this one asks for root. After the other: apt does one thing at a time.
$(BROWSER): | $(PROM)
	@command -v chromium >/dev/null || { apt-get -qq update && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core >/dev/null; }
	@touch $@

# Nothing of these is imported, so nothing that they would import is installed: they hold Aave v3.2's contracts, and the
# schemas of what CI services read.
$(WHEEL): constraints.txt | $(DEV)
	$(BIN)/python -m pip install -qq -c constraints.txt --no-deps web3-ethereum-defi check-jsonschema
	@touch $@
