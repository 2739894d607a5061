"""docs/never-stall.md: tables and charts from the figures of `make bench-stall`."""
import charts
import documents
import goals
import machine
import stall_goals
import tables
from stall_subjects import DISKS, SUBJECTS

COLUMNS = (("hot p50 µs", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us"), ("max", "max_us"))
SHARES = ("p50", "p99", "p999", "max")
TITLES = {"p50": "p50", "p99": "p99", "p999": "p99.9", "max": "max"}


def rows_of(servers):
    """(head, rows): each subject's hot latencies alone and beside a cold download, and the rest."""
    head = ["", *(f"{title}" for title, _ in COLUMNS), "beside: p50", "p99", "p99.9", "max",
            "cold MB/s", "sleeps"]
    rows = []
    for subject in SUBJECTS:
        if subject.name not in servers:
            continue
        figures = servers[subject.name]
        sleeps = figures.get("sleeps")
        rows.append([subject.label, *(figures[f"{when}_{share}_us"] for when in ("alone", "beside")
                                      for share in SHARES),
                     figures["cold_mb_s"], None if sleeps is None else f"{sleeps:.0f}"])
    return head, rows


def sleeping_calls(servers):
    """(head, rows): in which calls each subject's loop slept, all rounds together."""
    rows = []
    for subject in SUBJECTS:
        calls = servers.get(subject.name, {}).get("calls")
        if calls:
            told = ", ".join(f"{call} {count:,}" for call, count in
                             sorted(calls.items(), key=lambda pair: -pair[1]))
            rows.append([subject.label, told])
    return ["", "calls in which the loop slept"], rows


def terminal(disk, servers):
    parts = [tables.aligned(*table) for table in (rows_of(servers), sleeping_calls(servers))
             if table[1]]
    return "\n".join([f"\n{DISKS[disk]}", *parts])


def chart(disk, servers):
    """A row a subject: filled marks beside a cold download, hollow ones without."""
    rows = []
    for subject in SUBJECTS:
        if figures := servers.get(subject.name):
            filled = {f"{TITLES[s]} beside": figures[f"beside_{s}_us"] for s in SHARES}
            hollow = {f"{TITLES[s]} alone|hollow": figures[f"alone_{s}_us"] for s in SHARES}
            rows.append((subject.label, hollow | filled))
    series = [(i, f"{TITLES[s]} {when}") for when in ("alone|hollow", "beside")
              for i, s in enumerate(SHARES)]
    return charts.dot_chart(f"A hot 4 KiB file beside a cold download, {DISKS[disk]}",
                            "µs an answer (less is better)", rows, series)


def write(result):
    parts, pictures = {"machine": machine.sentence(result["machine"], result["scenarios"])}, {}
    for disk in DISKS:
        servers = result["scenarios"].get(disk, {}).get("servers", {})
        judged = goals.sentences(stall_goals.judge(servers))
        parts[disk] = "\n\n".join([
            tables.markdown(*rows_of(servers)), "\n".join(f"- {sentence}" for sentence in judged),
            *(tables.markdown(*table) for table in [sleeping_calls(servers)] if table[1])])
        if not servers:
            parts[disk] = "Not measured."
        pictures[f"never-stall-{disk}"] = chart(disk, servers)
    documents.write("never-stall", parts, pictures, result)
