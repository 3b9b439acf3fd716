# Every task of this repository, the same by hand and in CI. `make` lists them.
PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
STAMP := .venv/.installed
# One process more than there are cores, as tests on servers wait more than they calculate. A file
# stays in one process, and files begin in the order in which they were collected.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 7 ? cores + 1 : 8)))
SPREAD = -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# A virtual environment of its own that has the project's packages, too: $(call beside,FOLDER,OPTIONS OF PIP)
define beside
	$(PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2)
	$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
	  >"$$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
endef

.DEFAULT_GOAL := help
.PHONY: help install train test test-all conformance tools loggers jaxenvs rliable openenv sb3 images check docs bench learn chaos load fuzz format lock schemas clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is missing or older than 3.11; install Python 3.11 or newer," \
	       "or name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { \
	  echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu:" \
	       "apt-get install python3-venv"; rm -rf .venv; exit 1; }
	@echo "installing $$(grep -c == requirements.lock) packages into .venv, which takes some minutes the first time"
	$(BIN)/python -m pip install --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

install: $(STAMP) ## make the virtual environment, with everything in it

train: $(STAMP) ## train CartPole-v1, from nothing to its report
	$(BIN)/faastrain train examples/cartpole.toml
	@echo 'next: put $(BIN) on your PATH; the results are in ./runs, as above;'
	@echo '      "faastrain train examples/acrobot.toml" trains another; "faastrain down" stops the stack'

test: $(STAMP) ## run the tests, but for the slow ones; TESTS=tests/events chooses, slow ones too
	$(BIN)/pytest $(if $(TESTS),$(TESTS),$(SPREAD) -m "not slow")

# The programs of others are built beside the first tests, most of which wait for servers; the tests
# that need those programs come last, and wait for them.
test-all: $(STAMP) ## run all tests, those on programs of others too
	@(nice $(BIN)/python -m tests.conformance.tools >tools.log 2>&1 || cat tools.log) & \
	  $(BIN)/pytest $(SPREAD) --hypothesis-profile=all

conformance: $(STAMP) tools ## run the tests on programs of others: faas-cli, MinIO, Prometheus...
	$(BIN)/pytest tests/conformance

tools: $(STAMP) ## put the programs of others that `make conformance` needs into .tools/
	$(BIN)/python -m tests.conformance.tools

loggers: $(STAMP) ## test the loggers on TensorBoard, W&B and MLflow (100 packages beside .venv)
	$(call beside,.venv-loggers,--requirement tests/loggers/requirements.txt)
	.venv-loggers/bin/python -m pytest tests/loggers tests/adapters/http/test_mlflow.py \
	  tests/events/models/test_mirror.py
	PATH="$(CURDIR)/.venv-loggers/bin:$$PATH" $(BIN)/python -m pytest tests/docs/walks/test_mlflow.py

jaxenvs: $(STAMP) ## test environments on JAX with gymnax (3 packages beside .venv)
	$(call beside,.venv-jaxenvs,--no-deps --requirement tests/algorithms/compiled/requirements.txt)
	.venv-jaxenvs/bin/python -m pytest tests/algorithms/compiled tests/client/test_on_jax.py

rliable: $(STAMP) ## hold the statistics of comparisons to rliable's (25 packages beside .venv)
	$(call beside,.venv-rliable,--requirement tests/algorithms/oracle_requirements.txt)
	.venv-rliable/bin/python -m pytest tests/algorithms/test_comparison_oracle.py

openenv: $(STAMP) ## test OpenEnv's own server and client (70 packages beside .venv)
	$(call beside,.venv-openenv,--requirement tests/remote/openenv_requirements.txt)
	PATH="$(CURDIR)/.venv-openenv/bin:$$PATH" $(BIN)/python -m pytest tests/remote/test_openenv.py \
	  tests/stack/test_openenv.py

sb3: $(STAMP) ## train with Stable-Baselines3 on a stack's environments (with torch, 5 GB beside .venv)
	$(call beside,.venv-sb3,--requirement tests/remote/sb3_requirements.txt)
	PATH="$(CURDIR)/$(BIN):$$PATH" .venv-sb3/bin/python -m pytest tests/remote/test_stable_baselines3.py \
	  tests/stack/test_stable_baselines3.py

images: $(STAMP) ## build the images of stack.yml and docker-compose.yml (needs Docker)
	$(BIN)/python -m tests.conformance.tools faas-cli
	.tools/bin/faas-cli build -f stack.yml
	docker build --tag faastraingym:0.1.0 --file deploy/compose/Dockerfile .

check: $(STAMP) ## formatter, linter, types, import floors, exported schemas
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m faastraingym.events.export --check docs
	$(BIN)/python -m faastraingym.deploy.generated --check

docs: $(STAMP) ## build the documentation site into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo 'open build/site/index.html'

bench: $(STAMP) ## measure the pipeline; PEERS=1 installs what stands beside it (5 GB); BENCH=hops chooses
	$(if $(PEERS),$(PYTHON) -m venv .venv-peers && .venv-peers/bin/python -m pip install --quiet \
	  --disable-pip-version-check --requirement benchmarks/peers/requirements.txt)
	$(BIN)/python -m benchmarks $(BENCH)

learn: $(STAMP) ## train what docs/results.md tells; LEARN=ppo_cartpole chooses; SEEDS=2: the first two
	$(BIN)/python -m benchmarks.learn $(LEARN) $(if $(SEEDS),--seeds $(SEEDS))

chaos: $(STAMP) ## break real stacks in every way; CHAOS="--algorithm halving --seeds 7 --faults 20" chooses
	$(BIN)/python -m tests.chaos $(CHAOS)

load: $(STAMP) ## load a stack of real servers; LOAD="--short fairness" chooses
	$(BIN)/python -m tests.load $(LOAD)

fuzz: $(STAMP) ## bad input for every decoder and for the gateway's API
	$(BIN)/python -m tests.fuzz
	$(BIN)/python -m tests.fuzz.api

format: $(STAMP) ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(STAMP) ## write what derives from messages, flow and roles: docs/, parts of deploy/
	$(BIN)/python -m faastraingym.events.export docs
	$(BIN)/python -m faastraingym.deploy.generated

lock: ## pin every dependency anew (needs uv: python3 -m pip install uv)
	$(UV) pip compile --quiet --universal --upgrade --fork-strategy fewest --no-emit-index-url \
	  --no-header --no-annotate --extra dev --extra docs --extra notebook --output-file requirements.lock pyproject.toml

clean: ## remove the virtual environment and every cache
	rm -rf .venv .venv-loggers .venv-jaxenvs .venv-rliable .venv-openenv .venv-sb3 .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
