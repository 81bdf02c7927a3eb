"""Runs the tests marked `compat` in other environments than the one of `make test`.

One environment for each other supported Python this machine has, with the newest versions of all dependencies, and one on
the default Python with the lowest versions that pyproject.toml allows. A Python that is not installed is named and skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv-compat"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: A marked subset may take this long in one environment.
MAX_SECONDS = 60


def pythons() -> dict[str, str | None]:
    """The supported versions of Python, each with the interpreter this machine has for it, or None."""
    versions = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.[0-9]+$", line)]
    return {version: interpreter(version) for version in versions}


def interpreter(version: str) -> str | None:
    """The path of an interpreter of this version: on the PATH, or installed by pyenv."""
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    on_path = shutil.which(f"python{version}")
    for candidate in [*map(str, found), *([on_path] if on_path else [])]:
        said = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False).stdout
        if said.startswith(f"Python {version}."):
            return candidate
    return None


def lowest() -> list[str]:
    """Every dependency of the package and its extras that users install, at the lowest version it allows."""
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *extras["async"], *extras["cli"], *extras["hours"], *extras["otel"], *extras["postgres"]]
    return [requirement.replace(">=", "==") for requirement in wanted]


def marked_files() -> list[Path]:
    """The test files with the mark: collecting only them takes half the time."""
    return [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.compat" in path.read_text(encoding="utf-8")]


def run(name: str, python: str, pinned: list[str]) -> bool:
    """Make an environment and run the marked tests in it; True if they passed."""
    home = FOLDER / name
    subprocess.run([python, "-m", "venv", "--clear", home], check=True)
    pip = [home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"{ROOT}[test]", *pinned], check=True, cwd=ROOT)
    started = time.monotonic()
    tests = [home / "bin" / "python", "-P", "-m", "pytest", "-q", "-m", "compat", "-n", "auto", "-p", "no:cacheprovider"]
    tests += marked_files()
    passed = subprocess.run(tests, cwd=ROOT, check=False).returncode == 0
    seconds = time.monotonic() - started
    print(f"{name}: {'passed' if passed else 'FAILED'} in {seconds:.0f} s", flush=True)
    if seconds > MAX_SECONDS:
        print(f"{name}: the marked tests may take {MAX_SECONDS} s: mark fewer", flush=True)
    return passed


def main() -> int:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    results = [run("lowest", sys.executable, lowest())]
    for version, python in pythons().items():
        if version == here:
            continue  # `make test` runs everything on it, with the newest versions
        if python is None:
            print(f"Python {version}: skipped, it is not installed on this machine", flush=True)
        else:
            results.append(run(version, python, []))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
