# Installation beneath PREFIX, or for a package beneath DESTDIR: the program, the shim, and the library with its headers.

PREFIX ?= /usr/local
PUBLIC_HEADERS := $(wildcard include/aws/*.h)
VERSION = $(shell sed -n 's/.*kVersion = "aws \(.*\)".*/\1/p' $(PROGRAM_SOURCES))
data = $(DESTDIR)$(PREFIX)

.PHONY: install install-library uninstall

install: all install-library ## install beneath PREFIX (/usr/local), or beneath DESTDIR for a package
	install -D -m 755 aws $(data)/bin/aws
	install -D -m 755 sockop_preload.so $(data)/lib/aws/sockop_preload.so
	install -D -m 755 preload/sockopctl $(data)/bin/sockopctl
	install -D -m 644 docs/sockop_preload.7 $(data)/share/man/man7/sockop_preload.7
	install -D -m 644 docs/fault-injection.md $(data)/share/doc/aws/fault-injection.md
	install -D -m 644 README.md $(data)/share/doc/aws/README.md
	install -D -m 644 LICENSE $(data)/share/doc/aws/LICENSE
	mkdir -p $(data)/share/aws
	find www ! -name large.bin ! -type d -exec cp -P --parents {} $(data)/share/aws ';'

install-library: $(LIBRARY) make/aws.pc.in
	install -D -m 644 $(LIBRARY) $(data)/lib/libaws.a
	install -D -m 644 -t $(data)/include/aws $(PUBLIC_HEADERS)
	mkdir -p $(data)/lib/pkgconfig
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' make/aws.pc.in >$(data)/lib/pkgconfig/aws.pc

uninstall: ## remove what install put there
	rm -f $(data)/bin/aws $(data)/bin/sockopctl $(data)/share/man/man7/sockop_preload.7
	rm -f $(data)/lib/libaws.a $(data)/lib/pkgconfig/aws.pc
	rm -rf $(data)/include/aws $(data)/lib/aws $(data)/share/doc/aws $(data)/share/aws
