"""The calibration grades dozens of submissions, and takes minutes: `make grade-self` asks for it."""
import os

collect_ignore = [] if os.environ.get("GRADE_SELF") else ["test_grade_faults.py", "test_grade_isolation.py"]
