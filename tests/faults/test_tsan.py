"""Busy runs on four loops under the thread sanitizer, one stopped in the middle, one whose root is switched:
no report."""
import signal
import threading

import pytest

from client import Client
from conftest import AWS_TSAN
from observe import is_refused, wait_until

pytestmark = pytest.mark.skipif(not AWS_TSAN.exists(), reason=f"{AWS_TSAN} is not built")

TSAN = {"TSAN_OPTIONS": "exitcode=66"}
CLIENTS = 16
ENOUGH = 40  # requests of each client before the stop


@pytest.mark.parametrize("seeing", [[], ["--trace", "--access-log"]], ids=["quiet", "seen"])
def test_threads_never_race(start, tmp_path, make_file, seeing, shim):
    contents = {f"/{kind}/{size}": make_file(f"{kind}/{size}", size)
                for kind in ("static", "dynamic") for size in (0, 1000, 600_000)}
    log = tmp_path / "access.log"
    server = start(tmp_path, "--threads", "4", "--aio-blocks", "4", "--max-connections", "12",
                   *([*seeing, log] if seeing else []), binary=AWS_TSAN, shim=shim,
                   env=TSAN)
    wrong, busy = [], threading.Barrier(CLIENTS + 1)

    def run(number):
        targets = list(contents)
        try:
            for turn in range(10 * ENOUGH):
                if turn == ENOUGH:
                    busy.wait(60)
                target = targets[(number + turn) % len(targets)]
                with Client(server.port) as client:
                    client.request(target)
                    if turn % 7 == 0:
                        client.reset()
                    elif client.answer().body != contents[target]:
                        wrong.append(target)
        except (ConnectionError, EOFError) as error:
            if turn < ENOUGH:  # afterwards the server is stopping
                wrong.append(f"{target} in turn {turn}: {error!r}")
                busy.abort()
        except threading.BrokenBarrierError:
            pass  # another client says why
    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        busy.wait(60)
    finally:
        server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: is_refused(server.port), "the listeners are closed")
    for thread in threads:
        thread.join()
    assert not wrong, wrong
    assert server.stop() == 0, server.output()
    assert "ThreadSanitizer" not in server.output()
    if seeing:
        assert len(log.read_text().splitlines()) > CLIENTS * ENOUGH // 2


def test_a_root_that_is_switched_never_races(start, tmp_path, shim):
    """Loops and helpers look it up, while it is turned to another tree, or to none."""
    for name in ("one", "two"):
        for kind in ("static", "dynamic"):
            (tmp_path / name / kind / "sub").mkdir(parents=True)
            (tmp_path / name / kind / "x").write_text(name)
            (tmp_path / name / kind / "link").symlink_to("x")
    current = tmp_path / "current"
    current.symlink_to("one")
    server = start(current, "--threads", "4", "--listing", binary=AWS_TSAN, shim=shim, env=TSAN)
    last, wrong = threading.Event(), []

    def run():
        try:
            with Client(server.port) as client:
                while not last.is_set():
                    for target in ("/static/x", "/dynamic/link", "/static/none", "/static/"):
                        client.request(target)
                        answer = client.answer()
                        if target[-1] in "xk" and (answer.status, answer.body) not in (
                                (200, b"one"), (200, b"two"), (404, answer.body)):
                            wrong.append(answer)
        except (ConnectionError, EOFError) as error:
            wrong.append(error)
    threads = [threading.Thread(target=run) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        for target, status in 2 * [("two", 200), ("nowhere", 404), ("one", 200)]:
            new = tmp_path / "new"
            new.symlink_to(target)
            new.rename(current)
            wait_until(lambda code=status, name=target: (answer := server.get("/static/x")).status == code and
                       (code == 404 or answer.body == name.encode()), f"{target} is the root")
    finally:
        last.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    assert server.stop() == 0, server.output()
    assert "ThreadSanitizer" not in server.output()
