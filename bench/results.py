"""Where figures are kept between measuring and reporting: build/bench/NAME.json."""
import json
import os
from pathlib import Path

from peers import TOP

FOLDER = TOP / "build/bench"


def load(name):
    """What was measured before; a new run replaces only the scenarios that it measures."""
    try:
        return json.loads((FOLDER / f"{name}.json").read_text())
    except FileNotFoundError:
        return {"machine": {}, "scenarios": {}}


def replace_text(path: Path, text):
    """Writes a file whole or not at all: a full disk must not cost what was there."""
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.write_text(text)
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def save(name, result):
    FOLDER.mkdir(parents=True, exist_ok=True)
    replace_text(FOLDER / f"{name}.json", json.dumps(result, indent=1) + "\n")
