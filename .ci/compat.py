"""Runs the tests marked `compat` in other environments than the one of `make test`.

One environment for each other supported Python this machine has, with the newest versions of all dependencies, and one on
the default Python with the lowest versions that pyproject.toml allows. The environments are made and tested side by side. A
Python that is not installed is named and skipped. ``compat.py lowest 3.13`` makes only the named environments, and then each of
them has to be there; a version that is not among the classifiers may be named too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv-compat"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: The marked tests may take so many seconds of CPU time in one environment.
MAX_SECONDS = 60


def pythons() -> list[str]:
    """The supported versions of Python."""
    return [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.[0-9]+$", line)]


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
    users = ("async", "celery", "cli", "hours", "inbox", "media", "otel", "plot", "postgres", "procrastinate")
    wanted = [*PROJECT["dependencies"], *(requirement for extra in users for requirement in extras[extra])]
    return [requirement.replace(">=", "==") for requirement in wanted if not requirement.startswith("skymms[")]


def needed() -> tuple[str, list[str]]:
    """The extras and the other packages that the marked tests need.

    Without those for S3: botocore excludes urllib3 2.2.0, and pip would try all of its versions with the lowest ones.
    """
    extras = PROJECT["optional-dependencies"]
    return "async,cli,hours,inbox,media,otel,postgres", [
        requirement for requirement in extras["test"] if not requirement.startswith(("skymms", "moto"))
    ]


def marked_files() -> list[Path]:
    """The test files with the mark: collecting only them takes half the time."""
    return [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.compat" in path.read_text(encoding="utf-8")]


def prepare(name: str, python: str, wheel: Path, pinned: list[str]) -> Path:
    """Make an environment with the package and what its tests need, and return its interpreter."""
    home = FOLDER / name
    subprocess.run([python, "-m", "venv", "--clear", home], check=True)
    # The modules that the tests import are compiled then; compiling all of them takes half the time of the installation.
    pip: list[str | Path] = [home / "bin" / "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    extras, others = needed()
    subprocess.run([*pip, f"{wheel}[{extras}]", *others, *pinned], check=True, cwd=ROOT)
    subprocess.run([home / "bin" / "pip", "check", "--disable-pip-version-check"], check=True)
    return home / "bin" / "python"


def test(name: str, python: Path) -> bool:
    """Run the marked tests in an environment, and print how they ended and what failed; True if they passed."""
    # One process: the other environments use the other processors.
    tests: list[str | Path] = [python, "-P", "-m", "pytest", "-q", "-m", "compat", "-p", "no:cacheprovider", *marked_files()]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(tests, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    passed = process.returncode == 0
    seconds = used.ru_utime + used.ru_stime
    lines = [said] if not passed else said.splitlines()[-1:]
    lines.append(f"{name}: {'passed' if passed else 'FAILED'} in {seconds:.0f} s of CPU time")
    if seconds > MAX_SECONDS:
        lines.append(f"{name}: the marked tests may take {MAX_SECONDS} s: mark fewer")
    print(*lines, sep="\n", flush=True)
    return passed


def build() -> Path:
    """Build the package once, for all environments."""
    shutil.rmtree(FOLDER / "wheel", ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--wheel-dir", FOLDER / "wheel", ROOT], check=True, cwd=ROOT)
    (wheel,) = (FOLDER / "wheel").glob("*.whl")
    return wheel


def environments(names: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """The name, the interpreter and the pinned versions of each environment. What cannot be made is named."""
    # `make test` runs everything on this Python, with the newest versions.
    others = [version for version in pythons() if version != f"{sys.version_info.major}.{sys.version_info.minor}"]
    for name in names or ["lowest", *others]:
        python = sys.executable if name == "lowest" else interpreter(name)
        if python is not None:
            yield name, python, lowest() if name == "lowest" else []
        elif names:
            sys.exit(f"Python {name} is not installed on this machine")
        else:
            print(f"Python {name}: skipped, it is not installed on this machine", flush=True)


def main() -> int:
    wheel = build()

    def run(name: str, python: str, pinned: list[str]) -> bool:
        return test(name, prepare(name, python, wheel, pinned))

    with ThreadPoolExecutor() as side_by_side:
        results = [side_by_side.submit(run, *environment) for environment in list(environments(sys.argv[1:]))]
    return 0 if all(result.result() for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
