"""The course's tests of the protocol: a status line, and 404 for what is not there."""
from __future__ import annotations

from grader.check import REPLIES, course
from grader.errors import Failed


def first_line(run, target, version, expected, status=None):
    """Sends what `nc` would, which has no Host, and looks at the first line of the answer."""
    run.start()
    with run.connect() as connection:
        connection.send(f"GET {target} HTTP/{version}\r\n\r\n".encode())
        response = connection.response()
    if response.status is None or status not in (None, response.status):
        raise Failed(expected, response.describe())


@course("c13-replies", "Replies to an HTTP/1.0 request", points=2, memcheck=1,
        why="A client takes nothing for an answer that does not begin with HTTP/.", rule="RFC 9112, section 4")
def replies(run):
    first_line(run, "/static/small00.dat", "1.0", "a status line that begins with HTTP/")


@course("c14-replies-1.1", "Replies to an HTTP/1.1 request", points=1,
        why="All clients of today say HTTP/1.1.", rule="RFC 9112, section 4")
def replies_to_newer(run):
    first_line(run, "/static/small00.dat", "1.1", "a status line that begins with HTTP/")


@course("c20-static-404", "404 for a static file that is not there", points=2, needs=REPLIES,
        why="A client must be able to tell a missing file from a broken server.", rule="assignment: 404 for invalid paths")
def missing_static(run):
    first_line(run, "/static/abcdef.dat", "1.0", "status 404 for a missing static file", 404)


@course("c21-path-404", "404 for a path outside static/ and dynamic/", points=2, needs=REPLIES,
        why="Only two directories are to be served.", rule="assignment: 404 for invalid paths")
def other_path(run):
    first_line(run, "/xyzt/abcdef.dat", "1.0", "status 404 for a path outside static/ and dynamic/", 404)


@course("c30-dynamic-404", "404 for a dynamic file that is not there", points=2, needs=REPLIES,
        why="A client must be able to tell a missing file from a broken server.", rule="assignment: 404 for invalid paths")
def missing_dynamic(run):
    first_line(run, "/dynamic/abcdef.dat", "1.0", "status 404 for a missing dynamic file", 404)


def downloads_something(run, target):
    """What `wget` and a look at the size tell: status 200, complete as announced, and not empty."""
    run.start()
    response = run.get(target)
    if response.status != 200 or not response.framed or not response.body:
        raise Failed(f"200 and a body for {target}", response.describe())


@course("c16-small", "Small static file arrives", points=2, needs=REPLIES, why="It is what the server is for.",
        rule="assignment: files are transmitted, then the connection is closed")
def small_static(run):
    downloads_something(run, "/static/small00.dat")


@course("c18-large", "Large static file arrives", points=2, needs=REPLIES,
        why="2 MiB do not fit in a socket's buffer: the server must go on when there is room again.",
        rule="sendfile(2): fewer bytes than asked for may be sent")
def large_static(run):
    downloads_something(run, "/static/large00.dat")


@course("c26-dynamic-small", "Small dynamic file arrives", points=2, needs=REPLIES, why="It is what the server is for.",
        rule="assignment: dynamic files are read asynchronously and sent by non-blocking sockets")
def small_dynamic(run):
    downloads_something(run, "/dynamic/small00.dat")


@course("c28-dynamic-large", "Large dynamic file arrives", points=2, needs=REPLIES,
        why="2 MiB do not fit in a socket's buffer: the server must go on when there is room again.",
        rule="send(2): fewer bytes than asked for may be sent")
def large_dynamic(run):
    downloads_something(run, "/dynamic/large00.dat")


