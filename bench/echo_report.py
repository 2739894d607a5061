"""The part of docs/performance.md about echoes, from the figures of `make bench-echo`."""
import charts
import documents
import goals
import machine
import tables
from echo_servers import RECIPES
from goals import Verdict

MOST_OF_FLOOR = 1.10  # × the raw epoll loop's CPU time a message
LABELS = {recipe.name: recipe.label for recipe in RECIPES}


def scenario_name(connections, size):
    return f"{connections}-connections-{size}-bytes"


def title(scenario):
    return f"{scenario['connections']:,} connections, {scenario['bytes']:,} B"


def rows_of(scenarios):
    """(head, rows): CPU µs a message of each server, then messages a second."""
    head = ["CPU µs a message", *LABELS.values(), "aws / floor", "aws: messages/s"]
    rows = []
    for scenario in scenarios:
        servers = scenario["servers"]
        cpu = [servers.get(name, {}).get("cpu_us") for name in LABELS]
        ours, floor = servers["aws"]["cpu_us"], servers["floor"]["cpu_us"]
        rows.append([title(scenario), *cpu, ours / floor, servers["aws"]["messages_s"]])
    return head, rows


def terminal(scenario):
    servers = scenario["servers"]
    rows = [[LABELS[name], figures["cpu_us"], figures["messages_s"],
             figures["cpu_us"] / servers["floor"]["cpu_us"]]
            for name, figures in servers.items()]
    return "\n" + tables.aligned([title(scenario), "CPU µs/message", "messages/s", "× floor"], rows)


def judge(result):
    found = []
    for scenario in result["scenarios"].values():
        servers, what = scenario["servers"], title(scenario)
        ours = servers["aws"]["cpu_us"]
        to_floor = ours / servers["floor"]["cpu_us"]
        found.append(Verdict(f"echo, {what}: CPU time at most {MOST_OF_FLOOR:.2f} × the floor's",
                             to_floor <= MOST_OF_FLOOR, f"{to_floor:.2f}"))
        for name in ("libuv", "libevent"):
            if name in servers:
                ratio = ours / servers[name]["cpu_us"]
                found.append(Verdict(f"echo, {what}: less CPU time than {LABELS[name]}",
                                     ratio < 1, f"{ratio:.2f}"))
    return found


def verdicts(result):
    return "\n".join(goals.sentences(judge(result)))


def chart(result):
    rows = [(title(scenario), {LABELS[name]: figures["cpu_us"]
                               for name, figures in scenario["servers"].items()})
            for scenario in result["scenarios"].values()]
    return charts.dot_chart("What an echoed message costs the server",
                            "CPU µs a message (less is better)", rows,
                            list(enumerate(LABELS.values())))


def write(result):
    parts = {
        "echo machine": machine.sentence(result["machine"], result["scenarios"]),
        "echo": tables.markdown(*rows_of(result["scenarios"].values())),
        "echo goals": tables.markdown(*goals.rows_of(judge(result))),
    }
    documents.write("performance", parts, {"performance-echo": chart(result)}, result,
                    data="performance-echo")
