# Two commands matter: `make run` and `make test`. Both do all the set-up they need.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
WEB_SOURCES := $(shell find web/src web/public web/index.html -type f 2>/dev/null)

.PHONY: run test test-unit test-web test-e2e lint tools bench-relay bench-tree bench-cascade bench-flood bench-failover fuzz api clean help

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(BIN)/.ready media/transport/libsealer.so web/dist/index.html ## set up, start the demo organisation, print a sign-in link for each role
	@$(BIN)/python -m server serve --demo

test: tools lint test-web test-unit test-e2e ## set up and run every test

test-unit: $(BIN)/.ready media/transport/libsealer.so web/dist/index.html ## Python: rules, store on both databases, live side, relay
	$(BIN)/pytest tests --ignore=tests/e2e --ignore=tests/cluster --ignore=tests/bench -n 2 --dist=loadgroup

test-web: web/node_modules/.ready ## tablet and desk: types, style, unit tests
	cd web && npm run --silent lint && npm run --silent check && npm run --silent test

test-e2e: $(BIN)/.ready media/transport/libsealer.so web/dist/index.html ## real servers, real Chromium
	$(BIN)/pytest tests/cluster tests/e2e

lint: $(BIN)/.ready ## ruff, mypy, the house's import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

tools: $(BIN)/.ready ## what the tests need of the system: Chromium, poppler, database and cache servers
	@sh tests/tools.sh

bench-relay: $(BIN)/.ready media/transport/libsealer.so ## what the relay costs (QUICK=1: under a minute; FLOOR=1: beside C; WORKERS=2)
	$(BIN)/python -m tests.bench.relay $(if $(QUICK),--quick) $(if $(FLOOR),--floor) $(if $(WORKERS),--workers $(WORKERS))

bench-tree: $(BIN)/.ready media/transport/libsealer.so ## 10,000 receivers of a full programme over a tree of relays, in one process (RECEIVERS=1000,2500)
	$(BIN)/python -m tests.bench.tree $(if $(RECEIVERS),--receivers $(RECEIVERS))

bench-cascade: $(BIN)/.ready media/transport/libsealer.so ## the same with real joins and a light programme (needs a quiet machine)
	$(BIN)/python -m tests.bench.cascade $(if $(RECEIVERS),--receivers $(RECEIVERS))

bench-flood: $(BIN)/.ready media/transport/libsealer.so ## 100,000 datagrams of garbage a second at a programme that is watched (SECONDS=10)
	$(BIN)/python -m tests.bench.flood $(if $(SECONDS),--seconds $(SECONDS))

bench-failover: $(BIN)/.ready media/transport/libsealer.so ## a relay dies under a session: when has everybody picture again (VIEWERS=100, RUNS=3; needs redis-server)
	$(BIN)/python -m tests.bench.failover $(if $(VIEWERS),--viewers $(VIEWERS)) $(if $(RUNS),--runs $(RUNS))

fuzz: $(BIN)/.fuzz ## random bytes at every reader of strangers' bytes (SECONDS=60 for each, NAMES="stun rtp")
	nice $(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(NAMES)

api: $(BIN)/.ready web/node_modules/.ready ## the OpenAPI document and the web's types from the code
	$(BIN)/python -m server openapi > web/openapi.json
	cd web && npm run --silent api

clean: ## remove everything that was built here
	rm -rf .venv media/transport/libsealer.so web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/.ready: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (make PYTHON=/path/to/python3 …)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "the venv module is missing: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[0-9.]*' requirements-dev.lock)"
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements-dev.lock
	@touch $@

media/transport/libsealer.so: media/transport/sealer.c
	@$(CC) -O2 -shared -fPIC -DIPSEC_MB -o $@ $< -lIPSec_MB 2>/dev/null || $(CC) -O2 -shared -fPIC -o $@ $< -lcrypto 2>/dev/null || echo "the relay will seal in Python; for a third less CPU: apt-get install gcc libc6-dev libipsec-mb-dev (x86) or libssl-dev"

$(BIN)/.fuzz: $(BIN)/.ready requirements-fuzz.lock
	$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-fuzz.lock
	@touch $@

web/node_modules/.ready: $(BIN)/.ready web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.ready web/package.json web/vite.config.ts $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@
