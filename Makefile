# How aws is built: what is made from what. `make help` lists the targets.
#
# One make builds one variant, below build/VARIANT/: release (the default), asan, tsan, clang or fuzz. `make asan` and
# the like start a second make with another VARIANT. What is not about building the programs is in make/:
#
#   common.mk       output, parallel jobs, recipes      checks.mk    run, unit, check, torture
#   variants.mk     each variant's compiler and flags   fuzz.mk      the fuzz targets
#   settings.mk     when all is compiled again          bench.mk     the benchmarks
#   precompiled.mk  precompiled headers                 lint.mk      format, lint
#   samples.mk      the large files of www/             install.mk   install, uninstall, aws.pc
#
# From the command line: V=1 shows the commands. CXX, CC, CXXFLAGS, CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS mean what they
# always do. WERROR= lets warnings pass. LLHTTP_DIR names the directory of an llhttp release to use. The variables of a
# single target are explained beside that target.

VARIANT ?= release
CXXFLAGS ?= -O2 -g
CFLAGS ?= -O2 -g
WERROR ?= -Werror
PKG_CONFIG ?= pkg-config

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

include make/common.mk
include make/variants.mk
include third_party/llhttp.mk
include make/grader.mk

# --- Sources. The library is the event loop and its callback API; HTTP is the program's.

