# Precompiled headers: what most sources include from the standard library and from other projects is parsed once for
# each set of flags, not once for each source. To parse these headers takes longer than to compile what follows them.
#
# gcc reads NAME.h.gch where it is told to include NAME.h first, if the flags are the same. The sources still include
# all that they use: they are compiled without precompiled headers by `make clang`, by `make lint` and with PCH=.

PCH ?= $(if $(findstring clang,$(CXX)),,yes)
LIBRARY_PCH := $(if $(PCH),build/$(VARIANT)/precompiled/library.h.gch)
UNIT_TEST_PCH := $(if $(PCH),build/$(VARIANT)/precompiled/unit_tests.h.gch)
include_pch = $(1:%.gch=-include %)

build/$(VARIANT)/precompiled/library.h.gch: PCH_FLAGS = $(AWS_CXXFLAGS) $(AWS_CPPFLAGS)
build/$(VARIANT)/precompiled/unit_tests.h.gch: PCH_FLAGS = $(UNIT_TEST_CXXFLAGS) $(AWS_CPPFLAGS)

# -MD names system headers too: when a package is upgraded, its headers are parsed again and all is compiled again.
build/$(VARIANT)/precompiled/%.h.gch: make/precompiled/%.h build/$(VARIANT)/settings
	@mkdir -p $(@D)
	@cp $< $(@:%.gch=%)
	$(call say,PCH,$<)
	$(Q)$(CCACHE) $(CXX) $(PCH_FLAGS) -x c++-header -MD -MP -o $@ $<

-include $(LIBRARY_PCH:%.gch=%.d) $(UNIT_TEST_PCH:%.gch=%.d)
