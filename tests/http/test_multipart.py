"""Several ranges at once: multipart/byteranges, and floods of ranges. RFC 9110 sections 14.2, 14.6,
15.3.7.2 and 17.15."""
import email
import random

import pytest

from byteranges import GAP, MEMBER_LIMIT, check_answer, parts_of
from client import Client, request_bytes
from conftest import KINDS, write_file
from observe import receive_all
from serving import serving

BLOCK = 256 << 10
SIZES = {"small.txt": 3000, "x.txt": 2 * BLOCK + 4321}
SIZE = SIZES["x.txt"]
HEADS = 16_384  # more than the fields of any answer here, or the heads of its parts


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("multipart")
    for kind in KINDS:
        for name, size in SIZES.items():
            write_file(root / kind / name, size)
    return root


@pytest.fixture(scope="module")
def content(root):
    return (root / "static/x.txt").read_bytes()


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, shim=request.param) as server:
        yield server


def get_ranges(server, kind, specs, name="x.txt"):
    return server.get(f"/{kind}/{name}", headers=[("Range", "bytes=" + ",".join(specs))])


def spans(answer):
    return [(part.first, part.last) for part in parts_of(answer, SIZE)]


LISTS = [  # what is asked for, and the parts that come
    (["0-9", "500-509"], [(0, 9), (500, 509)]),
    (["500-509", "0-9"], [(500, 509), (0, 9)]),  # in the client's order
    (["-5", "0-4", "1000-1004"], [(SIZE - 5, SIZE - 1), (0, 4), (1000, 1004)]),
    (["0-0", "1000-1000", "2000-2000", "3000-3000"], [(i, i) for i in range(0, 4000, 1000)]),
    ([f"{BLOCK - 1}-{BLOCK}", f"{2 * BLOCK - 1}-{2 * BLOCK}"],
     [(BLOCK - 1, BLOCK), (2 * BLOCK - 1, 2 * BLOCK)]),
    ([f"{BLOCK + 1}-{SIZE}", f"3-{BLOCK - 1000}"], [(BLOCK + 1, SIZE - 1), (3, BLOCK - 1000)]),
    (["0-9", f"{SIZE}-", "500-509"], [(0, 9), (500, 509)]),  # what is not there is left out
    # Joined: what overlaps, touches or nearly does (15.3.7.2).
    (["0-9", "5-14"], [(0, 14)]), (["5-14", "0-9"], [(0, 14)]), (["0-9", "10-19"], [(0, 19)]),
    (["0-99", "40-50"], [(0, 99)]), (["40-50", "0-99"], [(0, 99)]), (["5-9", "5-9"], [(5, 9)]),
    (["0-9", f"{10 + GAP - 1}-200"], [(0, 200)]),
    (["0-9", f"{10 + GAP}-200"], [(0, 9), (10 + GAP, 200)]),
    (["0-9", "5000-5009", "10-19"], [(0, 19), (5000, 5009)]),
    (["5000-5009", "0-9", "5010-5019", "8-19"], [(5000, 5019), (0, 19)]),
    (["0-9", "200-209", "100-109"], [(0, 209)]),  # by the third, the first two
    (["-10", f"{SIZE - 20}-{SIZE - 11}"], [(SIZE - 20, SIZE - 1)]),
]


@pytest.mark.parametrize("specs, expected", LISTS, ids=[",".join(specs) for specs, _ in LISTS])
def test_ranges(server, kind, content, specs, expected):
    answer = get_ranges(server, kind, specs)
    assert spans(answer) == expected
    check_answer(answer, specs, content)


def test_15_3_7_2_each_part_says_what_it_is_and_the_answer_does_not(server, kind):
    answer = get_ranges(server, kind, ["0-9", "500-509"])
    assert answer["Content-Range"] is None
    assert answer["ETag"] == server.get(f"/{kind}/x.txt")["ETag"]
    assert {part.fields["content-type"] for part in parts_of(answer, SIZE)} == {
        "text/plain; charset=utf-8"}


def test_a_parser_of_mail_takes_the_parts_as_they_are(server, kind, content):
    """RFC 2046 and nothing of HTTP; no preamble, no epilogue, no defect."""
    answer = get_ranges(server, kind, ["1000-1099", "0-9", "500-509"])
    message = email.message_from_bytes(f"Content-Type: {answer['Content-Type']}\r\n\r\n".encode() + answer.body)
    assert not message.defects and not message.preamble and not message.epilogue
    assert [part.get_payload(decode=True) for part in message.get_payload()] == [
        content[1000:1100], content[:10], content[500:510]]


