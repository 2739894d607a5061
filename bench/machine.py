"""On what was measured: the machine, the kernel and the versions, for whoever reads the figures."""
import os
import platform
import re
import subprocess
import time
from pathlib import Path

import peers


def processor():
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def file_system(path):
    """The type of the file system that holds `path`, from the longest mount point above it."""
    best = ("", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        if os.path.commonpath([point, path]) == point and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def commit():
    try:
        told = subprocess.run(["git", "-C", str(peers.TOP), "describe", "--always", "--dirty"],
                              capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return told.stdout.strip() or "unknown"


def wrk_version():
    """"wrk" and its version; empty where it is not installed, since not everything needs it."""
    try:
        told = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return " ".join((told.stdout + told.stderr).split()[:2])


def describe(names, client=""):
    """All of it as a dictionary; `names` are the servers that were measured, `client` the version
    of what they were asked by, if that is no program of this tree."""
    versions = {peers.RECIPES[name].needs: peers.version(name) for name in names}
    versions["the client"] = client
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "processor": processor(),
            "cores": os.cpu_count(), "memory_gib": round(memory_gib(), 1),
            "kernel": platform.release(), "file_system": file_system(str(peers.TOP)),
            "aws": commit(),
            "versions": sorted(version for version in versions.values() if version)}


def builds(machine, scenarios):
    """Every build of aws that figures are of: a run replaces those of its own scenarios alone."""
    return sorted({scenario.get("aws", machine["aws"]) for scenario in scenarios.values()}
                  or {machine["aws"]})


def sentence(machine, scenarios):
    """The description as a line of Markdown."""
    return (f"Measured {machine['date']} on {machine['cores']} cores of {machine['processor']}, "
            f"{machine['memory_gib']:.0f} GiB, Linux {machine['kernel']}, "
            f"{machine['file_system']}; aws {' and '.join(builds(machine, scenarios))}; "
            + "; ".join(machine["versions"]) + ".")
