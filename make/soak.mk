# make soak: a long run that shows whether anything grows.

.PHONY: soak
soak: deps ## keep 10,000 connections busy for SECONDS (600): no error, and nothing grows
	@third_party/deps.sh bench || true
	@$(MAKE) $(QUIETLY) aws examples build/bench/echo_client
	@$(PYTHON) bench/soak.py $(if $(SECONDS),--seconds=$(call quoted,$(SECONDS)))
