"""Who is measured by `make bench-stall`: servers, and the way in which they read a cold file."""
from dataclasses import dataclass

MIB = 1024 * 1024
SLOW_BYTES_S = 40 * MIB
DISKS = {"disk": "the disk as it is", "throttled": "the disk at 40 MiB/s"}


@dataclass(frozen=True)
class Subject:
    name: str
    label: str
    server: str  # as in peers.RECIPES
    kind: str = "static"  # the folder it is asked for


SUBJECTS = (
    Subject("aws-static", "aws /static", "aws"),
    Subject("aws-dynamic", "aws /dynamic", "aws", "dynamic"),
    Subject("plain-static", "aws --engine plain /static", "aws-plain"),
    Subject("plain-dynamic", "aws --engine plain /dynamic", "aws-plain", "dynamic"),
    Subject("nginx-sendfile", "nginx, sendfile", "nginx"),
    Subject("nginx-threads", "nginx, aio threads", "nginx-threads"),
)
OURS = ("aws-static", "aws-dynamic")
NAIVE = ("plain-static", "nginx-sendfile")  # plain sendfile; the first that was measured counts
