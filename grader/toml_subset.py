"""Reads schemes where Python has no tomllib (before 3.11): comments, [tables], and keys with strings, integers, booleans.

What it takes is TOML, and means the same there. Anything else is refused with the line's number.
"""
from __future__ import annotations

import re

TABLE = re.compile(r"^\[\s*([A-Za-z0-9_-]+)\s*\]$")
PAIR = re.compile(r'^(?:"([^"\\]*)"|([A-Za-z0-9_-]+))\s*=\s*(?:"([^"\\]*)"|([+-]?(?:0|[1-9]\d*))|(true|false))$')
COMMENT = re.compile(r'^((?:[^"#]|"[^"]*")*)#.*$')


def loads(text: str) -> dict:
    """Raises ValueError, which names the line."""
    whole: dict = {}
    table = whole
    for number, line in enumerate(text.splitlines(), 1):
        commented = COMMENT.match(line)
        content = (commented[1] if commented else line).strip()
        heading, pair = TABLE.match(content), PAIR.match(content)
        if heading:
            if heading[1] in whole:
                raise ValueError(f"line {number}: {heading[1]} is there twice")
            table = whole[heading[1]] = {}
        elif pair:
            key = pair[1] if pair[1] is not None else pair[2]
            if key in table:
                raise ValueError(f"line {number}: {key} is there twice")
            table[key] = value_of(pair)
        elif content:
            raise ValueError(f'line {number}: expected [table] or key = 1, key = "text", key = true')
    return whole


def value_of(pair: re.Match) -> object:
    if pair[3] is not None:
        return pair[3]
    return int(pair[4]) if pair[4] is not None else pair[5] == "true"
