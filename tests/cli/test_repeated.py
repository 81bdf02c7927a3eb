"""An option that takes one value is refused if it is given twice: click alone would use the last and drop the others."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from cli_process import COUPON, TO_AND_FROM

from skymms.cli.commands import command


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that name it, the groups included."""
    yield path, group
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from commands(one, (*path, name))
        else:
            yield (*path, name), one


def value_for(option: click.Option) -> str:
    """A value that the option's type accepts."""
    if isinstance(option.type, click.Choice):
        return next(iter(option.type.choices))
    return "1"


OPTIONS_WITH_ONE_VALUE = [
    pytest.param(path, option, id=" ".join((*path, option.opts[0])))
    for path, one in commands(command)
    for option in one.params
    if isinstance(option, click.Option) and not (option.multiple or option.is_flag or option.count)
]


@pytest.mark.parametrize(("path", "option"), OPTIONS_WITH_ONE_VALUE)
def test_an_option_that_takes_one_value_refuses_a_second(run, path, option):
    name, value = option.opts[-1], value_for(option)
    result = run(*path, name, value, name, value)
    assert result.status == 2
    assert f"{option.opts[0]} is given more than once" in result.err


@pytest.mark.parametrize("spelling", [("--to", "1"), ("--to=1",)])
def test_a_message_with_two_recipients_is_not_sent_to_the_last(run, gateway, spelling):
    before = len(gateway.requests)
    result = run("send", "f", *TO_AND_FROM, *spelling, f=COUPON)
    assert (result.status, result.out, len(gateway.requests)) == (2, "", before)
    assert "--to is given more than once: the message goes to one number" in result.err


def test_options_that_may_be_repeated_and_flags_still_can(run, gateway):
    assert run("send-saved", "1", *TO_AND_FROM, "--data", "a=1", "--data", "b=2", "--json", "--json").status in (0, 1)
    assert run("check", "f", "--json", "--json", f=COUPON).status == 0
