"""Every code block of README.md, CONTRIBUTING.md and docs/ runs, or stands in a table with the reason why it does not."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from loopback_only.sitecustomize import refuse_other_machines
from page_blocks import PAGES, ROOT, RUN, Block, PageRun, blocks_of
from page_shell import Command, Shell, commands_of
from private_postgres import PrivateServer
from private_redis import PrivateRedis

from skymms.sandbox import Sandbox

#: Blocks that are not run, by page and beginning, each with the reason.
NOT_RUN: Final[Mapping[tuple[str, str], str]] = {
    ("README.md", "make demo "): "installs everything and runs all tests: `.ci/run` does both",
    ("CONTRIBUTING.md", "make test "): "runs all tests, checks and measurements: `.ci/run` does what is quick of it",
    ("docs/design.md", "SendMMS(slideshow, to, sender)"): "a drawing",
    ("docs/design.md", "_version.py "): "a listing, which docs/generate.py makes",
    ("docs/reference/errors.md", "SkymmsError "): "a drawing, which docs/generate.py makes",
    ("docs/reference/sandbox.md", '{"sandbox"'): "JSON that is shortened",
    ("docs/how-to/consent.md", "# stop_service.py"): "tests/inbox/test_opt_outs.py runs it",
    (
        "docs/how-to/consent.md",
        "skymms inbox secret",
    ): "serves until it is stopped: tests/inbox/test_opt_outs.py runs the service",
    ("docs/how-to/consent.md", "curl -H"): "writes to the server of the block before",
    ("docs/how-to/consent.md", "$ skymms broadcast create spring coupon.toml --recipients people.csv --from 60856 --country"): (
        "lists of the reader: tests/cli/test_broadcast_people.py runs these commands"
    ),
    ("docs/start/broadcast.md", "━━"): "what a terminal shows for a moment",
    ("docs/start/broadcast.md", "Name    Messages"): "figures of a broadcast to 300 people, of whom some had a report",
    ("docs/how-to/aws-lambda.md", "from mangum"): "leaves an event loop behind: tests/recipes run it, with events of AWS",
    ("docs/how-to/migrate.md", "skycore = Skycore"): "Ruby: tests/recipes run it where Ruby is installed",
    ("docs/how-to/migrate.md", "$xml = "): "PHP: tests/recipes run it where PHP is installed",
    ("docs/how-to/sentry.md", "import sentry_sdk\n\nfrom skymms.telemetry"): "changes the whole process: tests/recipes run it",
    (
        "docs/how-to/test-endpoint.md",
        "skymms sandbox --port 8025",
    ): "needs the reader's application; the Python below does the same",
    ("docs/how-to/web-applications.md", "gunicorn flask_shop"): "serves until it is stopped: tests/recipes run it",
    ("docs/how-to/web-applications.md", "uvicorn fastapi_shop"): "serves until it is stopped: tests/recipes run it",
    ("docs/how-to/web-applications.md", "gunicorn django_shop"): "serves until it is stopped: tests/recipes run it",
    ("docs/how-to/behind-nginx.md", "# in the http block:"): "nginx reads it, which tests do not need otherwise",
    ("docs/how-to/behind-nginx.md", "curl -i"): "calls the reader's own public host, and reads /var/log",
    ("docs/how-to/many-machines.md", "summer\n"): "what `status` says after a worker was killed: tests/broadcast kill them",
    ("docs/how-to/ship.md", "pyinstaller"): "tests do not install PyInstaller",
    ("docs/how-to/ship.md", "pytest -p"): "for installations without metadata, where pytest does not find the plugin",
    ("docs/how-to/testing.md", "skymms sandbox --json --port 8025"): "runs the tests of a project in JavaScript",
}

#: Commands that are not run, by their beginning, each with the reason. The others of their block are.
COMMANDS_NOT_RUN: Final[Mapping[str, str]] = {
    "pip install": "installs from a package index, which is another machine",
    "python3 -m venv": "what follows installs into it",
    ". .venv/bin/activate": "as above",
    "skymms --profile au cellcast balance": "calls the gateway of Cellcast, with a key",
    "skymms check coupon.toml --media": "downloads from public hosts only: tests/cli/test_media.py runs it",
    "skymms preview coupon.toml --media": "as above: tests/cli/test_preview.py runs it",
    "export SKYMMS_LEDGER=postgresql": "the tests set it to a database of their own",
    "export CELERY_BROKER_URL": "the tests set it to a Redis of their own",
    "skymms publish": "stores in a bucket: tests/cli/test_media.py runs it",
}

BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def is_left_out(block: Block, command: str = "") -> bool:
    """Return whether a block, or a command of it, is in one of the tables."""
    if command:
        return command.startswith(tuple(COMMANDS_NOT_RUN))
    return any(_is_named(block, page, beginning) for page, beginning in NOT_RUN)


def _is_named(block: Block, page: str, beginning: str) -> bool:
    return block.page == page and block.source.startswith(beginning)


def is_run(block: Block) -> bool:
    """Return whether a block runs: for a block of commands, whether one of them does."""
    if is_left_out(block) or (block.language not in RUN and block.file is None):
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


@pytest.fixture
def servers(private_postgres: PrivateServer, private_redis: PrivateRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database and a broker, for the page about many machines."""
    monkeypatch.setenv("SKYMMS_LEDGER", private_postgres.url)
    monkeypatch.setenv("CELERY_BROKER_URL", private_redis.url)


