"""What the tests of content codings share: how to decode them, and what to encode."""
import base64
import random
import re
import shutil
import subprocess
import zlib

import pytest

from observe import wait_until

ZSTD = shutil.which("zstd")
ZSTD_MAGIC = bytes.fromhex("28b52ffd")  # RFC 8878 section 3.1.1


def gunzip(data):
    """The content of exactly one gzip member (RFC 1952), to its checksum."""
    member = zlib.decompressobj(wbits=31)
    content = member.decompress(data)
    assert member.eof and not member.unused_data, "not one whole gzip member"
    return content


def unzstd(data):
    """The same for zstd frames; skips the test if there is no zstd to ask."""
    assert data.startswith(ZSTD_MAGIC), data[:20]
    if not ZSTD:
        pytest.skip("the command zstd, which would decode it, is not there; its magic is right")
    done = subprocess.run([ZSTD, "-dcq", "--memory=512KB"], input=data, capture_output=True,
                          check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return done.stdout


DECODE = {"gzip": gunzip, "zstd": unzstd}


def prose(size):
    """Text that gets much smaller, with no two lines alike."""
    lines = (f"Line {n} is {n * 7919 % 10007} of many.\n" for n in range(size // 20 + 1))
    return "".join(lines).encode()[:size]


def dense_text(size):
    """Text of which three quarters are left at best."""
    return base64.b64encode(random.Random(size).randbytes(size))[:size]


def strong_tag(server, target, **fields):
    """The file's ETag, once it is strong: it is weak as long as the file is too young."""
    def tag():
        found = server.get(target, headers=list(fields.items()))["ETag"]
        return not found.startswith("W/") and found
    tag = wait_until(tag, f"{target} has a strong tag")
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', tag), tag
    return tag


def fields_but_date(answer):
    return [field for field in answer.fields if field[0] != "date"]
