"""The layout of the package: the order of imports, the public names, and what importing loads."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from textwrap import dedent

import pytest

import skymms
from skymms.wire.dialects import DIALECTS

pytestmark = pytest.mark.unmeasured

HERE = Path(skymms.__file__).parent

#: From the bottom up; `docs/design.md` has the same listing. A module may import what is listed before it, and nothing else.
ORDER = [
    "_version",
    "_functools",
    "codes",
    "problems",
    "errors",
    "limits",
    "slide",
    "gsm",
    "redaction",
    "http",
    "rate_limit",
    "numbers",
    "validation",
    "model",
    "wire",
    "account",
    "postbacks",
    "reports",
    "files",
    "transport",
    "cellcast",
    "export",
    "client",
    "aio",
    "telemetry",
    "media",
    "preview",
    "storage",
    "broadcast",
    "inbox",
    "sandbox",
    "watch",
    "cli",
    "pytest_plugin",
]
#: Outside the order: the package itself, which names everything, and what `python -m skymms` runs.
ENTRIES = {"__init__", "__main__"}
PACKAGES = sorted(path.parent for path in HERE.glob("*/__init__.py"))

SOURCES = sorted(HERE.rglob("*.py"))


def top_level(source: Path) -> str:
    """The top-level module or package that a file belongs to."""
    return source.relative_to(HERE).parts[0].removesuffix(".py")


def relative(source: Path) -> str:
    return str(source.relative_to(HERE))


INNER = [source for source in SOURCES if top_level(source) not in ENTRIES]


def parse(source: Path) -> ast.Module:
    return ast.parse(source.read_text(encoding="utf-8"))


def imports_of(source: Path) -> Iterator[str]:
    """The modules of skymms that a file imports, as `wire.table`; imports in functions and under TYPE_CHECKING count too."""
    package = ["skymms", *source.relative_to(HERE).parent.parts]
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("skymms.") for alias in node.names if alias.name.startswith("skymms."))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            home = [*base, *(node.module.split(".") if node.module else [])]
            if home[:1] != ["skymms"]:
                continue
            for alias in node.names:
                inside = HERE.joinpath(*home[1:], alias.name)
                module = [*home, alias.name] if inside.with_suffix(".py").exists() or inside.is_dir() else home
                yield ".".join(module[1:]) or alias.name


def test_every_module_has_its_place_in_the_order() -> None:
    assert {top_level(source) for source in SOURCES} - ENTRIES == set(ORDER)
    assert len(set(ORDER)) == len(ORDER)


@pytest.mark.parametrize("source", INNER, ids=relative)
def test_imports_go_to_modules_listed_earlier(source: Path) -> None:
    here = top_level(source)
    homes = [name.split(".")[0] for name in imports_of(source)]
    # A name that is not a module (`from skymms import Client`) is imported through the public package: internal code must not.
    assert [name for name in homes if name != here and (name not in ORDER or ORDER.index(name) > ORDER.index(here))] == []


def reading_order(package: Path) -> list[str]:
    """The files that a package's docstring lists, in its order."""
    text = ast.get_docstring(parse(package / "__init__.py")) or ""
    return re.findall(r"^- ``(\w+)``: \S", text, re.MULTILINE)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_package_lists_its_files_in_reading_order(package: Path) -> None:
    files = {path.stem for path in package.glob("*.py")} | {path.parent.name for path in package.glob("*/__init__.py")}
    listed = reading_order(package)
    assert set(listed) == files - {"__init__"}
    assert len(set(listed)) == len(listed)
    for at, name in enumerate(listed):
        source = package / f"{name}.py"
        inner = [source] if source.exists() else sorted((package / name).glob("*.py"))
        ours = {module.split(".")[1] for one in inner for module in imports_of(one) if module.startswith(f"{package.name}.")}
        assert ours - set(listed[: at + 1]) == set(), f"{name} imports a file that is listed after it"


def test_imports_in_functions_and_under_type_checking_are_found() -> None:
    assert {"codes", "errors", "wire.table", "wire.codecs.xml", "account"} <= {
        name for source in SOURCES for name in imports_of(source)
    }
    assert "model.operations" in set(imports_of(HERE / "wire" / "dialects.py"))


def test_at_most_twenty_modules_are_beside_the_packages() -> None:
    assert len({path.stem for path in HERE.glob("*.py")} - ENTRIES) <= 20


def test_the_version_is_that_of_the_installed_metadata() -> None:
    assert skymms.__version__ == version("skymms")


#: Tables of data, which nobody reads from top to bottom.
TABLES = {"codes.py", "wire/table.py"}


@pytest.mark.parametrize("source", SOURCES, ids=relative)
def test_a_file_has_at_most_400_lines(source: Path) -> None:
    if relative(source) not in TABLES:
        assert len(source.read_text(encoding="utf-8").splitlines()) <= 400


# ------------------------------------------------------------------------------------------------ public names


