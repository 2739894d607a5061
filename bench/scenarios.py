"""What is asked of the servers: one row a scenario, in the order of the tables."""
from dataclasses import dataclass, replace
from fnmatch import fnmatch

import dataset

PEERS = ("nginx", "lighttpd", "h2o")
FIELD = ("aws", *PEERS, "floor")
SWEEP = (10, 100, 1000, 5000, 8000, 15_000)


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    target: str = "/static/1k.bin"
    measure: str = "load"  # load (by wrk), idle-memory or start-up
    group: str = "main"  # which table it stands in
    connections: int = 64
    idle: int = 0  # connections that are open besides, and ask nothing
    mode: tuple = ("same",)  # of wrk.lua
    status: int = 200
    close: bool = False  # a connection for each request
    revalidate: bool = False  # If-None-Match, with the ETag that the server gave
    stream_bytes: int = 0  # a large answer's size: they are counted by what came of them
    servers: tuple = FIELD

    @property
    def floor_file(self):
        """The file of the floor's one answer; "-" where the answer is a head alone."""
        if self.status != 200:
            return "-"
        return "static/many/0.bin" if self.mode[0] == "in-turn" else self.target.lstrip("/")


def sized(kind, name, title):
    servers = FIELD if kind == "static" else ("aws", *PEERS, "nginx-directio", "floor")
    size = dataset.SIZES[name]
    return Scenario(f"{kind}-{name}", f"{kind} {title}", f"/{kind}/{name}.bin", servers=servers,
                    stream_bytes=size if size >= dataset.MIB else 0)


SCENARIOS = (
    sized("static", "1k", "1 KiB"),
    sized("static", "10k", "10 KiB"),
    sized("static", "100k", "100 KiB"),
    sized("static", "1m", "1 MiB"),
    Scenario("connection-each", "1 KiB, a connection each", close=True),
    Scenario("many-files", "1,000 files of 4 KiB in turn", "/static/many/",
             mode=("in-turn", str(dataset.MANY_FILES))),
    Scenario("not-found", "404", "/static/absent.bin", status=404),
    Scenario("not-modified", "304", status=304, revalidate=True),
    Scenario("pipelined", "1 KiB, pipelined ×16", mode=("pipelined", "16")),
    Scenario("1000-connections", "1 KiB, 1,000 connections", connections=1000),
    Scenario("8000-connections", "1 KiB, 8,000 connections", connections=8000),
    Scenario("15000-idle", "1 KiB, beside 15,000 idle connections", idle=15_000),
    sized("dynamic", "1k", "1 KiB"),
    sized("dynamic", "100k", "100 KiB"),
    sized("dynamic", "1m", "1 MiB"),
    *(replace(sized(kind, "64m", "64 MiB streams"), connections=8) for kind in dataset.KINDS),
    *(Scenario(f"sweep-{count}", f"{count:,} connections", group="connections-sweep",
               connections=count, servers=("aws", "nginx", "floor")) for count in SWEEP),
    Scenario("idle-memory", "memory per idle connection, bytes", measure="idle-memory",
             group="single", servers=("aws", *PEERS)),
    Scenario("start-up", "start to the first answer, ms", measure="start-up",
             group="single", servers=("aws", *PEERS)),
)


def chosen(wanted):
    """The scenarios named: names, groups or patterns like 'static-*', by commas; all for ''."""
    patterns = [word.strip() for word in wanted.split(",") if word.strip()] or ["*"]
    for pattern in patterns:
        if not any(fnmatch(s.name, pattern) or s.group == pattern for s in SCENARIOS):
            raise ValueError(f"no scenario is like {pattern!r}; there are: "
                             + " ".join(s.name for s in SCENARIOS) + " connections-sweep")
    return [s for s in SCENARIOS
            if any(fnmatch(s.name, pattern) or s.group == pattern for pattern in patterns)]
