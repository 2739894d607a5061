"""The ways in which grading can end early."""
from __future__ import annotations


class Failed(Exception):
    """A submission did not do what a test expects: what was expected, and what came instead."""

    def __init__(self, expected: str, came: str):
        super().__init__(f"expected {expected}; came: {came}")
        self.expected = expected
        self.came = came


class BadCommandLine(Exception):
    """One line that says what to write instead; exit status 2."""


class MachineLacks(Exception):
    """One line that names what this machine does not have, and what to do; exit status 3."""
