"""All tests, in the order in which they are listed. A new module is imported here."""
from grader.checks import course_start, course_connections, course_http, course_files  # noqa: F401
from grader.checks import extra_names, extra_requests, extra_connections, extra_transfers  # noqa: F401
from grader.checks import extra_plans, extra_resources, extra_calls, extra_valgrind  # noqa: F401
