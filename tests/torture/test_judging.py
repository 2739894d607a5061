"""The judge of the torture finds what is wrong, and lets pass what is not."""
import gzip
import random

import pytest

from judging import Encoded, ErrorPage, Exact, end_of_answer, judge

BODY = random.Random(1).randbytes(1000)
HEAD = (b"HTTP/1.1 200 OK\r\nServer: aws\r\nDate: Sat, 21 Nov 2026 12:49:55 GMT\r\n"
        b"Content-Length: 1000\r\n\r\n")
ANSWER = HEAD + BODY
LATER = ANSWER.replace(b"12:49:55", b"13:00:01")
PARTS = (b"HTTP/1.1 206 Partial Content\r\nDate: Sat, 21 Nov 2026 12:49:55 GMT\r\n"
         b"Content-Length: 68\r\n"
         b"Content-Type: multipart/byteranges; boundary=part0123456789abcdef\r\n\r\n"
         b"\r\n--part0123456789abcdef\r\n\r\nx\r\n--part0123456789abcdef--\r\n")
OTHER_PARTS = PARTS.replace(b"0123456789abcdef", b"fedcba9876543210")
TEXT = b"".join(b"line %d\n" % number for number in range(1000))
PAGE = b"<!DOCTYPE html>\n<html><body><h1>503 Service Unavailable</h1></body></html>\n"
ERROR = (b"HTTP/1.1 503 Service Unavailable\r\nDate: Sat, 21 Nov 2026 12:49:55 GMT\r\n"
         b"Content-Length: %d\r\n\r\n" % len(PAGE)) + PAGE
ERROR_FORM = ErrorPage((500, 503))
FORMS = [Exact(ANSWER), ERROR_FORM]


def chunked(payload, size=100):
    pieces = [payload[at:at + size] for at in range(0, len(payload), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


ENCODED_HEAD = (b"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 12:49:55 GMT\r\n"
                b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n")
COMPRESSED = gzip.compress(TEXT, mtime=0)
ENCODED = ENCODED_HEAD + chunked(COMPRESSED)


def encoded():
    return Encoded(ENCODED, TEXT)


@pytest.mark.parametrize("stream, right", [
    (ANSWER, 1), (LATER, 1), (ANSWER + LATER, 2), (b"", 0), (ANSWER[:5], 0), (ANSWER[:-1], 0),
    (LATER[:60], 0), (ANSWER + ANSWER[:70], 1),
])
def test_whole_answers_and_a_beginning_are_right(stream, right):
    assert judge(stream, [[Exact(ANSWER)]] * 2) == (right, "")


@pytest.mark.parametrize("at", [0, 9, 30, 66, len(HEAD), len(ANSWER) - 1])
def test_one_wrong_byte_is_found_wherever_it_is(at):
    wrong = bytearray(ANSWER)
    wrong[at] ^= 1
    assert judge(wrong, [FORMS]).problem
    assert judge(wrong[:at + 1], [[Exact(ANSWER)]]).problem


@pytest.mark.parametrize("stream", [
    ANSWER + b"x", ANSWER[:100] + ANSWER[101:], HEAD + BODY[:500] + HEAD, ANSWER[:-1] + ANSWER,
    ERROR, ERROR[:20],
])
def test_bytes_too_many_too_few_or_of_another_answer_are_found(stream):
    assert judge(stream, [[Exact(ANSWER)]]).problem


def test_a_boundary_may_be_another_but_the_same_throughout():
    assert judge(OTHER_PARTS, [[Exact(PARTS)]]) == (1, "")
    at = OTHER_PARTS.rindex(b"fedc")
    mixed = OTHER_PARTS[:at] + b"0" + OTHER_PARTS[at + 1:]
    assert judge(mixed, [[Exact(PARTS)]]).problem
    assert judge(mixed[:at + 1], [[Exact(PARTS)]]).problem


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_content_is_right_however_it_was_cut_into_chunks(size):
    stream = ENCODED_HEAD + chunked(gzip.compress(TEXT, 1, mtime=0), size)
    assert judge(stream, [[encoded()]]) == (1, "")
    for end in range(0, len(stream), 97):
        assert judge(stream[:end], [[encoded()]]) == (0, ""), f"the first {end} bytes"


@pytest.mark.parametrize("payload", [
    gzip.compress(TEXT[:-1], mtime=0), gzip.compress(TEXT + b"x", mtime=0), COMPRESSED[:-1],
    COMPRESSED[:50], COMPRESSED + b"x", b"x" + COMPRESSED])
def test_other_content_that_ends_like_a_whole_one_is_found(payload):
    assert judge(ENCODED_HEAD + chunked(payload), [[encoded()]]).problem


@pytest.mark.parametrize("chunks", [b"x", b"5\r\nabc", b"1\r\nxy\r\n", b"0\r\nx", b"123456789"])
def test_what_are_no_chunks_is_found(chunks):
    assert judge(ENCODED_HEAD + chunks, [[encoded()]]).problem


def test_an_error_page_may_take_an_answers_place_if_it_is_well_formed():
    two = [FORMS] * 2
    assert judge(ERROR + ANSWER, two) == (1, "")
    assert judge(ANSWER + ERROR, two) == (1, "")
    for end in range(len(ERROR)):
        assert judge(ERROR[:end], two) == (0, "")


@pytest.mark.parametrize("page", [
    ERROR.replace(b"503", b"404"), ERROR.replace(b"Content-Length", b"Content-Lenght"),
    ERROR.replace(b"<h1>503", b"<h1>500"), ERROR.replace(b"\r\nDate", b"\r\nDa\0te"),
    ERROR + b"x", b"HTTP/1.0" + ERROR[8:], ERROR.replace(b"</html>", b"<html/>")])
def test_a_malformed_error_page_is_found(page):
    assert judge(page, [FORMS]).problem


@pytest.mark.parametrize("answer, has_body", [(ANSWER, True), (HEAD, False), (ENCODED, True)])
def test_where_an_answer_ends(answer, has_body):
    stream = b"before" + answer + b"behind"
    assert end_of_answer(stream, 6, has_body) == 6 + len(answer)
    for end in range(6, 6 + len(answer), 13):
        assert end_of_answer(stream[:end], 6, has_body) is None
