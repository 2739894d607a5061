# The variants: which compiler and which flags each of them adds, and how one make asks another for its variant.
#
# release is what people run. asan and tsan are for the tests, clang is a second compiler's opinion, and fuzz is
# instrumented for libFuzzer.

VARIANTS := release asan tsan clang fuzz
ifeq ($(filter $(VARIANTS),$(VARIANT)),)
$(error VARIANT=$(VARIANT) is not one of: $(VARIANTS))
endif

ifneq ($(filter clang fuzz,$(VARIANT)),)
override CXX := clang++
override CC := clang
endif
# One program is made of C and C++ objects, so the C compiler belongs to the C++ compiler, unless it was chosen.
ifeq ($(origin CC),default)
CC := $(subst c++,cc,$(subst g++,gcc,$(subst clang++,clang,$(CXX))))
endif

# A report shows functions and line numbers, and -g1 keeps these. Optimizing costs asan twice the time to compile, and
# tsan nothing. Sanitizers provoke false -Wmaybe-uninitialized (gcc's manual); the release variant has that warning.
SANITIZED := -g1 -fno-omit-frame-pointer -Wno-maybe-uninitialized
FLAGS_asan := -O0 $(SANITIZED) -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan := -O1 $(SANITIZED) -fsanitize=thread
# clang 14 mangles the name of a template that fmt's library instantiates otherwise than gcc, which built that library.
FLAGS_clang := -DFMT_HEADER_ONLY
FLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
    $(FLAGS_clang)

# --- Files of another variant. A make of their own builds them: one for each variant, which gets all of its goals.

PARTS_asan := build/asan/aws build/asan/unit_tests
PARTS_tsan := build/tsan/aws build/tsan/unit_tests
PARTS_clang := build/clang/aws build/clang/unit_tests build/clang/sockop_preload.so
goals_of = $(sort $(filter build/$(1)/%,$(MAKECMDGOALS)) $(if $(filter $(1),$(MAKECMDGOALS)),$(PARTS_$(1))))

.PHONY: asan tsan clang $(VARIANTS:%=make-%)
$(VARIANTS:%=make-%): make-%:
	@$(MAKE) VARIANT=$* $(call goals_of,$*)

$(foreach variant,$(filter-out $(VARIANT),$(VARIANTS)),$(eval build/$(variant)/%: make-$(variant) ;))

asan: make-asan ## build with the address and undefined-behaviour sanitizers

tsan: make-tsan ## build with the thread sanitizer

clang: make-clang ## build everything with clang++

# The package is installed for those who ask by that name.
ifneq ($(filter clang,$(MAKECMDGOALS)),)
make-clang: deps-clang
endif
.PHONY: deps-clang
deps-clang:
	@third_party/deps.sh clang
