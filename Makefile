# How aws is built, tested and installed. `make help` lists what can be asked for.
#
# The variants are built from the same sources, each under build/<variant>/: release, asan and tsan (for the tests),
# clang (a second compiler's opinion) and fuzz (libFuzzer's instruments). The release variant is linked to ./aws and ./sockop_preload.so.
#
# From the command line:  V=1 shows the commands;  CXX, CC, CXXFLAGS, CPPFLAGS, LDFLAGS as usual;  WERROR= lets
# warnings pass;  LLHTTP_DIR names an llhttp of your own;  PORT and ARGS reach the server of `make run`;
# FUZZ_SECONDS is how long `make fuzz` stays with each target; SCENARIO, ROUNDS, BENCH_SECONDS and AGAINST say what
# `make bench` measures, how often, for how long, and which other aws with (docs/performance.md); SCENARIO, PLAN, SEEDS,
# SECONDS, VARIANT and OPTIONS, what `make torture` tries (docs/torture.md).

CXXFLAGS ?= -O2 -g
CFLAGS ?= -O2 -g
WERROR ?= -Werror
PKG_CONFIG ?= pkg-config
PORT ?= 8888
ARGS ?=
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
SCENARIO ?=
ROUNDS ?= 5
BENCH_SECONDS ?= 2
AGAINST ?=
CLANG_TIDY ?= clang-tidy
CLANG_FORMAT ?= clang-format
CPPCHECK ?= cppcheck
# The first Python that has pytest; looked for when it is used, because `make check` may just have installed it.
PYTHON ?= $(or $(shell for python in python3 /usr/bin/python3; do \
    $$python -c 'import pytest' 2>/dev/null && echo $$python && break; done),python3)

# Objects of C and C++ meet in one program, so the C compiler is the C++ compiler's sibling unless it was chosen.
ifeq ($(origin CC),default)
CC := $(subst c++,cc,$(subst g++,gcc,$(subst clang++,clang,$(CXX))))
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# All cores, unless -j was given: a recursive make inherits its parent's choice. Compilers' messages are kept together,
# but a server's or a test's output is shown as it comes.
JOBS := $(shell nproc 2>/dev/null || echo 2)
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(JOBS)
endif
ifeq ($(filter-out all asan tsan clang,$(MAKECMDGOALS)),)
MAKEFLAGS += --output-sync=target
endif
ifneq ($(filter clean format,$(MAKECMDGOALS)),)
.NOTPARALLEL:   # `make clean all` means: first the one, then the other
endif

V ?= 0
ifeq ($(V),0)
Q := @
QUIETLY := -s
say = @printf '%-4s %s\n' $(1) $(2);
endif

# --- What is compiled, and how

