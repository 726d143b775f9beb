# The whole interface of a newcomer. Needs Python 3.11 or newer and make; everything else goes into .venv.
SHELL := /bin/sh
# What the caller sets is data: it reaches commands through the environment, as it was typed. Otherwise make would expand
# what looks like a variable or a function, and that can run commands; so this comes first.
VALUES := FROM TO ON SINCE SUBJECT BY WHY FINDING RULE STATUS UNTIL YES PACK PUBLIC_KEY AUTHORITY DATABASE_URI BENCH_ARGS
# Only YES=1 on make's command line confirms a removal, whatever YES and CONFIRMED are in the environment. MAKEFLAGS there
# is make's own way of handing a command line on, and counts as one.
override CONFIRMED :=
ifeq ($(origin YES) $(value YES),command line 1)
override CONFIRMED := --yes
endif
$(foreach name,$(VALUES),$(if $(filter-out undefined,$(origin $(name))),$(eval override $(name) := $$(value $(name)))))
export $(VALUES)

PYTHON ?= python3
PYTHON_BI ?= python3.11
BIN := .venv/bin
MANIFEST := dbt_project/target/manifest.json
LINT := $(CURDIR)/dbt_project/target/lint
DBT_FILES := $(shell find dbt_project -path dbt_project/target -prune -o -path dbt_project/logs -prune -o -type f -print)

export DO_NOT_TRACK := 1
export DBT_PROFILES_DIR := $(CURDIR)/dbt_project
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-ui refresh directory reconcile rebuild ui docs bi bi-bundle archive restore siem verify attest review \
	triage audit-pack verify-pack subject-report erase retain status alert-test test test-bi test-spark lint format bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(MANIFEST) .venv/dg.toml ## the environment in .venv and the dbt manifest; does nothing when up to date

demo: setup ## the whole pipeline against the bundled local feed
	@$(BIN)/python -m local_feed.demo

demo-ui: setup ## the Dagster UI on the demo's warehouse, with a local feed that keeps growing
	@$(BIN)/python -m local_feed.demo --ui

refresh: setup ## one incremental cycle against the configured feed: ingest, build, check
	@$(BIN)/python -m orchestration refresh

directory: setup ## the directory (what exists now) as far as the keys can read it; then build and check
	@$(BIN)/python -m orchestration directory

reconcile: setup ## covered days again, for late and changed activities, or FROM=2026-08-01 TO=2026-08-31; then build
	@$(BIN)/python -m orchestration reconcile $${FROM:+--from="$$FROM"} $${TO:+--to="$$TO"}

rebuild: setup ## rebuild every curated table from the raw data
	@$(BIN)/python -m orchestration rebuild

ui: setup ## the Dagster UI on this workspace, on 127.0.0.1:3000
	@$(BIN)/python -m orchestration ui

archive: setup ## seal what is due, and archive sealed days in ARCHIVE_PATH
	@$(BIN)/python -m orchestration archive

restore: setup ## an empty warehouse from the archive in ARCHIVE_PATH
	@$(BIN)/python -m orchestration restore

siem: setup ## activities and findings, as far as they are built, to the SIEM in SIEM_PATH or SIEM_URL
	@$(BIN)/python -m orchestration siem

verify: setup ## every hash, seal and count computed again, and compared
	@$(BIN)/python -m orchestration verify

attest: setup ## a statement on how completely last month was read, or FROM=2026-08-01 TO=2026-08-31
	@$(BIN)/python -m orchestration attest $${FROM:+--from="$$FROM"} $${TO:+--to="$$TO"}

review: setup ## who held what on a day, and what changed: ON=2026-06-30 SINCE=2026-03-31
	@$(BIN)/python -m orchestration review $${ON:+--on="$$ON"} $${SINCE:+--since="$$SINCE"}

audit-pack: setup ## the evidence of last month for auditors, or FROM=… TO=…, as one signed archive
	@$(BIN)/python -m orchestration audit-pack $${FROM:+--from="$$FROM"} $${TO:+--to="$$TO"}

verify-pack: setup ## check an audit pack with a public key alone: PACK=… PUBLIC_KEY=…
	@$(BIN)/python -m orchestration verify-pack $${AUTHORITY:+--authority="$$AUTHORITY"} -- "$$PACK" "$$PUBLIC_KEY"

triage: setup ## what was decided about findings: FINDING="id id" (or RULE=… SUBJECT=…) STATUS=muted UNTIL=date BY=who WHY=why
	@$(BIN)/python -m orchestration triage --status="$$STATUS" --by="$$BY" --why="$$WHY" $${UNTIL:+--until="$$UNTIL"} \
		$${RULE:+--rule="$$RULE"} $${SUBJECT:+--subject="$$SUBJECT"} $${FINDING:+-- "$$FINDING"}

