"""Conditional requests, a case a row: RFC 9110 section 13. In the rows, {tag} is the file's tag."""
import os
from email.utils import formatdate

import pytest

from client import request_bytes
from conftest import KINDS, write_file
from observe import wait_until
from serving import CLOSED, KEPT, fate, serving

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110's own example
THEN = formatdate(MODIFIED, usegmt=True)
BEFORE, LATER = (formatdate(MODIFIED + step, usegmt=True) for step in (-1, 1))
CACHE = "max-age=60"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("conditional")
    for kind in KINDS:
        for name in ("x.txt", "folder/x.txt"):
            write_file(root / kind / name, 1000)
            os.utime(root / kind / name, (MODIFIED, MODIFIED))
    return root


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, "--cache-control", f"*={CACHE}", shim=request.param) as server:
        yield server


def tag_of(server, kind):
    def ask():
        tag = server.get(f"/{kind}/x.txt", "HEAD")["ETag"]
        return tag if tag.startswith('"') else None
    return wait_until(ask, "the file's tag is strong", 10)


ROWS = [  # section, what it says, fields, status
    # If-Match compares strongly.
    ("13.1.1", "its tag", [("If-Match", "{tag}")], 200),
    ("13.1.1", "any", [("If-Match", "*")], 200),
    ("13.1.1", "one of a list", [("If-Match", '"a", {tag} ,"b"')], 200),
    ("13.1.1", "the last of three lines", [("If-Match", '"a"'), ("If-Match", 'W/"b"'),
                                           ("If-Match", "{tag}")], 200),
    ("13.1.1", "another", [("If-Match", '"other"')], 412),
    ("13.1.1", "a list of others", [("If-Match", '"a", "b"')], 412),
    ("8.8.3.2", "a weak tag never matches", [("If-Match", "W/{tag}")], 412),
    ("8.8.3.2", "nor in a list", [("If-Match", '"a", W/{tag}')], 412),
    ("8.8.3", "without quotes", [("If-Match", "{bare}")], 412),
    ("8.8.3", "half a quote", [("If-Match", '"{bare}')], 412),
    ("8.8.3", "weak in lower case", [("If-Match", "w/{tag}")], 412),
    ("8.8.3", "the start of it", [("If-Match", '"{start}"')], 412),
    ("8.8.3", "its tag, then rubbish", [("If-Match", "{tag} rubbish")], 412),
    ("8.8.3", "two without a comma", [("If-Match", '{tag} "b"')], 412),
    ("13.1.1", "empty", [("If-Match", "")], 412),
    ("13.1.1", "a star in a list", [("If-Match", '"a", *')], 412),
    # If-None-Match compares weakly.
    ("13.1.2", "its tag", [("If-None-Match", "{tag}")], 304),
    ("8.8.3.2", "its tag, weak", [("If-None-Match", "W/{tag}")], 304),
    ("13.1.2", "any", [("If-None-Match", "*")], 304),
    ("13.1.2", "any, with white space", [("If-None-Match", " \t* ")], 304),
    ("13.1.2", "one of a list", [("If-None-Match", '"a",{tag}, W/"b"')], 304),
    ("5.6.1.2", "a list with holes", [("If-None-Match", ' , ,"a", ,{tag},,')], 304),
    ("5.3", "the second of two lines", [("If-None-Match", '"a"'), ("If-None-Match", "{tag}")], 304),
    ("5.3", "the first of two lines", [("If-None-Match", "{tag}"), ("If-None-Match", '"a"')], 304),
    ("8.8.3", "behind a tag with a comma", [("If-None-Match", '"a,b", {tag}')], 304),
    ("8.8.3", "within another tag", [("If-None-Match", '"a,{bare},b"')], 200),
    ("8.8.3", "behind one of obs-text", [("If-None-Match", '"\xfc\x80", {tag}')], 304),
    ("8.8.3", "behind an empty one", [("If-None-Match", '"", {tag}')], 304),
    ("13.1.2", "another", [("If-None-Match", '"other"')], 200),
    ("13.1.2", "others, weak", [("If-None-Match", 'W/"a", W/"b"')], 200),
    ("13.1.2", "empty", [("If-None-Match", "")], 200),
    ("8.8.3", "malformed: without quotes", [("If-None-Match", "{bare}")], 200),
    ("8.8.3", "malformed: half a quote", [("If-None-Match", '"{bare}')], 200),
    ("8.8.3", "malformed: no comma", [("If-None-Match", '"a" {tag}')], 200),
    ("8.8.3", "malformed: rubbish behind it", [("If-None-Match", "{tag}, rubbish")], 200),
    ("8.8.3", "malformed: weak in lower case", [("If-None-Match", "w/{tag}")], 200),
    ("8.8.3", "malformed: white space in it", [("If-None-Match", "W/ {tag}")], 200),
    ("8.8.3", "malformed: a star in a list", [("If-None-Match", '"a", *')], 200),
    ("8.8.3", "malformed: a star, then rubbish", [("If-None-Match", "*x")], 200),
    # Dates, in three forms.
    ("13.1.3", "its time", [("If-Modified-Since", THEN)], 304),
    ("13.1.3", "a second later", [("If-Modified-Since", LATER)], 304),
    ("13.1.3", "a second before", [("If-Modified-Since", BEFORE)], 200),
    ("13.1.3", "in the future", [("If-Modified-Since", "Fri, 31 Dec 9999 23:59:59 GMT")], 304),
    ("5.6.7", "rfc850-date", [("If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT")], 304),
    ("5.6.7", "asctime-date", [("If-Modified-Since", "Sun Nov  6 08:49:37 1994")], 304),
    ("5.6.7", "rfc850-date before", [("If-Modified-Since", "Sunday, 06-Nov-94 08:49:36 GMT")], 200),
    ("5.6.7", "asctime-date before", [("If-Modified-Since", "Sun Nov  6 08:49:36 1994")], 200),
    ("5.6.7", "a leap second", [("If-Modified-Since", "Sat, 31 Dec 2016 23:59:60 GMT")], 304),
    ("13.1.4", "its time", [("If-Unmodified-Since", THEN)], 200),
    ("13.1.4", "later", [("If-Unmodified-Since", LATER)], 200),
    ("13.1.4", "before", [("If-Unmodified-Since", BEFORE)], 412),
    ("5.6.7", "rfc850-date", [("If-Unmodified-Since", "Sunday, 06-Nov-94 08:49:36 GMT")], 412),
    ("5.6.7", "asctime-date", [("If-Unmodified-Since", "Sun Nov  6 08:49:36 1994")], 412),
    *[(section, f"twice is no date: {name}", [(name, date), (name, date)], 200)
      for section, name, date in (("13.1.3", "If-Modified-Since", LATER),
                                  ("13.1.4", "If-Unmodified-Since", BEFORE))],
]
INVALID_DATES = [
    "", "0", "x", "1994-11-06T08:49:37Z", "784111777", "Sun, 06 Nov 2094 08:49:37",
    "Sun, 06 Nov 2094 08:49:37 UTC", "Sun, 06 Nov 2094 08:49:37 +0000",
    "sun, 06 nov 2094 08:49:37 gmt", "Sun, 6 Nov 2094 08:49:37 GMT",
    "Sun, 31 Feb 2094 08:49:37 GMT", "Sun, 06 Nov 2094 24:49:37 GMT",
    "Sun, 06 Nov 2094 08:60:37 GMT", "Sun,  06 Nov 2094 08:49:37 GMT",
    "Xyz, 06 Nov 2094 08:49:37 GMT", "Sun, 06 Nov 2094 08:49:37 GMT, x",
    "Sun, 06 Nov 94 08:49:37 GMT", "Sun Nov 6 08:49:37 2094", "Fri, 31 Dec 99999 23:59:59 GMT",
    '"Sun, 06 Nov 2094 08:49:37 GMT"', "Thu, 01 Jan 1970 00:00 GMT",
]


