"""Builds the files of a release in dist/, and checks them: ``dist.py build``, then ``dist.py test``.

``build`` builds the sdist from the checkout and the wheel from the sdist, and then both again from the unpacked sdist. The two
results have to be identical. The sdist must have every file that git knows, the wheel every file of the package, and neither of
them anything else. The description must render on a package index.

``test`` installs the wheel with the command line in a new environment and runs it. Then it unpacks the sdist in an empty folder
and runs tests there: those of the pages, of the examples and of the layout, and those marked ``compat``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
#: Environments that ``test`` makes.
FOLDER = ROOT / ".venv-dist-test"
#: What runs from the unpacked sdist beside the marked tests: these read files that only the sdist has.
TESTS = ["test_docs.py", "test_layout.py", "test_examples.py", "test_metadata.py", "test_compatibility.py", "test_zip.py"]


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> None:
    """Run a command that has to succeed."""
    print("$", *(str(one).replace(f"{ROOT}/", "") for one in command), flush=True)
    subprocess.run(command, cwd=cwd, check=True, env={**os.environ, **environment})


def git(*arguments: str) -> str:
    """What git prints, or nothing outside a checkout."""
    ran = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout if (ROOT / ".git").exists() and ran.returncode == 0 else ""


def date() -> str:
    """The date that all files get: that of the commit, or that of the files of an unpacked sdist."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct").strip()
    return seconds or str(int((ROOT / "pyproject.toml").stat().st_mtime))


def build_once(source: Path, into: Path) -> dict[str, str]:
    """Build the sdist from a folder and the wheel from the sdist; the hash of each file."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", into, source]
    run(*command, SOURCE_DATE_EPOCH=date())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(into.iterdir())}


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def unpack(into: Path) -> Path:
    """Unpack the sdist, and return its folder."""
    (sdist,) = DIST.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(into, filter="data")
    (folder,) = into.iterdir()
    return folder


def compare(what: str, found: set[str], expected: set[str]) -> list[str]:
    """Return a sentence for each file that is missing, and for each that should not be there."""
    missing = [f"{what}: {name} is missing" for name in sorted(expected - found)]
    return missing + [f"{what}: {name} should not be in it" for name in sorted(found - expected)]


def problems_of_contents(unpacked: Path) -> list[str]:
    """What the files of the sdist and of the wheel lack or have too many."""
    problems = []
    if tracked := git("ls-files", "--cached"):
        # PKG-INFO is what makes an sdist of it.
        problems += compare("sdist", files_of(unpacked), {*tracked.splitlines(), "PKG-INFO"})
    (wheel,) = DIST.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {f"skymms/{name}" for name in files_of(unpacked / "skymms")}
    problems += compare("wheel", packed, package | {f"skymms/xsd/{name}" for name in files_of(unpacked / "xsd")})
    return problems


def build() -> None:
    """Build the files of a release, and check them."""
    shutil.rmtree(DIST, ignore_errors=True)
    first = build_once(ROOT, DIST)
    with tempfile.TemporaryDirectory() as folder:
        unpacked = unpack(Path(folder))
        problems = problems_of_contents(unpacked)
        second = build_once(unpacked, Path(folder) / "again")
    if first != second:
        problems.append(f"two builds differ: {first} and {second}")
    if problems:
        sys.exit("\n".join(problems))
    files = sorted(DIST.iterdir())
    run(sys.executable, "-m", "twine", "check", "--strict", *files)
    run(sys.executable, "-m", "check_wheel_contents", *(path for path in files if path.suffix == ".whl"))
    print("Two builds are identical:")
    for path in files:
        print(first[path.name], path.name, f"{path.stat().st_size:,} bytes")


def environment(name: str, *requirements: str) -> Path:
    """Make an environment with the wheel that was built, and return its folder of programs."""
    home = FOLDER / name
    venv.create(home, clear=True, with_pip=True)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", *requirements)
    run(programs / "python", "-m", "pip", "check", "--disable-pip-version-check")
    return programs


def test() -> None:
    """Run what was built."""
    (wheel,) = DIST.glob("*.whl")
    programs = environment("cli", f"{wheel}[cli]")
    with tempfile.TemporaryDirectory() as folder:
        run(programs / "skymms", "--version", cwd=Path(folder))
        run(programs / "skymms", "demo", cwd=Path(folder))
    python = environment("test", f"{wheel}[test]") / "python"
    with tempfile.TemporaryDirectory() as folder:
        unpacked = unpack(Path(folder))
        tests = [python, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        run(*tests, *(f"tests/{name}" for name in TESTS), cwd=unpacked)
        run(*tests, "-m", "compat", cwd=unpacked)


if __name__ == "__main__":
    {"build": build, "test": test}[sys.argv[1]]()
