# One command does one whole job, set-up included. `make help` lists them.
VENV   := .venv
PYTHON ?= python3
PY     := $(VENV)/bin/python
LAMP   := $(VENV)/bin/lamp
READY  := $(VENV)/.ready

.PHONY: help demo emulator test coverage unit lint format bench prices schema templates lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z_]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## light a simulated estate for a week and show what that saved
	$(LAMP) demo

node_modules: package-lock.json ## the second emulator of DynamoDB, for tests
	@if command -v npm > /dev/null; then npm ci --ignore-scripts --no-audit --no-fund --silent && touch $@; \
	else echo "npm is not installed: tests on dynalite will be skipped"; fi

# Lambda's emulator is a binary inside aws-sam-cli; of that package nothing else is kept, and nothing of its dependencies.
emulator: .emulator ## what runs functions as Lambda does, for tests

.emulator: requirements-emulator.lock | $(READY)
	@if [ "$$(uname -sm)" = "Linux x86_64" ]; then rm -rf $@ && $(PY) -m pip install --quiet --disable-pip-version-check \
	  --no-deps --no-compile --only-binary :all: --require-hashes --target $@/runtime -r $< && \
	  mv $@/runtime/samcli/local/rapid/aws-lambda-rie-x86_64 $@/rie && chmod +x $@/rie && \
	  rm -rf $@/runtime/samcli $@/runtime/aws_sam_cli-* $@/runtime/bin && touch $@; \
	else echo "Lambda's emulator runs on Linux x86_64 only: its tests will be skipped"; fi

test: $(READY) node_modules .emulator ## every test, slow ones too
	$(PY) -m pytest -n 2 --dist worksteal

coverage: $(READY) ## the fast tests, and which lines they reach
	$(PY) -m pytest -n 2 --dist worksteal -m "not slow" --cov --cov-report=term

unit: $(READY) ## the fast tests
	PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n 2 --dist worksteal -m "not slow"

lint: $(READY) ## style, types, floors, templates
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/cfn-lint examples/templates/*.yaml src/lamplighter/deploy/templates/*.yaml

format: $(READY) ## put the code into its form
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(READY) ## print the benchmarks
	$(PY) -m benchmarks

schema: $(READY) ## write the published JSON Schema from the models
	$(LAMP) schedules schema > docs/lamplighter.schema.json

templates: $(READY) ## make the parts of the deployment's templates that come from data, and the Terraform module
	$(PY) scripts/make_templates.py

prices: $(READY) ## rebuild the packaged price book: make prices DATA=folder
	$(PY) scripts/build_price_book.py $(DATA)

lock: $(READY) ## pin every dependency, with hashes and without addresses
	$(PY) -m pip install --quiet uv
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
	  --no-header --no-annotate --all-extras --group dev pyproject.toml -o requirements.lock

clean: ## remove what the other targets made
	rm -rf $(VENV) node_modules .emulator .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .lamp-demo
