# The sample files of www/ that are too large to be kept with the sources.

.PHONY: www
www: www/static/large.bin www/dynamic/large.bin ## make the large sample files of www/

# 64 MiB in which no two blocks are alike, the same on every machine: 1024 blocks of 64 KiB, each the exclusive or of
# one of 32 random blocks with one of 32 others. Drawing all of it from the generator would take seconds.
www/static/large.bin:
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)perl -e 'sub block { pack "N*", map { int rand 4294967296 } 1 .. 16384 } srand 8888;' \
	    -e 'my @rows = map { block } 1 .. 32; my @columns = map { block } 1 .. 32;' \
	    -e 'for my $$row (@rows) { print $$row ^ $$_ for @columns }' >$@.part
	@mv $@.part $@

www/dynamic/large.bin: | www/static/large.bin
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)ln -sfn ../static/large.bin $@
