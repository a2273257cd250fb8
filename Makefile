# Everything runs in .venv, which is made from requirements.lock when it is missing or outdated.
PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV_VERSION := 0.13.9
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES) --resources gpu=1

# What tests and jobs compile is kept: the second tier collects in half the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: env config check demo test test-slow lint format docs bench lock pins rulegraph image clean

env: $(STAMP)

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python requirements.lock
	@rm -f $(VENV)/lib/python*/site-packages/pyproject.toml  # roc-validator's; Biopython warns of it
	touch $@

# A configuration for a folder of photographs, and what is odd about a study before it runs. Paths
# reach the programs through the environment, so that blanks and quotes in them do no harm.
config: $(STAMP)
	@PYTHONPATH=workflow/lib $(BIN)/python -m visgen.starting.propose "$$IMAGES" --meta "$$META" \
	  --unnamed "$$UNNAMED" --tree "$$TREE" --sequences "$$SEQUENCES" --out "$$OUT"

check: export TQDM_DISABLE := 1
check: $(STAMP)
	@PYTHONPATH=workflow/lib $(BIN)/python -m visgen.starting.check "$$CONFIG"

demo: $(STAMP)
	$(SNAKEMAKE)
	@echo "Read results/demo/report/report.html"

# A file's tests stay in one process, for the runs of the workflow that they share.
test: $(STAMP)
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-slow: $(STAMP)
	$(BIN)/python -m pytest -q -m slow -n 2 --dist loadfile --no-loadscope-reorder --durations=12 \
	  $$(grep -l "mark\.slow" tests/test_*.py)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# The table of keys in config/README.md, from the schema.
docs: $(STAMP)
	PYTHONPATH=workflow/lib $(BIN)/python -m visgen.configuration.key_table \
	  workflow/schemas/config.schema.yaml config/README.md

bench: export TQDM_DISABLE := 1
bench: $(STAMP)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/store.py
	$(BIN)/python benchmarks/classifiers.py
	$(BIN)/python benchmarks/guidance.py
	$(BIN)/python benchmarks/ridge.py
	$(BIN)/python benchmarks/sequences.py
	$(BIN)/python benchmarks/metric_learning.py
	$(BIN)/python benchmarks/cross_modal.py
	$(BIN)/python benchmarks/prior.py
	$(BIN)/python benchmarks/naming.py
	$(BIN)/python benchmarks/scale.py

lock: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --quiet -o requirements.lock

# The graph of rules in docs/rules.md.
rulegraph: $(STAMP)
	$(BIN)/snakemake --forceall --rulegraph mermaid-js | \
	  PYTHONPATH=workflow/lib $(BIN)/python -m visgen.configuration.rule_graph docs/rules.md workflow

# Exact versions for each environment, from the lock file.
pins: $(STAMP)
	PYTHONPATH=workflow/lib $(BIN)/python -m visgen.configuration.pins envs requirements.lock

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
image:
	docker build --tag visgen:$(VERSION) .

clean:
	rm -rf $(VENV) .snakemake
