"""What aws promises about cold files, held against the figures of a run of `make bench-stall`."""
from goals import Verdict
from stall_subjects import NAIVE, OURS, SUBJECTS

MOST_SLOWDOWN = 2.0  # of the hot file's p99.9 by a cold download
LEAST_SHARE = 0.98  # of plain sendfile's throughput: two runs of one server differ by as much
LABELS = {subject.name: subject.label for subject in SUBJECTS}


def judge(servers):
    """A verdict on each goal that the figures can decide."""
    found = []
    naive = next((name for name in NAIVE if name in servers), None)
    for name in OURS:
        if name not in servers:
            continue
        ours, label = servers[name], LABELS[name]
        if "sleeps" in ours:
            found.append(Verdict(f"{label}: the loop never sleeps outside its wait",
                                 ours["sleeps"] == 0, f"it slept {ours['sleeps']:.0f} times"))
        slowdown = ours["beside_p999_us"] / ours["alone_p999_us"]
        found.append(Verdict(f"{label}: p99.9 beside a cold download at most {MOST_SLOWDOWN:g} "
                             "times that without", slowdown <= MOST_SLOWDOWN,
                             f"{slowdown:.2f} times"))
        if naive:
            share = ours["cold_mb_s"] / servers[naive]["cold_mb_s"]
            found.append(Verdict(f"{label}: the cold file at least as fast as by {LABELS[naive]}",
                                 share >= LEAST_SHARE, f"{share:.2f} times as fast"))
    return found
