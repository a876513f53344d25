# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test browser quick check format fuzz faults golden bench bench-checkpoints bench-audit bench-tables catalogue docs clean

demo: $(STAMP)
	$(BIN)/bigmodel train configs/digits.yaml
	$(BIN)/bigmodel evaluate
	$(BIN)/bigmodel predict docs/images/seven.png

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(STAMP)

# The whole suite. What Python makes of the code is kept, whatever the environment says: over a hundred tests
# start processes, each of which would make it again.
test: $(STAMP) browser
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 2 --dist worksteal --durations 40

# The browser of the report's tests; where it cannot be had they are skipped, and say so.
browser:
	@command -v chromium google-chrome chromium-browser > /dev/null || [ "$$CI" != true ] || \
		{ apt-get update -qq; apt-get install -y -qq chromium > /dev/null; } || true

# The loop for every edit: what needs neither TensorFlow nor scikit-learn nor a hub's library and takes no time;
# of tests with many cases a few of each, all of them with `make quick CASES=9999`. Folders where nearly everything
# is left out are not even looked at. What pytest makes of the tests is kept, whatever the environment says:
# without, half of the time goes there. Thousands of small files are in memory where there is room: on some disks
# it takes as long to remove them as all tests do.
CASES ?= 2
IN_MEMORY = [ "$$(df -Pk /dev/shm 2> /dev/null | awk 'END { print $$4 }')" -gt 1000000 ] 2> /dev/null
quick: $(STAMP)
	$(IN_MEMORY) && parent=/dev/shm || parent=$${TMPDIR:-/tmp}; \
	folder=$$(mktemp -d $$parent/bigmodel.XXXXXX) && trap "rm -rf $$folder" EXIT; \
	PYTHONDONTWRITEBYTECODE= TMPDIR=$$folder $(BIN)/python -m pytest -q --numprocesses 2 -m "not tf and not slow" \
		--cases $(CASES) -p no:hypothesispytest --ignore tests/training --ignore tests/modeling --ignore tests/inference \
		--ignore tests/reporting --ignore tests/sources/tables --ignore tests/sources/hubs

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python scripts/generate_docs.py --check

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The long form of the fuzzing of the config language, and of tables.
fuzz: $(STAMP)
	BIGMODEL_FUZZ_CASES=20000 $(BIN)/python -m pytest -q tests/config/test_fuzz.py
	BIGMODEL_FUZZ_CASES=5000 $(BIN)/python -m pytest -q tests/sources/tables/test_fuzz.py

# The long form of the fault injection: some 450 kills, full disks, damaged and hostile files; and starters that
# train all of their epochs. Over an hour.
faults: $(STAMP)
	BIGMODEL_FAULTS=long $(BIN)/python -m pytest -q --numprocesses 2 --dist loadgroup tests/faults tests/cluster \
		tests/tuning/test_search.py tests/tracking/test_feeder.py tests/starter/test_learns.py

# Whether this code trains every shipped config to the same last digit as a commit's, prints and writes the same:
# make golden AGAINST=main. Some five minutes on a machine that does nothing else.
AGAINST ?= HEAD
golden: $(STAMP)
	$(BIN)/python benchmarks/golden.py against $(AGAINST)

# Everything that bigmodel is measured by, beside plain Keras scripts, into benchmarks/results.md: over an hour
# on a machine that does nothing else.
bench: $(STAMP)
	$(BIN)/python benchmarks/bench.py --write

# What a checkpoint costs beside a bare model.save.
bench-checkpoints: $(STAMP)
	$(BIN)/python benchmarks/checkpoint_cost.py

# How long the audit of all of MNIST takes, and which planted copies of photographs it finds.
bench-audit: $(STAMP)
	$(BIN)/python benchmarks/audit.py

# How long a million rows of CSV take until they are arrays, and how much memory.
bench-tables: $(STAMP)
	$(BIN)/python benchmarks/tables.py

# After an upgrade of Keras.
catalogue: $(STAMP)
	$(BIN)/python scripts/generate_catalogue.py
	$(BIN)/python scripts/generate_applications.py

# What is made from the code.
docs: $(STAMP)
	$(BIN)/python scripts/generate_docs.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
