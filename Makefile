# Every target is a few lines that anyone can run by hand. Variables: BUILD=folder (default _build),
# ONLY=book/03-algorithm/five-steps (one page), DRAFT=1 (leave out missing pages, warn only),
# NORUN=1 (a draft that executes nothing), FILE=notebook (for check).
SHELL  := /bin/sh
PYTHON ?= python3
BUILD  ?= _build
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.attncourse
SOLVED := $(wildcard solutions/*.ipynb)
OPTIONS = --build $(BUILD) $(if $(ONLY),--only $(ONLY)) $(if $(DRAFT),--draft) \
          $(if $(NORUN),--no-execute)
BUILD_BOOK = $(BIN)/python book/site/build.py $(OPTIONS)

# So that `attncourse` is found in a terminal and by a kernel that `make lab` starts.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help env book numbers serve lint test lab check models exercises runs trained bench words mutants kills lock clean

help:  ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

env: $(STAMP)  ## Make the environment in .venv (done by every other target)

# torch through pip, so that pip's own configuration chooses the build; the rest through uv.
$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("attncourse needs Python 3.11 or newer; %s is %d.%d. Say which one to use: make PYTHON=python3.12" % (sys.executable, *v[:2]))'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv "$$(grep '^torch==' requirements.txt)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

book: env  ## Execute the notebooks and build the book into $(BUILD)/html
	$(BUILD_BOOK)

numbers: env  ## Write the numbers of the runs into the notebooks' text
	$(BUILD_BOOK) --numbers

serve: env  ## Serve the book and rebuild it whenever a source changes
	$(BIN)/python book/site/serve.py $(OPTIONS)

lint: env  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyrefly check

# What is cheap fails first. The book has executed its notebooks; the solutions are not in it. Chromium and bubblewrap come from the system's packages where they may.
test: env lint  ## Run every check: lint, types, book, package, notebooks, site
	sh tests/system.sh
	$(BUILD_BOOK)
	ATTNCOURSE_BUILD=$(BUILD) $(BIN)/pytest tests -n 2 --dist worksteal
	$(BIN)/pytest --nbval-lax --nbval-current-env -n 2 --dist loadscope $(SOLVED)

lab: env  ## Open the notebooks in JupyterLab
	$(BIN)/jupyter lab

check: env  ## Grade a notebook: make check FILE=exercises/03-algorithm.ipynb
	$(BIN)/attncourse check $(FILE)

models: env  ## Fetch the published models that attncourse.models loads (267 MB)
	$(BIN)/attncourse data --models

exercises: env  ## Generate exercises/ from solutions/
	$(BIN)/python -m attncourse.grading.generate

words: env  ## Write the reference's docstrings into PyTorch's twins
	$(BIN)/python -m tests.words

# ONLY=say_it_back for one experiment, FRESH=1 to measure again what is kept, JOBS=1 for one core.
runs: env  ## Train for longer and from more seeds, and keep the results (long; goes on where it stopped)
	$(BIN)/python -m attncourse.experiments $(if $(ONLY),--only $(ONLY)) $(if $(FRESH),--fresh) $(if $(JOBS),--jobs $(JOBS))

# ONLY=letters_to_sounds for one network. What it weighs and what rounding costs is kept with it.
trained: env  ## Train the networks that widgets carry, and keep them in attncourse/trained (minutes)
	$(BIN)/python -m attncourse.experiments.keep $(if $(ONLY),--only $(ONLY))

bench: env  ## Run the benchmarks
	$(BIN)/python -m benchmarks

kills: env  ## Count the wrong answers that the exercises' checks refuse, into solutions/kills.json
	$(BIN)/python -m tests.grading.kills

mutants: env  ## Break the package one token at a time; list what no test notices (long)
	$(BIN)/python -m tests.mutation

lock: env  ## Compile requirements.txt from pyproject.toml (UPGRADE=1: the newest of everything)
	$(BIN)/python book/site/lock.py $(if $(UPGRADE),--upgrade)

clean:  ## Remove what was built; the environment and downloaded data stay
	rm -rf _build .pytest_cache .ruff_cache .hypothesis
