# Every target sets up what it needs first: see local/bootstrap.py.
# What can be set: STACK (a file in stacks/), MODELS and PORT (of serve), MODEL (of profile), PYTHON,
# LLMP_CACHE, LLMP_STATE.

PYTHON ?= python3
STACK ?= local

RUN := $(PYTHON) local/bootstrap.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up down stop status live live-down serve serve-down profile test unit policies-test services-test lifecycle live-test check clean images

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## Bring the local stack up (the first time builds or downloads the tools)
	@$(RUN) --with policies llmp up $(STACK)

down: ## Destroy the local stack and stop its cloud
	@$(RUN) --with policies llmp destroy $(STACK) --stop --yes

stop: ## End the local cloud's processes without destroying anything first
	@$(RUN) llmp stop $(STACK)

status: ## Show what stands
	@$(RUN) llmp status $(STACK)

live: ## The platform on a real node on this machine; a real model answers through Envoy (needs root)
	@$(RUN) --with policies --with services llmp live up --install

live-down: ## Destroy the live stack and end its node
	@$(RUN) --with policies llmp live down

serve: ## Start Triton and the gateway on this machine: a real model answers (MODELS=a,b PORT=n)
	@$(RUN) --with services llmp serve $(if $(MODELS),--models "$(MODELS)") $(if $(PORT),--port $(PORT))

serve-down: ## Stop what serve has started
	@$(RUN) llmp serve --down

profile: ## Measure a model with Model Analyzer and propose its instance count, batches, queue delay (MODEL=name)
	@$(RUN) --with services llmp models profile $(MODEL)

test: unit policies-test services-test lifecycle ## All tests: unit, policies, services, real engine

unit: ## Unit tests, without engine and clusters
	@$(RUN) pytest -q -n 2 tests/unit

policies-test: ## Tests of the policy pack, in its own environment
	@$(RUN) --in policies pytest -q

services-test: ## Tests of the gateway, of the models on the real Triton, and of manifests against KServe's models
	@$(RUN) --in services pytest -q -rs -n 2 --dist loadfile

lifecycle: ## Tests on the real engine, the real API server and the emulated AWS
	@$(RUN) --with policies --with services pytest -q -rs -n 3 --dist loadfile --no-loadscope-reorder tests/lifecycle

live-test: ## Tests on the real node, the real controllers and the real model (needs root)
	@$(RUN) --with policies --with services pytest -q -rs tests/live

images: ## Build the container images and have them answer (needs root, no registry)
	@$(RUN) llmp images build --install
	@$(RUN) --with services llmp images try --install

check: ## Format, lint, strict types and lock files of all three projects
	@$(RUN) --with policies --with services python -m local.check

clean: ## Remove Python environments and caches of the checkout; built tools and state stay
	rm -rf .venv policies/.venv services/.venv components/.venv .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
