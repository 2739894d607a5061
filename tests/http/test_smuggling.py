"""Messages that two readers could frame differently: RFC 9112 sections 5.1, 5.2, 6, 7 and 11.2.

Each of these, sent to a proxy and a server that disagree about its end, would smuggle a request
through. So each must get exactly one answer, an error, and the end of its connection, even though
the bytes of another request follow it.
"""
import pytest

from conftest import write_file
from serving import serving, sole_answer

SMUGGLED = b"GET /static/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
LINE = b"POST /static/x HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("smuggling")
    write_file(root / "static/smuggled", 10)
    with serving(root, shim=request.param) as server:
        yield server


FRAMING_FIELDS = {
    # 9112-6.1 and 6.3: both framings at once
    "6.3 CL and TE": b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    "6.3 TE and CL": b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    "6.3 CL 0 and TE": b"Content-Length: 0\r\nTransfer-Encoding: chunked",
    "6.3 TE and CL in other cases": b"tRANSFER-eNCODING: CHUNKED\r\ncONTENT-lENGTH: 5",
    "6.3 CL and a TE that is none": b"Content-Length: 5\r\nTransfer-Encoding: x",
    "6.3 CL and an empty TE": b"Content-Length: 5\r\nTransfer-Encoding:",
    # 9112-6.3: chunked must be the final coding, once
    "6.3 TE empty": b"Transfer-Encoding:",
    "6.3 TE only white space": b"Transfer-Encoding: \t ",
    "6.3 TE identity": b"Transfer-Encoding: identity",
    "6.3 TE gzip": b"Transfer-Encoding: gzip",
    "6.3 TE xchunked": b"Transfer-Encoding: xchunked",
    "6.3 TE chunkedx": b"Transfer-Encoding: chunkedx",
    "6.3 TE with a parameter": b"Transfer-Encoding: chunked;q=1",
    "6.3 TE quoted": b"Transfer-Encoding: \"chunked\"",
    "6.3 TE chunked, identity": b"Transfer-Encoding: chunked, identity",
    "6.3 TE chunked, nothing": b"Transfer-Encoding: chunked,",
    "7.1 TE chunked twice": b"Transfer-Encoding: chunked, chunked",
    "7.1 TE in two fields": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "6.3 TE identity in another field":
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "6.3 TE empty in another field": b"Transfer-Encoding: chunked\r\nTransfer-Encoding:",
    "5.1 TE with a space before its colon": b"Transfer-Encoding : chunked",
    "5.1 TE with a tab before its colon": b"Transfer-Encoding\t: chunked",
    "5.2 TE folded": b"Transfer-Encoding:\r\n chunked",
    "5.2 TE on a folded line": b"X: y\r\n Transfer-Encoding: chunked",
    "5.5 TE behind a vertical tab": b"Transfer-Encoding: \x0bchunked",
    "5.5 TE behind a NUL": b"Transfer-Encoding: \0chunked",
    "5.5 NUL in its name": b"Transfer-\0Encoding: chunked",
    "2.2 TE behind a bare LF": b"X: y\nTransfer-Encoding: chunked",
    "2.2 TE behind a bare CR": b"X: y\rTransfer-Encoding: chunked",
    "2.2 TE with a CR too many": b"Transfer-Encoding: chunked\r",
    # 9112-6.2 and 6.3: one length, of digits only
    "6.3 CL twice, different": b"Content-Length: 5\r\nContent-Length: 6",
    "6.3 CL twice, 0 first": b"Content-Length: 0\r\nContent-Length: 5",
    "6.3 CL as a list": b"Content-Length: 5, 6",
    "6.2 CL empty": b"Content-Length:",
    "6.2 CL with a plus": b"Content-Length: +5",
    "6.2 CL negative": b"Content-Length: -5",
    "6.2 CL hexadecimal": b"Content-Length: 0x5",
    "6.2 CL with an exponent": b"Content-Length: 5e0",
    "6.2 CL with a point": b"Content-Length: 5.0",
    "6.2 CL in two parts": b"Content-Length: 5 5",
    "6.2 CL of 2^64": b"Content-Length: 18446744073709551616",
    "6.2 CL of 2^64 + 5": b"Content-Length: 18446744073709551621",
    "6.2 CL and a letter": b"Content-Length: 5x",
    "5.5 CL behind a NUL": b"Content-Length: \x005",
    "5.5 CL behind a form feed": b"Content-Length: \x0c5",
    "5.1 CL with a space before its colon": b"Content-Length : 5",
    "5.2 CL folded": b"Content-Length:\r\n 5",
    "2.2 CL behind a bare LF": b"X: y\nContent-Length: 5",
    "2.2 CL behind a bare CR": b"X: y\rContent-Length: 5",
    # 9112-5.2: line folding
    "5.2 folded by a space": b"X: y\r\n z",
    "5.2 folded by a tab": b"X: y\r\n\tz",
    "5.2 a fold and nothing": b"X: y\r\n ",
    # 9112-2.2: line ends within a value
    "2.2 bare LF": b"X: y\nz",
    "2.2 bare CR": b"X: y\rz",
    "2.2 CR CR LF": b"X: y\r",
    "5.5 NUL": b"X: \0",
    "5.5 delete": b"X: \x7f",
}

