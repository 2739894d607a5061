"""Figures as rows of text: aligned for a terminal, or as Markdown."""
from medians import compare
from peers import RECIPES
from scenarios import PEERS, SCENARIOS

LOAD_COLUMNS = (("req/s", "requests_s"), ("CPU µs/req", "cpu_us"), ("MiB/s", "mib_s"),
                ("p50 µs", "p50_us"), ("p99 µs", "p99_us"), ("peak MiB", "memory_mib"))


def number(value):
    """Three digits that mean something, as 5.43, 54.3, 543 or 54,321; a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    size = abs(value)
    return f"{value:,.{2 if size < 10 else 1 if size < 100 else 0}f}"


def aligned(head, rows):
    """A table in plain text: the first column to the left, the others to the right."""
    cells = [[number(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return "\n".join("  ".join([row[0].ljust(widths[0]),
                                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
                     for row in cells)


def markdown(head, rows):
    """A table in Markdown, numbers to the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(number(cell) for cell in row) + " |" for row in lines)


def rows_of(scenario, servers):
    """(head, rows) of one scenario, a row for each server that was measured."""
    columns = LOAD_COLUMNS if scenario.measure == "load" else ((scenario.title, "value"),)
    rows = [[RECIPES[name].label, *(servers[name][key] for _, key in columns)]
            for name in scenario.servers if name in servers]
    return ["", *(title for title, _ in columns)], rows


def terminal(scenario, servers):
    """One scenario's table, under its title; whoever lost requests is named."""
    head, rows = rows_of(scenario, servers)
    lost = [f"  {RECIPES[name].label}: {figures['failures']:.0f} failures"
            for name, figures in servers.items() if figures.get("failures")]
    return "\n".join([f"\n{scenario.title}", aligned(head, rows), *lost])


def measured(result, group):
    """(scenario, servers) of a group, as far as it was measured."""
    return [(s, result["scenarios"][s.name]["servers"]) for s in SCENARIOS
            if s.group == group and s.name in result["scenarios"]]


def comparison(result):
    """(head, rows): CPU time a request, aws beside its best peer and the floor."""
    head = ["CPU µs a request", "aws", "best peer", "", "aws / peer", "floor", "aws / floor"]
    rows = []
    for scenario, servers in measured(result, "main"):
        if found := compare(servers, [name for name in scenario.servers
                                      if name not in ("aws", "floor")]):
            rows.append([scenario.title, found["aws"], found.get("best"), found.get("peer", ""),
                         found.get("to_peer"), found.get("floor"), found.get("to_floor")])
    return head, rows


def single_figures(result):
    """(head, rows) of the scenarios that give one figure a server."""
    rows = [[scenario.title, *(servers.get(name, {}).get("value") for name in ("aws", *PEERS))]
            for scenario, servers in measured(result, "single")]
    return ["", "aws", *PEERS], rows


def terminal_summary(result):
    parts = [aligned(*table) for table in (comparison(result), single_figures(result))
             if table[1]]
    return "\n" + "\n\n".join(parts)
