"""Where figures are kept between measuring and reporting: build/bench/NAME.json."""
import json

from peers import TOP

FOLDER = TOP / "build/bench"


def load(name):
    """What was measured before; a new run replaces only the scenarios that it measures."""
    try:
        return json.loads((FOLDER / f"{name}.json").read_text())
    except FileNotFoundError:
        return {"machine": {}, "scenarios": {}}


def save(name, result):
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
