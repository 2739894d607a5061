"""All tests, in the order in which they are listed. A new module is imported here."""
from grader.checks import course_start, course_connections, course_http, course_files  # noqa: F401
