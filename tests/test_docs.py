"""The documentation keeps up with the code: what is made from it is fresh, what it links to is there, its code compiles."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = generator()


@pytest.mark.parametrize("name", GENERATE.PAGES)
def test_a_page_made_from_the_code_is_fresh(name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == GENERATE.PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_it_shows_compiles(page):
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        compile(block, page.name, "exec")


def test_the_python_of_the_sandboxs_page_does_what_it_says():
    # One block after the other, as somebody reads them.
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, "sandbox.md", "exec"), names)


def test_the_sandboxs_page_names_every_verb_and_every_option():
    from skymms.cli.sandbox import sandbox as command
    from skymms.sandbox import Sandbox

    page = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    with Sandbox() as running:
        assert set(re.findall(r"8025/sandbox/(\w+)", page)) == set(running._control_methods())
    options = {option for parameter in command.params for option in parameter.opts}
    assert options - set(re.findall(r"--[\w-]+", (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8"))) == set()


def test_the_changelog_names_the_version_that_is_installed():
    from importlib.metadata import version

    assert f"## {version('skymms')}" in (ROOT / "CHANGELOG.md").read_text()
