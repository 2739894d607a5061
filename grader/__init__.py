"""Grades submissions of the asynchronous web server assignment. See docs/grading.md."""
