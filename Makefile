# Two commands set everything up: `make demo` and `make test`. Each makes the virtual environment it needs.
PYTHON ?= python3
VENV ?= .venv
SEED ?= 0
# The networks of demo and tests are narrow: a second thread gains little, and where other programs share the machine
# two threads that wait for each other lose much.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint wheel clean

help:
	@echo "make demo [SEED=0]   train SCADN on drawn lace and print the metric table (minutes on two CPU cores)"
	@echo "make test            run the tests"
	@echo "make lint            run ruff and mypy"
	@echo "make wheel           build the wheel into dist"
	@echo "make clean           remove the virtual environment and what was built"
	@echo "PYTHON=python3.12 chooses another Python (3.10 to 3.12), VENV=DIR another environment."

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip

# One stamp per set of extras, so that the demo does not wait for the test tools.
$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed
	$(VENV)/bin/anomalib train --config configs/demo.yaml --model.seed $(SEED)

test: $(VENV)/.installed-dev
	$(VENV)/bin/python -m pytest --numprocesses auto --dist loadfile

lint: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

wheel: $(VENV)/.installed-dev
	$(VENV)/bin/python -m build --wheel

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
