"""What a package index shows about skymms: the description has no link that it cannot follow, and the metadata is complete."""

from __future__ import annotations

import re
import shutil
import tomllib
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from markdown_it import MarkdownIt
from packaging.requirements import Requirement

import skymms

pytestmark = pytest.mark.unmeasured

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]

#: The extras for people who use skymms.
USERS = set(EXTRAS) - {"all", "test", "lint", "docs"}


def fill_in(pyproject: str) -> str:
    """What pyproject.toml becomes when somebody does what its comment about the project's addresses says."""
    before, marked, after = re.split(r"(?m)^# -{20,} the .*\n", pyproject)
    lines = [line for line in marked.splitlines() if not line.endswith("# until then")]
    filled = [line.removeprefix("# ") if "OWNER/" in line or line == "# [project.urls]" else line for line in lines]
    return before + "\n".join(filled).replace("OWNER/", "acme/") + "\n" + after


def built(folder: Path, monkeypatch: pytest.MonkeyPatch, pyproject: str) -> Any:
    """The metadata that hatchling makes of pyproject.toml and README.md."""
    (folder / "skymms").mkdir()
    for name in ("README.md", "LICENSE", "skymms/_version.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    monkeypatch.chdir(folder)
    return ProjectMetadata(str(folder), PluginManager()).core


@pytest.fixture(params=["not known", "filled in"])
def core(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The metadata before and after somebody fills in the project's addresses."""
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return built(tmp_path, monkeypatch, fill_in(pyproject) if request.param == "filled in" else pyproject)


def addresses(markdown: str) -> list[tuple[str, str]]:
    """The links and pictures of a text, as `("a", "https://…")`."""
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown)
    return re.findall(r'<(a|img)[^>]* ?(?:href|src)="([^"]*)"', html)


def test_no_link_of_the_description_is_relative(core: Any) -> None:
    assert [address for _, address in addresses(core.readme) if not address.startswith("https://")] == []


def test_the_description_has_the_texts_and_the_code_of_the_readme(core: Any) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```.*?```", readme, re.DOTALL)
    assert re.findall(r"```.*?```", core.readme, re.DOTALL) == blocks
    assert blocks
    texts = re.findall(r"(?<!!)\[([^\]]*)\]\([^)]*\)", readme)
    assert [text for text in texts if text not in core.readme] == []


def test_without_an_address_the_description_has_neither_links_nor_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = built(tmp_path, monkeypatch, (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    absolute = [address for _, address in addresses((ROOT / "README.md").read_text(encoding="utf-8")) if "://" in address]
    assert [address for _, address in addresses(core.readme)] == absolute
    assert "![" not in core.readme


def test_with_an_address_links_lead_to_the_files_of_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core = built(tmp_path, monkeypatch, fill_in((ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    release = f"v{skymms.__version__}"
    base = {"a": f"https://github.com/acme/skymms/blob/{release}/", "img": f"https://github.com/acme/skymms/raw/{release}/"}
    wanted = addresses((ROOT / "README.md").read_text(encoding="utf-8"))
    assert addresses(core.readme) == [(kind, f"{base[kind]}{address}") for kind, address in wanted]
    assert {"a", "img"} == {kind for kind, _ in wanted}
    assert set(core.urls) == {"Changelog", "Documentation", "Issues", "Source"}
    assert all(url.startswith("https://github.com/acme/skymms") for url in core.urls.values())


def test_the_installed_description_has_no_relative_link() -> None:
    description = metadata("skymms")["Description"]
    assert description.startswith("# skymms\n")
    assert [address for _, address in addresses(description) if not address.startswith("https://")] == []


def test_the_extra_all_has_every_extra_for_users() -> None:
    (everything,) = (Requirement(one) for one in EXTRAS["all"])
    assert everything.extras == USERS


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_requirement_has_a_lowest_version_and_none_a_highest(extra: str) -> None:
    requirements = [Requirement(one) for one in [*PROJECT["project"]["dependencies"], *EXTRAS[extra]]]
    others = [one for one in requirements if one.name != "skymms" and not one.name.startswith("types-")]
    assert [str(one) for one in others if [limit.operator for limit in one.specifier] != [">="]] == []


def test_the_readme_names_every_extra_for_users() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    install = readme.partition("## Install\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`|skymms\[(\w+)\]", install)) >= {(extra, "") for extra in USERS - {"cli"}} | {("", "cli")}
