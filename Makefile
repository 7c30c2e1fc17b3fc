# make serve    set up and start the atlas (HOST=, PORT=)
# make test     set up and run every test (ARGS= goes to pytest)
# make qgis     edit with QGIS 3.40 or later, which is installed beside the machine's
# make cite     run OGC's own test suite (needs Maven and Java 17)
# make fuzz     attack the API by its own description, every layer (EXAMPLES= of each request)
# make chaos    pull the plug on the store, ten times as often as make test (ROUNDS=)
# make bench    the API beside pygeoapi, tipg, MapServer and nginx (ARGS= goes to it, try --help)
# make bench-browser  what the map page costs a visitor: bytes, times, memory, frames (ARGS=)
# make docs     the documents as a site, in .atlas/docs; the atlas then shows them at /docs
# make check    lint, format, types, architecture, dependencies
# make audit    ask whether a dependency has a known vulnerability
# make fix      mend what the linter and formatter can mend
# make lock     write requirements/*.txt anew from pyproject.toml

HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=
ROUNDS ?= 10
EXAMPLES ?= 50
PYTHON ?=
BIN := .venv/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export ATLAS_HOME ?= $(CURDIR)/.atlas

BUILT := pyproject.toml hatch_build.py app/maps/vendor.toml README.md LICENSE NOTICE

.PHONY: help serve test cite qgis fuzz chaos bench bench-browser setup check audit fix docs lock
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

serve: .venv/runtime
	@exec $(BIN)/atlas serve --host $(HOST) --port $(PORT)

test: .venv/dev .venv/docs
	@./.ci/browser.sh
	@./.ci/database.sh
	@./.ci/clients.sh
	@less=; \
	if ! command -v chromium >/dev/null; then less="--ignore=tests/browser"; \
	echo "Skipped: tests/browser (install chromium and fonts-noto-cjk to run them)."; fi; \
	if ! ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1; then \
	less="$$less --deselect-postgresql"; \
	echo "Skipped: the store on PostgreSQL (install postgresql-postgis to run it)."; fi; \
	if ! /usr/bin/python3 -c 'import qgis.core' 2>/dev/null || ! command -v ogr2ogr >/dev/null; then \
	less="$$less --ignore=tests/clients"; \
	echo "Skipped: tests/clients (install gdal-bin and python3-qgis to run them)."; fi; \
	exec $(BIN)/pytest $$less $(ARGS)

qgis: .venv/dev
	@command=$$(./.ci/qgis.sh) && QGIS_PYTHON="$$command" \
	$(BIN)/pytest -v tests/clients/qgis_edit.py tests/clients/test_qgis.py $(ARGS)

cite: .venv/dev
	@mkdir -p $(ATLAS_HOME)/cite
	$(BIN)/python tests/cite/suite.py $(ATLAS_HOME)/cite

fuzz: .venv/dev
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest --timeout=7200 tests/api/test_fuzzing.py $(ARGS)

chaos: .venv/dev
	@./.ci/database.sh
	CHAOS_ROUNDS=$(ROUNDS) $(BIN)/pytest --timeout=7200 tests/chaos tests/domain/test_store_model.py $(ARGS)

bench: .venv/runtime
	@exec $(BIN)/python -m bench.api $(ARGS)

bench-browser: .venv/dev
	@./.ci/browser.sh
	@exec $(BIN)/python -m bench.browser $(ARGS)

setup: .venv/dev

docs: .venv/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --site-dir $(ATLAS_HOME)/docs
	@echo "$(ATLAS_HOME)/docs/index.html"

check: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry app layers

audit: .venv/dev
	@$(BIN)/python .ci/audit.py

fix: .venv/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.venv/python:
	@PYTHON="$(PYTHON)" ./.ci/venv.sh
	@touch $@

.venv/runtime: .venv/python requirements/runtime.txt $(BUILT)
	@echo "Installing the atlas …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements/runtime.txt
	@$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

.venv/dev: .venv/runtime requirements/dev.txt
	@echo "Installing the tools for tests …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

.venv/docs: .venv/python requirements/docs.txt
	@$(BIN)/pip install --quiet --require-hashes -r requirements/docs.txt
	@touch $@

lock: .venv/python
	$(BIN)/python -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv lock --upgrade
	.venv-lock/bin/uv export -q --no-emit-project --no-annotate --no-header --no-dev -o requirements/runtime.txt
	.venv-lock/bin/uv export -q --no-emit-project --no-annotate --no-header --group dev -o requirements/dev.txt
	.venv-lock/bin/uv export -q --no-emit-project --no-annotate --no-header --only-group docs -o requirements/docs.txt
	rm -rf .venv-lock
