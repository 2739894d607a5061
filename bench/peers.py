"""How each server is started: a configuration as a well-informed admin would write it for speed.

One worker each, no access log, room for every connection of the scenarios. A recipe writes what it
needs beneath `place.folder` and returns the command, whose process stays in the foreground.
"""
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
AWS = TOP / "aws"
FLOOR = TOP / "build/bench/floor"
# A worker's limit. RLIMIT_NOFILE is raised to its hard limit before, which often is 20,000: with
# the files that aws keeps open this fits.
CONNECTIONS = 17_000
HELP_WITHIN_S = 10
DAEMONS = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


@dataclass(frozen=True)
class Place:
    """Where a server stands, and the one answer that a floor gives."""
    root: Path
    port: int
    folder: Path
    status: int = 200
    floor_file: str = "-"
    close: bool = False


def program(name):
    """The full path of an installed program; None if there is none."""
    return shutil.which(name, path=DAEMONS)


def aws(place, *options, binary=AWS):
    return [binary, "--root", place.root, "--bind", "127.0.0.1", "--port", place.port,
            "--threads", 1, "--log-level", "warn", "--max-connections", CONNECTIONS, *options]


def floor(place):
    file = place.floor_file if place.floor_file == "-" else place.root / place.floor_file
    return [FLOOR, place.port, place.status, file, *(["close"] if place.close else [])]


NGINX_CONF = """\
{user}daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{
    worker_connections {connections};
    accept_mutex off;
    multi_accept on;
}}
http {{
    access_log off;
    log_not_found off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    open_file_cache max=10000 inactive=300s;
    open_file_cache_valid 300s;
    open_file_cache_errors on;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096 reuseport deferred;
        root {root};
{extra}
    }}
}}
"""


def nginx(place, *extra):
    user = "user root;\n" if os.geteuid() == 0 else ""
    conf = place.folder / "nginx.conf"
    conf.write_text(NGINX_CONF.format(
        user=user, files=CONNECTIONS + 1000, connections=CONNECTIONS, folder=place.folder,
        port=place.port, root=place.root, extra="\n".join(f"        {line}" for line in extra)))
    return [program("nginx"), "-c", conf, "-e", place.folder / "error.log"]


LIGHTTPD_CONF = """\
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.max-fds = {files}  # of which it lets half be connections
server.max-connections = {connections}
server.listen-backlog = 4096
server.defer-accept = 1
server.max-keep-alive-requests = 1000000000
server.max-keep-alive-idle = 300
mimetype.assign = ( "" => "application/octet-stream" )
"""


def lighttpd(place):
    conf = place.folder / "lighttpd.conf"
    conf.write_text(LIGHTTPD_CONF.format(root=place.root, port=place.port,
                                         files=2 * CONNECTIONS + 1000, connections=CONNECTIONS))
    return [program("lighttpd"), "-D", "-f", conf]


H2O_CONF = """\
{user}num-threads: 1
max-connections: {connections}
http1-request-timeout: 300
error-log: /dev/null
listen:
  host: 127.0.0.1
  port: {port}
hosts:
  default:
    paths:
      "/":
        file.dir: {root}
"""


def h2o(place):
    user = "user: root\n" if os.geteuid() == 0 else ""
    conf = place.folder / "h2o.conf"
    conf.write_text(H2O_CONF.format(user=user, connections=CONNECTIONS, port=place.port,
                                    root=place.root))
    return [program("h2o"), "-c", conf]


def aws_has(option, binary=AWS):
    """Whether this aws knows an option: the naive engine is not in every build."""
    told = subprocess.run([binary, "--help"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", check=False, timeout=HELP_WITHIN_S)
    return option in told.stdout


def problem_of_aws(binary):
    """Why a file cannot be measured as an aws; empty if it can."""
    try:
        has_options = aws_has("--max-connections", Path(binary).resolve())
    except OSError as error:
        return f"it cannot be run: {error.strerror}"
    except subprocess.TimeoutExpired:
        has_options = False
    return "" if has_options else "this is no aws: its --help does not know --max-connections"


@dataclass(frozen=True)
class Recipe:
    """A server that can be measured: under which label, by which command, with which options."""
    label: str
    command: object
    options: tuple = ()
    needs: str = ""  # a program that has to be installed
    needs_option: str = ""  # … or an option that this aws has to know
    version: tuple = field(default=("--version",))

    def missing(self):
        """What is not there and keeps it from being measured; empty if nothing is."""
        if self.needs and not program(self.needs):
            return f"{self.needs} is not installed"
        if self.needs_option and not aws_has(self.needs_option):
            return f"this aws has no {self.needs_option}"
        return ""


RECIPES = {
    "aws": Recipe("aws", aws),
    "nginx": Recipe("nginx", nginx, needs="nginx", version=("-v",)),
    "lighttpd": Recipe("lighttpd", lighttpd, needs="lighttpd", version=("-v",)),
    "h2o": Recipe("h2o", h2o, needs="h2o"),
    # Reads off the loop and past the page cache: nginx's nearest to /dynamic. It switches O_DIRECT
    # on and off by descriptor, so requests that share a cached one fail each other with EINVAL.
    "nginx-directio": Recipe("nginx, aio threads, directio", nginx,
                             ("aio threads;", "directio 512;", "output_buffers 2 256k;",
                              "open_file_cache off;"),
                             needs="nginx", version=("-v",)),
    "nginx-threads": Recipe("nginx, aio threads", nginx, ("aio threads;",), needs="nginx",
                            version=("-v",)),
    "aws-plain": Recipe("aws --engine plain", aws, ("--engine", "plain"),
                        needs_option="--engine"),
    "floor": Recipe("floor", floor),
}


def add_other_aws(binary):
    """Makes another build of aws one more server, "aws-other", to be compared with this tree's."""
    RECIPES["aws-other"] = Recipe("the other", partial(aws, binary=Path(binary).resolve()))


def version(name):
    """What the program says of its version, on one line; empty for those of this tree."""
    recipe = RECIPES[name]
    if not recipe.needs:
        return ""
    told = subprocess.run([program(recipe.needs), *recipe.version], capture_output=True,
                          text=True, check=False)
    return (told.stdout + told.stderr).strip().splitlines()[0]
