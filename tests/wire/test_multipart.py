"""Forms with files: what is encoded is decoded to the same parts, and no body raises anything else than DecodeError."""

from __future__ import annotations

import time

import pytest
import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given
from hypothesis import strategies as st

from skymms.wire.codecs import DecodeError, multipart
from skymms.wire.codecs.multipart import MAX_PARTS, FormPart

NAMES = st.text("abcXYZ019_-[]. ", min_size=1)
TYPE = "multipart/form-data; boundary=x"
LIMIT = 1024 * 1024


@given(
    st.dictionaries(
        NAMES, st.text(st.characters(codec="utf-8")) | st.tuples(NAMES, st.just("image/gif"), st.binary()), max_size=5
    )
)
def test_the_parts_that_were_encoded_are_decoded(parts):
    body, content_type = multipart.encode(parts)
    expected = [
        FormPart(name, None, part.encode()) if isinstance(part, str) else FormPart(name, part[0], part[2])
        for name, part in parts.items()
    ]
    if parts:
        assert multipart.decode(body, content_type, LIMIT) == expected


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from(b'--x|\r\n|--|\r\n--x|a=b|; name="n"|Content-Disposition: form-data'.split(b"|"))).map(b"".join)
)
def test_any_other_body_is_parts_or_a_decode_error(body):
    try:
        parts = multipart.decode(body, TYPE, LIMIT)
    except DecodeError:
        return
    assert all(isinstance(part, FormPart) for part in parts)


def test_limits_are_exact():
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    assert len(multipart.decode(part * MAX_PARTS + b"--x--", TYPE, LIMIT)) == MAX_PARTS
    body = part + b"--x--"
    assert multipart.decode(body, TYPE, len(body)) == [FormPart("a", None, b"1")]
    for refused, limit in ((part * (MAX_PARTS + 1) + b"--x--", LIMIT), (body, len(body) - 1)):
        with pytest.raises(DecodeError):
            multipart.decode(refused, TYPE, limit)


@pytest.mark.parametrize(
    "shape",
    [
        b"\r\n--x",
        b"\r\n--x \t",
        b"\r\n",
        b"--x\r\n",
        b"-",
        b" ",
        b'\r\n--x\r\nContent-Disposition: form-data; name="',
        b';a="',
        b"; a",
    ],
    ids=repr,
)
def test_the_time_grows_with_the_length(shape):
    def seconds(count: int) -> float:
        start = time.perf_counter()
        for head in (b"", b"--x\r\nContent-Disposition: form-data; "):
            with pytest.raises(DecodeError):
                multipart.decode(head + shape * count, TYPE, 64 * LIMIT)
            multipart.is_form((head + shape * count).decode())
        return time.perf_counter() - start

    size = 200_000 // len(shape)
    assert min(seconds(10 * size) for _ in range(2)) < 30 * max(min(seconds(size) for _ in range(3)), 0.02)