PAGES_WITH_BLOCKS = [page for page in PAGES if any(map(is_run, blocks_of(page)))]


@pytest.mark.parametrize("page", PAGES_WITH_BLOCKS, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run(page: Path, request: pytest.FixtureRequest) -> None:
    commands = [command.text for block in blocks_of(page) for command in commands_of(block.language, block.source)]
    if any(re.search("^curl ", command, re.MULTILINE) for command in commands) and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    request.getfixturevalue("environment" if page.parent.name == "start" else "account")
    if page.name == "many-machines.md":
        request.getfixturevalue("servers")
    PageRun(page, is_left_out).run()


def test_every_block_runs_or_has_a_reason() -> None:
    unexplained = [block for block in BLOCKS if block.language not in RUN and block.file is None and not is_left_out(block)]
    assert unexplained == [], "write a language behind the fence, so that the block runs, or add it to NOT_RUN with a reason"


def test_the_tables_name_blocks_and_commands_that_exist() -> None:
    assert [named for named in NOT_RUN if not any(_is_named(block, *named) for block in BLOCKS)] == []
    commands = [command.text for block in BLOCKS for command in commands_of(block.language, block.source)]
    assert [one for one in COMMANDS_NOT_RUN if not any(command.startswith(one) for command in commands)] == []


def test_the_tutorial_can_be_pasted_at_the_prompt(tmp_path: Path) -> None:
    """A newcomer pastes block after block, and at Python's prompt an empty line ends a function."""
    code = "\n".join(block.source + "\n" for block in blocks_of(ROOT / "docs/start/tutorial.md") if block.language == "python")
    done = subprocess.run(
        [sys.executable, "-i", "-q", "-"], input=code, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )
    assert [line for line in done.stderr.splitlines() if re.search(r"^\w*(Error|Traceback)|^  File", line)] == []
    assert "E226 1 audio/video" in done.stdout
    assert "N102 15551234888 has the message" in done.stdout


def test_the_tests_on_the_page_about_testing_pass(tmp_path: Path) -> None:
    """Running its blocks only defines them."""
    code = [block.source for block in blocks_of(ROOT / "docs/how-to/testing.md") if block.language == "python"]
    fixtures = [source for source in code if source.startswith(("@pytest.fixture", "from collections.abc"))]
    assert len(fixtures) == 2
    check = """
def test_the_fixtures_are_replaced(skymms_account, skymms_sandbox):
    assert (skymms_account.dialect, Account.from_env().address) == ("sinch", skymms_account.address)
    assert skymms_sandbox.account().address.startswith(skymms_sandbox.url)
"""
    tests = "\n".join(source for source in code if source not in fixtures)
    (tmp_path / "test_page.py").write_text(tests, encoding="utf-8")
    (tmp_path / "test_fixtures.py").write_text("\n".join([*code, check]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_page.py",
         "test_fixtures.py::test_the_fixtures_are_replaced"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    parametrized = 1
    assert f"{len(re.findall('def test_', tests)) + parametrized + 1} passed" in done.stdout, done.stdout + done.stderr


# ------------------------------------------------------------------------------------------------ what runs the blocks


@pytest.mark.parametrize(
    ("page", "mistake"),
    [
        ("```python\nprint(6 * 7)  # 41\n```\n", "41"),
        ("```python\nraise KeyError(1)\n```\n", "1"),
        ("```python\n>>> 6 * 7\n41\n```\n", "41"),
        ("```console\n$ echo 42\n41\n```\n", "-41\n.42"),
        ("```console\n$ false\n```\n", "exit status 1"),
        ("```sh\nfalse\ntrue\n```\n", "exit status 1"),
        ("```sh\nskymms frobnicate\n```\n", "No such command"),
        ("```toml\nname =\n```\n", "Invalid value"),
        ('```toml\nname = "x"\n[[slide]]\nsound = "y"\n```\n', "there is no such key"),
        ('```toml\nname = "x"\n[[slide]]\nimage = "a b"\n```\n', "is not an absolute URL"),
        ("```xml\n<A>\n```\n", "Premature end"),
        ("<!-- file: shop.py -->\n```python\nprint(1)\n```\n", "no command of page.md uses"),
        ("```console\n$ skymms sandbox\n```\n", "say what it prints"),
        ("```sh\nskymms sandbox &\n```\n", "a terminal of its own"),
        ("```console\n$ skymms frobnicate\n…\n```\n", "exit status 2"),
    ],
)
@pytest.mark.usefixtures("environment")
def test_a_block_that_does_something_else_than_its_page_says_fails(page: str, mistake: str, tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(page, encoding="utf-8")
    with pytest.raises(Exception, match=mistake):
        PageRun(file).run()


@pytest.mark.usefixtures("environment")
def test_a_server_that_prints_something_else_than_its_page_says_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("page_shell.PATIENCE", 0.1)
    file = tmp_path / "page.md"
    file.write_text("```console\n$ skymms sandbox\nnot this …\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="-not this"):
        PageRun(file).run()


@pytest.mark.usefixtures("environment")
def test_a_program_that_ends_before_its_page_does_fails() -> None:
    shell = Shell()
    shell.run(Command("skymms inbox work missing:inbox", "…"), "page")
    for program in shell.serving:
        program.wait(30)
    with pytest.raises(AssertionError, match="a program ended with 2"):
        shell.check()
    shell.close()


@pytest.mark.usefixtures("environment")
def test_blocks_follow_one_another(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(
        "<!-- file: hello.toml -->\n```toml\na = 1\n```\n\n```console\n$ export WORD=hello SKYMMS_SENDER=60856\n"
        "$ cat $WORD.toml\na = …\n```\n\n<!-- invisible-code-block: python\nimport os\n-->\n\n"
        '```python\nprint(os.environ["SKYMMS_SENDER"])  # 60856\n```\n\n```python\n>>> 6 * 7\n42\n```\n',
        encoding="utf-8",
    )
    assert PageRun(file).run()["os"] is os
    assert "SKYMMS_SENDER" not in os.environ


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("block", "refusal"),
    [
        ('python\nimport socket\n\nsocket.create_connection(("192.0.2.1", 80), 5)', "this machine only"),
        ('python\nimport requests\n\nrequests.get("http://www.example.com", timeout=5)', "this machine only"),
        ("sh\npython -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 5)'", "this machine only"),
        ("sh\nskymms new coupon.toml\nskymms check coupon.toml --media", "host was not found"),
        ("sh\ncurl http://192.0.2.1/", "127.0.0.1 port 9"),
    ],
)
def test_a_block_reaches_no_other_machine(block: str, refusal: str, tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"```{block}\n```\n", encoding="utf-8")
    with pytest.raises((AssertionError, OSError), match=refusal):
        PageRun(file).run()


def test_a_server_on_this_machine_is_reached() -> None:
    with refuse_other_machines(), socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