CHUNKS = {
    "size ends in a bare LF": b"5\nabcde\r\n0\r\n\r\n",
    "size ends in a bare CR": b"5\rabcde\r\n0\r\n\r\n",
    "size behind a space": b" 5\r\nabcde\r\n0\r\n\r\n",
    "space behind a size": b"5 \r\nabcde\r\n0\r\n\r\n",
    "size with a plus": b"+5\r\nabcde\r\n0\r\n\r\n",
    "size negative": b"-5\r\nabcde\r\n0\r\n\r\n",
    "size with its base": b"0x5\r\nabcde\r\n0\r\n\r\n",
    "size empty": b"\r\nabcde\r\n0\r\n\r\n",
    "size that is none": b"g\r\nabcde\r\n0\r\n\r\n",
    "size beyond 64 bits": b"10000000000000005\r\nabcde\r\n0\r\n\r\n",
    "size of an extension only": b";a=b\r\nabcde\r\n0\r\n\r\n",
    "data too long": b"5\r\nabcdef\r\n0\r\n\r\n",
    "data too short": b"5\r\nabcd\r\n0\r\n\r\n",
    "data ends in a bare LF": b"5\r\nabcde\n0\r\n\r\n",
    "data ends in a bare CR": b"5\r\nabcde\r0\r\n\r\n",
    "data without an end": b"5\r\nabcde0\r\n\r\n",
    "extension ends in a bare LF": b"5;a=b\nabcde\r\n0\r\n\r\n",
    "extension with a CR": b"5;a=\rb\r\nabcde\r\n0\r\n\r\n",
    "extension with a NUL": b"5;a\0\r\nabcde\r\n0\r\n\r\n",
    "extension with a quoted LF": b"5;a=\"\n\"\r\nabcde\r\n0\r\n\r\n",
    "last chunk ends in a bare LF": b"0\n\r\n",
    "empty line is a bare LF": b"0\r\n\n",
    "trailer without a colon": b"0\r\nX\r\n\r\n",
    "trailer with a space before its colon": b"0\r\nX : y\r\n\r\n",
    "trailer ends in a bare LF": b"0\r\nX: y\n\r\n",
    "trailer with a bare CR": b"0\r\nX: y\rz\r\n\r\n",
    "trailer with a NUL": b"0\r\nX: \0\r\n\r\n",
    "trailer folded": b"0\r\nX: y\r\n z\r\n\r\n",
    "trailer begins with a space": b"0\r\n X: y\r\n\r\n",
}


@pytest.mark.parametrize("fields", [pytest.param(fields, id=f"9112-{name}")
                                    for name, fields in FRAMING_FIELDS.items()])
def test_ambiguous_head(server, fields):
    data = LINE + fields + b"\r\n\r\n" + b"0\r\n\r\n" + SMUGGLED
    assert sole_answer(server, data).status == 400


@pytest.mark.parametrize("chunks", [pytest.param(chunks, id=f"9112-7.1 {name}")
                                    for name, chunks in CHUNKS.items()])
def test_ambiguous_chunks(server, chunks):
    data = LINE + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + SMUGGLED
    assert sole_answer(server, data).status == 400


@pytest.mark.parametrize("fields", [b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: x\r\n",
                                    b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n"])
def test_http_1_0_has_no_codings(server, fields):  # RFC 9112 section 6.1
    data = b"POST /static/x HTTP/1.0\r\n" + fields + b"\r\n0\r\n\r\n" + SMUGGLED
    assert sole_answer(server, data).status == 400


@pytest.mark.parametrize("line", [b"GET /static/x HTTP/1.1\r\n", b"HEAD /static/x HTTP/1.1\r\n"])
def test_white_space_before_the_first_field(server, line):  # RFC 9112 section 2.2
    method = line.split()[0].decode()
    data = line + b" Host: localhost\r\nHost: localhost\r\n\r\n" + SMUGGLED
    assert sole_answer(server, data, method).status == 400
