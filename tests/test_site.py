"""The documentation site: its pages have places in the menu, and the generated pages have everything. `make docs` builds it."""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from pathlib import Path

import skymms
from skymms.cli.commands import command
from skymms.cli.explaining import CODES, explain
from skymms.codes import ANSWERS, CELLCAST_ANSWERS, EVENTS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

import api_topics  # noqa: E402
import code_pages  # noqa: E402
import command_pages  # noqa: E402

sys.path.remove(str(DOCS))

CODE_PAGES = code_pages.pages()


# ------------------------------------------------------------------------------------------------ the menu


def menu() -> list[str]:
    """The entries of the menu."""
    blocks = re.findall(
        r"^```\{toctree\}\n(.*?)^```", (DOCS / "index.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith(":")]


def test_every_page_is_in_the_menu_once() -> None:
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.rglob("*.md") if "_build" not in page.parts}
    made = {"reference/api/index", "reference/codes/index", "reference/commands"}
    beside = {"changelog", "contributing", "releasing", "security"}
    assert Counter(menu()) == Counter((pages | made | beside) - {"index"})


def test_the_menu_has_the_four_kinds_of_pages_in_their_order() -> None:
    captions = re.findall(r"^:caption: (.*)$", (DOCS / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert captions == ["Start", "How-to", "Reference", "Explanation"]


# ------------------------------------------------------------------------------------------------ the API


LISTED = [entry for topic in api_topics.TOPICS for entry in api_topics.names_of(topic)]
PACKAGE = Path(skymms.__file__).parent


def modules_with_list() -> dict[str, set[str]]:
    """The modules that say what is public, with the names."""
    found = {}
    for source in sorted(PACKAGE.rglob("*.py")):
        if re.search(r"^__all__ = ", source.read_text(encoding="utf-8"), re.MULTILINE):
            name = ".".join(["skymms", *source.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
            found[name] = set(importlib.import_module(name).__all__)
    return found


PUBLIC = modules_with_list()
FIXTURES = {name for name in vars(importlib.import_module(api_topics.FIXTURES)) if name.startswith("skymms_")}


def test_every_public_name_is_on_one_page_of_the_reference() -> None:
    public = {(module, name) for module, names in PUBLIC.items() for name in names}
    assert len(public) > 200
    assert [entry for entry, times in Counter(LISTED).items() if times > 1] == []
    assert public - set(LISTED) == set()


def test_the_reference_names_only_what_is_public() -> None:
    public = PUBLIC | {api_topics.FIXTURES: FIXTURES}
    assert [(module, name) for module, name in LISTED if name not in public.get(module, ())] == []


# ------------------------------------------------------------------------------------------------ codes


def test_every_code_has_a_page_with_its_anchor() -> None:
    assert set(CODES) == {*ANSWERS, *CELLCAST_ANSWERS, *EVENTS}
    assert set(CODE_PAGES) == {"index.md", *(f"{code}.md" for code in CODES)}
    for code in CODES:
        assert CODE_PAGES[f"{code}.md"].count(f'id="code-{code}"') == 1


def test_no_two_pages_have_one_name_where_case_does_not_matter() -> None:
    assert max(Counter(code.upper() for code in CODES).values()) == 1


def test_a_page_has_everything_that_is_known_about_its_code() -> None:
    for code in CODES:
        page = re.sub(r"\\(.)", r"\1", CODE_PAGES[f"{code}.md"])
        for meaning in explain(code):
            texts = [line for _, text in meaning.facts for line in text.splitlines()]
            # A backslash in a program is its own.
            program = re.sub(r"\\(.)", r"\1", meaning.example.program)
            assert [text for text in (meaning.meaning, meaning.introduction, program, *texts) if text not in page] == []


def test_the_list_of_codes_links_every_page() -> None:
    assert set(re.findall(r"\]\(([^/)]+\.md)\)", CODE_PAGES["index.md"])) == set(CODE_PAGES) - {"index.md"}


# ------------------------------------------------------------------------------------------------ commands


def test_the_page_of_commands_has_a_heading_for_each_command_and_group() -> None:
    page = command_pages.commands_page()
    for name in command.commands:
        assert re.search(rf"^## `skymms {name}\b", page, re.MULTILINE)
    assert "### `skymms broadcast create NAME [FILE]`" in page


def test_the_page_of_commands_describes_every_option() -> None:
    rows = re.findall(r"^\| (`-.*?) \| (.*) \|$", command_pages.commands_page(), re.MULTILINE)
    assert len(rows) > 150
    assert [option for option, text in rows if not text.strip()] == []
