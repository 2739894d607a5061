"""Names that begin with a dot are not there, unless --dotfiles says so; /.well-known/ always is
(RFC 8615 section 3)."""
import pytest

from serving import serving

FILES = [".hidden", ".git/config", ".git/index.html", "seen/.git/config", "seen/.env", ".a/.b/c",
         "...", "..hidden", ".htaccess.gz", "seen/page.html", ".well-knownx/x",
         ".Well-Known/x", ".well-known/.secret", ".well-known/.git/x", ".hidden.d/.well-known/x"]
SERVED = [".well-known/x", ".well-known/acme-challenge/token", "seen/.well-known/x",
          "seen/.well-known/index.html", "a.b", "a..", "seen/page.html"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("dotfiles")
    for folder in ("static", "dynamic", "."):
        for name in {*FILES, *SERVED}:
            file = root / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)
    (root / "static/.well-known/.secret.br").write_text("br")
    return root


@pytest.fixture(scope="module")
def server(root):
    with serving(root, "--listing") as server:
        yield server


@pytest.fixture(scope="module")
def open_server(root):
    with serving(root, "--dotfiles") as server:
        yield server


HIDDEN = [name for name in FILES if name not in SERVED]


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_is_as_missing(server, kind, name):
    def fields(answer):
        return answer.status, answer.body, [f for f in answer.fields if f[0] != "date"]
    missing = fields(server.get(f"/{kind}/missing"))
    assert missing[0] == 404
    for method in ("GET", "HEAD"):
        assert server.get(f"/{kind}/{name}", method).status == 404
    assert fields(server.get(f"/{kind}/{name}")) == missing


@pytest.mark.parametrize("target", [
    "%2ehidden", "%2Egit/config", ".git%2Fconfig", "%2e%67it/config", "seen/%2e%2e/.hidden",
    "seen/../.git/config", "./.hidden", "/.hidden", "seen/%2egit/config", ".git/../.hidden",
    "seen//.git//config", ".well-known/../.hidden", ".well-known/%2esecret"])
def test_however_it_is_written(server, kind, target):
    """RFC 3986 section 2.3: an encoded dot is a dot."""
    assert server.get(f"/{kind}/{target}").status == 404


@pytest.mark.parametrize("target", [".git", ".git/", "seen/.git", "seen/.git/", ".a/.b/",
                                    ".hidden.d/.well-known/"])
def test_a_hidden_folder_is_neither_redirected_nor_listed(server, kind, target):
    assert server.get(f"/{kind}/{target}").status == 404


@pytest.mark.parametrize("target", ["/.git/config", "/.hidden", "/.well-known/.git/x",
                                    "/.Well-Known/x", "/.well-knownx/x"])
@pytest.mark.parametrize("options", [[], ["--dotfiles"]], ids=["hidden", "dotfiles"])
def test_at_the_roots_level_only_well_known_exists(server, open_server, options, target):
    is_well_known = target.startswith("/.well-known/")
    answer = (open_server if options else server).get(target)
    assert answer.status == (200 if options and is_well_known else 404)


@pytest.mark.parametrize("name", SERVED)
def test_served(server, open_server, kind, name):
    for each in (server, open_server):
        answer = each.get(f"/{kind}/{name}")
        assert (answer.status, answer.body.decode()) == (200, name)


@pytest.mark.parametrize("target", ["x", "acme-challenge/token", "%61cme-challenge/token",
                                    "../.well-known/x"])
def test_well_known_at_the_roots_level(server, open_server, target):
    for each in (server, open_server):
        for method in ("GET", "HEAD"):
            assert each.get(f"/.well-known/{target}", method).status == 200


def test_well_known_is_a_folder_like_others(server, kind):
    for base in ("/.well-known", f"/{kind}/.well-known"):
        assert server.get(base)["Location"] == base + "/"
        assert server.get(base + "/").status == 200
        assert server.get(base + "/missing").status == 404


def test_well_known_says_no_more_than_a_folder_is_asked_for(start, root):
    assert start(root).get("/.well-known/").status == 403


@pytest.mark.parametrize("name", HIDDEN)
def test_dotfiles(open_server, kind, name):
    answer = open_server.get(f"/{kind}/{name}")
    assert (answer.status, answer.body.decode()) == (200, name)


def test_dotfiles_of_a_folder(open_server, kind):
    assert open_server.get(f"/{kind}/.git").status == 301
    assert open_server.get(f"/{kind}/.git/").body == b".git/index.html"