def names_for_type_checkers() -> dict[str, str]:
    """The names under TYPE_CHECKING in `__init__`, each with its module."""
    (block,) = (
        node
        for node in parse(HERE / "__init__.py").body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )
    found = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.asname == alias.name, "without `as`, a type checker does not re-export it"
            found[alias.name] = node.module or ""
    return found


def test_the_list_for_type_checkers_is_the_list_for_the_interpreter() -> None:
    assert names_for_type_checkers() == skymms._MODULE_OF


@pytest.mark.parametrize("name", skymms.__all__)
def test_a_public_name_is_defined_in_its_module(name: str) -> None:
    thing = getattr(skymms, name)
    module = importlib.import_module(f"skymms.{skymms._MODULE_OF[name]}")
    assert thing is getattr(module, name)
    assert thing.__module__ == module.__name__


def test_the_public_names_are_sorted_and_listed() -> None:
    assert skymms.__all__ == sorted(set(skymms.__all__))
    assert set(skymms.__all__) <= set(dir(skymms))
    with pytest.raises(AttributeError, match="Pigeon"):
        skymms.Pigeon  # type: ignore[attr-defined]  # noqa: B018


def test_every_error_is_public() -> None:
    errors = importlib.import_module("skymms.errors")
    defined = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, skymms.SkymmsError)}
    assert defined <= set(skymms.__all__)


@pytest.mark.parametrize(
    "statement",
    [
        "import skymms",
        "from skymms import Slideshow, Slide, SendMMS",
        "from skymms import Account, Client",
        "import skymms.account",
        "from skymms.cellcast import CellcastAccount, CellcastSend",
    ],
)
def test_importing_does_not_load_libraries_for_parsing_sending_or_drawing(statement: str) -> None:
    heavy = ["lxml", "requests", "urllib3", "aiohttp", "xmlschema", "click", "rich", "dateutil"]
    script = f"{statement}\nimport sys\nprint(*sorted(set({heavy!r}) & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_a_client_that_sends_an_mms_does_not_load_the_other_operations() -> None:
    script = """
        import sys
        from skymms import Account, Client, SendMMS, Slideshow
        account = Account("not-a-key")
        account.encode(SendMMS(Slideshow("Coupon", subject="Hi!").slide("Hi!"), to="15551234888", sender="60856"))
        loaded = {name.split(".")[-1] for name in sys.modules}
        print(*sorted({"actions", "action_replies", "notices", "serialization"} & loaded))
    """
    ran = subprocess.run([sys.executable, "-c", dedent(script)], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_a_star_import_gives_the_public_names() -> None:
    script = "from skymms import *; print(*sorted(name for name in dir() if not name.startswith('_')))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == skymms.__all__


def test_the_package_is_marked_as_typed() -> None:
    assert files("skymms").joinpath("py.typed").is_file()


# ------------------------------------------------------------------------------------------------ conventions


def conditions(node: ast.AST) -> list[ast.AST]:
    """The conditions in a piece of code."""
    if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
        return [node.test]
    if isinstance(node, ast.comprehension):
        return list(node.ifs)
    if isinstance(node, ast.Match):
        return [node.subject, *node.cases]
    return [node] if isinstance(node, ast.Compare) else []


@pytest.mark.parametrize("source", SOURCES, ids=relative)
def test_no_condition_compares_the_name_of_a_dialect(source: Path) -> None:
    # What differs between dialects is data, in the table or at the end of dialects.py.
    compared = [
        f"line {part.lineno}: {part.value}"
        for node in ast.walk(parse(source))
        for condition in conditions(node)
        for part in ast.walk(condition)
        if isinstance(part, ast.Constant) and part.value in DIALECTS
    ]
    assert compared == []


def documented(source: Path) -> Iterator[tuple[str, str | None]]:
    """Every module, public class and public function with its docstring, except functions inside functions."""
    yield "the module", ast.get_docstring(parse(source))
    todo: list[tuple[str, ast.AST]] = [("", parse(source))]
    while todo:
        before, outer = todo.pop()
        for node in ast.iter_child_nodes(outer):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                name = f"{before}{node.name}"
                # An overload has types only; the overloaded function has the docstring.
                is_overload = any(isinstance(one, ast.Name) and one.id == "overload" for one in node.decorator_list)
                if not is_overload and not overrides(source, name):
                    yield name, ast.get_docstring(node)
                if isinstance(node, ast.ClassDef):
                    todo.append((f"{name}.", node))


def overrides(source: Path, name: str) -> bool:
    """True for a method that a base class documents."""
    above, _, method = name.rpartition(".")
    if not above:
        return False
    module = ".".join(["skymms", *source.relative_to(HERE).with_suffix("").parts]).removesuffix(".__init__")
    kind = importlib.import_module(module)
    for step in above.split("."):
        kind = getattr(kind, step)
    return any(inspect.getdoc(getattr(base, method, None)) for base in kind.__mro__[1:])


@pytest.mark.parametrize("source", SOURCES, ids=relative)
def test_public_docstrings_begin_with_a_sentence(source: Path) -> None:
    without = [name for name, text in documented(source) if not (text and text.strip().split("\n")[0].endswith((".", ":")))]
    assert without == []
