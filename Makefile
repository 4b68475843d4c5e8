# `make book` builds the site and `make test` checks everything, each from a fresh clone. `make help` lists the rest.
.DEFAULT_GOAL := help

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
PAGES := .cache/pages
OUT := _build/notebooks
SCRIPTS := code tests tools book/_ext setup.py
WORKFLOWS := .github/workflows

# Data that the package prepares stays inside the checkout.
export UNROLLED_CACHE ?= $(CURDIR)/.cache/unrolled
# PyTorch on one thread: the same sums in the same order on any machine, and on a shared one no threads that
# wait for each other. With matrices as small as these a second thread gains at most a third.
export OMP_NUM_THREADS ?= 1
# The user's locale must not change what is built.
export PYTHONUTF8 = 1

.PHONY: help book serve pdf notebooks test env lint types check pages format links lock clean

help:  ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1  \t/p' Makefile

env:  ## make .venv with the locked versions, if that is not done
	@sh tools/environment.sh

book: env  ## execute the notebooks and build the site
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "Open $(CURDIR)/_build/html/index.html"

pdf: export UNROLLED_PDF = 1
pdf: book  ## the site with the whole book as _build/html/unrolled.pdf, which takes a Chromium

notebooks: book  ## lay out what the branch `notebooks` holds; OUT=... takes another folder
	PYTHONPATH=book/_ext $(BIN)/python -m unrolled_book.notebooks.branch _build/html "$(OUT)"

serve:  ## serve the built site, whose live models a page from the disk cannot load
	@echo "Open http://127.0.0.1:8000/ (stop with Ctrl+C)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

test: export UNROLLED_BUDGET = smoke
test: lint  ## lint, types and every test, at the smoke budget
	$(MAKE) --jobs=2 types check

check: export UNROLLED_BUDGET = smoke
check: env  ## the tests alone: units, the built site and with it the notebooks
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder tests

pages: env
	$(BIN)/python tools/pages.py $(PAGES)

lint: env pages  ## ruff over the code and the cells, and the workflows
	$(BIN)/ruff check $(SCRIPTS)
	$(BIN)/ruff format --check $(SCRIPTS)
	$(BIN)/ruff check --line-length 80 --no-respect-gitignore $(PAGES)
	$(BIN)/ruff format --line-length 80 --diff --no-respect-gitignore $(PAGES)
	$(BIN)/zizmor --offline --pedantic --quiet $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)/*.yml

types: env  ## mypy over the package
	$(BIN)/mypy

format: env  ## put code into its form
	$(BIN)/ruff check --fix $(SCRIPTS)
	$(BIN)/ruff format $(SCRIPTS)

links: env  ## follow every external link of the book
	$(BIN)/jupyter-book build . -W -n --keep-going --builder linkcheck --path-output _build/links

lock: env  ## resolve requirements.lock again; LOCK=--upgrade takes what is new
	sh tools/lock.sh $(LOCK)

clean:  ## remove what is built and kept, but not .venv
	rm -rf _build .cache
