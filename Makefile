# Two commands set everything up: `make demo` and `make test`. Each makes the virtual environment it needs.
PYTHON ?= python3
VENV ?= .venv
SEED ?= 0
# Further arguments of the demo, say ARGS="--trainer.max_epochs 2".
ARGS ?=
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
# The networks of demo and tests are narrow: a second thread gains little, and where other programs share the machine
# two threads that wait for each other lose much.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs wheel clean

help:
	@echo "make demo [SEED=0]   train SCADN on drawn lace and print the metric table (minutes on two CPU cores)"
	@echo "make test            run the tests"
	@echo "make lint            run ruff and mypy, and build the site strictly"
	@echo "make docs            build the site of the documents into site"
	@echo "make wheel           build the wheel into dist"
	@echo "make clean           remove the virtual environment and what was built"
	@echo "PYTHON=python3.12 chooses another Python (3.10 to 3.13), VENV=DIR another environment."

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# One stamp per set of extras, so that the demo does not wait for the test tools.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "installing into $(VENV): several gigabytes, some minutes"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "installing into $(VENV): several gigabytes, some minutes"
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed
	$(BIN)/anomalib-scadn train --config configs/demo.yaml --model.seed $(SEED) $(ARGS)

# In the order of collection: the files of few but long tests come first, and short ones fill the end.
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory docs

# Links and references that lead nowhere fail.
docs: $(VENV)/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -W ignore -m mkdocs build --strict --quiet

wheel: $(VENV)/.installed-dev
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