def filled(fields, tag):
    words = {"{tag}": tag, "{bare}": tag[1:-1], "{start}": tag[1:6]}
    for word, text in words.items():
        fields = [(name, value.replace(word, text)) for name, value in fields]
    return fields


@pytest.mark.parametrize("section, what, fields, status", ROWS, ids=[
    f"{section} {fields[0][0]}: {what}" for section, what, fields, _ in ROWS])
def test_a_precondition(server, kind, section, what, fields, status):
    fields = filled(fields, tag_of(server, kind))
    with server.client() as client:
        for method in ("GET", "HEAD"):
            client.request(f"/{kind}/x.txt", method, headers=fields)
            answer = client.answer(method)
            assert answer.status == status
            assert len(answer.body) == (1000 if (method, status) == ("GET", 200) else 0)


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since"])
@pytest.mark.parametrize("date", INVALID_DATES)
def test_what_is_no_date_is_ignored(server, kind, name, date):  # 13.1.3, 13.1.4
    """Those that look like one are of 2094, or before 1994: believed, one of the two would show."""
    assert server.get(f"/{kind}/x.txt", headers=[(name, date)]).status == 200


FIELDS_OF_A_304 = ["cache-control", "date", "etag", "last-modified", "vary"]  # 15.4.5, 8.8.2.1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", [("If-None-Match", "{tag}"), ("If-Modified-Since", THEN)],
                         ids=lambda condition: condition[0])
