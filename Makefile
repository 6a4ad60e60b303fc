# make demo: set up, run the main job on the sample trial, show where the tables lie.
# make test: set up, then all checks and tests.
# Nothing has to be installed first but python3 (3.11 or newer) and make.

VENV := .venv
BIN := $(VENV)/bin
DEMO := demo

.PHONY: demo test check window accuracy benchmarks clean

demo: $(VENV)/.ready
	@sh scripts/demo.sh $(BIN) $(DEMO)

test: check
	@sh scripts/test.sh $(BIN)

window: $(VENV)/.ready-test
	@sh scripts/window.sh $(BIN) -q

check: $(VENV)/.ready-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

accuracy: $(VENV)/.ready-test
	$(BIN)/python -m tests.benchmarks.accuracy

benchmarks: $(VENV)/.ready-test
	$(BIN)/python -m tests.benchmarks

$(VENV)/.ready: pyproject.toml constraints.txt scripts/setup.sh
	@sh scripts/setup.sh $(VENV) '.[ocr]'
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready
	@sh scripts/setup.sh $(VENV) '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
