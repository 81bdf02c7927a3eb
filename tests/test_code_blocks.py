"""Every code block of README.md, CONTRIBUTING.md and docs/ runs, or stands in a table with the reason why it does not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from loopback_only.sitecustomize import refuse_other_machines
from page_blocks import PAGES, RUN, Block, PageRun, blocks_of
from page_shell import commands_of

from skymms.sandbox import Sandbox

#: Blocks that are not run, by page and first line, each with the reason.
NOT_RUN: Final[Mapping[tuple[str, str], str]] = {
    (
        "README.md",
        "make demo     # builds a message, checks it, sends it as XML and as GET, saves it, sends it again, decodes the reports",
    ): "x",
}

#: Commands that are not run, in any block, each with the reason.
COMMANDS_NOT_RUN: Final[Mapping[str, str]] = {
    r"pip install|python3 -m venv|\. \.venv": "installs from a package index, which is another machine",
}

BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def is_left_out(block: Block, command: str = "") -> bool:
    """Return whether a block, or a command of it, is in one of the tables."""
    if not command:
        return (block.page, block.first_line) in NOT_RUN
    return any(re.match(pattern, command) for pattern in COMMANDS_NOT_RUN)


def is_run(block: Block) -> bool:
    """Return whether a block runs: for a block of commands, whether one of them does."""
    if is_left_out(block) or block.language not in RUN:
        return False
    if block.language not in ("console", "sh"):
        return True
    return not all(is_left_out(block, command.text) for command in commands_of(block.language, block.source))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty folder, and no settings: what a newcomer has. Nothing reaches another machine."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SKYMMS_")]:
        monkeypatch.delenv(name)
    with refuse_other_machines():
        yield


@pytest.fixture
def account(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of an account at a sandbox, for the pages of people who have an account."""
    with Sandbox() as running:
        monkeypatch.setenv("SKYMMS_API_KEY", "sandbox-key")
        monkeypatch.setenv("SKYMMS_URL", running.account().address)
        monkeypatch.setenv("SKYMMS_INBOX_SECRET", "s" * 43)
        yield


PAGES_WITH_BLOCKS = [page for page in PAGES if any(map(is_run, blocks_of(page)))]


@pytest.mark.parametrize("page", PAGES_WITH_BLOCKS, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run(page: Path, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("environment" if page.parent.name == "start" else "account")
    PageRun(page, is_left_out).run()


def test_every_block_runs_or_has_a_reason() -> None:
    unexplained = [block for block in BLOCKS if not is_run(block) and not is_left_out(block)]
    unexplained = [block for block in unexplained if block.language not in ("console", "sh")]
    assert unexplained == [], "write a language behind the fence, so that the block runs, or add it to NOT_RUN with a reason"


def test_the_tables_name_blocks_and_commands_that_exist() -> None:
    assert set(NOT_RUN) - {(block.page, block.first_line) for block in BLOCKS} == set()
    commands = [command.text for block in BLOCKS for command in commands_of(block.language, block.source)]
    assert [one for one in COMMANDS_NOT_RUN if not any(re.match(one, command) for command in commands)] == []
