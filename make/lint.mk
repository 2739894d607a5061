# The format of the sources, and what other tools find in them.

CLANG_TIDY ?= clang-tidy
CLANG_FORMAT ?= clang-format
CPPCHECK ?= cppcheck
FORMATTED = $(shell find $(wildcard src include examples preload tests bench) -name '*.cc' -o -name '*.h' -o -name '*.c')

.PHONY: format lint

format: ## format the sources as .clang-format says
	@third_party/deps.sh lint
	$(Q)$(CLANG_FORMAT) -i $(FORMATTED)

# clang-tidy prints its findings on standard output, and on the other the number of warnings that it suppressed.
lint: ## check format, clang-tidy's and cppcheck's opinion
	@third_party/deps.sh build
	@third_party/deps.sh lint
	$(call say,LINT,clang-format)
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(FORMATTED)
	$(call say,LINT,cppcheck)
	$(Q)$(CPPCHECK) --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr -j $(JOBS) \
	    -Isrc -Iinclude -Ipreload $(wildcard src preload examples)
	$(call say,LINT,clang-tidy)
	$(Q)printf '%s\n' $(LIBRARY_SOURCES) $(HTTP_SOURCES) $(PROGRAM_SOURCES) $(EXAMPLE_SOURCES) | xargs -P $(JOBS) -n 4 sh -c \
	    '$(CLANG_TIDY) --quiet "$$@" -- -std=c++20 -pthread $(AWS_CPPFLAGS) 2>/dev/null' lint
