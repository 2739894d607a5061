# What has a variant compiled again although no source changed, and what stops a build at once.

# One line with everything on which the objects of the variant depend, sources and headers aside.
settings = $(strip $(CXX) $(CC) $(if $(PCH),PCH) $(AWS_CPPFLAGS) $(AWS_CXXFLAGS) $(PROGRAM_FLAGS) $(EXAMPLE_CPPFLAGS) \
    $(UNIT_TEST_CXXFLAGS) $(SHIM_CFLAGS) $(LLHTTP_CFLAGS) $(LLHTTP_DIRECTORY) $(LDFLAGS) $(AWS_LDLIBS))

# Every object depends on a file that holds this line and is written when the line changes. It is read by cat, because
# $(file <...) of make 4.3 does not always return what the file holds.
ifneq ($(shell cat $(SETTINGS) 2>/dev/null),$(settings))
$(SETTINGS): FORCE
endif
$(SETTINGS):
	$(if $(LLHTTP_PROBLEM),$(error $(LLHTTP_PROBLEM)))
	$(call stop_if_missing,build)
	@mkdir -p $(@D)
	@printf '%s\n' $(call quoted,$(settings)) >$@

# One line that says what to install, where a compiler would print a screen full of errors.
missing = $(shell CXX=$(call quoted,$(CXX)) CPPFLAGS=$(call quoted,$(AWS_CPPFLAGS)) PKG_CONFIG=$(PKG_CONFIG) \
    LLHTTP_DIR=$(call quoted,$(LLHTTP_DIR)) third_party/deps.sh missing $(1))
stop_if_missing = $(call stop_with,$(call missing,$(1)))
stop_with = $(if $(1),$(error missing: $(1); install what is named or run `make deps`))

# Written once GoogleTest and RapidCheck have been found.
build/googletest:
	$(call stop_if_missing,test)
	@mkdir -p $(@D)
	@touch $@
