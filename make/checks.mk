# Running what was built: the server, the tests, and `make torture`.

PORT ?= 8888
ARGS ?=

.PHONY: run unit check suites torture

run: deps ## build, make the sample files and serve www/ on PORT (8888); ARGS are passed on
	@$(MAKE) $(QUIETLY) all www
	@./$(PROGRAM) --root www --port $(PORT) $(ARGS)

unit: $(UNIT_TESTS) ## build and run the unit tests
	@$(UNIT_TESTS) --gtest_brief=1

check: deps ## build all variants that are tested, run every test, print the totals
	@third_party/deps.sh test
	@$(MAKE) $(QUIETLY) VARIANT=release all examples build/release/unit_tests asan build/tsan/aws
	@$(MAKE) $(QUIETLY) suites

# Every suite runs, however those before it ended. Its report tells the result, and a suite without a report failed.
REPORTS := build/reports
# Most tests wait for something, so three files are tested at a time where pytest-xdist is there. The tests of a file
# stay together, since some need a port or a directory for themselves.
PARALLEL = $(shell $(PYTHON) -c 'import xdist' 2>/dev/null && echo --numprocesses=3 --dist=loadfile)
suites:
	@rm -rf $(REPORTS) && mkdir -p $(REPORTS)
	@build/release/unit_tests --gtest_brief=1 --gtest_output=json:$(REPORTS)/unit.json; \
	for half in 0 1; do \
	  GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=$$half build/asan/unit_tests --gtest_brief=1 \
	      --gtest_output=json:$(REPORTS)/unit-asan-$$half.json & \
	done; wait; \
	$(PYTHON) -m pytest -q $(PARALLEL) --junitxml=$(REPORTS)/pytest.xml tests; \
	$(PYTHON) tests/totals.py $(REPORTS)/unit.json $(REPORTS)/unit-asan-0.json $(REPORTS)/unit-asan-1.json \
	    $(REPORTS)/pytest.xml

# docs/torture.md explains SCENARIO, PLAN, SEEDS, SECONDS and OPTIONS. The shim is that of the release variant.
torture: deps ## fail each call that the server makes, in each way; then plans at random for SECONDS (60)
	@third_party/deps.sh test
	@$(MAKE) $(QUIETLY) VARIANT=release sockop_preload.so
	@$(MAKE) $(QUIETLY) $(PROGRAM)
	@$(PYTHON) tests/torture/torture.py --variant $(VARIANT) $(if $(OPTIONS),--options $(call quoted,$(OPTIONS))) \
	    $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEEDS),--seeds $(SEEDS)) \
	    $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(PLAN),--plan $(call quoted,$(PLAN)))
