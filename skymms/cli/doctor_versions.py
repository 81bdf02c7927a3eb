"""The versions of Python, skymms and what it uses, and which extras are complete."""

from __future__ import annotations

import platform
import re
import sqlite3
import ssl
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, version

from .._version import __version__
from .doctor_report import Finding, good, skipped, warning

#: The name of a package at the beginning of a requirement such as ``requests[socks]>=2.31; extra == "cli"``.
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"extra\s*==\s*[\"']([A-Za-z0-9._-]+)[\"']")


def examine_versions() -> Iterator[Finding]:
    """Yield the versions, and a warning if skymms was installed without its metadata."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield good("python", f"Python {platform.python_version()} ({platform.python_implementation()}) on {system}")
    yield good("libraries", f"{ssl.OPENSSL_VERSION}, SQLite {sqlite3.sqlite_version}")
    try:
        described = metadata("skymms")
    except PackageNotFoundError:
        yield warning(
            "skymms",
            f"skymms {__version__}; the package's metadata is not installed, so what it needs is not known",
            "install skymms with pip, and keep the directory skymms-….dist-info, if this program needs it",
        )
        return
    required = described.get_all("Requires-Dist") or []
    needed = [name for name in map(_name, (one for one in required if not _EXTRA.search(one))) if name]
    yield good("skymms", f"skymms {__version__}; {', '.join(map(_with_version, needed))}")
    extras: dict[str, list[str]] = {}
    for one in required:
        if found := _EXTRA.search(one):
            extras.setdefault(found[1], []).append(_name(one))
    absent: list[str] = []
    for extra, names in sorted(extras.items()):
        # Extras that name another extra of skymms have what that one needs.
        others = sorted({name for name in names if name and name != "skymms"})
        if not others or extra in _NOT_SHOWN:
            continue
        if any(map(_is_installed, others)):
            yield good(f"extra {extra}", ", ".join(map(_with_version, others)))
        else:
            absent.append(extra)
    if absent:
        yield skipped("other extras", f"not installed: {', '.join(absent)}")


#: Extras that users do not need, and the one that has all others.
_NOT_SHOWN = frozenset({"all", "test", "tests", "lint", "dev", "docs", "bench"})


def _name(requirement: str) -> str:
    found = _NAME.match(requirement)
    return found[0] if found else ""


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _with_version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} is not installed"
