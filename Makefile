# Everything a newcomer needs: `make demo`, `make test`. Only make and a Python 3.11-3.13 with pip are assumed.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help install demo demo-airflow demo-prefect test test-slow check format clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# A stamp, so that the second call costs nothing; a changed pyproject.toml or constraints.txt installs again.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --constraint constraints.txt --editable '.[dev]'
	touch $@

install: .venv/installed  ## make .venv with the package and what its tests need

demo: .venv/installed  ## the whole pipeline on the Palmer penguins, from table to registered model
	$(BIN)/automl demo

demo-airflow: .venv/installed  ## a real Airflow with the example DAGs, one of them running; ONCE=1 ends after it
	$(BIN)/python -m airflow_provider.demo $(if $(ONCE),--once)

demo-prefect: .venv/installed  ## a real Prefect server with a served example flow, and a run of it; ONCE=1 ends after it
	$(BIN)/python -m prefect_tasks.demo $(if $(ONCE),--once)

check: .venv/installed  ## style, types, who imports whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## everything that CI runs
	$(BIN)/python -m pytest -n 2 --dist loadfile -q

test-slow: .venv/installed  ## the slow tests: a model in an environment of its own, and the like
	$(BIN)/python -m pytest -n 2 --dist loadfile -q -m slow

format: .venv/installed  ## put the code into its style
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/python -m airflow_provider.stubs
	$(BIN)/ruff format --quiet .

clean:  ## remove the environment and what the demo made
	rm -rf .venv .airflow .prefect runs mlruns mlflow.db
