"""Many clients at once."""
import threading
from concurrent.futures import ThreadPoolExecutor

from client import Client


def at_once(jobs):
    """Runs all callables at the same time, each in a thread; returns their results in order.

    They start together: each waits until all are there. An exception in one is raised here.
    """
    together = threading.Barrier(len(jobs))

    def run(job):
        together.wait(60)
        return job()
    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def download_at_once(server, targets, receive_buffer=None):
    """Downloads all targets at the same time; returns the bodies, in order."""
    def download(target):
        with Client(server.port, 60, receive_buffer) as client:
            client.request(target, headers=[("Connection", "close")])
            answer = client.answer()
            assert answer.status == 200, f"{target}: {answer}"
            return answer.body
    return at_once([lambda target=target: download(target) for target in targets])


def wrong_ones(bodies, expected):
    """Which of the bodies differ from what was expected, and where: for a message that says it."""
    wrong = []
    for number, (body, content) in enumerate(zip(bodies, expected, strict=True)):
        if body != content:
            same = next((i for i, (a, b) in enumerate(zip(body, content)) if a != b),
                        min(len(body), len(content)))
            wrong.append(f"download {number}: {len(body)} of {len(content)} bytes, "
                         f"unlike from byte {same}")
    return wrong
