"""Builds the documentation: docs/_build/html. ``make docs`` calls it after docs/generate.py.

The pages are copied to build/site first, where the pages of the API and of the codes, which nobody edits, are added. So docs/
has only what people write and read.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
STAGE = ROOT / "build" / "site"
HTML = DOCS / "_build" / "html"
#: Pages beside docs/ that the site has too.
BESIDE = {f"{name.upper()}.md": f"{name}.md" for name in ("changelog", "contributing", "releasing", "security")}
LINK = re.compile(r"(\[[^\]\n]*\])\(([^)\s#]+)(#[^)\s]*)?\)")

sys.path.insert(0, str(DOCS))


def _title(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("# ")[2].partition("\n")[0]


def _site_links(text: str, page: Path, site_page: Path) -> str:
    """Change the links of a page that lead out of docs/: to pages of the site, to files, or to nothing for a folder."""

    def changed(link: re.Match[str]) -> str:
        label, target, anchor = link[1], link[2], link[3] or ""
        if "://" in target:
            return link[0]
        file = (page.parent / target).resolve()
        if not file.is_relative_to(ROOT) or not file.exists():
            return link[0]
        if file.is_dir():
            return label[1:-1]
        inside = file.relative_to(DOCS) if file.is_relative_to(DOCS) else BESIDE.get(file.relative_to(ROOT).as_posix())
        if label.endswith(".md]"):
            # A reader of the site knows titles, not files.
            label = f"[{_title(file)}]"
        goal = STAGE / "docs" / inside if inside else STAGE / file.relative_to(ROOT)
        return f"{label}({Path(os.path.relpath(goal, site_page.parent)).as_posix()}{anchor})"

    # Code is left as it is.
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if at % 2 else LINK.sub(changed, part) for at, part in enumerate(parts))


def stage() -> int:
    """Copy the pages to build/site and add the generated ones. Return how many codes have a page."""
    import api_pages
    import code_pages
    from command_pages import commands_page

    shutil.rmtree(STAGE, ignore_errors=True)
    pages = STAGE / "docs"
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns("_build", "__pycache__", "*.py", "*.md"))
    # Files that pages link: programs, schemas, tests.
    for folder in ("examples", "tests", "xsd", "skymms"):
        (STAGE / folder).symlink_to(ROOT / folder)
    written = {page: pages / page.relative_to(DOCS) for page in DOCS.rglob("*.md") if "_build" not in page.parts}
    written |= {ROOT / name: pages / site_name for name, site_name in BESIDE.items()}
    for page, site_page in written.items():
        site_page.parent.mkdir(parents=True, exist_ok=True)
        site_page.write_text(_site_links(page.read_text(encoding="utf-8"), page, site_page), encoding="utf-8")
    for folder, made in (("api", api_pages.pages()), ("codes", code_pages.pages())):
        (pages / "reference" / folder).mkdir(parents=True)
        for name, text in made.items():
            (pages / "reference" / folder / name).write_text(text, encoding="utf-8")
    (pages / "reference" / "commands.md").write_text(commands_page(), encoding="utf-8")
    return len(code_pages.CODES)


def missing_anchors() -> list[str]:
    """Return the codes whose page does not have their anchor."""
    from code_pages import CODES

    pages = {code: HTML / "reference" / "codes" / f"{code}.html" for code in CODES}
    return [
        code for code, page in pages.items() if not page.exists() or f'id="code-{code}"' not in page.read_text(encoding="utf-8")
    ]


def main() -> int:
    """Build the site, and return the exit status."""
    from sphinx.cmd.build import build_main

    began = time.monotonic()
    codes = stage()
    shutil.rmtree(DOCS / "_build", ignore_errors=True)
    options = ["-b", "html", "-q", "-W", "-n", "--keep-going", "-j", "auto", "-c", str(DOCS), "-d", str(STAGE / "doctrees")]
    if status := build_main([*options, *sys.argv[1:], str(STAGE / "docs"), str(HTML)]):
        return status
    if missing := missing_anchors():
        print("pages without an anchor:", *missing, file=sys.stderr)
        return 1
    pages = len(list(HTML.rglob("*.html")))
    print(f"{HTML.relative_to(ROOT)}: {pages} pages, {codes} of them about codes, in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
