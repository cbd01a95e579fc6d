# `make demo` shows the library's whole job; `make test` checks all of it. Both set up what they need.

INPUT ?=
SCHEMA ?=
FUZZ_SECONDS ?= 20
FUZZ_TARGETS := envelope value schema keyring_document context audit
BENCH_ARGS ?=
SCALE ?= 1000 10000 100000 1000000
PEERS ?=
REPORT_ARGS ?=
PYTHON_BENCH_ARGS ?=
NODE_BENCH_ARGS ?=
NIGHTLY ?= nightly
VENV := target/venv
PYTHON := $(VENV)/bin/python3

.DEFAULT_GOAL := help
# cargo features; each has a test, an example and a guide of its name
PROVIDERS := pkcs11 vault-transit aws-kms
comma := ,
empty :=
PROVIDER_FEATURES := $(subst $(empty) $(empty),$(comma),$(PROVIDERS))
.PHONY: help demo test test-library test-packages test-backends test-providers test-python test-jobs test-node lint-native test-kotlin test-swift test-exchange bench bench-tools bench-peers bench-python bench-node fuzz lint audit \
	tools tools-fips reference

help:
	@echo "make demo    the main job on 5,000 synthetic patients; INPUT=path SCHEMA=path for others"
	@echo "make test    every check: format, lints, tests, vectors by a second implementation, specification, dependencies"
	@echo "make test-library   the library alone: its tests, specification, back ends and providers"
	@echo "make test-providers   providers against SoftHSM2, OpenBao and an emulator of AWS KMS (set up where they are missing)"
	@echo "make test-python   the Python package, on the oldest and newest Python at hand"
	@echo "make test-jobs   the Python package's jobs for Spark and Dask, a million rows each (needs Java)"
	@echo "make test-node   the npm package, on the Node at hand"
	@echo "make test-kotlin   the Kotlin package, on the JVM at hand"
	@echo "make test-swift   the Swift package, on this system's Swift or Debian 13's"
	@echo "make test-exchange   five languages read what each of them wrote; after their own tests"
	@echo "make bench   benches with their peers; BENCH_ARGS for criterion, SCALE=full to 10^7 rows, PEERS=all for whole libraries"
	@echo "make fuzz    every fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS) (needs a nightly toolchain)"
	@echo "make lint    format and lints alone"
	@echo "make audit   advisories, licences and sources of the dependencies; long fuzzing"

tools:
	@command -v cargo >/dev/null || { echo "missing: Rust (cargo), https://rustup.rs"; exit 1; }
	@command -v cc >/dev/null || { echo "missing: a C compiler (cc)"; exit 1; }
	@command -v python3 >/dev/null || { echo "missing: Python 3"; exit 1; }

# AWS-LC's FIPS module is built with CMake, Go and Perl; plain AWS-LC needs the C compiler alone.
tools-fips: tools
	@sh core/tests/fips_tools.sh

demo: tools
	cargo run --release --locked --package fieldward-examples --bin demo -- \
		$(if $(INPUT),--input "$(INPUT)") $(if $(SCHEMA),--schema "$(SCHEMA)")

# Two halves side by side, as one waits where the other computes: the library and its providers, and the packages of the other languages.
test: lint reference
	@mkdir -p target
	@$(MAKE) --no-print-directory test-packages >target/test-packages.log 2>&1 & packages=$$!; ended=0; \
		$(MAKE) --no-print-directory test-library || ended=1; \
		echo "the packages of the other languages, which run beside (target/test-packages.log):"; \
		wait $$packages || ended=1; cat target/test-packages.log; exit $$ended
	$(MAKE) test-exchange
	@echo "all checks passed"

# The library: its tests, specification, dependencies and documentation, its back ends and providers.
test-library: tools
	cargo test --locked --features fieldward/conformance
	@# without AES and carry-less multiplication instructions: the same bytes
	RUSTFLAGS='--cfg aes_backend="soft" --cfg polyval_backend="soft"' \
		cargo test --locked --target-dir target/soft --package fieldward --lib -- suite:: golden::
	cargo test --locked --package fieldward --features parallel --test columns --test fork
	$(MAKE) test-backends
	python3 core/spec/check.py --self-test
	python3 core/spec/check.py
	python3 core/dependencies.py --self-test
	python3 core/dependencies.py
	python3 core/lines.py --self-test
	python3 core/lines.py
	python3 benches/report.py --self-test
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --package fieldward
	cargo run --locked --package fieldward-examples --example first_record
	$(MAKE) test-providers

# The packages of the other languages.
test-packages: tools
	$(MAKE) test-python
	$(MAKE) test-jobs
	$(MAKE) test-node
	$(MAKE) test-kotlin test-swift

