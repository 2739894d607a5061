# libaws.a (the event loop and its callback API, without HTTP), and the examples that are linked with it.

LIBRARY_SOURCES := $(filter src/os/% src/loop/% src/api/%,$(SOURCES))
# What a program that is linked with it needs besides.
LIBRARY_LDLIBS = -laio $(shell $(PKG_CONFIG) --libs spdlog fmt 2>/dev/null) -pthread
EXAMPLES := $(patsubst examples/%.cc,build/examples/%,$(sort $(wildcard examples/*.cc examples/steps/*.cc)))

.PHONY: lib examples
lib: build/release/libaws.a ## build the library, build/release/libaws.a

examples: $(EXAMPLES) ## build the examples, build/examples/NAME (examples/README.md)

build/release/libaws.a: $(LIBRARY_SOURCES:%.cc=build/release/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

# Compiled as a user of the library would: with nothing but its public headers.
build/examples/%: examples/%.cc build/release/libaws.a build/release/settings
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(AWS_CXXFLAGS) -Iinclude $(CPPFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< build/release/libaws.a \
	    $(LIBRARY_LDLIBS)

-include $(EXAMPLES:%=%.d)

build/release/aws.pc: make/aws.pc.in build/release/settings
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< >$@

.PHONY: install-library uninstall-library
install-library: build/release/libaws.a build/release/aws.pc
	install -D -m 644 build/release/libaws.a $(data)/lib/libaws.a
	install -D -m 644 build/release/aws.pc $(data)/lib/pkgconfig/aws.pc
	install -D -m 644 -t $(data)/include/aws include/aws/*.h
install: install-library

uninstall-library:
	rm -f $(data)/lib/libaws.a $(data)/lib/pkgconfig/aws.pc
	rm -rf $(data)/include/aws
uninstall: uninstall-library
