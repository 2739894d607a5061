# The fuzz targets, tests/fuzz/*.cc: one program each, which knows the rules of HTTP alone.

FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(sort $(notdir $(basename $(wildcard tests/fuzz/*.cc))))
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=build/fuzz/%_fuzz)

.PHONY: fuzz fuzz-programs $(FUZZ_TARGETS:%=fuzz/%)

fuzz: ## fuzz each target for FUZZ_SECONDS (60); `make fuzz/ranges` for one of them
	@third_party/deps.sh build
	@third_party/deps.sh fuzz
	@$(MAKE) $(QUIETLY) fuzz-programs
	@for target in $(FUZZ_TARGETS); do $(MAKE) $(QUIETLY) fuzz/$$target || exit; done

fuzz-programs:
	@$(MAKE) $(QUIETLY) VARIANT=fuzz $(FUZZ_PROGRAMS)

# What libFuzzer learns stays in build/fuzz/corpus/ for the next run. An input that breaks a target is kept, and named
# on the last lines of the target's log.
$(FUZZ_TARGETS:%=fuzz/%): fuzz/%: fuzz-programs
	@mkdir -p build/fuzz/corpus/$*
	$(call say,FUZZ,'$* for $(FUZZ_SECONDS) s')
	$(Q)build/fuzz/$*_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/$*- build/fuzz/corpus/$* tests/fuzz/corpus/$* >build/fuzz/$*.log 2>&1 || \
	    { tail -n 40 build/fuzz/$*.log; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */     inputs tried: /p' build/fuzz/$*.log

ifeq ($(VARIANT),fuzz)
build/fuzz/tests/fuzz/%.o: tests/fuzz/%.cc $(SETTINGS)
	$(call compile,CXX,$(AWS_CXXFLAGS) $(AWS_CPPFLAGS) -Itests/fuzz)

$(FUZZ_PROGRAMS): build/fuzz/%_fuzz: build/fuzz/tests/fuzz/%.o \
    $(filter build/fuzz/src/http/% build/fuzz/third_party/%,$(HTTP_OBJECTS))
	$(call link,-fsanitize=fuzzer $(AWS_LDLIBS))

-include $(FUZZ_TARGETS:%=build/fuzz/tests/fuzz/%.d)
endif
