"""The search for the best choice that fits: whatever the sizes are, more bytes never end at a worse choice."""

from __future__ import annotations

import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given
from hypothesis import strategies as st

from skymms.media.scaling import search

#: The sizes of files, and what an estimate says of each. Neither needs to grow from choice to choice.
sizes = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=40)


def number_found(files: list[tuple[int, int]], most: int, *, estimated: bool) -> int:
    estimate = (lambda number: files[number][1]) if estimated else None
    found = search(lambda number: bytes(files[number][0]), range(len(files)), most, estimate)
    if found is None:
        return -1
    assert len(found[1]) == files[found[0]][0] <= most
    return found[0]


@given(sizes, st.booleans())
def test_more_bytes_never_end_at_a_worse_choice(files, estimated):
    found = [number_found(files, most, estimated=estimated) for most in range(32)]
    assert found == sorted(found)


@given(sizes, st.integers(0, 31), st.booleans())
def test_the_next_better_choice_does_not_fit(files, most, estimated):
    found = number_found(files, most, estimated=estimated)
    assert found + 1 == len(files) or files[found + 1][0] > most


@given(sizes, st.integers(0, 31))
def test_a_wrong_estimate_costs_time_and_not_bytes(files, most):
    growing = sorted(files)
    best = max((number for number, (size, _) in enumerate(growing) if size <= most), default=-1)
    assert number_found(growing, most, estimated=True) == best


def test_an_estimate_that_is_right_saves_attempts():
    tried: list[int] = []

    def encode(number: int) -> bytes:
        tried.append(number)
        return bytes(number)

    assert search(encode, range(1000), 700, lambda number: number)
    assert tried == [700, 701]
