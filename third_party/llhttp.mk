# Finds llhttp, the HTTP parser; README.md beside this file tells the order and the reasons. Afterwards
#   LLHTTP_CPPFLAGS   is what every file that includes <llhttp.h> is compiled with, ours and llhttp's own;
#   LLHTTP_SOURCES    are the C files to compile, in LLHTTP_DIRECTORY: none where a library is linked instead;
#   LLHTTP_LIBS       links that library;
#   LLHTTP_PROBLEM    says what is wrong with the LLHTTP_DIR that was given.
# Where all of them are empty there is no llhttp, and the check of the other libraries reports it with the rest.

LLHTTP_DIR ?=
LLHTTP_FILES := api.c http.c llhttp.c

ifneq ($(LLHTTP_DIR),)
  # Releases keep the sources in src/ and the header in include/; a copy may well have all four in one place.
  llhttp_header := $(firstword $(shell find -L $(LLHTTP_DIR) -name llhttp.h 2>/dev/null))
  llhttp_source := $(firstword $(shell find -L $(LLHTTP_DIR) -name llhttp.c 2>/dev/null))
else ifeq ($(shell $(PKG_CONFIG) --exists libllhttp 2>/dev/null && echo yes),yes)
  LLHTTP_CPPFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags libllhttp))
  LLHTTP_LIBS := $(shell $(PKG_CONFIG) --libs libllhttp)
else
  llhttp_header := $(wildcard /usr/share/include/llhttp/llhttp.h)
  llhttp_source := $(wildcard /usr/share/llhttp/llhttp.c)
endif

ifneq ($(and $(llhttp_header),$(llhttp_source)),)
  LLHTTP_DIRECTORY := $(patsubst %/,%,$(dir $(llhttp_source)))
  LLHTTP_SOURCES := $(notdir $(wildcard $(addprefix $(LLHTTP_DIRECTORY)/,$(LLHTTP_FILES))))
  # The parser of version 8 and before is stricter with this, and the header must not say otherwise than the sources:
  # so it stands with the flags that both get. Version 9 is always strict and ignores it.
  LLHTTP_CPPFLAGS := -isystem $(patsubst %/,%,$(dir $(llhttp_header))) -DLLHTTP_STRICT_MODE=1
endif

ifneq ($(LLHTTP_DIR),)
ifneq ($(sort $(LLHTTP_SOURCES)),$(sort $(LLHTTP_FILES)))
  LLHTTP_PROBLEM := LLHTTP_DIR=$(LLHTTP_DIR) does not hold llhttp.h $(LLHTTP_FILES): give the folder of an llhttp release
endif
endif
