# Two commands do everything on a machine with Python >= 3.11 and a package index: `make demo` and `make test`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PEERS  := .venv-peers
DIST   := .venv-dist
DOC_CODE := build/doc-code
LINT := lint-ruff lint-mypy lint-pyright lint-pyright-tests lint-pyright-docs lint-public-types lint-workflows
SOURCE := pyproject.toml $(shell find skymms xsd -type f -not -path '*/__pycache__/*')

# Tests and tools see what is installed, never the checkout they happen to stand in.
export PYTHONSAFEPATH := 1

.PHONY: demo test test-all lint $(LINT) compat dist dist-test bench bench-broadcast bench-peers bench-sandbox bench-inbox bench-media kill-test docs picture clean

demo: $(VENV)/.installed
	$(BIN)/skymms demo

test: $(VENV)/.installed
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist worksteal $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Sweeps that `make test` samples are run whole, and nothing is measured.
test-all: $(VENV)/.installed
	SKYMMS_EXHAUSTIVE=1 $(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# The checks run side by side. Each is a target, so that it can be run alone: `make lint-mypy`.
lint: $(VENV)/.installed
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target --keep-going $(LINT)

lint-ruff: $(VENV)/.installed
	$(BIN)/ruff check skymms tests examples docs .ci
	$(BIN)/ruff format --check skymms tests examples docs .ci

lint-mypy: $(VENV)/.installed
	$(BIN)/mypy

lint-pyright: $(VENV)/.installed
	$(BIN)/pyright

lint-pyright-tests: $(VENV)/.installed
	$(BIN)/pyright -p tests

lint-pyright-docs: $(VENV)/.installed
	$(BIN)/python docs/code_blocks.py $(DOC_CODE)
	$(BIN)/pyright -p $(DOC_CODE)

lint-public-types: $(VENV)/.installed
	cd $(VENV) && PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/$(VENV)" pyright --ignoreexternal --verifytypes skymms

# The workflows of the code host, without a network. actionlint knows more than their schema: install it if you change them.
lint-workflows: $(VENV)/.installed
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --quiet --offline .github
	! command -v actionlint >/dev/null || actionlint

# The files of a release, in dist/: built twice, compared and checked.
dist: $(DIST)/.installed
	$(DIST)/bin/python .ci/dist.py build

# What `make dist` built: the wheel in a new environment, and the sdist's own tests, from the unpacked sdist (RELEASING.md).
dist-test:
	$(PYTHON) .ci/dist.py test

$(DIST)/.installed: pyproject.toml
	$(PYTHON) -m venv $(DIST)
	# Older ones cannot install a dependency group.
	$(DIST)/bin/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(DIST)/bin/pip install --quiet --disable-pip-version-check --group dist
	touch $@

# The tests marked `compat`, on every other Python this machine has, and with the lowest and the newest versions of dependencies.
compat: $(VENV)/.dependencies
	$(BIN)/python .ci/compat.py $(ARGS)

bench: $(VENV)/.installed
	PYTHONPATH=tests/bench $(BIN)/python tests/bench/run.py $(ARGS)

# What broadcasts sustain, with a million recipients and with several processes on PostgreSQL: see docs/explanation/performance.md.
bench-broadcast: $(VENV)/.installed
	PYTHONPATH=tests/bench $(BIN)/python tests/bench/broadcast_run.py $(ARGS)

# What the sandbox sustains, and that it keeps its size; on Linux.
bench-sandbox: $(VENV)/.installed
	PYTHONPATH=tests/bench $(BIN)/python tests/bench/sandbox_load.py $(ARGS)

# What it costs to make a photograph fit.
bench-media: $(VENV)/.installed
	PYTHONPATH=tests/bench:tests/support $(BIN)/python tests/bench/fitting.py $(ARGS)

# Posts a second that the inbox stores, in a file and in a database; on Linux.
bench-inbox: $(VENV)/.installed
	PYTHONPATH=tests/bench $(BIN)/python tests/bench/inbox_load.py $(ARGS)

# Broadcasts that are killed at random instants, in a file, in a database and by engines: nobody is sent to twice. It prints
# figures. Redis and RabbitMQ are those of this machine.
SECONDS ?= 60
POSTGRES ?= postgresql://postgres@127.0.0.1/test
kill-test: $(VENV)/.installed
	PYTHONPATH=tests/support $(BIN)/python tests/support/random_kills.py $(SECONDS) $(POSTGRES)
	PYTHONPATH=tests/support $(BIN)/python tests/support/engine_kills.py $(SECONDS) $(POSTGRES)

# Beside the libraries of other gateways. They live in an environment of their own, and one that does not install is told as such.
bench-peers: $(PEERS)/.installed
	PYTHONPATH=tests/bench $(PEERS)/bin/python tests/bench/peers.py $(ARGS)

$(PEERS)/.installed: $(SOURCE)
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check '.[async]' cryptography
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .
	for peer in twilio vonage plivo telnyx; do $(PEERS)/bin/pip install --quiet --disable-pip-version-check $$peer || true; done
	touch $@

# The pages of docs/ that are made from the code, and then the site, in docs/_build/html. Nothing is downloaded.
docs: $(VENV)/.installed $(VENV)/.docs
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/build_site.py

$(VENV)/.docs: pyproject.toml $(VENV)/.dependencies
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check '.[docs]'
	touch $@

# The package is installed, not linked, so that tests and demo run what a user gets; it is installed anew when a source is newer.
$(VENV)/.installed: $(VENV)/.dependencies $(SOURCE)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .
	touch $@

$(VENV)/.dependencies: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "skymms needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	# What is imported is compiled then; compiling everything takes half the time of the installation.
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check '.[lint]'
	touch $@

# The pictures of the README and of docs; needs Chromium.
picture: $(VENV)/.installed
	PYTHONPATH=tests/support $(BIN)/python docs/picture.py
	PYTHONPATH=tests/support $(BIN)/python docs/watch_picture.py

clean:
	rm -rf $(VENV) $(PEERS) $(DIST) .venv-compat .venv-dist-test build dist docs/_build .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
