"""--cors: the Fetch standard's "CORS protocol"."""
import pytest

from serving import serving
from test_site import EVERY_SORT, answers_of_every_sort

assert EVERY_SORT
ORIGIN = ("Origin", "https://example.com")
METHOD = ("Access-Control-Request-Method", "GET")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("cors")
    for kind in ("static", "dynamic"):
        (root / kind / "bare").mkdir(parents=True)
        (root / kind / "x.txt").write_text("x" * 100)
    return root


@pytest.fixture(scope="module")
def server(root):
    with serving(root, "--cors", "--listing") as server:
        yield server


def of_cors(answer):
    return {name for name, _ in answer.fields if name.startswith("access-control")}


def preflight(server, *fields, target="/static/x.txt"):
    with server.client() as client:
        client.request(target, "OPTIONS", headers=[ORIGIN, *fields])
        return client.answer("OPTIONS")


def test_every_answer_may_be_read(server):
    for answer in answers_of_every_sort(server):
        assert answer["Access-Control-Allow-Origin"] == "*"
        exposed = answer["Access-Control-Expose-Headers"].lower().replace(" ", "").split(",")
        assert {"etag", "content-range", "content-length", "accept-ranges"} <= set(exposed)
        assert answer["Access-Control-Allow-Credentials"] is None


@pytest.mark.parametrize("target", ["/static/x.txt", "/dynamic/x.txt", "/missing", "*"])
def test_a_preflight_is_allowed(server, target):
    answer = preflight(server, METHOD, target=target)
    assert (answer.status, answer.body) == (204, b"")
    assert answer["Access-Control-Allow-Origin"] == "*"
    methods = answer["Access-Control-Allow-Methods"].replace(" ", "").split(",")
    assert methods == ["GET", "HEAD", "OPTIONS"]
    assert int(answer["Access-Control-Max-Age"]) > 0
    assert answer["Access-Control-Allow-Headers"] is None


@pytest.mark.parametrize("names", ["range", "range,if-none-match", "X-One, x-two", "a" * 1000])
def test_a_preflight_is_given_the_fields_it_asks_for(server, names):
    answer = preflight(server, METHOD, ("Access-Control-Request-Headers", names))
    assert answer["Access-Control-Allow-Headers"] == names


@pytest.mark.parametrize("names", ["", ",", "a b", "a;b", "<script>", 'x, "y"', "x: y", "x,,y",
                                   "\xff", "a\tb"], ids=ascii)
def test_what_is_no_list_of_names_is_not_given_back(server, names):
    answer = preflight(server, METHOD, ("Access-Control-Request-Headers", names))
    assert (answer.status, answer["Access-Control-Allow-Headers"]) == (204, None)


def test_a_preflight_leaves_the_connection_open(server):
    with server.client() as client:
        for _ in range(3):
            client.request("/static/x.txt", "OPTIONS", headers=[ORIGIN, METHOD])
            assert client.answer("OPTIONS").status == 204
            client.request("/static/x.txt", headers=[ORIGIN])
            assert client.answer().status == 200


def test_options_that_are_no_preflight(server):
    for fields in ([], [METHOD]):
        with server.client() as client:
            client.request("/static/x.txt", "OPTIONS", headers=fields)
            answer = client.answer("OPTIONS")
        assert of_cors(answer) == {"access-control-allow-origin", "access-control-expose-headers"}
        assert answer["Allow"] == "GET, HEAD, OPTIONS"


def test_without_the_option_there_is_none_of_it(start, root):
    server = start(root, "--listing")
    for answer in answers_of_every_sort(server):
        assert not of_cors(answer)
    assert not of_cors(preflight(server, METHOD, ("Access-Control-Request-Headers", "range")))