SOURCES := $(sort $(shell find src -name '*.cc' 2>/dev/null))
UNIT_TESTS := $(sort $(shell find tests/unit -name '*.cc' 2>/dev/null))
FUZZ_TARGETS := $(sort $(notdir $(basename $(wildcard tests/fuzz/*.cc))))
SHIM_SOURCES := $(sort $(shell find preload -name '*.c'))

include third_party/llhttp.mk

WARNINGS := -Wall -Wextra -Wshadow -Wconversion $(WERROR)
# Headers of others are system headers: their warnings are not ours to mend.
PACKAGES := spdlog fmt zlib libzstd
PACKAGE_CPPFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null))
# No -D_FORTIFY_SOURCE and no -D_FILE_OFFSET_BITS: they would turn recv into __recv_chk and sendfile into sendfile64,
# and a shim that is preloaded, ours or another's, must see the plain calls.
PLAIN_NAMES := -U_FORTIFY_SOURCE -U_FILE_OFFSET_BITS
AWS_CPPFLAGS := -Isrc $(LLHTTP_CPPFLAGS) $(PACKAGE_CPPFLAGS) $(CPPFLAGS) $(PLAIN_NAMES)
AWS_CXXFLAGS := -std=c++20 -pthread $(WARNINGS) $(CXXFLAGS)
# Linked dynamically, so that `nm -u aws` shows which kernel calls it makes and a preloaded library gets between.
AWS_LDLIBS := $(LLHTTP_LIBS) $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -laio $(LDLIBS)
TEST_LDLIBS := -lrapidcheck -lgmock -lgtest -lgtest_main
SHIM_CFLAGS := -std=c17 -Ipreload -fPIC -fvisibility=hidden $(WARNINGS) $(CFLAGS) $(PLAIN_NAMES)

VARIANTS := release asan tsan clang fuzz
CXX_clang := clang++
CC_clang := clang
CXX_fuzz := clang++
CC_fuzz := clang
# A report needs the names of functions and the numbers of lines, which is all that -g1 keeps. To optimize what asan has
# instrumented takes twice as long as to compile it; with tsan it costs nothing. gcc's manual warns that sanitizers
# provoke false -Wmaybe-uninitialized; the release variant gives that warning truly.
SANITIZED := -g1 -fno-omit-frame-pointer -Wno-maybe-uninitialized
FLAGS_asan := -O0 $(SANITIZED) -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan := -O1 $(SANITIZED) -fsanitize=thread
FLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
# clang 14 spells the name of a template that fmt's library has instantiated otherwise than gcc, which made that library.
FLAGS_clang := -DFMT_HEADER_ONLY
FLAGS_fuzz += $(FLAGS_clang)

# To optimize a unit test takes longer than to run it, and its own arithmetic need not be watched; asan does stay, since
# the buffers that a test lends to the code under test are the test's. That code keeps the flags of the variant.
UNIT_TEST_FLAGS := -O0 -g1 -fno-sanitize=undefined

# $(call compiler_of,CXX,asan): the variant's own compiler, or the one that was asked for.
compiler_of = $(or $($(1)_$(2)),$($(1)))
# One line that holds everything but the sources on which a variant's objects depend.
settings_of = $(strip $(call compiler_of,CXX,$(1)) $(call compiler_of,CC,$(1)) $(AWS_CPPFLAGS) $(AWS_CXXFLAGS) \
    $(SHIM_CFLAGS) $(FLAGS_$(1)) $(UNIT_TEST_FLAGS) $(LLHTTP_DIRECTORY) $(LDFLAGS) $(AWS_LDLIBS))
quoted = '$(subst ','\'',$(1))'
# Stops with one line that says what to install, where a compiler would print a screen full of errors.
missing = $(shell CXX=$(call quoted,$(1)) CPPFLAGS=$(call quoted,$(AWS_CPPFLAGS)) PKG_CONFIG=$(PKG_CONFIG) \
    LLHTTP_DIR=$(call quoted,$(LLHTTP_DIR)) third_party/deps.sh missing $(2))
stop_if_missing = $(if $(1),$(error missing: $(1); install what is named or run `make deps`))

# $(call variant_rules,asan): all objects and programs beneath build/asan/.
define variant_rules
objects_$(1) := $(SOURCES:%.cc=build/$(1)/%.o) $(LLHTTP_SOURCES:%.c=build/$(1)/third_party/%.o)
unit_objects_$(1) := $(UNIT_TESTS:%.cc=build/$(1)/%.o)
shim_objects_$(1) := $(SHIM_SOURCES:%.c=build/$(1)/%.o)

# Written when a setting changes: whatever was compiled with other settings is then compiled anew. It is read by cat,
# because make 4.3 now and then takes $$(file <...) for something else than the file holds.
ifneq ($$(shell cat build/$(1)/settings 2>/dev/null),$$(call settings_of,$(1)))
build/$(1)/settings: FORCE
endif
build/$(1)/settings:
	$$(if $$(LLHTTP_PROBLEM),$$(error $$(LLHTTP_PROBLEM)))
	$$(call stop_if_missing,$$(call missing,$$(call compiler_of,CXX,$(1)),build))
	@mkdir -p $$(@D)
	@printf '%s\n' $$(call quoted,$$(call settings_of,$(1))) >$$@

build/$(1)/src/%.o: src/%.cc build/$(1)/settings
	@mkdir -p $$(@D)
	$$(call say,CXX,$$<)
	$$(Q)$$(call compiler_of,CXX,$(1)) $$(AWS_CXXFLAGS) $$(FLAGS_$(1)) $$(AWS_CPPFLAGS) -MMD -MP -c -o $$@ $$<

build/$(1)/tests/%.o: tests/%.cc build/$(1)/settings | build/googletest
	@mkdir -p $$(@D)
	$$(call say,CXX,$$<)
	$$(Q)$$(call compiler_of,CXX,$(1)) $$(AWS_CXXFLAGS) $$(FLAGS_$(1)) $$(UNIT_TEST_FLAGS) $$(AWS_CPPFLAGS) -Itests \
	    -MMD -MP -c -o $$@ $$<

build/$(1)/third_party/%.o: $$(LLHTTP_DIRECTORY)/%.c build/$(1)/settings
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(Q)$$(call compiler_of,CC,$(1)) $$(CFLAGS) $$(FLAGS_$(1)) -w $$(LLHTTP_CPPFLAGS) -c -o $$@ $$<

build/$(1)/preload/%.o: preload/%.c build/$(1)/settings
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(Q)$$(call compiler_of,CC,$(1)) $$(SHIM_CFLAGS) -MMD -MP -c -o $$@ $$<

# The code under test comes first: an inline function that both have is linked from there, with the variant's own flags.
build/$(1)/unit_tests: $$(filter-out build/$(1)/src/main.o,$$(objects_$(1))) $$(unit_objects_$(1))
	$$(call link_program,$(1)) $$(TEST_LDLIBS)

$(call program_of,$(1)): $$(objects_$(1))
	$$(call link_program,$(1))

$(call shim_of,$(1)): $$(shim_objects_$(1))
	$$(call say,LINK,$$@)
	$$(Q)$$(call compiler_of,CC,$(1)) -shared -fPIC $$(LDFLAGS) -o $$@ $$^ -ldl

-include $$(patsubst %.o,%.d,$$(objects_$(1)) $$(unit_objects_$(1)) $$(shim_objects_$(1)))
endef

program_of = $(if $(filter release,$(1)),aws,build/$(1)/aws)
shim_of = $(if $(filter release,$(1)),sockop_preload.so,build/$(1)/sockop_preload.so)
define link_program
$(call say,LINK,$@)
$(Q)$(call compiler_of,CXX,$(1)) -pthread $(FLAGS_$(1)) $(LDFLAGS) -o $@ $^ $(AWS_LDLIBS)
endef

# --- What can be asked for

.PHONY: all deps run www unit check suites asan tsan clang fuzz torture bench bench-stall bench-docs bench-shim format lint install uninstall clean help FORCE

all: aws sockop_preload.so ## build ./aws and ./sockop_preload.so (the default)

deps: ## install what the build needs, where something is missing
	@LLHTTP_DIR=$(call quoted,$(LLHTTP_DIR)) third_party/deps.sh build

run: deps ## build, make the sample files and serve www/ on PORT (8888); ARGS are passed on
	@$(MAKE) $(QUIETLY) all www
	@./aws --root www --port $(PORT) $(ARGS)

www: www/static/large.bin www/dynamic/large.bin ## make the large sample files of www/

unit: build/release/unit_tests ## build and run the unit tests
	@build/release/unit_tests --gtest_brief=1

check: deps ## build all variants that are tested, run every test, print the totals
	@third_party/deps.sh test
	@$(MAKE) $(QUIETLY) all asan build/tsan/aws build/release/unit_tests
	@$(MAKE) $(QUIETLY) suites

asan: build/asan/aws build/asan/unit_tests ## build with the address and undefined-behaviour sanitizers

tsan: build/tsan/aws build/tsan/unit_tests ## build with the thread sanitizer

clang: ## build everything with clang++
	@third_party/deps.sh clang
	@$(MAKE) $(QUIETLY) build/clang/aws build/clang/sockop_preload.so build/clang/unit_tests

fuzz: ## fuzz each target for FUZZ_SECONDS (60); `make fuzz/ranges` for one of them
	@third_party/deps.sh build
	@third_party/deps.sh fuzz
	@$(MAKE) $(QUIETLY) fuzz_programs
	@for target in $(FUZZ_TARGETS); do $(MAKE) $(QUIETLY) fuzz/$$target || exit; done

VARIANT ?= release
torture: deps ## fail each call that the server makes, in each way; then plans at random for SECONDS (60)
	@third_party/deps.sh test
	@$(MAKE) $(QUIETLY) sockop_preload.so $(call program_of,$(VARIANT))
	@$(PYTHON) tests/torture/torture.py --variant $(VARIANT) $(if $(OPTIONS),--options $(call quoted,$(OPTIONS))) \
	    $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEEDS),--seeds $(SEEDS)) \
	    $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(PLAN),--plan $(call quoted,$(PLAN)))

$(foreach variant,$(VARIANTS),$(eval $(call variant_rules,$(variant))))

# A fuzz target knows the rules of HTTP only, and brings no GoogleTest.
build/fuzz/tests/fuzz/%.o: tests/fuzz/%.cc build/fuzz/settings
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX_fuzz) $(AWS_CXXFLAGS) $(FLAGS_fuzz) $(AWS_CPPFLAGS) -Itests/fuzz -MMD -MP -c -o $@ $<

build/fuzz/%_fuzz: build/fuzz/tests/fuzz/%.o $(filter build/fuzz/src/http/% build/fuzz/third_party/%,$(objects_fuzz))
	$(call say,LINK,$@)
	$(Q)$(CXX_fuzz) $(FLAGS_fuzz) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(AWS_LDLIBS)

-include $(FUZZ_TARGETS:%=build/fuzz/tests/fuzz/%.d)

# What libFuzzer learns stays in build/fuzz/corpus/ for the next run. An input that breaks a target is named on the
# last lines of its log, and kept.
.PRECIOUS: build/fuzz/tests/fuzz/%.o
.PHONY: fuzz_programs $(FUZZ_TARGETS:%=fuzz/%)
fuzz_programs: $(FUZZ_TARGETS:%=build/fuzz/%_fuzz)
$(FUZZ_TARGETS:%=fuzz/%): fuzz/%: build/fuzz/%_fuzz
	@mkdir -p build/fuzz/corpus/$*
	$(call say,FUZZ,'$* for $(FUZZ_SECONDS) s')
	$(Q)build/fuzz/$*_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/$*- build/fuzz/corpus/$* tests/fuzz/corpus/$* >build/fuzz/$*.log 2>&1 || \
	    { tail -n 40 build/fuzz/$*.log; exit 1; }
	@sed -n 's/^stat::number_of_executed_units: */     inputs tried: /p' build/fuzz/$*.log

# The programs of bench/ have no source in common with aws, so that they cannot share its mistakes.
build/bench/%: bench/%.cc build/release/settings
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(AWS_CXXFLAGS) $(CPPFLAGS) $(PLAIN_NAMES) $(LDFLAGS) -o $@ $<

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

build/bench/sockop_overhead: bench/sockop_overhead.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=c17 $(WARNINGS) $(CFLAGS) -o $@ $<

bench-docs: ## write docs/performance.md and docs/never-stall.md from the latest figures
	@$(PYTHON) bench/report.py performance
	@$(PYTHON) bench/report.py never-stall

build/googletest:
	$(call stop_if_missing,$(call missing,$(CXX),test))
	@mkdir -p $(@D)
	@touch $@

# Every suite runs, whatever became of those before it; its report says how it went, and a suite that died without a
# report counts as a failure.
REPORTS := build/reports
# Most tests wait for something: three at a time, where pytest-xdist is there. A file's tests stay together, since some
# need a port or a folder for themselves.
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

# 64 MiB in which no two blocks are alike, the same on every machine: 1024 blocks of 64 KiB, each the exclusive or of
# one of 32 random blocks with one of 32 others. Drawing all of it from the generator would take seconds.
www/static/large.bin:
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)perl -e 'sub block { pack "N*", map { int rand 4294967296 } 1 .. 16384 } srand 8888;' \
	    -e 'my @rows = map { block } 1 .. 32; my @columns = map { block } 1 .. 32;' \
	    -e 'for my $$row (@rows) { print $$row ^ $$_ for @columns }' >$@.part
	@mv $@.part $@

www/dynamic/large.bin: | www/static/large.bin
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)ln -sfn ../static/large.bin $@

FORMATTED = $(shell find $(wildcard src preload tests bench) -name '*.cc' -o -name '*.h' -o -name '*.c')
format: ## format the sources as .clang-format says
	@third_party/deps.sh lint
	$(Q)$(CLANG_FORMAT) -i $(FORMATTED)

# clang-tidy's findings are on standard output; what it says on the other is how many warnings it kept to itself.
lint: ## check format, clang-tidy's and cppcheck's opinion
	@third_party/deps.sh build
	@third_party/deps.sh lint
	$(call say,LINT,clang-format)
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(FORMATTED)
	$(call say,LINT,cppcheck)
	$(Q)$(CPPCHECK) --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr -j $(JOBS) \
	    -Isrc -Ipreload $(wildcard src preload)
	$(call say,LINT,clang-tidy)
	$(Q)printf '%s\n' $(SOURCES) | xargs -P $(JOBS) -n 4 sh -c \
	    '$(CLANG_TIDY) --quiet "$$@" -- -std=c++20 -pthread $(AWS_CPPFLAGS) 2>/dev/null' lint

data = $(DESTDIR)$(PREFIX)
install: all ## install beneath PREFIX (/usr/local), or beneath DESTDIR for a package
	install -D -m 755 aws $(data)/bin/aws
	install -D -m 755 sockop_preload.so $(data)/lib/aws/sockop_preload.so
	install -D -m 755 preload/sockopctl $(data)/bin/sockopctl
	install -D -m 644 docs/sockop_preload.7 $(data)/share/man/man7/sockop_preload.7
	install -D -m 644 docs/fault-injection.md $(data)/share/doc/aws/fault-injection.md
	install -D -m 644 README.md $(data)/share/doc/aws/README.md
	install -D -m 644 LICENSE $(data)/share/doc/aws/LICENSE
	mkdir -p $(data)/share/aws
	find www ! -name large.bin ! -type d -exec cp -P --parents {} $(data)/share/aws ';'

uninstall: ## remove what install put there
	rm -f $(data)/bin/aws $(data)/bin/sockopctl $(data)/share/man/man7/sockop_preload.7
	rm -rf $(data)/lib/aws $(data)/share/doc/aws $(data)/share/aws

clean: ## remove everything that was built
	rm -rf build aws sockop_preload.so www/static/large.bin www/dynamic/large.bin

help: ## list these
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
