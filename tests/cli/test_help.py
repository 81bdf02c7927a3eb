"""Help: of the command and its groups without arguments, and in a narrow terminal."""

from __future__ import annotations

import click
import pytest
from cli_commands import every, groups
from cli_process import run_process

from skymms.cli.commands import command

GROUPS = [pytest.param(path, id=" ".join(path) or "skymms") for path, _ in groups(command)]
COMMANDS = [pytest.param(path, id=" ".join(path) or "skymms") for path, _ in every(command)]


@pytest.mark.parametrize("path", GROUPS)
def test_a_group_without_a_command_prints_its_help_on_stderr_and_is_a_usage_error(run, path):
    result = run(*path)
    assert (result.status, result.out) == (2, "")
    assert result.err == run(*path, "--help").out
    assert "Commands:" in result.err


def test_the_process_does_the_same():
    result = run_process()
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("Usage: skymms [OPTIONS] COMMAND [ARGS]...\n")


def test_options_without_a_command_are_an_error_that_names_it(run):
    assert "Missing command" in run("--profile", "x").err
    assert "No such command 'sned'" in run("sned").err


@pytest.mark.parametrize(("path", "group"), [pytest.param(*one, id=" ".join(one[0]) or "skymms") for one in groups(command)])
def test_every_command_is_in_the_help_with_the_first_sentence_of_its_own(run, path, group):
    listing = " ".join(run(*path, "--help").out.partition("Commands:\n")[2].split())
    for name, one in group.commands.items():
        assert f"{name} {one.get_short_help_str(limit=1000)}" in listing


def test_a_command_can_be_added_to_the_lazy_ones_and_removed():
    before = len(command.commands)
    command.add_command(click.Command("extra"))
    assert (command.commands["extra"].name, len(command.commands)) == ("extra", before + 1)
    assert "extra" in list(command.commands)
    del command.commands["extra"]
    assert len(command.commands) == before
    assert command.commands.get("extra") is None


@pytest.mark.parametrize("columns", [40, 60, 200])
@pytest.mark.parametrize("path", COMMANDS)
def test_help_fits_into_the_terminal(run, monkeypatch, path, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run(*path, "--help").out.splitlines()
    # A word that is longer than its column stays whole: a URL, a pattern of values, the names of an option.
    if path == ("completion",):  # Its commands for shells are not wrapped.
        return
    too_long = [line for line in lines if len(line) > columns and len(line.split()) > 2 and max(map(len, line.split())) < 16]
    assert too_long == []
    assert all(line == line.rstrip() for line in lines)
