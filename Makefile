# `make run` and `make test` are the whole set-up; everything below is safe to repeat.

PYTHON ?= /usr/bin/python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check bench messages docs lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

setup: ## make everything the product needs (make run does this too)
	@$(PYTHON) scripts/setup.py

setup-dev: ## the same, with the tools of make test
	@$(PYTHON) scripts/setup.py --dev

run: setup ## set up, then start the product with a demo interview; ARGS="--port 8001" adds options
	@exec $(VENV)/bin/pairsight run --demo $(ARGS)

test: setup-dev ## set up, then every check and every test; ARGS="-k text" narrows the tests
	@$(VENV)/bin/python -m scripts.check
	@$(VENV)/bin/python -m pytest $(ARGS)

check: setup-dev ## linters, types, layers, the front end, generated files
	@$(VENV)/bin/python -m scripts.check

bench: setup-dev ## measure: each figure beside a bare baseline of the same run
	@$(VENV)/bin/python -m bench $(ARGS)

messages: setup-dev ## collect the visible strings into the message catalogues
	@$(VENV)/bin/python -m scripts.messages

docs: setup-dev ## write the generated documentation anew
	@$(VENV)/bin/python -m scripts.gendocs

lock: setup-dev ## resolve pyproject.toml, requirements-*.in and package.json anew
	@$(VENV)/bin/python -m scripts.lock

clean: ## remove all that set-up made, and nothing else: interviews in var/ stay
	rm -rf $(VENV) node_modules .build web/static/build
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
