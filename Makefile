# The only door: `make help`. GNU make 4.3, bash; everything else comes into .venv.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Compiled modules halve the start of every Airflow program.
unexport PYTHONDONTWRITEBYTECODE

# The profile that the generated pages and the demo are made with: PROFILE=zhumadian make demo. It goes before what a
# demo's environment, read into the shell, says.
export BIDUI_PROFILE := $(or $(PROFILE),$(BIDUI_PROFILE),demo)

VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
# The demo's working folder; a second demo beside it needs another one, and other BIDUI_*_PORTs.
export BIDUI_DEMO_HOME ?= build/demo
UV := uv==0.13.9

# 3.11 first: it is what everything is run on here. Another one: make .venv PYTHON=python3.13
PYTHON ?= python3.11 python3.12 python3.13 python3

# uv reads its own settings only: hand it the package index that pip is configured for.
define FIND_INDEX
index="$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null || true)}"
if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi
endef

.PHONY: help .venv lock format lint docs docs-check test proofs demo verify-demo up down looks clean

help:  ## this list
	@grep -hE '^[a-z.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z.-]+):.*## /\1\t/' | expand -t 12

.venv: $(READY)  ## install what requirements*.txt lock, if they changed

$(BIN)/python:
	@python=""
	for candidate in $(PYTHON); do
	  if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
	    python="$$candidate"; break
	  fi
	done
	fail() { echo "$$1" >&2; exit 1; }
	[ -n "$$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed; none of these is it: $(PYTHON). / 需要 Python 3.11–3.13"
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$$python lacks venv: on Debian, apt-get install python3-venv / 缺少 venv 模块"
	command -v git >/dev/null || fail "git is needed. / 需要 git"
	openssl version 2>/dev/null | grep -qE '^OpenSSL ([3-9]|[1-9][0-9])\.' || fail "the openssl command, version 3 or later, is needed. / 需要 openssl 3 以上"
	"$$python" -m venv $(VENV)

$(READY): requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "installing into $(VENV) …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(UV)"
	$(FIND_INDEX)
	locked=(-r requirements.txt -r requirements-dev.txt)
	export UV_HTTP_TIMEOUT=120
	# pip knows every mirror, proxy and certificate that it was told of; uv is faster, where it gets through.
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes "$${locked[@]}" \
	  || $(BIN)/python -m pip install --disable-pip-version-check --no-deps --require-hashes "$${locked[@]}"
	$(BIN)/python -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'bidui.pth').write_text(str(pathlib.Path('plugins').resolve()) + chr(10))"
	touch $@

lock: | $(BIN)/python  ## resolve requirements*.in anew into requirements*.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(UV)"
	$(FIND_INDEX)
	for name in requirements requirements-dev; do
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    $$name.in --output-file $$name.txt
	done

format: $(READY)  ## lay out the Python files
	@$(BIN)/ruff format .
	$(BIN)/ruff check --select I --fix .

lint: $(READY)  ## style, types, import directions, generated documents
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(MAKE) docs-check

docs: $(READY)  ## write docs/generated anew
	@$(BIN)/python -m bidui docs

docs-check: $(READY)
	@$(BIN)/python -m bidui docs --check

test: $(READY)  ## all tests, on every core (make test ARGS='tests/unit -x')
	@$(BIN)/pytest -n logical --no-loadscope-reorder $(ARGS)

proofs: $(READY)  ## prove the clauses anew and write include/clauses/evidence.json and the page of it
	@PROVE=1 $(BIN)/pytest tests/clauses tests/e2e/test_clauses.py $(ARGS) \
	  tests/e2e/test_profiles.py::test_the_evidence_names_what_gave_a_result
	$(MAKE) docs

demo: $(READY)  ## play three months in a simulated county; ONCE=1 ends and stops everything afterwards
	@$(BIN)/python -m demo

verify-demo: $(READY)  ## verify a demo once more: truth, ledger, mails, vault, restore (up or stopped)
	@$(BIN)/python -m demo.verify --home "$(BIDUI_DEMO_HOME)"

up: $(READY)  ## start Postgres, mail and Airflow only, on 127.0.0.1
	@$(BIN)/python -m demo.services up --home "$(BIDUI_DEMO_HOME)"

down: $(READY)  ## stop everything that was started, also after a crash
	@$(BIN)/python -m demo.services down --home "$(BIDUI_DEMO_HOME)"

looks: $(READY)  ## pictures of the interface and of the mailed documents in build/looks (the demo must be up)
	@$(BIN)/python -m demo.looks

clean:  ## stop everything, remove build/ and caches (keeps .venv)
	@if [ -e $(READY) ]; then $(BIN)/python -m demo.services remove --home "$(BIDUI_DEMO_HOME)"; fi
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
