"""Fits a picture in a process of its own, with limits of memory and time: a decoder that reads untrusted files may be attacked.

The program runs itself again (``sys.executable``), sends it the picture, and gets the result.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from typing import Any

from ..errors import ConfigurationError, Problem, SkymmsError, refusal
from .decoding import MAX_SECONDS
from .fitted import Fitted, damaged_error
from .pictures import fit_picture
from .signatures import recognise

#: Bytes of memory that the process may use: a picture of 64 million pixels takes 192 MB, and is copied a few times.
MAX_MEMORY = 1_500_000_000
_PROGRAM = "from skymms.media.isolation import main; main()"


def fit_in_process(data: bytes, most: int, within: tuple[int, int], background: str, accepted: frozenset[str]) -> Fitted:
    """Do what :func:`skymms.media.pictures.fit_picture` does, in another process."""
    options = {"most": most, "within": within, "background": background, "accepted": sorted(accepted)}
    # The other process finds this package, and whatever it imports, where this process did.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
    try:
        ended = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", _PROGRAM],
            input=json.dumps(options).encode() + b"\n" + data,
            capture_output=True,
            timeout=MAX_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise damaged_error(f"it takes more than {MAX_SECONDS:.0f} seconds to decode") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the process that decodes pictures cannot be started: {error}") from None
    head, _, body = ended.stdout.partition(b"\n")
    if ended.returncode or not head:
        raise damaged_error("it cannot be decoded within the limits of memory and time")
    answer: dict[str, Any] = json.loads(head)
    if answer["problems"]:
        raise refusal([Problem(*problem) for problem in answer["problems"]])
    if answer["missing"]:
        raise ConfigurationError(answer["missing"])
    values: dict[str, Any] = answer["values"]
    values |= {name: tuple(values[name]) for name in ("pixels", "original_pixels", "changes")}
    return Fitted(data=body, **values)


def main() -> None:
    """Read options and a picture from stdin, and write the result or the problem to stdout."""
    _limit_memory()
    head, _, data = sys.stdin.buffer.read().partition(b"\n")
    options: dict[str, Any] = json.loads(head)
    answer: dict[str, Any] = {"problems": [], "missing": None, "values": None}
    body = b""
    try:
        content = recognise(data)
        assert content is not None
        accepted = frozenset(options["accepted"])
        fitted = fit_picture(data, content, options["most"], tuple(options["within"]), options["background"], accepted)
        body = fitted.data
        answer["values"] = {
            "content_type": fitted.content_type,
            "changes": fitted.changes,
            "original_size": fitted.original_size,
            "pixels": fitted.pixels,
            "original_pixels": fitted.original_pixels,
        }
    except SkymmsError as error:
        answer["problems"] = [list(problem) for problem in error.problems]
        answer["missing"] = None if error.problems else str(error)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + body)


def _limit_memory() -> None:
    with suppress(ImportError):  # not on Windows
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(hard, MAX_MEMORY)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
