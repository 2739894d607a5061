# How make behaves here: its output, its parallel jobs, and the tools that more than one file of make/ calls.

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
