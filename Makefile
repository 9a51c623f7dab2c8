# Every target makes what it needs; `make demo` and `make test` work on a fresh clone.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
COLLECTIONS := $(CURDIR)/.cache/collections
export ANSIBLE_COLLECTIONS_PATH := $(COLLECTIONS)

# The newest Python that the collection supports; pyenv's shims may name versions that aren't there, so each is tried.
PYTHON ?= $(shell tests/find-python)

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

venv: $(VENV)/.tests ## environment with Ansible and the test libraries
$(VENV)/.tests: tests/requirements.txt meta/ee-requirements.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found: install one, or say make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

lint-venv: $(VENV)/.lint
$(VENV)/.lint: $(VENV)/.tests tests/requirements-lint.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements-lint.txt
	@touch $@

demo: venv ## two instances from nothing to promoted, upgraded and rolled back (KEEP=1 leaves them running)
	$(BIN)/python tests/demo/run.py $(if $(KEEP),--keep)

test: unit contract bench-test ## all tests
	@# The playbooks keep one core busy at a time: side by side, each told in one piece. Both gitea and docker want the Gitea that gitea builds.
	@$(MAKE) --no-print-directory -j 2 --output-sync=target gitea integration docker services

unit: venv ## exact calls of every module, and the sandbox's own parts
	$(BIN)/python -m pytest $(UNIT) -n $(JOBS)

oldest: ## the unit tests on the oldest Python and ansible-core that are supported; the sandbox itself only runs on the newest
	@python=$$(tests/find-python 3.11); test -n "$$python" || { echo "No Python 3.11 found" >&2; exit 1; }; \
	  $(MAKE) --no-print-directory unit VENV=.cache/venv-oldest PYTHON="$$python" \
	  UNIT="tests/unit --ignore tests/unit/sandbox"

contract: venv ## the sandbox against what real servers answered
	$(BIN)/python -m pytest tests/contract -n $(JOBS)

integration: venv ## the playbooks against instances (the sandbox's)
	$(BIN)/python -m pytest tests/integration --timeout 1800

bench: venv link ## promotions and upgrades beside the fewest calls, into docs/benchmarks.md (QUICK=1: a try; CASE=promotion|upgrade)
	@$(BIN)/python benchmarks/bench.py $(if $(QUICK),--quick) $(if $(CASE),--case $(CASE))

bench-test: venv link ## whether the benchmark works
	$(BIN)/python -m pytest tests/benchmarks -n $(JOBS)

gitea: venv ## pull requests and deploy keys against a real Gitea (built once, in about five minutes)
	$(BIN)/python tests/gitea/build.py
	$(BIN)/python -m pytest tests/gitea --timeout 1200

docker: venv ## the playbooks on a real Docker engine (as root; an engine of their own, an image made by debootstrap)
	$(BIN)/python tests/gitea/build.py
	$(BIN)/python -m pytest tests/docker --timeout 1800

services: venv ## credentials and their rotation against real PostgreSQL, MariaDB, Redis and HTTP services
	$(BIN)/python -m pytest tests/services --timeout 1200

live: venv ## the same playbook tests against the instances of INVENTORY=path
	@test -n "$(INVENTORY)" || { echo "Say which instances: make live INVENTORY=path/to/inventory.yml" >&2; exit 2; }
	$(BIN)/python -m pytest tests/integration -m live --timeout 0 --inventory-file "$(abspath $(INVENTORY))"

chaos: venv ## an upgrade killed at each of its steps, into docs/reliability.md (ONLY=point: one; 30 minutes)
	@$(BIN)/python tests/chaos/run.py $(if $(ONLY),--only $(ONLY))

lint: lint-venv link ## ruff, yamllint, mypy, ansible-lint (production), docs
	# The role driver_docker calls it.
	$(BIN)/python tests/docker/docker_tools.py community >/dev/null
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .
	cd $(COLLECTIONS) && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p ansible_collections.stagecraft.appsmith.plugins
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint --offline --profile production
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all --skip-rstcheck .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/antsibull-changelog lint

sanity: venv ## ansible-test sanity
	PYTHON="$(CURDIR)/$(BIN)/python" tests/run-sanity

link: ## the collection under its name, for Ansible
	@mkdir -p $(COLLECTIONS)/ansible_collections/stagecraft
	@ln -sfn $(CURDIR) $(COLLECTIONS)/ansible_collections/stagecraft/appsmith

build: venv ## the archive that ansible-galaxy installs
	$(BIN)/ansible-galaxy collection build --force --output-path .cache

clean: ## take away what the targets above made
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache

UNIT ?= tests/unit
# Two cores run two jobs; more only make the sandbox's processes wait for each other.
JOBS ?= $(shell nproc)

.PHONY: help venv lint-venv demo test unit oldest contract gitea docker services integration chaos bench bench-test live lint sanity link build clean