def test_15_4_5_a_304_has_the_fields_of_the_200_and_nothing_of_its_content(
        server, kind, method, condition):
    with server.client() as client:
        client.request(f"/{kind}/x.txt", method, headers=filled([condition], tag_of(server, kind)))
        answer = client.answer(method)
        client.request(f"/{kind}/x.txt")
        whole = client.answer()  # in turn: the 304 had no body
    assert (answer.status, answer.reason, whole.status) == (304, "Not Modified", 200)
    for name in FIELDS_OF_A_304:
        assert answer[name] is not None, name
        assert name == "date" or answer[name] == whole[name], name
    assert whole["Cache-Control"] == CACHE and whole["Vary"] == "Accept-Encoding"
    names = {name for name, _ in answer.fields}
    assert not {name for name in names if name.startswith("content-")}
    assert not names & {"transfer-encoding", "trailer"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", [("If-Match", '"x"'), ("If-Unmodified-Since", BEFORE)],
                         ids=lambda condition: condition[0])
def test_15_5_13_a_412_has_no_content_of_the_file(server, kind, method, condition):
    with server.client() as client:
        client.request(f"/{kind}/x.txt", method, headers=[condition])
        answer = client.answer(method)
        assert (answer.status, answer.reason) == (412, "Precondition Failed")
        assert answer["ETag"] == tag_of(server, kind)
        assert answer.body == b""
        assert fate(client) == KEPT


@pytest.mark.parametrize("version, connection, expected", [
    ("HTTP/1.1", None, KEPT), ("HTTP/1.1", "close", CLOSED), ("HTTP/1.0", None, CLOSED),
    ("HTTP/1.0", "keep-alive", KEPT)])
@pytest.mark.parametrize("fields, status", [
    ([("If-None-Match", "*")], 304), ([("If-Match", '"x"')], 412)], ids=["304", "412"])
def test_the_connection_goes_on_as_after_any_answer(server, kind, version, connection, expected,
                                                    fields, status):  # RFC 9112 section 9.3
    fields = [*fields, *([("Connection", connection)] if connection else [])]
    with server.client() as client:
        client.request(f"/{kind}/x.txt", version=version, headers=fields)
        assert client.answer().status == status
        assert fate(client, expected) == expected


def test_pipelined_conditions_are_answered_in_turn(server, kind):
    asked = [([("If-None-Match", "*")], 304), ([], 200), ([("If-Match", '"x"')], 412)] * 20
    with server.client() as client:
        client.send(b"".join(request_bytes(f"/{kind}/x.txt", headers=fields)
                             for fields, _ in asked))
        assert [client.answer().status for _ in asked] == [status for _, status in asked]


EVERY_CONDITION = [("If-Match", '"x"'), ("If-Unmodified-Since", BEFORE), ("If-None-Match", "*"),
                   ("If-Modified-Since", LATER)]
NOT_200 = [
    ("/{kind}/missing", "GET", 404), ("/{kind}/missing", "HEAD", 404), ("/{kind}/", "GET", 403),
    ("/{kind}/folder", "GET", 301), ("/{kind}/%", "GET", 400), ("/{kind}/x.txt/", "GET", 404),
    ("/{kind}/x.txt", "DELETE", 405), ("/{kind}/x.txt", "PUT", 405), ("/{kind}/x.txt", "POST", 405),
    ("/{kind}/x.txt", "OPTIONS", 204),
]


@pytest.mark.parametrize("target, method, status", NOT_200)
@pytest.mark.parametrize("field", EVERY_CONDITION, ids=lambda field: field[0])
def test_13_2_1_a_condition_is_ignored_where_no_200_is_at_stake(
        server, kind, target, method, status, field):
    answer = server.get(target.format(kind=kind), method, [field])
    assert (answer.status, answer["ETag"]) == (status, None)
