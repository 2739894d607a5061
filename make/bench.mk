# The benchmarks. docs/performance.md and docs/never-stall.md explain what they measure.
#
# SCENARIO, ROUNDS, BENCH_SECONDS and AGAINST say what `make bench` measures, how often, for how long, and which other
# aws it compares with.

SCENARIO ?=
ROUNDS ?= 5
BENCH_SECONDS ?= 2
AGAINST ?=

.PHONY: bench bench-stall bench-shim bench-docs

bench: deps ## measure aws beside nginx, lighttpd and h2o; SCENARIO='static-*' ROUNDS=5 BENCH_SECONDS=2 AGAINST=
	@third_party/deps.sh bench || true
	@$(MAKE) $(QUIETLY) aws build/bench/floor
	@$(PYTHON) bench/bench.py --scenario=$(call quoted,$(SCENARIO)) --rounds=$(call quoted,$(ROUNDS)) \
	    --seconds=$(call quoted,$(BENCH_SECONDS)) --against=$(call quoted,$(AGAINST))

bench-stall: deps ## measure how a cold download holds up a hot file; ROUNDS=5
	@third_party/deps.sh bench || true
	@$(MAKE) $(QUIETLY) aws build/bench/hot_client
	@$(PYTHON) bench/stall.py --rounds=$(call quoted,$(ROUNDS))

bench-shim: build/bench/sockop_overhead sockop_preload.so ## measure what the shim adds to a call
	@$(PYTHON) bench/sockop_overhead.py --rounds=$(call quoted,$(ROUNDS)) build/bench/sockop_overhead sockop_preload.so

bench-docs: ## write docs/performance.md and docs/never-stall.md from the latest figures
	@$(PYTHON) bench/report.py performance
	@$(PYTHON) bench/report.py echo
	@$(PYTHON) bench/report.py never-stall

# The programs of bench/ share no source with aws, so that they cannot share its mistakes.
build/bench/%: bench/%.cc $(SETTINGS)
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(AWS_CXXFLAGS) $(CPPFLAGS) $(PLAIN_NAMES) $(LDFLAGS) -o $@ $<

build/bench/sockop_overhead: bench/sockop_overhead.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=c17 $(WARNINGS) $(CFLAGS) -o $@ $<