def test_every_part_begins_with_a_line_end(server, kind):
    """The first one, too, as clients that read line by line want it."""
    answer = get_ranges(server, kind, ["0-9", "500-509"])
    boundary = answer["Content-Type"].split("boundary=")[1].encode()
    assert answer.body.startswith(b"\r\n--" + boundary + b"\r\nContent-Type: ")
    assert answer.body.count(b"\r\n--" + boundary) == answer.body.count(boundary) == 3
    assert answer.body.endswith(b"\r\n--" + boundary + b"--\r\n")
    assert answer["Content-Length"] == str(len(answer.body))


def test_the_boundary_differs_from_answer_to_answer(server, kind):
    """So that whoever writes a file cannot put it there."""
    assert len({get_ranges(server, kind, ["0-9", "500-509"])["Content-Type"]
                for _ in range(5)}) == 5


@pytest.mark.parametrize("specs", [
    ["0-", "0-"], ["0-", "-1"], [f"0-{SIZE - 1}", "0-0"], [f"0-{SIZE // 2}", f"{SIZE // 3}-"],
    [f"0-{SIZE // 2}"] * 3, [f"0-{10 ** 40}", f"1-{10 ** 40}"], [f"-{10 ** 40}"] * 2,
    [f"0-{SIZE // 2}", f"{SIZE // 2 + 101}-"],  # their sum is less, but not with the parts' heads
], ids=lambda specs: ",".join(specs)[:40])
def test_14_2_what_is_no_shorter_than_the_file_is_the_file(server, kind, content, specs):
    answer = get_ranges(server, kind, specs)
    assert (answer.status, answer.body == content) == (200, True)


def test_as_many_ranges_as_are_sane_and_one_more(server, kind, content):
    specs = [f"{i * 5000}-{i * 5000 + 9}" for i in range(MEMBER_LIMIT)]
    answer = get_ranges(server, kind, specs)
    assert len(parts_of(answer, SIZE)) == MEMBER_LIMIT
    check_answer(answer, specs, content)
    check_answer(get_ranges(server, kind, [*specs, "400000-400001"]), [*specs, "1-1"], content)


FLOODS = {
    "tiny": [f"{i * 500}-{i * 500}" for i in range(1000)],
    "tiny, backwards": [f"{i * 500}-{i * 500}" for i in reversed(range(1000))],
    "overlapping": [f"{i}-" for i in range(1000)],
    "of everything": ["0-"] * 1000,
    "of the end": ["-1"] * 1000,
    "beyond the end": [f"{SIZE + i}-" for i in range(1000)],
    "64 of everything": ["0-"] * 64,
    "64 overlapping": [f"{i}-" for i in range(64)],
    "64 tiny": [f"{i * 5000}-{i * 5000}" for i in range(64)],
    "64 of a part": [f"0-{SIZE // 64}"] * 64,
}


@pytest.mark.parametrize("name", FLOODS)
def test_17_15_a_flood_never_multiplies_the_files_bytes(server, kind, content, name):
    requests = 5
    data = request_bytes(f"/{kind}/x.txt", headers=[("Range", "bytes=" + ",".join(FLOODS[name]))])
    last = request_bytes("/missing", "HEAD", headers=[("Connection", "close")])
    with Client(server.port) as client:
        client.send(data * requests + last)
        client.buffer = receive_all(client)  # all that came, with the heads
        assert len(client.buffer) <= requests * (SIZE + HEADS)
        answers = [client.answer() for _ in range(requests)]
        assert client.answer("HEAD").status == 404
        assert not client.buffer
    for answer in answers:
        assert answer.status in (200, 206, 416)
        assert len(answer.body) <= SIZE
        assert answer.status != 200 or answer.body == content


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_any_ranges_are_slices_of_the_file(server, root, kind, name, seed):
    content = (root / kind / name).read_bytes()
    chance = random.Random(f"{name} {seed}")
    with server.client() as client:
        for turn in range(60):
            specs = [any_spec(chance, len(content)) for _ in range(chance.choice((1, 2, 3, 5, 70)))]
            client.request(f"/{kind}/{name}", headers=[("Range", "bytes=" + ",".join(specs))])
            try:
                check_answer(client.answer(), specs, content)
            except AssertionError as error:
                where = f"seed {seed}, turn {turn}, {','.join(specs)}"
                raise AssertionError(f"{where}: {error}") from None


def any_spec(chance, size):
    edges = [0, 1, size - 1, size, size + 1, size // 2, BLOCK - 1, BLOCK, 2 * BLOCK, 10 ** 25]
    first = chance.choice(edges) if chance.random() < 0.3 else chance.randrange(size)
    length = chance.choice((0, 0, 1, 50, GAP - 1, GAP, GAP + 1, size // 5, size))
    return chance.choice((f"{first}-{first + length}", f"{first}-{first + length}",
                          f"{first}-", f"-{length}"))
