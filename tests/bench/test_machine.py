"""What is told of the machine, and how figures are kept where the disk is full."""
import pytest

import documents
import machine
import results


def test_what_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert machine.wrk_version() == ""
    assert machine.commit() == "unknown"


def test_the_client_is_among_the_versions():
    assert machine.describe([], "wrk 4.1")["versions"] == ["wrk 4.1"]
    assert machine.describe([])["versions"] == []


@pytest.fixture
def full_disk(monkeypatch):
    """Writing text fails half-way from now on."""
    def write_text(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text[:3])
        raise OSError(28, "No space left on device")
    return lambda: monkeypatch.setattr(results.Path, "write_text", write_text)


def test_a_full_disk_costs_no_figures(tmp_path, monkeypatch, full_disk):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    kept = {"machine": {}, "scenarios": {"static-1k": 1}}
    results.save("performance", kept)
    full_disk()
    with pytest.raises(OSError):
        results.save("performance", {"machine": {}, "scenarios": {}})
    assert results.load("performance") == kept
    assert [path.name for path in tmp_path.iterdir()] == ["performance.json"]


def test_a_full_disk_costs_no_document(tmp_path, monkeypatch, full_disk):
    monkeypatch.setattr(documents, "DOCS", tmp_path)
    text = "<!-- x: from the JSON -->\nold\n<!-- x: end -->\n"
    (tmp_path / "page.md").write_text(text)
    full_disk()
    with pytest.raises(OSError):
        documents.write("page", {"x": "new"}, {}, {})
    assert (tmp_path / "page.md").read_text() == text
