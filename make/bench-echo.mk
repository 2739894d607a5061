# make bench-echo: the echo servers, of which two need a library that may be absent, and their client.

ECHO_PEERS := $(foreach library,libuv libevent,$(if $(shell $(PKG_CONFIG) --exists $(library) 2>/dev/null && echo yes),$(library)))

.PHONY: bench-echo echo-programs
bench-echo: deps ## measure an echo on our loop beside libuv, libevent and raw epoll; ROUNDS=5 BENCH_SECONDS=2
	@third_party/deps.sh bench || true
	@$(MAKE) $(QUIETLY) echo-programs
	@$(PYTHON) bench/echo.py --rounds=$(call quoted,$(ROUNDS)) --seconds=$(call quoted,$(BENCH_SECONDS))

echo-programs: build/examples/echo build/bench/echo_floor build/bench/echo_client $(ECHO_PEERS:%=build/bench/echo_%)

build/bench/echo_libuv build/bench/echo_libevent: build/bench/echo_%: bench/echo_%.c $(SETTINGS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu17 $(WARNINGS) $(CFLAGS) $(shell $(PKG_CONFIG) --cflags $*) -o $@ $< $(shell $(PKG_CONFIG) --libs $*)