subject-report: setup ## everything that is held on one person, as files: SUBJECT=user id or email address
	@$(BIN)/python -m orchestration subject-report --subject="$$SUBJECT"

erase: setup ## remove every record that names one person, for good: SUBJECT=… BY=role WHY=case, and then YES=1
	@$(BIN)/python -m orchestration erase --subject="$$SUBJECT" --by="$$BY" --why="$$WHY" $(CONFIRMED)

retain: setup ## remove the days that are older than RAW_DAYS, for good: BY=role WHY=reason, and then YES=1
	@$(BIN)/python -m orchestration retain --by="$$BY" --why="$$WHY" $(CONFIRMED)

status: setup ## the health of the installation; fails where there is a problem
	@$(BIN)/python -m orchestration status

alert-test: setup ## a test message to every receiver in ALERT_URLS
	@$(BIN)/python -m orchestration alert-test

docs: setup ## dbt's documentation of every model and column, on 127.0.0.1:8080
	@$(BIN)/python -m orchestration docs

bi: .venv-bi/.installed ## Apache Superset on the published file, with seven dashboards, on 127.0.0.1:8088
	@.venv-bi/bin/python -m dashboards serve

bi-bundle: setup ## the dashboards as dashboards.zip, for another Superset; DATABASE_URI=where it finds the marts
	@$(BIN)/python -m dashboards bundle $${DATABASE_URI:+--database-uri="$$DATABASE_URI"} dashboards.zip

test: setup ## unit tests, end to end
# Many tests start a process of their own, which else would compile every module again. Tests that share a warehouse
# stay together, and are begun in the order of tests/conftest.py.
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder

test-bi: demo .venv-bi/.installed ## a fresh Superset on the demo, every dashboard looked at in Chromium; takes the pictures
	@.venv-bi/bin/python -m pytest -c /dev/null --rootdir=. dashboards/test_in_browser.py

test-spark: setup .venv-spark/.installed .venv-spark-3.5/.installed ## marts built on Spark too, and compared; needs Java 17
	@$(BIN)/python -m pytest spark

lint: setup ## form and names of code and SQL, and which room imports which
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-cache --no-logo
# At its end DuckDB's binding reports objects of its own as leaked: shown only with a failure. dbt parses
# everything again after a parse with another WAREHOUSE_PATH, so lint's is kept apart.
	@mkdir -p $(LINT)
	@DBT_TARGET_PATH=$(LINT) WAREHOUSE_PATH=:memory: \
		$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project/models dbt_project/tests \
		> $(LINT)/lint.log 2>&1 || { cat $(LINT)/lint.log; exit 1; }

bench: setup .venv-bench/.installed ## measure, beside dlt and DuckDB alone, and write benchmarks/RESULTS.md
	@set -f; $(BIN)/python -m benchmarks $$BENCH_ARGS

format: setup ## put code and SQL into the project's form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@DBT_TARGET_PATH=$(LINT) WAREHOUSE_PATH=:memory: \
		$(BIN)/sqlfluff fix --exclude-rules ST06 --disable-progress-bar dbt_project/models dbt_project/tests

.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up .venv (about a minute, once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

# Without DAGSTER_HOME, `dg` knows nothing of dagster.yaml: it would print a banner, and record each command.
.venv/dg.toml: .venv/.installed
	@printf 'import os, sys; os.environ.setdefault("DG_CLI_CONFIG", f"{sys.prefix}/dg.toml")\n' \
		> "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/dg_without_telemetry.pth"
	@printf '[cli.telemetry]\nenabled = false\n' > $@

# dlt pins libraries that the product does not need.
.venv-bench/.installed: benchmarks/requirements.txt
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Superset pins libraries that the product has newer, and needs this Python.
.venv-bi/.installed: dashboards/requirements.txt
	@command -v $(PYTHON_BI) > /dev/null \
		|| { echo "Superset needs Python 3.11: install it, or set PYTHON_BI=/path/to/python3.11"; exit 1; }
	@echo "Setting up Superset in .venv-bi (1.1 GB, about three minutes, once) ..."
	@$(PYTHON_BI) -m venv .venv-bi
	@.venv-bi/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# dbt-spark and Spark take 0.5 GB each: only for those who outgrow one machine. The Spark of EMR has Iceberg, too.
.venv-spark/.installed: spark/requirements-4.3.txt
.venv-spark-3.5/.installed: spark/requirements-3.5.txt
.venv-spark/.installed .venv-spark-3.5/.installed: spark/requirements.txt
	@command -v java > /dev/null || { echo "Spark needs Java 17 or newer on the PATH: install it"; exit 1; }
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes $(addprefix -r ,$^)
	@touch $@

$(MANIFEST): .venv/.installed $(DBT_FILES)
	@cd dbt_project && ../$(BIN)/dbt --quiet parse --project-dir $(CURDIR)/dbt_project
	@touch $@
