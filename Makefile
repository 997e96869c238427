# `make demo` and `make test` do all set-up: with uv when it is there, else with venv and pip.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
MEMBERS := tap-stripe-td target-td-table td-connector sandbox
EDITABLE := -e ./tap-stripe-td -e ./target-td-table -e ./td-connector -e './sandbox[demo]'
MANIFESTS := pyproject.toml uv.lock $(MEMBERS:%=%/pyproject.toml)
SOURCES := tap-stripe-td/src target-td-table/src td-connector/src sandbox/src tap-stripe-td/openapi sandbox/shapes docs tests bench
# Each writes what is generated; with --check it says what differs.
GENERATORS := tap-stripe-td/openapi/make_schemas.py tap-stripe-td/openapi/make_docs.py sandbox/shapes/make.py docs/make_settings.py docs/make_readme.py

.PHONY: demo test lint format generated clean

demo: $(VENV)/.demo-installed
	$(BIN)/td-connector demo

test: $(VENV)/.dev-installed
	$(BIN)/pytest -n 2 --dist worksteal

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports
	@for generator in $(GENERATORS); do $(BIN)/python $$generator --check || exit 1; done

format: $(VENV)/.dev-installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generated: $(VENV)/.dev-installed
	@for generator in $(GENERATORS); do $(BIN)/python $$generator || exit 1; done

clean:
	rm -rf $(VENV) .demo .meltano

ifneq ($(UV),)
$(VENV)/.demo-installed: $(MANIFESTS)
	uv sync --quiet --frozen --no-dev --inexact
	@touch $@

$(VENV)/.dev-installed: $(MANIFESTS)
	uv sync --quiet --frozen
	@touch $@ $(VENV)/.demo-installed
else
# Shows what a command says only if it fails: on Ctrl-C, Python and pip would end with a traceback.
quietly = @said=$$(mktemp) && trap 'rm -f "$$said"' EXIT && trap 'exit 130' INT && \
	{ { $(1); } >"$$said" 2>&1 || { cat "$$said" >&2; exit 2; }; }

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 2; }
	@echo "Making $(VENV)."
	$(call quietly,$(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv" >&2; exit 2; })
	$(call quietly,$(BIN)/pip install --quiet --upgrade 'pip>=25.1')

$(VENV)/.demo-installed: $(MANIFESTS) | $(VENV)/bin/pip
	@echo "Installing into $(VENV); this takes a minute or two the first time."
	$(call quietly,$(BIN)/pip install --quiet $(EDITABLE))
	@touch $@

$(VENV)/.dev-installed: $(MANIFESTS) | $(VENV)/bin/pip
	@echo "Installing into $(VENV) with what the tests need; this takes some minutes the first time."
	$(call quietly,$(BIN)/pip install --quiet $(EDITABLE) --group dev)
	@touch $@ $(VENV)/.demo-installed
endif
