"""Age over streams: any size in bounded memory, and no error of what is read gets lost or quoted."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from bidui.sealing import age
from bidui.sealing.errors import SealCode, SealError

IDENTITY, RECIPIENT = age.generate()
CONTENT = bytes(range(256)) * 1000


def sealed(content: bytes = CONTENT) -> bytes:
    out = io.BytesIO()
    age.encrypt_stream(io.BytesIO(content), out, [RECIPIENT])
    return out.getvalue()


def opened(data: bytes, identity: str = IDENTITY) -> bytes:
    out = io.BytesIO()
    age.decrypt_stream(io.BytesIO(data), out, [identity])
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 256000])
def test_what_goes_in_comes_out(size):
    content = CONTENT[:size]
    assert opened(sealed(content)) == age.decrypt(sealed(content), [IDENTITY]) == content
    assert opened(age.encrypt(content, [RECIPIENT])) == content


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", SealCode.DAMAGED), (b"not age", SealCode.DAMAGED), (sealed()[:-1], SealCode.DAMAGED),
        (sealed()[:100000], SealCode.DAMAGED), (sealed() + b"x", SealCode.DAMAGED),
        (sealed()[:150000] + b"x" + sealed()[150001:], SealCode.DAMAGED),
    ],
    ids=["nothing", "something else", "a byte short", "half", "a byte more", "a byte changed"],
)  # fmt: skip
def test_what_is_not_whole_is_refused(data, code):
    with pytest.raises(SealError) as refused:
        opened(data)
    assert refused.value.code is code


def test_another_key_and_no_key():
    with pytest.raises(SealError) as refused:
        opened(sealed(), age.generate()[0])
    assert refused.value.code is SealCode.WRONG_RECIPIENT_KEY
    with pytest.raises(SealError) as refused:
        age.encrypt_stream(io.BytesIO(b""), io.BytesIO(), [])
    assert refused.value.code is SealCode.NO_RECIPIENT


class Failing:
    """Fails after the first piece, or when it is written to."""

    def __init__(self, error: Exception) -> None:
        self._error, self._begun = error, False

    def read(self, _size: int = -1) -> bytes:
        if self._begun:
            raise self._error
        self._begun = True
        return b"begin"

    def write(self, _data: bytes) -> int:
        raise self._error


def test_an_error_of_the_source_comes_back_as_it_was_raised():
    error = KeyError("a value")
    with pytest.raises(KeyError) as caught:
        age.encrypt_stream(Failing(error), io.BytesIO(), [RECIPIENT])
    assert caught.value is error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenPipeError(32, "Broken pipe")])
def test_an_error_of_the_target_is_no_damage(error):
    with pytest.raises(OSError, match=error.strerror):
        age.encrypt_stream(io.BytesIO(CONTENT), Failing(error), [RECIPIENT])
    with pytest.raises(OSError, match=error.strerror):
        age.decrypt_stream(io.BytesIO(sealed()), Failing(error), [IDENTITY])


LARGE = """
import resource, sys
from pathlib import Path
from bidui.archive import parts
from bidui.sealing import age
folder, keys = Path(sys.argv[1]), [age.generate() for _ in range(2)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
part = parts.seal(parts.Pieces(bytes([n % 251]) * 1048576 for n in range(256)), folder / "large", [r for _, r in keys])
with parts.opened(folder / "large", [keys[1][0]]) as stream:
    seen = 0
    while piece := stream.read(1048576):
        seen += len(piece)
assert seen == 256 * 1048576, seen
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_quarter_of_a_gigabyte_takes_a_few_megabytes_of_memory(tmp_path, repository):
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path)], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(repository / "plugins")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 40 * 1024
