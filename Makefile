# Every target works straight after `git clone`, with only python3 (3.11 or newer) and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help run demo test check coverage format docs pictures lock bed real bench soak clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Tipoff needs Python 3.11 or newer, not " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(STAMP) ## the daemon, with config/
	$(BIN)/tipoff run

demo: $(STAMP) ## a recorded newsroom in half a minute: no account, token or network
	$(BIN)/tipoff demo

test: $(STAMP) ## all tests
	$(BIN)/pytest

check: $(STAMP) ## format, lint, types, tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest
	$(BIN)/pytest -n 0 -m "bed or contract"

# The pure files are tested by the rooms' own tests; journeys, servers and the demo would only make it slower.
coverage: $(STAMP) ## tests of the rooms, and which pure files they cover too little
	@rm -rf .coverage && mkdir .coverage
	$(BIN)/coverage run -m pytest tests/test_hours.py $(filter-out tests/__pycache__/ tests/servers/ tests/demo/, $(wildcard tests/*/))
	@$(BIN)/coverage combine -q
	$(BIN)/python -m tests.covered

format: $(STAMP) ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP) ## write the pages that come from the code
	$(BIN)/python -m bot.core.settings > docs/settings.md
	$(BIN)/python -m tests.pages
	$(BIN)/python -m tests.structure

pictures: $(STAMP) ## draw the messages in docs/pictures anew
	$(BIN)/pip install --quiet --disable-pip-version-check font-roboto==0.0.1
	$(BIN)/python -m tests.pictures docs/pictures

lock: $(STAMP) ## write the lock files anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra dev --extra bench pyproject.toml -o requirements-dev.lock

bed: $(STAMP) ## the tests of the fake Bot API, and journeys held against its published schema
	$(BIN)/pytest -n 0 -m "bed or contract"

real: $(STAMP) ## the tests on a collection of real feeds, where one lies in ../shared/data
	$(BIN)/pytest -n 0 -s -m real

bench: $(STAMP) ## measure, against peers in the same run
	@for file in benchmarks/[!_]*.py; do $(BIN)/python $$file $(BENCH) || exit 1; done

soak: $(STAMP) ## the long loops: crashes, load, signals, days at sixty times the speed, a million texts and documents
	TIPOFF_SOAK=1 TIPOFF_WEEK=$${TIPOFF_WEEK:-10} TIPOFF_KILLS=$${TIPOFF_KILLS:-1100} TIPOFF_CHAINS=$${TIPOFF_CHAINS:-3} TIPOFF_FATES=$${TIPOFF_FATES:-2000} \
		TIPOFF_LOAD=$${TIPOFF_LOAD:-1} TIPOFF_TEXTS=$${TIPOFF_TEXTS:-500000} TIPOFF_FUZZ=$${TIPOFF_FUZZ:-1000000} TIPOFF_FEEDS=$${TIPOFF_FEEDS:-100000} TIPOFF_MESSAGES=$${TIPOFF_MESSAGES:-100000} \
		$(BIN)/pytest -n 2 -s tests/test_crashes.py tests/test_survival.py tests/test_week.py tests/delivery/test_promise.py \
		tests/delivery/test_load.py tests/delivery/test_hostile_words.py tests/events/test_frames.py tests/feeds/test_hosts.py tests/feeds/test_any_header.py tests/chat/test_raw.py tests/feeds/parsing/test_fuzz.py tests/feeds/parsing/test_fingerprint.py

clean: ## throw the environment away
	rm -rf .venv