LIBRARY_SOURCES := $(sort $(shell find src/os src/loop src/api -name '*.cc'))
HTTP_SOURCES := $(sort $(shell find src/http src/serve src/server -name '*.cc'))
PROGRAM_SOURCES := $(sort $(wildcard src/*.cc))
SHIM_SOURCES := $(sort $(shell find preload -name '*.c'))
EXAMPLE_SOURCES := $(sort $(wildcard examples/*.cc examples/steps/*.cc))
UNIT_TEST_SOURCES := $(sort $(shell find tests/unit -name '*.cc'))

# --- Flags

WARNINGS := -Wall -Wextra -Wshadow -Wconversion $(WERROR)
# The headers of other projects are system headers, which give no warnings.
PACKAGES := spdlog fmt zlib libzstd
PACKAGE_CPPFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null))
# No -D_FORTIFY_SOURCE and no -D_FILE_OFFSET_BITS: they turn recv into __recv_chk and sendfile into sendfile64, and a
# preloaded shim, ours or another, must see the plain calls.
PLAIN_NAMES := -U_FORTIFY_SOURCE -U_FILE_OFFSET_BITS
AWS_CPPFLAGS := -Isrc -Iinclude $(LLHTTP_CPPFLAGS) $(PACKAGE_CPPFLAGS) $(CPPFLAGS) $(PLAIN_NAMES)
AWS_CXXFLAGS := -std=c++20 -pthread $(WARNINGS) $(CXXFLAGS) $(FLAGS_$(VARIANT))
# The command line is parsed once, and CLI11 takes half a minute to optimize.
PROGRAM_FLAGS := -O0
# An example sees the public headers alone.
EXAMPLE_CPPFLAGS := -Iinclude $(CPPFLAGS) $(PLAIN_NAMES)
# To optimize a unit test takes longer than to run it. The code under test keeps the flags of the variant. A test is
# compiled with the address sanitizer, because the test owns the buffers that the code under test writes to.
UNIT_TEST_CXXFLAGS := $(AWS_CXXFLAGS) -O0 -g1 -fno-sanitize=undefined
SHIM_CFLAGS := -std=c17 -Ipreload -fPIC -fvisibility=hidden $(WARNINGS) $(CFLAGS) $(PLAIN_NAMES)
LLHTTP_CFLAGS := $(CFLAGS) $(FLAGS_$(VARIANT)) -w $(LLHTTP_CPPFLAGS)
# The libraries are linked dynamically, so that `nm -u aws` shows the kernel calls and a preloaded library sees them.
AWS_LDLIBS := $(LLHTTP_LIBS) $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -laio $(LDLIBS)
LIBRARY_LDLIBS := $(shell $(PKG_CONFIG) --libs spdlog fmt 2>/dev/null) -laio $(LDLIBS)
TEST_LDLIBS := -lrapidcheck -lgmock -lgtest -lgtest_main

include make/precompiled.mk

# --- Files. The release variant puts its programs where people look for them.

BUILD := build/$(VARIANT)
SETTINGS := $(BUILD)/settings
LIBRARY := $(BUILD)/libaws.a
UNIT_TESTS := $(BUILD)/unit_tests
PROGRAM := $(if $(filter release,$(VARIANT)),aws,$(BUILD)/aws)
SHIM := $(if $(filter release,$(VARIANT)),sockop_preload.so,$(BUILD)/sockop_preload.so)
EXAMPLES_DIRECTORY := $(if $(filter release,$(VARIANT)),build/examples,$(BUILD)/examples)
EXAMPLES := $(EXAMPLE_SOURCES:examples/%.cc=$(EXAMPLES_DIRECTORY)/%)

LIBRARY_OBJECTS := $(LIBRARY_SOURCES:%.cc=$(BUILD)/%.o)
HTTP_OBJECTS := $(HTTP_SOURCES:%.cc=$(BUILD)/%.o) $(LLHTTP_SOURCES:%.c=$(BUILD)/third_party/%.o)
PROGRAM_OBJECTS := $(PROGRAM_SOURCES:%.cc=$(BUILD)/%.o)
SHIM_OBJECTS := $(SHIM_SOURCES:%.c=$(BUILD)/%.o)
EXAMPLE_OBJECTS := $(EXAMPLE_SOURCES:%.cc=$(BUILD)/%.o)
UNIT_TEST_OBJECTS := $(UNIT_TEST_SOURCES:%.cc=$(BUILD)/%.o)

# --- What is made from what

.PHONY: all lib examples deps clean help FORCE

all: $(PROGRAM) $(SHIM) ## build ./aws and ./sockop_preload.so (the default)

lib: $(LIBRARY) ## build build/release/libaws.a

examples: $(EXAMPLES) ## build examples/*.cc into build/examples/

# The objects of $(PROGRAM_FLAGS) come last: if several objects hold the same inline function, the linker takes the first.
$(PROGRAM): $(LIBRARY_OBJECTS) $(HTTP_OBJECTS) $(PROGRAM_OBJECTS)
	$(call link,$(AWS_LDLIBS))

$(LIBRARY): $(LIBRARY_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(EXAMPLES): $(EXAMPLES_DIRECTORY)/%: $(BUILD)/examples/%.o $(LIBRARY)
	$(call link,$(LIBRARY_LDLIBS))

# The code under test comes first, for the same reason.
$(UNIT_TESTS): $(LIBRARY_OBJECTS) $(HTTP_OBJECTS) $(filter-out %/main.o,$(PROGRAM_OBJECTS)) $(UNIT_TEST_OBJECTS)
	$(call link,$(AWS_LDLIBS) $(TEST_LDLIBS))

$(SHIM): $(SHIM_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -fPIC $(LDFLAGS) -o $@ $^ -ldl

$(BUILD)/src/%.o: src/%.cc $(SETTINGS) $(LIBRARY_PCH)
	$(call compile,CXX,$(AWS_CXXFLAGS) $(AWS_CPPFLAGS) $(call include_pch,$(LIBRARY_PCH)))

$(PROGRAM_OBJECTS): $(BUILD)/src/%.o: src/%.cc $(SETTINGS)
	$(call compile,CXX,$(AWS_CXXFLAGS) $(PROGRAM_FLAGS) $(AWS_CPPFLAGS))

$(BUILD)/examples/%.o: examples/%.cc $(SETTINGS)
	$(call compile,CXX,$(AWS_CXXFLAGS) $(EXAMPLE_CPPFLAGS))

$(BUILD)/tests/unit/%.o: tests/unit/%.cc $(SETTINGS) $(UNIT_TEST_PCH) | build/googletest
	$(call compile,CXX,$(UNIT_TEST_CXXFLAGS) $(AWS_CPPFLAGS) -Itests $(call include_pch,$(UNIT_TEST_PCH)))

$(BUILD)/third_party/%.o: $(LLHTTP_DIRECTORY)/%.c $(SETTINGS)
	$(call compile,CC,$(LLHTTP_CFLAGS))

$(BUILD)/preload/%.o: preload/%.c $(SETTINGS)
	$(call compile,CC,$(SHIM_CFLAGS))

# What the compiler found each source to include (-MMD).
OBJECTS := $(LIBRARY_OBJECTS) $(HTTP_OBJECTS) $(PROGRAM_OBJECTS) $(SHIM_OBJECTS) $(EXAMPLE_OBJECTS) $(UNIT_TEST_OBJECTS)
-include $(OBJECTS:%.o=%.d)

include $(filter-out $(MAKEFILE_LIST),$(sort $(wildcard make/*.mk)))

deps: ## install what the build needs, where something is missing
	@LLHTTP_DIR=$(call quoted,$(LLHTTP_DIR)) third_party/deps.sh build

clean: ## remove everything that was built
	rm -rf build aws sockop_preload.so www/static/large.bin www/dynamic/large.bin

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-11s %s\n", $$1, $$2 }' Makefile make/checks.mk $(filter-out make/checks.mk,$(sort $(wildcard make/*.mk)))
