# Two commands do everything on a machine with Python >= 3.11 and a package index: `make demo` and `make test`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PEERS  := .venv-peers
DOC_CODE := build/doc-code
SOURCE := pyproject.toml $(shell find skymms xsd -type f -not -path '*/__pycache__/*')

# Tests and tools see what is installed, never the checkout they happen to stand in.
export PYTHONSAFEPATH := 1

.PHONY: demo test lint compat bench bench-peers bench-sandbox kill-test docs picture clean

demo: $(VENV)/.installed
	$(BIN)/skymms demo

test: $(VENV)/.installed
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(VENV)/.installed
	$(BIN)/ruff check skymms tests examples docs
	$(BIN)/ruff format --check skymms tests examples docs
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/pyright -p tests
	$(BIN)/python docs/code_blocks.py $(DOC_CODE)
	$(BIN)/pyright -p $(DOC_CODE)
	cd $(VENV) && PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/$(VENV)" pyright --ignoreexternal --verifytypes skymms

# The tests marked `compat`, on every other Python this machine has, and with the lowest and the newest versions of dependencies.
compat:
	$(PYTHON) .ci/compat.py

bench: $(VENV)/.installed
	PYTHONPATH=tests/bench $(BIN)/python tests/bench/run.py $(ARGS)

# What the sandbox sustains, and that it keeps its size; on Linux.
bench-sandbox: $(VENV)/.installed
	PYTHONPATH=tests/bench $(BIN)/python tests/bench/sandbox_load.py $(ARGS)

# Broadcasts that are killed at random instants, in a file and in a database: nobody is sent to twice. It prints figures.
SECONDS ?= 60
POSTGRES ?= postgresql://postgres@127.0.0.1/test
kill-test: $(VENV)/.installed
	PYTHONPATH=tests/support $(BIN)/python tests/support/random_kills.py $(SECONDS) $(POSTGRES)

# Beside the libraries of other gateways. They live in an environment of their own, and one that does not install is told as such.
bench-peers: $(PEERS)/.installed
	PYTHONPATH=tests/bench $(PEERS)/bin/python tests/bench/peers.py $(ARGS)

$(PEERS)/.installed: $(SOURCE)
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check '.[async]' cryptography
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .
	for peer in twilio vonage plivo telnyx; do $(PEERS)/bin/pip install --quiet --disable-pip-version-check $$peer || true; done
	touch $@

# The pages of docs/ that are made from the code.
docs: $(VENV)/.installed
	$(BIN)/python docs/generate.py

# The package is installed, not linked, so that tests and demo run what a user gets; it is installed anew when a source is newer.
$(VENV)/.installed: $(VENV)/.dependencies $(SOURCE)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .
	touch $@

$(VENV)/.dependencies: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "skymms needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check '.[lint]'
	touch $@

# The README's pictures; needs Chromium.
picture: $(VENV)/.installed
	PYTHONPATH=tests/support $(BIN)/python docs/picture.py

clean:
	rm -rf $(VENV) $(PEERS) .venv-compat build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
