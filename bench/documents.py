"""The documents' generated parts: prose is written by hand, figures come from a run's JSON.

What stands between the marks `<!-- NAME: from the JSON -->` and `<!-- NAME: end -->` is replaced.
The JSON is kept beside the document.
"""
import json
import re

from peers import TOP
from results import replace_text

DOCS = TOP / "docs"


def replace_part(text, name, part):
    """The document with another part under that name."""
    begin, end = f"<!-- {name}: from the JSON -->", f"<!-- {name}: end -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the document has no part {name!r}")
    return pattern.sub(lambda _: f"{begin}\n{part}\n{end}", text)


def write(name, parts, pictures, result, data=None):
    """docs/NAME.md with new parts, its charts and its JSON, docs/DATA.json (by default NAME.json)."""
    document = DOCS / f"{name}.md"
    text = document.read_text()
    for part, content in parts.items():
        text = replace_part(text, part, content)
    replace_text(document, text)
    for picture, svg in pictures.items():
        replace_text(DOCS / f"{picture}.svg", svg)
    replace_text(DOCS / f"{data or name}.json", json.dumps(result, indent=1) + "\n")
    print(f"wrote docs/{name}.md")
