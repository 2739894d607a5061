"""Nothing outside the document root is ever served (CWE-22, CWE-59; RFC 3986 section 5.2.4)."""
import os

import pytest

from conftest import KINDS
from serving import forbid_openat2, serving

SECRET = b"outside the document root"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder with a root in it, and around the root what nobody may see."""
    base = tmp_path_factory.mktemp("base")
    root = base / "root"
    for folder in (base, base / "outside", base / "root-twin", base / "static"):
        folder.mkdir(exist_ok=True)
        (folder / "secret.txt").write_bytes(SECRET)
    for kind in KINDS:
        folder = root / kind
        (folder / "sub").mkdir(parents=True)
        (folder / "x.txt").write_text("inside")
        for link, target in {
            "absolute": base / "secret.txt",
            "relative": "../../secret.txt",
            "folder": "../../outside",
            "absolute_folder": base / "outside",
            "chain": "relative",
            "sub/deep": "../../../secret.txt",
            "parent": "..",  # still inside …
            "grandparent": "../..",
            "out_and_in": f"../../root/{kind}/x.txt",
            "absolute_in": folder / "x.txt",
            "self_root": "/proc/self/root",
            "self_cwd": "/proc/self/cwd",
            "self_fd": "/proc/self/fd",
            "thread_root": "/proc/thread-self/root",
            "environment": "/proc/self/environ",
            "executable": "/proc/self/exe",
            "zero": "/dev/zero",
        }.items():
            (folder / link).symlink_to(target)
    return base


@pytest.fixture(scope="module", params=["relative root", "absolute root", "without openat2"])
def server(request, base):
    # The working folder is where "root/.." leads to: a path that is resolved from it finds secrets.
    root = base / "root" if request.param == "absolute root" else "root"
    preexec = forbid_openat2 if request.param == "without openat2" else None
    with serving(root, cwd=base, preexec=preexec) as server:
        yield server


# {kind} and {base} are filled in. All are 404: outside there is nothing, for all a client can tell.
ATTACKS = [
    # Plain dot segments
    "/../secret.txt", "/../../secret.txt", "/{kind}/../../secret.txt",
    "/{kind}/../../../secret.txt",
    "/{kind}/sub/../../../secret.txt", "/{kind}/./.././../secret.txt", "/../static/secret.txt",
    "/{kind}/../../root-twin/secret.txt", "/../root-twin/secret.txt", "/{kind}/../../outside/",
    "/{kind}" + "/.." * 60 + "/etc/passwd", "/{kind}/../../etc/passwd", "/..", "/../..",
    # Encoded dots and slashes, decoded once
    "/%2e%2e/secret.txt", "/{kind}/%2e%2e/%2e%2e/secret.txt", "/{kind}/%2E%2e/.%2e/secret.txt",
    "/{kind}/..%2f..%2fsecret.txt", "/{kind}%2f..%2F..%2fsecret.txt",
    "/{kind}/%2e%2e%2f%2e%2e%2fsecret.txt", "/%2f..%2fsecret.txt",
    # Decoded twice, or by other rules, these would be dot segments
    "/{kind}/%252e%252e/%252e%252e/secret.txt", "/{kind}/..%252f..%252fsecret.txt",
    "/{kind}/%c0%ae%c0%ae/%c0%ae%c0%ae/secret.txt", "/{kind}/..%c0%af..%c0%afsecret.txt",
    "/{kind}/..\\..\\secret.txt", "/{kind}/..%5c..%5csecret.txt", "/{kind}/..;/..;/secret.txt",
    "/{kind}/..%20/..%20/secret.txt", "/{kind}/.../.../secret.txt", "/{kind}/%uff0e%uff0e/x",
    # What a filter that removes "../" once would make of these
    "/{kind}/....//....//secret.txt", "/{kind}/..././..././secret.txt",
    # Empty segments and absolute paths
    "//../secret.txt", "/{kind}//..//..//secret.txt", "/{kind}/..//../secret.txt", "//etc/passwd",
    "/{kind}//etc/passwd", "/{kind}/%2fetc/passwd", "/{base}/secret.txt",
    "/{kind}/{base}/secret.txt",
    # In absolute-form
    "http://localhost/../secret.txt", "http://localhost/{kind}/%2e%2e/%2e%2e/secret.txt",
    "http://../secret.txt", "http://localhost//../../secret.txt",
    # Symbolic links that leave, even where they come back
    "/{kind}/absolute", "/{kind}/relative", "/{kind}/folder/secret.txt", "/{kind}/folder",
    "/{kind}/folder/", "/{kind}/absolute_folder/secret.txt", "/{kind}/absolute_folder/",
    "/{kind}/chain", "/{kind}/sub/deep", "/{kind}/grandparent", "/{kind}/grandparent/secret.txt",
    "/{kind}/parent/../secret.txt", "/{kind}/parent/{kind}/relative", "/{kind}/out_and_in",
    "/{kind}/absolute_in",
    # The kernel's magic links lead out of any folder (proc(5))
    "/{kind}/self_root/{base}/secret.txt", "/{kind}/self_root/", "/{kind}/self_cwd/secret.txt",
    "/{kind}/self_fd/3/../secret.txt", "/{kind}/self_fd/", "/{kind}/self_fd/0",
    "/{kind}/thread_root/etc/passwd", "/{kind}/environment", "/{kind}/executable", "/{kind}/zero",
]
STATUS_OF_ATTACK = {"/{kind}/%uff0e%uff0e/x": 400}  # no escape at all


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_outside_is_served(server, base, kind, attack):
    target = attack.format(kind=kind, base=str(base).lstrip("/"))
    answer = server.get(target, timeout=10)
    assert SECRET not in answer.body and b"root:" not in answer.body, f"{target} got out"
    assert answer.status == STATUS_OF_ATTACK.get(attack, 404), target


def test_what_is_inside_is_served(server, kind):
    """Else the attacks above would fail for another reason than they should."""
    for target in ("x.txt", "parent/{0}/x.txt", "parent/{0}/parent/{0}/x.txt", "sub/../x.txt"):
        assert server.get(f"/{kind}/{target.format(kind)}").body == b"inside", target


def test_a_link_that_changes_its_mind_never_leads_out(server, base, kind):
    """A link that is inside when it is looked at, and outside when it is opened."""
    link, spare = base / "root" / kind / "fickle", base / "root" / kind / "spare"
    with server.client() as client:
        for i in range(100):
            for target in ("x.txt", "../../secret.txt"):
                client.request(f"/{kind}/fickle")
                spare.symlink_to(target)
                os.replace(spare, link)
                answer = client.answer()
                assert answer.status in (200, 404) and answer.body != SECRET, f"{answer} in {i}"
    link.unlink()
