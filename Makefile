# Two commands are all that a newcomer needs: `make demo` and `make test`. Each makes .venv where it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test browser docs fuzz chaos benchmarks faults lint format types install thirdparty clean

install: $(STAMP)

# What is installed beside the base; .ci/run takes what opens the pages, too.
EXTRAS ?= all,dev,docs

# torch comes first and pinned, so that torchvision (a test reference) takes the one that is there. timm comes without what it
# requires: torch, torchvision, PyYAML and safetensors are there, and huggingface_hub with its dozen only downloads weights.
# pip would compile thirteen thousand files one after the other; here every core does, but for the packages' own tests. A file for a
# newer Python cannot be compiled, which is no failure.
PIP_INSTALL = $(BIN)/python -m pip install --quiet --no-compile -c constraints.txt
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(PIP_INSTALL) torch
	$(PIP_INSTALL) --editable '.[$(EXTRAS)]'
	$(PIP_INSTALL) --no-deps timm
	$(BIN)/python -m compileall -q -q -j 0 -x '/tests?/' $(VENV)/lib || true
	touch $@

# One network of each kind; `farm submit --all` takes them all.
DEMO := resnet50 mobilenetv2 UNet YOLOv3 vit_tiny_patch16_224 swin_t ResNet50 FPN UNetDecoder SqueezeExcitation Bottleneck

demo: $(STAMP)
	mkdir -p .farm
	$(BIN)/farm submit $(addprefix --name ,$(DEMO))
	$(BIN)/farm table --tested
	$(BIN)/farm status resnet50

# A process for each core and one for the waiting of the others, one thread in each: two threads in one BLAS are slower than two
# processes. tests/longest.py says which files begin first. Compiled modules are kept, whatever the environment says: the tests start
# the farm's programs by the hundred, and each process of pytest's would rewrite seven hundred files of tests again.
test: $(STAMP)
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto \
	  --dist loadfile --no-loadscope-reorder -m "not browser"

# The pages in Chromium, with what that needs: Debian's where none is on PATH and FARM_BROWSER names none, axe-core from npm, and
# pictures of every kind of page in .browser/screenshots.
AXE := .browser/node_modules/axe-core/axe.min.js
browser: $(STAMP) $(AXE)
	test -n "$$FARM_BROWSER" || command -v chromium || apt-get install --yes --no-install-recommends chromium
	$(BIN)/python -c 'import playwright' 2> /dev/null || $(PIP_INSTALL) --editable '.[browser]'
	mkdir -p .browser/screenshots
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 \
	  FARM_SCREENSHOTS=$(CURDIR)/.browser/screenshots $(BIN)/python -m pytest -q -n 0 tests/browser

$(AXE):
	npm install --silent --no-fund --no-audit --no-save --prefix .browser axe-core@4.14.1

# The site, in build/docs/docs/index.html; a warning is an error. Of the whole installation it takes Sphinx alone.
docs: $(STAMP)
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs -d build/doctrees . build/docs
	@echo build/docs/docs/index.html

# Which networks of torchvision and timm convert and replay, and docs/third_party.md from that; goes on where it was stopped.
thirdparty: $(STAMP)
	$(BIN)/python -m benchmarks.thirdparty
	$(BIN)/python -m benchmarks.thirdparty --document

# Coverage-guided, a few minutes for each target; the tests replay what was found. SECONDS=20 for a short run.
fuzz: SECONDS ?= 180
fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet -c constraints.txt --editable '.[all,dev,fuzz]'
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --seconds $(SECONDS)

# Every row of the fault matrix, those included that take too long for each change.
faults: $(STAMP)
	FARM_FAULTS=all $(BIN)/python -m pytest -q tests/faults

# A farm whose parts are killed every second or two, on both databases; half of it with the network cut as well. SECONDS=60 for a
# short run, SEED=7 for another one.
chaos: SECONDS ?= 600
chaos: SEED ?= 0
chaos: $(STAMP)
	$(BIN)/python -m benchmarks.chaos --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python -m benchmarks.chaos --seconds $(SECONDS) --seed $(SEED) --database postgresql --partitions

# Every benchmark, hours on two cores; QUICK=1 for minutes. Tables and charts are in OUTPUT; goes on where it was stopped.
benchmarks: OUTPUT ?= benchmarks/output
benchmarks: $(STAMP)
	$(BIN)/python -m pip install --quiet -c constraints.txt --editable '.[all,dev,bench]'
	$(BIN)/python -m benchmarks --output $(OUTPUT) $(if $(QUICK),--quick)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

types: $(STAMP)
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build .farm .fuzz .browser .mypy_cache .ruff_cache .pytest_cache .hypothesis
