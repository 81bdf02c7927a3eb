"""Finds the code blocks of README.md, CONTRIBUTING.md and docs/, and runs those of a page as a reader would.

The blocks of a page follow one another, in one empty folder:

- ``python``: in one namespace. ``print(…)  # text`` prints that text (several lines joined with commas). Doctests work too.
- ``console``: each line after ``$`` is a command for bash, and what follows is what it prints. A command that runs until it is
  stopped is what a reader starts in another terminal: it goes on until the end of the page.
- ``sh``: commands without their output; each must succeed.
- ``toml``, ``json``, ``xml`` and ``ini`` are parsed, and ``text`` is used by a command, if it is a file.

``…`` stands for anything. An HTML comment, which nobody sees, may stand before a block: ``<!-- file: coupon.toml -->`` saves it
under the name that the page tells the reader (a command of the page must then use a Python file, which is not run here), and
``<!-- invisible-code-block: python`` with code prepares something.
"""

from __future__ import annotations

import builtins
import configparser
import functools
import json
import os
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from lxml import etree
from page_shell import OPTIONS, Shell, commands_of, compare
from sybil import Document, Example, Region
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, FencedCodeBlockLexer

from skymms.files import read_file

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts)
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]

#: All fences, except directives of the site such as {toctree}, which contain no code.
_FENCES = FencedCodeBlockLexer(r"(?!\{toctree\})[^\n]*", mapping={"language": "language", "source": "source"})
_INVISIBLE = DirectiveInHTMLCommentLexer("invisible-code-block", "python")
_FILE = re.compile(r"^<!-- file: (?P<name>\S+) -->\n\Z", re.MULTILINE)
_PRINTED = re.compile(r"^ *print\(.*\)  # (?P<text>.*)$")


class Block(NamedTuple):
    """A code block: its page, the line of its fence, its language, what is in it, and the name of the file to save it as."""

    page: str
    line: int
    language: str
    source: str
    file: str | None = None

    @classmethod
    def of(cls, page: Path, document: Document, region: Region) -> Block:
        """Return the block of a region that is a fence."""
        file = _FILE.search(document.text, 0, region.start)
        return cls(
            page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name,
            document.text.count("\n", 0, region.start) + 1,
            region.lexemes["language"],
            region.lexemes["source"],
            file and file["name"],
        )


def blocks_of(page: Path) -> list[Block]:
    """Return the code blocks of a page."""
    document = Document(page.read_text(encoding="utf-8"), str(page))
    return [Block.of(page, document, region) for region in _FENCES(document)]


class PageRun:
    """Runs the blocks of a page, one after the other. ``skipped`` says of a block or a command whether it is left out.

    :param change: applied to the source of each Python block, to make waits shorter.
    """

    def __init__(
        self,
        page: Path,
        skipped: Callable[[Block, str], object] = lambda block, command: False,
        change: Callable[[str], str] = str,
    ) -> None:
        self.page = page
        self.names: dict[str, Any] = {"__name__": "page"}
        self._skipped, self._change = skipped, change
        self._printed: dict[int, list[str]] = defaultdict(list)
        self._python = PythonEvaluator()
        self._doctests = DocTestStringParser(DocTestEvaluator(OPTIONS))
        self._shell: Shell | None = None
        #: The names of Python and text files that no command has used yet.
        self._unused: set[str] = set()

    def run(self, languages: Iterable[str] | None = None) -> dict[str, Any]:
        """Run the blocks, or those in the languages; return the namespace of the Python code."""
        document = Document.parse(str(self.page), self._regions)
        document.namespace = self.names
        with mock.patch.dict(os.environ):
            try:
                for example in document.examples():
                    language = example.region.lexemes.get("language", "python")
                    if languages is None or language in languages:
                        example.evaluate()
                if self._shell is not None:
                    self._shell.check()
                assert languages is not None or not self._unused, f"no command of {self.page.name} uses {self._unused}"
            finally:
                if self._shell is not None:
                    self._shell.close()
        return self.names

    def _regions(self, document: Document) -> Iterator[Region]:
        for region in _FENCES(document):
            region.evaluator = functools.partial(self._block, Block.of(self.page, document, region))
            region.parsed = region.lexemes["source"]
            yield region
        for region in _INVISIBLE(document):
            region.evaluator, region.parsed = self._run_python, region.lexemes["source"]
            yield region

    def _block(self, block: Block, example: Example) -> None:
        if self._skipped(block, ""):
            return
        if block.file is not None:
            file = Path(block.file)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.source, encoding="utf-8")
        match block.language:
            case "python" | "text" if block.file is not None:
                # A command names a Python file as a module; a file in a folder is part of a package with the folder's name.
                self._unused.add(Path(Path(block.file).parts[0]).stem)
            case "python" if block.source.startswith(">>>"):
                for region in self._doctests(block.source, str(self.page)):
                    Example(example.document, example.line, 0, region, self.names).evaluate()
            case "python":
                self._run_python(example)
            case "console" | "sh":
                self._run_commands(block)
            case language if language in READERS:
                READERS[language](block.source)
            case _:  # tests/test_code_blocks.py asks for a reason
                pass

    def _run_python(self, example: Example) -> None:
        example.parsed = type(example.parsed)(self._change(example.parsed), 0, example.parsed.line_offset)
        self._printed.clear()
        self.names["print"] = self._print
        self._python(example)
        first = example.line + example.parsed.line_offset + 1
        for number, line in enumerate(example.parsed.splitlines(), first):
            if (shown := _PRINTED.match(line)) and number in self._printed:
                compare(shown["text"], ", ".join(self._printed[number]), f"{self.page.name}, line {number}")

    def _print(self, *values: object, **options: Any) -> None:
        """Print, and keep what the line of the page printed."""
        # The line in the page, also if a function of another block is called.
        frame = sys._getframe(1)
        if frame.f_code.co_filename == str(self.page):
            self._printed[frame.f_lineno].append(" ".join(map(str, values)))
        builtins.print(*values, **options)

    def _run_commands(self, block: Block) -> None:
        if self._shell is None:
            self._shell = Shell()
        for command in commands_of(block.language, block.source):
            if not self._skipped(block, command.text):
                self._unused -= {name for name in self._unused if name in command.text}
                self._shell.run(command, f"{block.page}, line {block.line}: {command.text}")
                os.environ.update(self._shell.settings())


def _read_toml(text: str) -> None:
    """Parse TOML. A slideshow, which has slides, is read as the command line does, and gateways would accept it."""
    if "slide" in tomllib.loads(text):
        slideshow = read_file(text.encode()).slideshow
        assert slideshow is not None
        assert slideshow.problems() == (), slideshow.problems()


#: How a block that is not code is read.
READERS: Mapping[str, Callable[[str], object]] = {
    "toml": _read_toml,
    "json": json.loads,
    "xml": etree.fromstring,
    "ini": lambda text: configparser.ConfigParser(interpolation=None).read_string(text),
}
RUN = {"python", "console", "sh", *READERS}
