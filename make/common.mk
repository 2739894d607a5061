# How make behaves here: its output, its parallel jobs, recipes that many rules share, and tools.

# The first Python that has pytest. It is looked for when it is used, because `make check` may just have installed it.
PYTHON ?= $(or $(shell for python in python3 /usr/bin/python3; do \
    $$python -c 'import pytest' 2>/dev/null && echo $$python && break; done),python3)

# All cores, unless -j was given. A recursive make inherits the choice.
JOBS := $(shell nproc 2>/dev/null || echo 2)
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(JOBS)
endif
# The messages of one compiler stay together; the output of a server or a test is shown as it comes.
ifeq ($(filter-out all lib examples asan tsan clang build/%,$(MAKECMDGOALS)),)
MAKEFLAGS += --output-sync=target
endif
# `make clean all` does the one, then the other.
ifneq ($(filter clean format,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

V ?= 0
ifeq ($(V),0)
Q := @
QUIETLY := -s
say = @printf '%-4s %s\n' $(1) $(2);
endif

# $(call quoted,TEXT): the text as one word of a shell command.
quoted = '$(subst ','\'',$(1))'

# A compiler's result is taken from ccache where that is installed. Without time_macros and pch_defines ccache would
# not serve sources with a precompiled header; ours uses no macro that tells the time.
CCACHE ?= $(shell command -v ccache)
CCACHE_SLOPPINESS ?= pch_defines,time_macros
export CCACHE_SLOPPINESS

# $(call compile,CXX,FLAGS): makes an object of the first prerequisite, by $(CXX) or $(CC).
define compile
@mkdir -p $(@D)
$(call say,$(1),$<)
$(Q)$(CCACHE) $($(1)) $(2) -MMD -MP -c -o $@ $<
endef

# $(call link,LIBRARIES): makes a program of all prerequisites.
define link
@mkdir -p $(@D)
$(call say,LINK,$@)
$(Q)$(CXX) -pthread $(FLAGS_$(VARIANT)) $(LDFLAGS) -o $@ $^ $(1)
endef
