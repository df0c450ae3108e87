# Two commands are all that a newcomer needs: `make demo` and `make test`. Each makes .venv where it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint format types install clean

install: $(STAMP)

# torch comes first and pinned, so that torchvision (a test reference) takes the one that is there.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt --editable '.[all,dev]'
	touch $@

demo: $(STAMP)
	mkdir -p .farm
	$(BIN)/farm submit --all
	$(BIN)/farm table
	$(BIN)/farm status resnet50

# One process for each core, one thread in each: two threads in one BLAS are slower than two processes.
test: $(STAMP)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

types: $(STAMP)
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .farm .mypy_cache .ruff_cache .pytest_cache .hypothesis
