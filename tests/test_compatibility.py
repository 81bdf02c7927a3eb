"""What docs/reference/compatibility.md promises agrees with the code: public modules, their names, and exit statuses."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import skymms
from skymms.cli.exit_status import Status

pytestmark = pytest.mark.unmeasured

ROOT = Path(__file__).parents[1]
PACKAGE = Path(skymms.__file__).parent
PAGE = (ROOT / "docs" / "reference" / "compatibility.md").read_text(encoding="utf-8")
LISTED = re.findall(r"^\| `(skymms[\w.]*)` \|", PAGE, re.MULTILINE)


def defines_all(source: Path) -> bool:
    return any(
        isinstance(node, ast.Assign) and [target.id for target in node.targets if isinstance(target, ast.Name)] == ["__all__"]
        for node in ast.parse(source.read_text(encoding="utf-8")).body
    )


def module_of(source: Path) -> str:
    return ".".join(["skymms", *source.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def test_the_public_modules_are_those_that_say_what_is_public() -> None:
    assert sorted(module_of(source) for source in PACKAGE.rglob("*.py") if defines_all(source)) == LISTED


@pytest.mark.parametrize("name", LISTED)
def test_a_public_module_has_what_it_lists(name: str) -> None:
    module = importlib.import_module(name)
    assert [one for one in module.__all__ if one.startswith("_") or not hasattr(module, one)] == []


def code_for_users() -> Iterator[tuple[str, str]]:
    """The Python of pages and examples, each with where it is."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            yield page.name, block
    for example in sorted((ROOT / "examples").rglob("*.py")):
        yield example.name, example.read_text(encoding="utf-8")


def imports(code: str) -> Iterator[tuple[str, str]]:
    """The modules of skymms that a piece of code imports from, and the names."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "skymms":
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "skymms")


def is_public(module: str, name: str) -> bool:
    if f"{module}.{name}" in LISTED:
        return True
    return module in LISTED and (not name or name in importlib.import_module(module).__all__)


def test_pages_and_examples_import_only_what_is_public() -> None:
    private = {
        f"{place}: from {module} import {name}"
        for place, code in code_for_users()
        for module, name in imports(code)
        if not is_public(module, name)
    }
    assert private == set()


def test_every_exit_status_is_listed() -> None:
    table = PAGE.partition("## Exit statuses\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == [str(int(status)) for status in Status]
