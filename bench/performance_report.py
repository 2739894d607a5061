"""docs/performance.md: tables and charts from the figures of `make bench`."""
import charts
import documents
import goals
import machine
import performance_goals
import tables
from peers import RECIPES
from scenarios import FIELD


def details(result):
    """Every scenario's own table, one after the other."""
    return "\n\n".join(
        f"**{scenario.title}**\n\n{tables.markdown(*tables.rows_of(scenario, servers))}"
        for scenario, servers in tables.measured(result, "main"))


def field_chart(result):
    """What each server needs, as a multiple of what the floor needs: a row for each scenario."""
    rows = []
    for scenario, servers in tables.measured(result, "main"):
        if "floor" in servers:
            floor = servers["floor"]["cpu_us"]
            rows.append((scenario.title, {RECIPES[name].label: servers[name]["cpu_us"] / floor
                                          for name in FIELD if name in servers}))
    return charts.dot_chart("What a request costs the server, the floor being 1",
                            "CPU time a request, as a multiple of the floor's (less is better)",
                            rows, list(enumerate(RECIPES[name].label for name in FIELD)))


def sweep_chart(result):
    """CPU time a request over the number of connections."""
    lines = {}
    for scenario, servers in tables.measured(result, "connections-sweep"):
        for name, figures in servers.items():
            lines.setdefault(name, []).append((scenario.connections, figures["cpu_us"]))
    series = [(index, name) for index, name in enumerate(FIELD) if name in lines]
    return charts.line_chart("What a request costs, by the number of connections",
                             "connections, all active", "CPU µs a request, 1 KiB", lines, series)


def write(result):
    documents.write(
        "performance",
        {"machine": machine.sentence(result["machine"], result["scenarios"]),
         "goals": tables.markdown(*goals.rows_of(performance_goals.judge(result))),
         "comparison": tables.markdown(*tables.comparison(result)),
         "single figures": tables.markdown(*tables.single_figures(result)),
         "details": details(result)},
        {"performance": field_chart(result), "performance-connections": sweep_chart(result)},
        result)
