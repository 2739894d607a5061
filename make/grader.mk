# The grader of submissions, ./grade: docs/grading.md. It is Python; only its fault library and its own tests are built.

.PHONY: grade-self
GRADE_SELF ?=
grade-self: deps ## grade the small solution with each of its faults; print which test found which (GRADE_SELF='FAULT…')
	@third_party/deps.sh test
	@$(MAKE) $(QUIETLY) all
	@GRADE_SELF=1 $(PYTHON) -m pytest -q tests/grader
	@$(PYTHON) tests/grader/matrix.py $(GRADE_SELF)
