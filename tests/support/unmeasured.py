"""Runs tests marked `unmeasured` without the measurement of coverage, which doubles the time of Python code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from coverage import Coverage


@contextmanager
def coverage_paused() -> Iterator[None]:
    """Measure nothing in the block, in this process and in those that it starts."""
    measuring = Coverage.current()
    if measuring is None:
        yield
        return
    # With these variables a new process measures itself.
    settings = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith("COVERAGE_")}
    measuring.stop()
    try:
        yield
    finally:
        measuring.start()
        os.environ.update(settings)
