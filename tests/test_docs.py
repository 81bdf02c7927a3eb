"""The documentation agrees with the code: generated pages are up to date, links lead somewhere, and the Python runs."""

from __future__ import annotations

import asyncio
import importlib.util
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from misbehaving_server import Faulty, stall
from page_blocks import DOCS, ROOT, PageRun, blocks_of

from skymms import Account, Client, GetStatistics, SendMMS, Slideshow, read_report
from skymms.cli.commands import command
from skymms.sandbox import Sandbox

#: The front page of the site is a list of the others.
READ = [page for page in DOCS if page.name != "index.md"]
PAGES = [*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "RELEASING", "SECURITY")), *DOCS]
KINDS = ("*Tutorial", "*How-to guide", "*Reference", "*Explanation")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def text_of(page: str | Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------ generated pages


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = load_generator()


@pytest.mark.parametrize("name", GENERATOR.PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert text_of(f"docs/{name}") == GENERATOR.PAGES[name](), "run `make docs`"


# ------------------------------------------------------------------------------------------------ links


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts compute them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_to_existing_files_and_headings(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", READ, ids=lambda page: page.name)
def test_a_page_says_what_kind_of_page_it_is(page: Path) -> None:
    assert any(line.startswith(KINDS) for line in text_of(page).splitlines()[:6])


@pytest.mark.parametrize("page", READ, ids=lambda page: page.name)
def test_the_readme_links_every_page(page: Path) -> None:
    path = page.relative_to(ROOT).as_posix()
    assert f"]({path})" in text_of("README.md") or f"]({path}#" in text_of("README.md")


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = re.findall(r"^### (.*)$", text_of("docs/reference/glossary.md"), re.MULTILINE)
    assert terms == sorted(terms, key=str.lower)


# ------------------------------------------------------------------------------------------------ the Python in the pages


def run_page(page: str, change: Callable[[str], str] = str) -> dict[str, Any]:
    """Run the Python of a page; return its names, for tests of what its functions do. tests/test_code_blocks.py runs it all."""
    return PageRun(ROOT / page, change=change).run({"python"})


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox that the environment names, for pages that use ``Account.from_env()``, and a working directory for files."""
    monkeypatch.chdir(tmp_path)
    with Sandbox() as running:
        monkeypatch.setenv("SKYMMS_API_KEY", "sandbox-key")
        monkeypatch.setenv("SKYMMS_URL", running.account().address)
        monkeypatch.setenv("SKYMMS_INBOX_SECRET", "s" * 43)
        yield running


def squeezed(code: str) -> str:
    return "".join(code.split()).replace(",)", ")")


def test_the_readme_shows_the_first_example() -> None:
    block, example = squeezed(blocks_of(ROOT / "README.md")[0].source), squeezed(text_of("examples/first_message.py"))
    for line in ("coupon=(", "client.call(SendMMS(coupon,to=", "client.call(SaveMMS(coupon))", "custom_text={1:"):
        assert line in block
        assert line in example


def test_the_readme_sends_with_the_account_of_the_environment(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = run_page("README.md")
    assert [message.to for message in sandbox.sent] == ["15551234888"]
    names["receive"](b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><TRACKINGID>MMS_1</TRACKINGID></POSTBACK>")


def test_the_tutorials_functions_do_what_they_say(sandbox: Sandbox) -> None:
    names = run_page("docs/start/tutorial.md")
    assert names["send_for_real"]("15551234888")
    assert len(sandbox.sent) == 1
    names["test_everybody_is_invited"]()


def test_the_actions_page_lists_no_campaigns_and_reads_reports_of_days() -> None:
    hello = SendMMS(Slideshow("coupon", subject="Free").slide("Hi!"), to="15551234888", sender="60856")
    with Sandbox() as sandbox, Client(sandbox.account()) as client:
        client.call(hello)
        today = datetime.now(UTC).date()
        link = client.call(GetStatistics(today - timedelta(days=1), today)).link
        assert link is not None
        # The end date itself is not in a report.
        assert read_report(client.fetch(link)) == ()
    names = run_page("docs/reference/actions.md")
    assert names["undelivered"] == []


class TestAsyncPage:
    NUMBERS = ("15551230001", "15551230002", "15551230003")
    SHOW = Slideshow("coupon", subject="Free").slide("Hi!")

    @pytest.fixture
    def names(self) -> dict[str, Any]:
        # Ten seconds are right for a caller and too long for a test.
        return run_page("docs/how-to/async.md", lambda block: block.replace("timeout(10)", "timeout(0.2)"))

    def test_the_async_page_sends_to_all_numbers_with_and_without_a_limit(
        self, names: dict[str, Any], sandbox: Sandbox
    ) -> None:
        sent = asyncio.run(names["send_all"](self.SHOW, self.NUMBERS))
        sent += asyncio.run(names["send_some_at_a_time"](sandbox.account(), self.SHOW, self.NUMBERS))
        assert [one.to for one in sent] == [*self.NUMBERS, *self.NUMBERS]

    def test_the_cause_of_a_time_out_says_whether_the_message_may_have_been_sent(self, names: dict[str, Any]) -> None:
        async def job(account: Account) -> None:
            async with names["AsyncClient"](account) as client:
                await names["send_within_ten_seconds"](client, SendMMS(self.SHOW, to=self.NUMBERS[0], sender="60856"))

        with Faulty(stall) as server, pytest.raises(TimeoutError) as raised:
            asyncio.run(job(Account("0123456789abcdef", url=server.url)))
        assert getattr(raised.value.__cause__, "sent_maybe", False)

    @pytest.mark.parametrize("together", ["gather", "TaskGroup"])
    def test_the_async_page_records_every_message_that_may_have_been_sent(self, names: dict[str, Any], together: str) -> None:
        messages = [SendMMS(self.SHOW, to=number, sender="60856") for number in self.NUMBERS]
        doubtful: list[Any] = []

        async def job(account: Account) -> None:
            async with names["AsyncClient"](account) as client, asyncio.timeout(0.2):
                calls = [names["send_and_record"](client, message, doubtful) for message in messages]
                if together == "gather":
                    await asyncio.gather(*calls, return_exceptions=True)
                else:
                    async with asyncio.TaskGroup() as group:
                        for call in calls:
                            group.create_task(call)

        with Faulty(stall) as server, pytest.raises(TimeoutError):
            asyncio.run(job(Account("0123456789abcdef", url=server.url)))
        # The calls may end in any order.
        assert sorted(message.to for message in doubtful) == list(self.NUMBERS)


# ------------------------------------------------------------------------------------------------ pages that list things


def test_the_sandbox_page_names_only_methods_that_exist() -> None:
    posted = set(re.findall(r"8025/sandbox/(\w+)", text_of("docs/reference/sandbox.md")))
    assert {"fail", "outcome", "advance", "reset"} <= posted
    assert [name for name in posted if not hasattr(Sandbox, name) and name != "advance"] == []


def test_the_sandbox_page_names_every_method_of_the_sandbox() -> None:
    page = text_of("docs/reference/sandbox.md")
    # Those that every sandbox needs and a page need not explain.
    plumbing = {"close", "serve_forever"}
    methods = {name for name in vars(Sandbox) if not name.startswith("_")} - plumbing
    assert [name for name in sorted(methods) if not re.search(rf"\b{name}\b", page)] == []


def options_of(one: click.Command) -> set[str]:
    """The long options of a command and of its subcommands."""
    options = {option for parameter in one.params for option in parameter.opts if option.startswith("--")}
    subcommands = one.commands.values() if isinstance(one, click.Group) else ()
    return options.union(*map(options_of, subcommands))


def test_the_command_line_page_names_every_option() -> None:
    named = set(re.findall(r"--[\w-]+", text_of("docs/reference/command-line.md")))
    assert options_of(command) - {"--version"} - named == set()


def test_the_command_line_page_names_exactly_the_commands_that_exist() -> None:
    documented = set(re.findall(r"`skymms ([a-z][a-z-]*)[^`]*`", text_of("docs/reference/command-line.md")))
    assert documented == set(command.commands)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/design.md"])
def test_the_files_that_a_page_names_exist(page: str) -> None:
    named = re.findall(r"`((?:skymms|tests|docs|xsd|examples)/[\w./*-]+)`", text_of(page))
    assert named
    assert [name for name in named if not list(ROOT.glob(name.rstrip("/")))] == []


def test_the_changelog_has_the_installed_version_and_the_usual_categories() -> None:
    changelog = text_of("CHANGELOG.md")
    assert f"## {version('skymms')}" in changelog
    categories = re.findall(r"^### (.*)$", changelog, re.MULTILINE)
    assert set(categories) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
