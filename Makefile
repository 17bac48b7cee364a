# Needs make and Python >= 3.11, nothing else: Kafka and its Java come through pip.
# Everything else is installed into .venv, in the versions of constraints.txt.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
EXTRAS = processor,sink,demo,fast,dev
ALERTS ?= 120
SEED ?= 1
MESSAGES ?= 100000
PYTEST ?=

.PHONY: help demo test lint types unit bench readme fuzz compose-test format install constraints clean

help:  ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/installed  ## Play a night of alerts through everything (KEEP=1 leaves it running)
	@$(BIN)/python -m demo run --alerts $(ALERTS) --seed $(SEED) $(if $(KEEP),--keep)

test: lint types unit  ## Check format, lint and types, and run the tests

lint: $(VENV)/installed
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

types: $(VENV)/installed
	@$(BIN)/mypy

unit: $(VENV)/installed
	@$(BIN)/pytest $(PYTEST)

bench: $(VENV)/installed  ## Measure processor and sink beside what they replace (an hour; alone: python -m benchmarks.sink)
	@$(BIN)/python -m benchmarks.processor
	@$(BIN)/python -m benchmarks.sink

readme: $(VENV)/installed  ## Write the README's commands and their answers anew
	@PYTHONPATH=tests $(BIN)/python -m support.readme

fuzz: $(VENV)/installed  ## Damage 100,000 messages: each has to become a record or a dead letter
	@PYTHONPATH=tests $(BIN)/python -m fuzz --messages $(MESSAGES) --seed $(SEED)

compose-test: $(VENV)/installed  ## Run docker-compose.yml for real, and break it (needs a Docker engine; ten minutes)
	@PYTHONPATH=tests $(BIN)/python -m containers

format: $(VENV)/installed  ## Format the code, and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

install: $(VENV)/installed  ## Install everything into .venv

constraints: $(VENV)/installed  ## Choose the newest versions anew, for every Python at once
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --upgrade \
		--no-emit-index-url --no-annotate --no-header pyproject.toml --output-file constraints.txt

clean:  ## Remove what make has made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "make: $(PYTHON) is missing or older than 3.11: install Python 3.11 or newer," \
			"or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: $(PYTHON) has no venv module: install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "installing into $(VENV): once, a minute or two"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@
