# Two commands matter: make run, make test. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
DESK := .venv/bin/python
ENGINE := .venv-engine/bin/python
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_NO_PROGRESS := 1
export UV_SYSTEM_CERTS := 1

.PHONY: help setup train run test check bench mutate repeat rasa evaluate ablation adapt stock locks screenshots clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 22

# Runs the Python of that version wherever it is: on the path, or with uv or pyenv.
find = $(shell for python in python$(1) "$$(pyenv prefix $(1) 2>/dev/null)/bin/python$(1)" "$$(uv python find --no-python-downloads $(1) 2>/dev/null)"; do \
	"$$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(1)")' 2>/dev/null && echo "$$python" && break; done)

setup: .venv/.ready .venv-engine/.ready ## Install both runtimes from the hashed locks

.tools/bin/uv:
	@python="$(call find,3.12)"; test -n "$$python" || { echo "Python 3.12 is missing. Install it (for example: pyenv install 3.12) and run this again." >&2; exit 1; }; \
	echo "Setting up uv"; "$$python" -m venv .tools && .tools/bin/pip install --quiet uv

.venv/.ready: requirements.lock | $(filter .tools/bin/uv,$(UV))
	@$(call make_runtime,.venv,$(call find,3.12),3.12,requirements.lock)

.venv-engine/.ready: bot/engine/requirements.lock | $(filter .tools/bin/uv,$(UV))
	@$(call make_runtime,.venv-engine,$(call find,3.10),3.10,bot/engine/requirements.lock)

define make_runtime
test -n "$(2)" || { echo "Python $(3) is missing. Install it (for example: pyenv install $(3)) and run this again." >&2; exit 1; }; \
echo "Setting up $(1) (Python $(3))"; \
test -x $(1)/bin/python || "$(2)" -m venv --without-pip $(1); \
$(UV) pip sync --quiet --compile-bytecode --require-hashes --python $(1)/bin/python $(4) && touch $(1)/.ready
endef

train: setup ## Build encoder and model (skipped when nothing they depend on changed)
	@$(DESK) -m bot train

run: setup ## Start everything; Ctrl-C ends it
	@exec $(DESK) -m bot run

test: setup ## Run every test
	@$(DESK) -m bot train
	@$(ENGINE) -m pytest -q -c bot/engine/pyproject.toml --rootdir bot/engine tests/engine
	@$(DESK) -m pytest $(ARGS)

check: setup ## Format, lint, types, imports, Rasa's own validation
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@# Rasa cannot know the answers that actions give; tests/house checks those names.
	@set -o pipefail; $(ENGINE) -m bot.engine.rasa_cli data validate --fail-on-warnings 2>&1 | sed '/is not used in any story or rule/d; /submit_claim\|submit_code\|submit_form\|rate_handoff\|person_first/d'

bench: setup ## Measure speed, each figure beside a peer in the same run
	@$(DESK) -m bot train
	@$(DESK) bench/turns.py
	@$(DESK) bench/erasure.py
	@$(DESK) bench/export.py

mutate: train ## Plant faults and see how many the tests find: make mutate ARGS="--number 120"
	@$(DESK) -m tests.mutations $(ARGS)

N ?= 50
repeat: train ## Lead all conversations again and again and compare what came of them: make repeat N=50 ARGS="--at-once 2"
	@$(DESK) -m tests.conversations.repeat $(N) $(ARGS)

rasa: setup ## Any Rasa command line: make rasa ARGS="data validate"
	@$(ENGINE) -m bot.engine.rasa_cli $(ARGS)

evaluate: train ## Understanding figures: make evaluate ROWS="file.jsonl ..."
	@$(DESK) bench/understanding.py $(ROWS)

ablation: train ## What each part of reading is worth, as a Markdown table (some minutes)
	@$(ENGINE) bench/ablation.py

.venv-adapt/.ready: bench/adaptation/requirements.lock | $(filter .tools/bin/uv,$(UV))
	@$(call make_runtime,.venv-adapt,$(call find,3.12),3.12,bench/adaptation/requirements.lock)

adapt: setup .venv-adapt/.ready ## Adapt the sentence encoder to the phrases anew (half an hour and more)
	@.venv-adapt/bin/python -m bench.adaptation

.venv-stock/.ready: | $(filter .tools/bin/uv,$(UV))
	@"$(call find,3.10)" -m venv --without-pip .venv-stock && $(UV) pip install --quiet --python .venv-stock/bin/python rasa==3.6.21 "setuptools<70" && touch $@

stock: train .venv-stock/.ready ## Stock Rasa beside this project's reading: make stock ROWS="requests.jsonl questions.jsonl"
	@$(DESK) bench/stock/compare.py $(ROWS)

screenshots: setup ## Retake the pictures of README and docs (the desk must run)
	@$(DESK) -m docs.take_screenshots

locks: setup ## Renew the lock files
	UV_CUSTOM_COMPILE_COMMAND="make locks" $(UV) pip compile --quiet --python $(DESK) --generate-hashes --no-emit-index-url --group dev pyproject.toml -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make locks" $(abspath $(UV)) pip compile --quiet --directory bot/engine --python ../../$(ENGINE) --generate-hashes --no-emit-index-url pyproject.toml -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make locks" $(UV) pip compile --quiet --python $(DESK) --generate-hashes --no-emit-index-url bench/adaptation/requirements.in -o bench/adaptation/requirements.lock

clean: ## Remove everything that make can build again; data under var/ stays
	rm -rf .venv .venv-engine .venv-adapt .venv-stock .tools models/encoder models/*.tar.gz models/privacy-desk.json models/clauses.json .rasa