# The other back ends: the same vectors, each against the other, and what the FIPS module's policy refuses.
test-backends: tools-fips
	cargo test --locked --package fieldward --features aws-lc --lib -- suite:: golden:: --skip accumulated --skip siv::
	cargo test --locked --package fieldward --features aws-lc --test backends --test field_round_trip --test tamper
	cargo test --locked --package fieldward --features fips --lib --test backends --test fork -- --skip accumulated --skip siv::

# Real key services, and the commands of their guides. One test at a time: some drive the token themselves, past the library's lock.
test-providers: tools
	core/tests/services.sh cargo test --locked --package fieldward --features conformance,$(PROVIDER_FEATURES) \
		$(foreach provider,$(PROVIDERS),--test provider_$(subst -,_,$(provider))) --test providers_together -- --test-threads=1
	cargo build --locked --package fieldward-examples --features $(PROVIDER_FEATURES) --examples
	set -e; for guide in $(PROVIDERS); do core/tests/services.sh python3 core/docs/guides/check.py core/docs/guides/$$guide.md; done

lint: tools
	cargo fmt --all --check
	cargo clippy --locked --all-targets --features fieldward/conformance -- -D warnings
	cargo clippy --locked --package fieldward --features fieldward/fuzzing -- -D warnings
	cargo clippy --locked --package fieldward --all-targets --features fieldward/aws-lc -- -D warnings
	cargo clippy --locked --package fieldward --package fieldward-examples --all-targets \
		--features fieldward/conformance,$(subst $(empty) $(empty),$(comma),$(addprefix fieldward-examples/,$(PROVIDERS))) -- -D warnings

# The Python package: its wheel in clean environments.
test-python: tools
	cargo clippy --locked --package fieldward-python -- -D warnings
	bindings-python/test.sh

# Jobs of Spark and Dask on workers of this machine.
test-jobs: tools
	bindings-python/jobs/test.sh

# The npm package: its native module, and the tests of Node.
test-node: tools
	cargo clippy --locked --package fieldward-node -- -D warnings
	cargo clippy --locked --package fieldward-node --features testing -- -D warnings
	bindings-node/test.sh

# What is under the Kotlin and the Swift package.
lint-native: tools
	cargo clippy --locked --package fieldward-native --features testing -- -D warnings

# The Kotlin package, on the JVM.
test-kotlin: lint-native
	bindings-swift/kotlin/test.sh

# The Swift package.
test-swift: lint-native
	bindings-swift/swift/test.sh

# What each language writes every language reads, and refuses where it was changed. Needs what their own tests built.
test-exchange: tools
	python3 core/vectors/exchange/run.py target/exchange rust python node swift kotlin

# The second implementation derives and refuses every golden vector again.
reference: tools $(VENV)/ready
	$(PYTHON) core/vectors/reference/check.py

$(VENV)/ready: core/vectors/reference/requirements.txt
	@python3 -m venv $(VENV) || { echo "missing: Python's venv module (package python3-venv)"; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

bench: bench-tools
	rm -rf target/bench
	cargo test --locked --profile bench --package fieldward-benches --lib
	cargo bench --locked --package fieldward-benches --benches -- $(BENCH_ARGS)
	python3 benches/measure.py instructions target/release
	python3 benches/measure.py scale target/release $(if $(filter full,$(SCALE)),1000 10000 100000 1000000 10000000,$(SCALE))
	benches/python/run.sh $(PYTHON_BENCH_ARGS)
	benches/node/run.sh $(NODE_BENCH_ARGS)
	$(if $(filter all,$(PEERS)),$(MAKE) bench-peers)
	python3 benches/report.py $(REPORT_ARGS)

# Whole libraries of the same kind, with lock file and target of their own: some of them bring a cloud's SDK. Not `--locked`: the library's
# own dependencies may have moved on.
bench-peers: bench-tools
	cargo run --release --target-dir target/peers --manifest-path benches/peers/Cargo.toml -- $(BENCH_ARGS)

bench-tools: tools
	@command -v valgrind >/dev/null || core/tests/packages.sh valgrind || { echo "missing: valgrind (package valgrind)"; exit 1; }

# The Python package and its peers alone; PYTHON_BENCH_ARGS=--quick for a look.
bench-python: tools
	benches/python/run.sh $(PYTHON_BENCH_ARGS)

# The npm package and its peers alone; NODE_BENCH_ARGS=--quick for a look.
bench-node: tools
	benches/node/run.sh $(NODE_BENCH_ARGS)

fuzz: tools
	@rustup toolchain list 2>/dev/null | grep -q "^$(NIGHTLY)" || { echo "missing: the Rust toolchain $(NIGHTLY)"; exit 1; }
	@command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
	python3 fuzz/seed.py
	@set -e; for target in $(FUZZ_TARGETS); do \
		echo "fuzzing $$target for $(FUZZ_SECONDS) s"; \
		cargo +$(NIGHTLY) fuzz run --fuzz-dir fuzz $$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -print_funcs=0 -verbosity=0; \
	done

audit: tools
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny check
	$(MAKE) fuzz FUZZ_SECONDS=600
