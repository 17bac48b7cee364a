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
PIP_AUDIT = pip-audit==2.10.1

.PHONY: help demo test lint types unit bench readme fuzz compose-test audit format install constraints clean

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

audit: $(VENV)/audit/bin/pip-audit  ## Look for known vulnerabilities in the versions of constraints.txt
	@# Versions for other Pythons, too: a package that has two is in both lists.
	@sed 's/ ;.*//' constraints.txt | awk -F== '!seen[$$1]++' >$(VENV)/audit/first.txt
	@sed 's/ ;.*//' constraints.txt | awk -F== '{ seen[$$1] = $$0 } END { for (one in seen) print seen[one] }' \
		| sort >$(VENV)/audit/last.txt
	@for list in first last; do \
		$(VENV)/audit/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off \
			--requirement $(VENV)/audit/$$list.txt 2>$(VENV)/audit/said.txt && continue; \
		if grep -q 'Found [0-9]' $(VENV)/audit/said.txt; then \
			echo "make audit: take versions without these: make constraints, then make test" >&2; \
		else \
			tail -n 1 $(VENV)/audit/said.txt >&2; \
			echo "make audit: nothing is known: the database of vulnerabilities at pypi.org does not answer as it" \
				"should; run it where it can be reached" >&2; \
		fi; exit 1; \
	done
	@echo "no known vulnerability in the versions of constraints.txt"

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

$(VENV)/audit/bin/pip-audit:
	@$(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_AUDIT)

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
