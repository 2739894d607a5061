"""A busy run on four loops under the thread sanitizer, stopped in the middle: no report."""
import signal
import threading

import pytest

from client import Client
from conftest import AWS_TSAN
from observe import is_refused, wait_until

pytestmark = pytest.mark.skipif(not AWS_TSAN.exists(), reason=f"{AWS_TSAN} is not built")

CLIENTS = 16
ENOUGH = 40  # requests of each client before the stop


@pytest.mark.parametrize("seeing", [[], ["--trace", "--access-log"]], ids=["quiet", "seen"])
def test_threads_never_race(start, tmp_path, make_file, seeing, shim):
    contents = {f"/{kind}/{size}": make_file(f"{kind}/{size}", size)
                for kind in ("static", "dynamic") for size in (0, 1000, 600_000)}
    log = tmp_path / "access.log"
    server = start(tmp_path, "--threads", "4", "--aio-blocks", "4", "--max-connections", "12",
                   *([*seeing, log] if seeing else []), binary=AWS_TSAN, shim=shim,
                   env={"TSAN_OPTIONS": "exitcode=66"})
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
